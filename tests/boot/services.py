"""The services outside: instance metadata, the package mirror, AWS and the registries."""

from __future__ import annotations

import base64
import gzip
import hashlib
import hmac
import json
import re
import ssl
import time
import urllib.parse
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from tests.machine.double import asked

from .addresses import ROLE, SECRET_KEY
from .images import MANIFEST
from .supplies import mirror, packages

if TYPE_CHECKING:
    from .outside import Outside


@dataclass
class Call:
    service: str
    action: str
    arguments: dict[str, Any]
    machine: str
    at: float = field(default_factory=time.time)


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

        def digest(data: bytes) -> str:
            return hashlib.sha256(data).hexdigest()

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
