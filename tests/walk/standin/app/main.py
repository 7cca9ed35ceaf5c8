"""An app of a few lines in place of one whose image cannot be had: it says which request reached it, and from whom.

It keeps the promises that the five guides make of their apps: CORS for the origins in the environment, and, where the environment
asks for it, no answer to who does not come through the trusted proxy with the edge's secret. It is started by the app's own
command (uvicorn), on the app's own port.
"""

from __future__ import annotations

import ipaddress
import json
import os
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket


def origins() -> list[str]:
    for name in ("BACKEND_CORS_ORIGINS", "CORS_ALLOWED_ORIGINS", "CORS_ORIGINS", "CORS_ORIGIN"):
        if text := os.environ.get(name):
            return list(json.loads(text)) if text.startswith("[") else text.split(",")
    return []


def refusal(connection: HTTPConnection) -> str | None:
    """Why a request is not answered, by PROXY_FORCE, TRUSTED_PROXY_IPS and ORIGIN_VERIFY_*."""
    trusted = [
        ipaddress.ip_network(text) for text in os.environ.get("TRUSTED_PROXY_IPS", "").split(",") if text
    ]
    peer = ipaddress.ip_address(connection.client.host if connection.client else "0.0.0.0")
    if os.environ.get("PROXY_FORCE") == "true" and not any(peer in network for network in trusted):
        return f"{peer} is no trusted proxy"
    header = os.environ.get("ORIGIN_VERIFY_HEADER")
    if header and connection.headers.get(header) != os.environ["ORIGIN_VERIFY_SECRET"]:
        return "the edge's secret is missing"
    return None


def report(connection: HTTPConnection) -> dict[str, Any]:
    return {
        "service": os.environ["WALK_SERVICE"],
        "path": connection.url.path,
        "client": connection.client.host if connection.client else None,
        "headers": dict(connection.headers),
    }


async def answer(request: Request) -> JSONResponse:
    if request.url.path != "/health" and (why := refusal(request)):
        return JSONResponse({"service": os.environ["WALK_SERVICE"], "refused": why}, status_code=403)
    received = 0
    async for chunk in request.stream():
        received += len(chunk)
    return JSONResponse({**report(request), "method": request.method, "received": received})


async def echo(socket: WebSocket) -> None:
    if refusal(socket):
        await socket.close()
        return
    await socket.accept()
    await socket.send_json(report(socket))
    await socket.send_text("echo " + await socket.receive_text())
    await socket.close()


METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
app = Starlette(
    routes=[WebSocketRoute("/{path:path}", echo), Route("/{path:path}", answer, methods=METHODS)],
    middleware=[
        Middleware(
            CORSMiddleware,
            allow_origins=origins(),
            allow_credentials=True,
            allow_methods=["*"],
            allow_headers=["*"],
        )
    ],
)
