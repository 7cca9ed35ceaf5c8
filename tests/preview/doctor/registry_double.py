"""An image registry and an OpenID provider on loopback, as much of both as the doctor asks."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@dataclass
class Registry:
    """``images``: `repository:reference` → its platforms, None: one manifest that names none. ``limit``: a window's pulls."""

    images: dict[str, list[str] | None] = field(default_factory=dict)
    private: set[str] = field(default_factory=set)
    limit: int | None = None
    spent: bool = False
    callbacks: set[str] = field(default_factory=set)
    """The redirect URIs that the OpenID provider's client may have."""
    calls: list[str] = field(default_factory=list)
    """`METHOD PATH` of every request."""
    address: str = ""


def platform(text: str) -> dict[str, Any]:
    system, _, architecture = text.partition("/")
    return {"platform": {"os": system, "architecture": architecture}, "mediaType": MANIFEST}


class Handler(BaseHTTPRequestHandler):
    registry: Registry
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        url = urlsplit(self.path)
        self.registry.calls.append(f"{self.command} {url.path}")
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        if url.path == "/token":
            self.send(200, {"token": "anonymous"})
        elif url.path == "/authorize":
            good = query.get("redirect_uri") in self.registry.callbacks
            self.send(302 if good else 400, {}, {"Location": "/login"} if good else {})
        elif url.path == "/keys":
            self.send(200, {"keys": [{"kid": "1"}]})
        elif url.path.startswith("/v2/") and "/manifests/" in url.path:
            self.manifest(*url.path.removeprefix("/v2/").split("/manifests/"))
        else:
            self.send(404, {})

    def manifest(self, repository: str, reference: str) -> None:
        headers = {"ratelimit-limit": f"{self.registry.limit};w=21600"} if self.registry.limit else {}
        if self.registry.spent:
            self.send(429, {}, headers)
        elif self.headers.get("Authorization") != "Bearer anonymous" or repository in self.registry.private:
            realm = f'Bearer realm="{self.registry.address}/token",service="double",scope="repository:{repository}:pull"'
            self.send(401, {}, {"WWW-Authenticate": realm})
        elif (name := f"{repository}:{reference}") not in self.registry.images:
            self.send(404, {}, headers)
        elif (platforms := self.registry.images[name]) is None:
            self.send(200, {"schemaVersion": 2}, {**headers, "Content-Type": MANIFEST})
        else:
            document = {"manifests": [*map(platform, platforms), platform("unknown/unknown")]}
            self.send(200, document, {**headers, "Content-Type": INDEX})

    do_GET = do_HEAD = answer

    def send(self, status: int, document: Any, headers: dict[str, str] | None = None) -> None:
        content = json.dumps(document).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def registry() -> Iterator[Registry]:
    """Serves while the block runs."""
    served = Registry()
    handler = type("Served", (Handler,), {"registry": served})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        served.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield served
        finally:
            server.shutdown()
            thread.join()
