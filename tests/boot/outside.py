"""The world outside the machines, in a network namespace of its own: DNS, instance metadata, AWS, registries, a package
mirror, Cloudflare's edge. Sockets are opened there; everything runs in the test's own process, so a test can look and change.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import socket
import ssl
import struct
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from . import roots
from .addresses import GATEWAY, GROUP, METADATA, NAMES
from .edge import Edge, in_namespace
from .images import Registry
from .services import Api, Call, Metadata, Mirror, Server
from .supplies import pki


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
