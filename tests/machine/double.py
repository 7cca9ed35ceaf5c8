"""A loopback double of what a machine calls: instance metadata (version 2 alone) and the AWS APIs, recording every call."""

from __future__ import annotations

import json
import threading
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

METADATA = {
    "instance-id": "i-0123456789abcdef0",
    "tags/instance/aws:autoscaling:groupName": "drawbridge-prod-host-group-1a2b3c4",
    "autoscaling/target-lifecycle-state": "InService",
}


def asked(target: str | None, path: str, body: bytes) -> tuple[str, dict[str, Any]]:
    """The action of an AWS request and its arguments, in whichever protocol: JSON with its target in a header, a query, or
    CBOR, which stays packed under `body` and names its operation in the path (CloudWatch's newer protocol)."""
    if target:
        return target.rpartition(".")[2], json.loads(body or b"{}")
    query = urllib.parse.parse_qs(body.decode("latin-1"))
    if "Action" in query:
        return query["Action"][0], {
            key: values[0] for key, values in query.items() if key not in ("Action", "Version")
        }
    return path.rpartition("/")[2], {"body": body}


class Double:
    """`calls` are (service action, its arguments); `fail` gives an error code that an action answers with, so many times."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.metadata = dict(METADATA)
        self.parameters: dict[str, str] = {}
        self.secrets: dict[str, str] = {}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.fail: dict[str, list[str]] = {}

    def environment(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": self.url,
            "AWS_ACCESS_KEY_ID": "x",
            "AWS_SECRET_ACCESS_KEY": "x",
            "AWS_CONFIG_FILE": "/nonexistent",
            "AWS_MAX_ATTEMPTS": "1",
        }

    def answer(self, action: str, arguments: dict[str, Any]) -> dict[str, Any]:
        if action == "GetParameter":
            return {"Parameter": {"Name": arguments["Name"], "Value": self.parameters[arguments["Name"]]}}
        if action == "GetSecretValue":
            return {"SecretString": self.secrets[arguments["SecretId"]]}
        return {}


@contextmanager
def double() -> Iterator[Double]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            pass

        def reply(self, status: int, body: str, kind: str = "text/plain") -> None:
            data = body.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def do_PUT(self) -> None:
            known = self.path == "/latest/api/token" and self.headers.get(
                "X-aws-ec2-metadata-token-ttl-seconds"
            )
            self.reply(200 if known else 400, "a-session-token")

        def do_GET(self) -> None:
            if self.headers.get("X-aws-ec2-metadata-token") != "a-session-token":
                self.reply(401, "version 2 alone")
                return
            value = here.metadata.get(urllib.parse.unquote(self.path).removeprefix("/latest/meta-data/"))
            self.reply(404 if value is None else 200, value or "")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            target = self.headers.get("X-Amz-Target")
            action, arguments = asked(target, self.path, body)
            here.calls.append((action, arguments))
            errors = here.fail.get(action, [])
            if errors:
                code = errors.pop(0)
                if target:
                    self.reply(
                        400, json.dumps({"__type": code, "message": "no"}), "application/x-amz-json-1.1"
                    )
                else:
                    xml = f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"
                    self.reply(400, xml, "text/xml")
            elif target:
                self.reply(200, json.dumps(here.answer(action, arguments)), "application/x-amz-json-1.1")
            else:
                self.reply(200, f"<{action}Response><{action}Result/></{action}Response>", "text/xml")

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    here = Double(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield here
    finally:
        server.shutdown()
        server.server_close()
