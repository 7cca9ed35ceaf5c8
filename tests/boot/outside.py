"""The world outside the machines, in a network namespace of its own: DNS, instance metadata, AWS, registries, a package
mirror, Cloudflare's edge. Sockets are opened there; everything runs in the test's own process, so a test can look and change.
"""

from __future__ import annotations

import base64
import contextlib
import ctypes
import functools
import gzip
import hashlib
import hmac
import json
import os
import random
import re
import signal
import socket
import ssl
import struct
import subprocess
import threading
import time
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml

from tests.evaluations import EXAMPLES, example_file
from tests.machine.double import asked

from . import roots
from .images import MANIFEST, Registry

GATEWAY = "10.77.0.1"
METADATA = "169.254.169.254"
SECRET_KEY = "a/secret+key"
ROLE = "drawbridge-prod-host-role"
GROUP = "drawbridge-prod-host-group-1a2b3c4"
NAMES = (
    "amazonaws.com",
    "docker.io",
    "docker.com",
    "ghcr.io",
    "quay.io",
    "debian.org",
    "ubuntu.com",
    "argotunnel.com",
    "cloudflareaccess.com",
)
CLONE_NEWNET = 0x40000000


def in_namespace(pid: int, action: Callable[[], Any]) -> Any:
    """What `action` returns, run in the network namespace of a process. A socket stays in the namespace that it was made in."""
    result: list[Any] = []

    def there() -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        handle = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
        try:
            if libc.setns(handle, CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
            result.append(action())
        finally:
            os.close(handle)

    # Of a thread, not of the process: the namespace goes with the thread.
    thread = threading.Thread(target=there)
    thread.start()
    thread.join()
    if not result:
        raise RuntimeError("the namespace's thread failed")
    return result[0]


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes
    connector: str


class Edge:
    """Cloudflare's side of the tunnel: connectors dial in, visitors' requests go to any of them."""

    def __init__(self, listener: socket.socket) -> None:
        self.rules: list[dict[str, Any]] = []
        self.hellos: list[dict[str, Any]] = []
        self.idle: dict[socket.socket, str] = {}
        self.change = threading.Condition()
        self.listener = listener
        threading.Thread(target=self._accept, daemon=True).start()

    def connectors(self) -> set[str]:
        with self.change:
            return set(self.idle.values())

    def _accept(self) -> None:
        while True:
            try:
                there, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._greet, args=(there,), daemon=True).start()

    def _greet(self, there: socket.socket) -> None:
        try:
            there.settimeout(10)
            line = b""
            while not line.endswith(b"\n"):
                part = there.recv(1)
                if not part:
                    return
                line += part
            hello = json.loads(line)
            there.sendall(json.dumps({"rules": self.rules}).encode() + b"\n")
        except (OSError, ValueError):
            return
        with self.change:
            if hello["connector"] not in [known["connector"] for known in self.hellos]:
                self.hellos.append(hello)
            self.idle[there] = hello["connector"]
            self.change.notify_all()
        # An idle connection that ends is not there any more; one byte is looked at, none taken.
        threading.Thread(target=self._watch, args=(there,), daemon=True).start()

    def _watch(self, there: socket.socket) -> None:
        while there in self.idle:
            try:
                there.settimeout(0.5)
                if there.recv(1, socket.MSG_PEEK) == b"":
                    break
                return
            except TimeoutError:
                continue
            except OSError:
                break
        with self.change:
            self.idle.pop(there, None)

    def request(
        self,
        host: str,
        path: str,
        method: str = "GET",
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        wait: float = 10,
        connector: str = "",
    ) -> Answer:
        """One visitor's request, through any connector or a given one. A connection that did not take it lets another try, as
        the edge's does; then its answer counts."""
        end = time.monotonic() + wait
        lines = {
            "Host": host,
            "Cf-Connecting-Ip": "203.0.113.7",
            "Content-Length": str(len(body)),
            **(headers or {}),
        }
        message = (
            f"{method} {path} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in lines.items()) + "\r\n"
        )
        while True:
            with self.change:
                fit = lambda: [there for there, by in self.idle.items() if connector in ("", by)]  # noqa: E731
                if not self.change.wait_for(fit, timeout=max(0.0, end - time.monotonic())):
                    return Answer(530, {}, b"no connector", "")
                there = random.choice(fit())
                taker = self.idle.pop(there)
            with there:
                try:
                    there.settimeout(130)
                    there.sendall(message.encode() + body)
                    if there.recv(1) != b"A":
                        continue
                    whole = _all(there)
                except OSError as error:
                    return Answer(520, {}, str(error).encode(), taker)
            head, separator, rest = whole.partition(b"\r\n\r\n")
            if not separator:
                return Answer(520, {}, whole, taker)
            first, *others = head.decode("latin-1").split("\r\n")
            got = {k.lower(): v.strip() for k, v in (line.split(":", 1) for line in others)}
            if "content-length" in got and method != "HEAD" and len(rest) != int(got["content-length"]):
                return Answer(520, got, rest, taker)
            return Answer(int(first.split()[1]), got, rest, taker)


def _all(there: socket.socket) -> bytes:
    return b"".join(iter(lambda: there.recv(65536), b""))


@dataclass
class Call:
    service: str
    action: str
    arguments: dict[str, Any]
    machine: str
    at: float = field(default_factory=time.time)


class Outside:
    """Start with `with Outside() as outside`. What tests set: the values it answers with, and `fail`, which faults it shows."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.strangers: list[str] = []  # names and hosts that nobody should ask for
        self.version_one: list[str] = []  # metadata asked for without a session token
        self.metadata: dict[str, dict[str, str]] = {}  # by the machine's address
        self.parameters: dict[str, str] = {}
        self.secrets: dict[str, str] = {}
        self.logins: dict[str, tuple[str, str]] = {}
        self.registry = Registry({}, {})
        self.ca_bundle = b""
        self.fail: dict[str, str | int] = {}  # action or host: error code or HTTP status
        self.pulls: list[str] = []
        self._database: subprocess.Popen[bytes] | None = None

    # -- life

    def __enter__(self) -> Outside:
        self.pki = pki()
        self.holder = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "unshare", "--net", "sleep", "infinity"]
        )
        own = os.stat("/proc/self/ns/net").st_ino
        while os.stat(f"/proc/{self.holder.pid}/ns/net").st_ino == own:
            time.sleep(0.01)
        for words in (
            "link set lo up",
            "link add br0 type bridge",
            f"addr add {GATEWAY}/24 dev br0",
            f"addr add {METADATA}/32 dev br0",
            "link set br0 up",
        ):
            self.ip(*words.split())
        self._servers = [
            self._serve(METADATA, 80, Metadata),
            self._serve(GATEWAY, 80, Mirror),
            self._serve(GATEWAY, 443, Api, tls=True),
        ]
        self._dns = self._socket(GATEWAY, 53, socket.SOCK_DGRAM)
        threading.Thread(target=self._resolve, daemon=True).start()
        self.edge = Edge(self._socket(GATEWAY, 7844))
        return self

    def __exit__(self, *_: object) -> None:
        self.stop_database()
        for server in self._servers:
            server.shutdown()
            server.server_close()
        self._dns.close()
        self.edge.listener.close()
        self.holder.kill()
        self.holder.wait()

    def ip(self, *words: str) -> None:
        roots.run("nsenter", "--target", str(self.holder.pid), "--net", "ip", *words)

    def _socket(self, address: str, port: int, kind: int = socket.SOCK_STREAM) -> socket.socket:
        def make() -> socket.socket:
            made = socket.socket(socket.AF_INET, kind)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind((address, port))
            if kind == socket.SOCK_STREAM:
                made.listen(256)
            return made

        made: socket.socket = in_namespace(self.holder.pid, make)
        return made

    def _serve(
        self, address: str, port: int, handler: type[BaseHTTPRequestHandler], tls: bool = False
    ) -> ThreadingHTTPServer:
        kind = type(handler.__name__, (handler,), {"outside": self})
        server = Server((address, port), kind, bind_and_activate=False)
        server.socket.close()
        server.socket = self._socket(address, port)
        server.tls = self._tls() if tls else None
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
        return server

    def _tls(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.pki / "server.pem", self.pki / "server.key")
        return context

    def _resolve(self) -> None:
        """DNS: what the machines have to do with is at one address; of everything else there is none."""
        while True:
            try:
                question, peer = self._dns.recvfrom(2048)
            except OSError:
                return
            labels, place = [], 12
            while question[place]:
                labels.append(question[place + 1 : place + 1 + question[place]].decode("latin-1"))
                place += question[place] + 1
            name = ".".join(labels).lower()
            kind = struct.unpack("!H", question[place + 1 : place + 3])[0]
            known = name.endswith(NAMES)
            if not known:
                self.strangers.append(name)
            address = known and kind == 1
            header = question[:2] + struct.pack("!HHHHH", 0x8180 if known else 0x8183, 1, int(address), 0, 0)
            answer = (
                b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 5, 4) + socket.inet_aton(GATEWAY) if address else b""
            )
            with contextlib.suppress(OSError):  # closed meanwhile, or nobody is there any more
                self._dns.sendto(header + question[12 : place + 5] + answer, peer)

    # -- what the clouds know

    def announce(self, address: str, instance: str, group: str = GROUP) -> None:
        self.metadata[address] = {
            "instance-id": instance,
            "tags/instance/aws:autoscaling:groupName": group,
            "autoscaling/target-lifecycle-state": "InService",
            "placement/region": "ap-northeast-1",
        }

    def called(self, action: str, instance: str | None = None) -> list[dict[str, Any]]:
        return [
            c.arguments
            for c in self.calls
            if c.action == action and (instance is None or self.instance(c.machine) == instance)
        ]

    def told(self, instance: str) -> list[tuple[str, str]]:
        """(hook, result) of each completed lifecycle action."""
        done = [c for c in self.called("CompleteLifecycleAction") if c["InstanceId"] == instance]
        return [(call["LifecycleHookName"], call["LifecycleActionResult"]) for call in done]

    def instance(self, address: str) -> str:
        return self.metadata.get(address, {}).get("instance-id", address)

    def logged(self) -> dict[str, list[str]]:
        """Lines that arrived in CloudWatch, by stream."""
        streams: dict[str, list[str]] = {}
        for call in self.called("PutLogEvents"):
            streams.setdefault(call["logStreamName"], []).extend(
                event["message"] for event in call["logEvents"]
            )
        return streams

    def replace_config(self, image: str, config: dict[str, Any]) -> None:
        """Another configuration for an image, by its full name."""
        manifest = json.loads(self.registry.manifests[image])
        blob = json.dumps(config).encode()
        digest = "sha256:" + hashlib.sha256(blob).hexdigest()
        self.registry.blobs[digest] = blob
        manifest["config"] |= {"size": len(blob), "digest": digest}
        self.registry.manifests[image] = json.dumps(manifest).encode()

    # -- the database

    def start_database(self, folder: Path, master: tuple[str, str]) -> None:
        """PostgreSQL 17 with TLS, as RDS has it: its certificate is of a CA whose bundle a URL gives, its master no superuser."""
        root = roots.postgres()
        folder.mkdir(parents=True, exist_ok=True)
        os.chmod(folder, 0o755)
        for name in ("server.pem", "server.key"):
            (folder / name).write_bytes((self.pki / name).read_bytes())
            os.chown(folder / name, 70, 70)
            os.chmod(folder / name, 0o600)
        self.ca_bundle = (self.pki / "ca.pem").read_bytes()
        os.chown(folder, 70, 70)
        binaries = "/usr/lib/postgresql/17/bin"
        script = f"""
            set -e
            mkdir -p {root}/data {root}/dev
            mount --bind {folder} {root}/data
            mount -t tmpfs dev {root}/dev
            for node in "null 1 3" "zero 1 5" "urandom 1 9"; do set -- $node; mknod -m 666 {root}/dev/$1 c $2 $3; done
            mkdir {root}/dev/shm; mount -t tmpfs shm {root}/dev/shm; chmod 1777 {root}/dev/shm
            cd {root}
            if [ ! -e data/base ]; then
              printf '%s' super-pw >data/pw; chown 70:70 data/pw
              chroot --userspec=70:70 {root} {binaries}/initdb -D /data/base -U superuser --pwfile=/data/pw -A scram-sha-256 -E UTF8 --locale=C --no-sync >/dev/null
              echo "local all all trust" >{root}/data/base/pg_hba.conf
              echo "hostssl all all all scram-sha-256" >>{root}/data/base/pg_hba.conf
            fi
            exec chroot --userspec=70:70 {root} {binaries}/postgres -D /data/base -k /data -c listen_addresses={GATEWAY} -c ssl=on \
              -c ssl_cert_file=/data/server.pem -c ssl_key_file=/data/server.key -c fsync=off -c log_statement=ddl
        """
        command = ["setpriv", "--pdeathsig", "KILL", "nsenter", "--target", str(self.holder.pid), "--net"]
        command += ["unshare", "--mount", "--propagation", "private", "sh", "-c", script]
        with open(folder / "log", "ab") as log:
            self._database = subprocess.Popen(command, stdout=log, stderr=log)
        end = time.monotonic() + 60
        while subprocess.run(self._psql("SELECT 1"), capture_output=True).returncode:
            if time.monotonic() > end or self._database.poll() is not None:
                raise RuntimeError("PostgreSQL does not start:\n" + (folder / "log").read_text()[-2000:])
            time.sleep(0.2)
        user, password = master
        self.sql(
            f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{user}') THEN CREATE ROLE {user} LOGIN CREATEDB CREATEROLE PASSWORD '{password}'; END IF; END $$"
        )

    def _psql(self, statement: str, database: str = "postgres") -> list[str]:
        assert self._database
        inside = ["nsenter", "--target", str(self._database.pid), "--net", "--mount"]
        psql = [
            "/usr/lib/postgresql/17/bin/psql",
            "-h",
            "/data",
            "-U",
            "superuser",
            "-d",
            database,
            "-tAc",
            statement,
        ]
        return [*inside, "chroot", "--userspec=70:70", str(roots.postgres()), *psql]

    def sql(self, statement: str, database: str = "postgres") -> str:
        return roots.run(*self._psql(statement, database)).strip()

    def stop_database(self) -> None:
        if self._database:
            self._database.send_signal(signal.SIGINT)  # fast shutdown
            self._database.wait(30)
            self._database = None


def pki() -> Path:
    """A certificate authority, trusted by the machines, and one certificate for every name outside."""
    wild = sorted({*NAMES, *(f"*.{name}" for name in NAMES)})
    stacks = (yaml.safe_load(example_file(name).read_text()) for name in EXAMPLES)
    regions = sorted({"ap-northeast-1", *(stack["config"]["aws:region"] for stack in stacks)})
    wild += [f"*.{r}.amazonaws.com" for r in regions] + ["*.pki.rds.amazonaws.com"]
    wild += [f"*.c1a2b3.{r}.rds.amazonaws.com" for r in regions]
    names = ",".join(f"DNS:{name}" for name in wild)

    def make(folder: Path) -> None:
        def openssl(*words: str) -> None:
            roots.run("openssl", *words, cwd=folder)

        (folder / "names").write_text(f"subjectAltName={names}\nextendedKeyUsage=serverAuth\n")
        constraint = [
            "-addext",
            "basicConstraints=critical,CA:TRUE",
            "-addext",
            "keyUsage=critical,keyCertSign,cRLSign",
        ]
        openssl(
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "3650",
            "-subj",
            "/CN=Test CA",
            *constraint,
            "-keyout",
            "ca.key",
            "-out",
            "ca.pem",
        )
        openssl(
            "req",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-subj",
            "/CN=outside",
            "-keyout",
            "server.key",
            "-out",
            "server.csr",
        )
        signed = [
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-CAcreateserial",
            "-days",
            "3650",
            "-extfile",
            "names",
        ]
        openssl("x509", "-req", "-in", "server.csr", *signed, "-out", "server.pem")

    return roots.cached("pki", names + "1", make)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    tls: ssl.SSLContext | None = None

    def finish_request(self, request: Any, client_address: Any) -> None:
        # The handshake in the connection's own thread: one client that hangs must not stop the others.
        if self.tls:
            try:
                request.settimeout(20)
                request = self.tls.wrap_socket(request, server_side=True)
                request.settimeout(None)
            except OSError:
                return
        super().finish_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # a machine that is cut off leaves broken connections behind


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    outside: Outside

    def log_message(self, format: str, *args: Any) -> None:
        pass

    @property
    def host(self) -> str:
        return self.headers.get("Host", "").partition(":")[0]

    def reply(self, status: int, body: bytes | str = b"", kind: str = "text/plain", **headers: str) -> None:
        data = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)


class Metadata(Handler):
    """The instance metadata service, version 2 alone, for the machine that asks."""

    def do_PUT(self) -> None:
        if self.path == "/latest/api/token" and self.headers.get("X-aws-ec2-metadata-token-ttl-seconds"):
            ttl = self.headers["X-aws-ec2-metadata-token-ttl-seconds"]
            self.reply(200, f"token-of-{self.client_address[0]}", X_aws_ec2_metadata_token_ttl_seconds=ttl)
        else:
            self.reply(400)

    def do_GET(self) -> None:
        if self.headers.get("X-aws-ec2-metadata-token") != f"token-of-{self.client_address[0]}":
            self.outside.version_one.append(self.path)
            self.reply(401, "version 2 alone")
            return
        path = urllib.parse.unquote(self.path)
        credentials = "/latest/meta-data/iam/security-credentials/"
        if path == credentials:
            self.reply(200, ROLE)
        elif path == credentials + ROLE:
            until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 6 * 3600))
            keys = {"AccessKeyId": "ASIATEST", "SecretAccessKey": SECRET_KEY, "Token": "session"}
            self.reply(
                200,
                json.dumps(
                    {"Code": "Success", "Type": "AWS-HMAC", "LastUpdated": until, "Expiration": until, **keys}
                ),
            )
        else:
            value = self.outside.metadata.get(self.client_address[0], {}).get(
                path.removeprefix("/latest/meta-data/")
            )
            self.reply(404 if value is None else 200, value or "")


class Mirror(Handler):
    """The package mirror: Debian's packages under the names that Ubuntu has for them."""

    def do_GET(self) -> None:
        fault = self.outside.fail.get("mirror")
        if fault:
            self.reply(int(fault))
            return
        path = urllib.parse.unquote(self.path).rpartition("/")[2]
        lists = mirror()
        if path in lists:
            self.reply(200, lists[path])
        elif path in packages():
            self.reply(200, packages()[path].read_bytes())
        else:
            self.reply(404)

    do_HEAD = do_GET


class Api(Handler):
    """Everything that is asked for by HTTPS: AWS, registries, certificates."""

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        fault = self.outside.fail.get(self.host)
        if isinstance(fault, int):
            self.reply(
                fault,
                json.dumps({"errors": [{"code": "UNAVAILABLE", "message": "not now"}]}),
                "application/json",
            )
        elif self.path.startswith("/v2/"):
            self.registry()
        elif self.host.startswith("truststore.pki"):
            self.reply(200, self.outside.ca_bundle)
        else:
            self.outside.strangers.append(f"https://{self.host}{self.path}")
            self.reply(404)

    def registry(self) -> None:
        login = self.outside.logins.get(self.host)
        if login:
            given = base64.b64encode(":".join(login).encode()).decode()
            if self.headers.get("Authorization") != f"Basic {given}":
                denied = json.dumps(
                    {"errors": [{"code": "UNAUTHORIZED", "message": "authentication required"}]}
                )
                self.reply(401, denied, "application/json", Www_Authenticate='Basic realm="registry"')
                return
        if self.path == "/v2/":
            self.reply(200, "{}", "application/json", Docker_Distribution_Api_Version="registry/2.0")
            return
        match = re.fullmatch(r"/v2/(.+)/(manifests|blobs)/([^/]+)", self.path)
        name, what, reference = match.groups() if match else ("", "", "")
        here = self.outside.registry
        if what == "manifests":
            by_digest = {"sha256:" + hashlib.sha256(m).hexdigest(): m for m in here.manifests.values()}
            found = here.manifests.get(f"{self.host}/{name}:{reference}") or by_digest.get(reference)
            if found:
                digest = "sha256:" + hashlib.sha256(found).hexdigest()
                if self.command == "GET":
                    self.outside.pulls.append(f"{self.host}/{name}")
                self.reply(200, found, MANIFEST, Docker_Content_Digest=digest)
                return
        elif what == "blobs" and reference in here.blobs:
            blob = here.blobs[reference]
            size = len(blob) if isinstance(blob, bytes) else blob.stat().st_size
            self.send_response(200)
            self.send_header("Content-Type", "application/octet-stream")
            self.send_header("Content-Length", str(size))
            self.send_header("Docker-Content-Digest", reference)
            self.end_headers()
            if self.command == "GET":
                if isinstance(blob, bytes):
                    self.wfile.write(blob)
                else:
                    with open(blob, "rb") as file:
                        while part := file.read(1 << 20):
                            self.wfile.write(part)
            return
        self.reply(
            404,
            json.dumps({"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}]}),
            "application/json",
        )

    def do_POST(self) -> None:
        raw = body = self.body()
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        service = self.host.partition(".")[0]
        target = self.headers.get("X-Amz-Target")
        action, arguments = asked(target, self.path, body)
        if not self.signed(raw):
            self.outside.strangers.append(f"{action} is not signed with the machine's role")
        self.outside.calls.append(Call(service, action, arguments, self.client_address[0]))
        status, answer = self.aws(action, arguments)
        if target:
            self.reply(status, json.dumps(answer), "application/x-amz-json-1.1")
        elif status == 200:
            self.reply(200, f"<{action}Response><{action}Result/></{action}Response>", "text/xml")
        else:
            error = (
                f"<Type>Sender</Type><Code>{answer['__type']}</Code><Message>{answer['message']}</Message>"
            )
            self.reply(status, f"<ErrorResponse><Error>{error}</Error></ErrorResponse>", "text/xml")

    def signed(self, body: bytes) -> bool:
        """Whether the signature (version 4) is that of the role's keys, over this body and the token."""
        pattern = r"AWS4-HMAC-SHA256 Credential=ASIATEST/(\d+)/([\w-]+)/(\w+)/aws4_request, ?SignedHeaders=([\w;-]+), ?Signature=(\w+)"
        match = re.fullmatch(pattern, self.headers.get("Authorization", ""))
        if not match or self.headers.get("X-Amz-Security-Token") != "session":
            return False
        date, region, service, names, signature = match.groups()
        digest = lambda data: hashlib.sha256(data).hexdigest()  # noqa: E731
        headers = "".join(
            f"{name}:{' '.join((self.headers.get(name) or '').split())}\n" for name in names.split(";")
        )
        path = urllib.parse.quote(urllib.parse.urlsplit(self.path).path, safe="/-_.~%")
        canonical = "\n".join(
            [self.command, path, "", headers, names, self.headers.get("X-Amz-Content-Sha256") or digest(body)]
        )
        text = "\n".join(
            [
                "AWS4-HMAC-SHA256",
                self.headers["X-Amz-Date"],
                f"{date}/{region}/{service}/aws4_request",
                digest(canonical.encode()),
            ]
        )
        key = b"AWS4" + SECRET_KEY.encode()
        for part in (date, region, service, "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        return hmac.compare_digest(hmac.digest(key, text.encode(), "sha256").hex(), signature)

    def aws(self, action: str, arguments: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        here = self.outside
        if action in here.fail:
            return 400, {"__type": str(here.fail[action]), "message": f"{action} is denied"}
        if action == "GetParameter":
            if arguments["Name"] not in here.parameters:
                return 400, {"__type": "ParameterNotFound", "message": arguments["Name"]}
            return 200, {
                "Parameter": {"Name": arguments["Name"], "Value": here.parameters[arguments["Name"]]}
            }
        if action == "GetSecretValue":
            return 200, {"ARN": arguments["SecretId"], "SecretString": here.secrets[arguments["SecretId"]]}
        return 200, {}


@functools.cache
def packages() -> dict[str, Path]:
    """The archive's files: what a ready system was made from, and Ubuntu's name for Debian's docker-compose."""

    def make(folder: Path) -> None:
        control = folder / "content/DEBIAN"
        control.mkdir(parents=True)
        # With the command line, which Ubuntu has in docker.io.
        (control / "control").write_text(
            "Package: docker-compose-v2\nVersion: 1\nArchitecture: all\nMaintainer: tests <tests@example.com>\n"
            "Depends: docker-compose, docker-cli, iptables\nDescription: Ubuntu's name\n"
        )
        roots.run("dpkg-deb", "--build", f"{folder}/content", f"{folder}/docker-compose-v2_1_all.deb")

    alias = roots.cached("alias", "1", make)
    return {deb.name: deb for place in (roots.system() / "debs", alias) for deb in place.glob("*.deb")}


@functools.cache
def mirror() -> dict[str, bytes]:
    """The archive's lists, over its packages."""
    stanzas = []
    for _, deb in sorted(packages().items()):
        data = deb.read_bytes()
        fields = roots.run("dpkg-deb", "--field", str(deb)).rstrip()
        stanzas.append(
            f"{fields}\nFilename: pool/{deb.name}\nSize: {len(data)}\nSHA256: {hashlib.sha256(data).hexdigest()}\n"
        )
    content = "\n".join(stanzas).encode()
    size = f"{hashlib.sha256(content).hexdigest()} {len(content)} main/binary-amd64/Packages"
    # Yesterday's: an emulated machine's clock falls behind, and apt takes nothing from the future.
    date = time.strftime("%a, %d %b %Y %H:%M:%S UTC", time.gmtime(time.time() - 86400))
    release = f"Origin: Test\nSuite: {roots.SUITE}\nCodename: {roots.SUITE}\nDate: {date}\nArchitectures: amd64 all\nComponents: main\nSHA256:\n {size}\n"
    return {"Packages": content, "Release": release.encode()}
