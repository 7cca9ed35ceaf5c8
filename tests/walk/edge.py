"""What stands between a visitor and a stack's services: Cloudflare's edge and the connector, as the evaluated stack sets them up.

Their order is Cloudflare's: redirection to https, the size of the body, custom rules, rate limits, Access, header rules; then the
connector's own check of the login and its ingress rules. Only what decides or changes a request is here; managed rules judge
content, and are left out. A visitor's login is a header, `Walk-Login`, in place of the session cookie.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import posixpath
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from preview.analysis.reach import Reach
from preview.resource_types import type_names
from preview.resources import Evaluation, Resource, bare

from .expressions import matches

KEY = b"the team's signing key"
Address = tuple[str, int]
VISITOR = "198.51.100.7"
_NAMES = "cf-access-jwt-assertion"


@dataclass
class Request:
    method: str
    target: str
    headers: list[tuple[str, str]]

    def get(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def put(self, name: str, value: str | None) -> None:
        self.headers = [item for item in self.headers if item[0].lower() != name.lower()]
        if value is not None:
            self.headers.append((name, value))


class Refused(Exception):
    """Answered before any service saw it."""

    def __init__(self, status: int, why: str, **headers: str) -> None:
        super().__init__(why)
        self.status, self.headers = status, headers


@dataclass
class Edge:
    """``find`` tells where a route's service really listens; ``settle`` gives real values for the evaluation's placeholders."""

    stack: Evaluation
    find: Callable[[str], Address]
    settle: Callable[[str], str]
    connector: str
    seen: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.reach = Reach(self.stack)
        settings = json.loads(self.stack.config["drawbridge:cloudflare"])
        self.issuer = f"https://{settings['team']}.cloudflareaccess.com"
        self.settings = {
            r.inputs["settingId"]: r.inputs["value"] for r in self.stack.of_type(type_names.ZONE_SETTING)
        }
        self.body_limit = self.stack.outputs["uploadLimitMB"] * 2**20
        self.normalises = bool(self.stack.of_type(type_names.URL_NORMALIZATION))
        self.tokens = {
            r.name.rpartition("-token-")[2]: f"«{r.name}.id»"
            for r in self.stack.resources
            if r.type.endswith(":ZeroTrustAccessServiceToken")
        }

    def rules(self, phase: str) -> list[dict[str, Any]]:
        return [
            rule
            for r in self.stack.of_type(type_names.RULESET)
            if r.inputs["phase"] == phase
            for rule in bare(r.raw["rules"])
        ]

    # --- the edge -----------------------------------------------------------------------------------------------------

    def admit(self, request: Request, secure: bool) -> Address:
        """Where the request goes on to, after what the edge and the connector did to it. Raises Refused."""
        host = request.get("Host") or ""
        raw, _, query = request.target.partition("?")
        if not secure and self.settings.get("always_use_https") == "on":
            raise Refused(301, "https alone", Location=f"https://{host}{request.target}")
        if int(request.get("Content-Length") or 0) > self.body_limit:
            raise Refused(413, "the plan's body limit")
        path = _normalised(raw) if self.normalises else raw
        fields = {"http.host": host, "http.request.uri.path": path, "raw.http.request.uri.path": raw}
        for rule in self.rules("http_request_firewall_custom"):
            if rule["enabled"] and rule["action"] == "block" and matches(rule["expression"], fields):
                raise Refused(403, rule["ref"])
        for rule in self.rules("http_ratelimit"):
            if matches(rule["expression"], fields):
                self.seen[rule["ref"]] += 1
                if self.seen[rule["ref"]] > rule["ratelimit"]["requestsPerPeriod"]:
                    raise Refused(429, rule["ref"])
        # Whether the edge takes a forged assertion away where no login is asked for is not documented: here it stays.
        asked = self.reach._edge(
            host, unquote(path)
        )  # by itself: Access asks before there is an ingress rule to speak of
        if asked:
            request.put(_NAMES, self.login(request, asked))
        request.put("Walk-Login", None)
        request.put("CF-Access-Client-Id", None)
        request.put("CF-Access-Client-Secret", None)
        request.put("CF-Connecting-IP", VISITOR)
        request.put("X-Forwarded-For", ", ".join(filter(None, (request.get("X-Forwarded-For"), VISITOR))))
        request.put("X-Forwarded-Proto", "https")
        request.put("Cf-Ray", "8f0000000000abcd-NRT")
        for rule in self.rules("http_request_late_transform"):
            if matches(rule["expression"], fields):
                for name, change in rule["actionParameters"]["headers"].items():
                    request.put(name, self.settle(change["value"]))
        request.target = path + ("?" + query if query else "")
        return self.connect(request, host, unquote(path))

    def login(self, request: Request, asked: tuple[tuple[Resource, Resource], ...]) -> str:
        """The assertion that Access adds for whoever may pass."""
        known = _identity(request, self.tokens)
        application = asked[0][1]
        if known is None:
            if application.inputs.get("serviceAuth401Redirect"):
                raise Refused(401, "a service token is asked for")
            raise Refused(
                302,
                "a login is asked for",
                Location=f"{self.issuer}/cdn-cgi/access/login/{request.get('Host')}",
            )
        for policy, _ in asked:
            people = policy.inputs["decision"] == "allow"
            fits = any(_fits(rule, known) for rule in policy.inputs["includes"])
            also = all(_fits(rule, known) for rule in policy.inputs.get("requires") or [])
            never = any(_fits(rule, known) for rule in policy.inputs.get("excludes") or [])
            factor = known.get("mfa") or not policy.inputs.get("mfaConfig")
            if people == ("token" not in known) and fits and also and factor and not never:
                name = known.get("email") or f"service token {known['name']}"
                return assertion({"aud": f"«{application.name}.aud»", "iss": self.issuer, "sub": name})
        raise Refused(
            401 if application.inputs.get("serviceAuth401Redirect") else 403, "Access lets others in"
        )

    # --- the connector ------------------------------------------------------------------------------------------------

    def connect(self, request: Request, host: str, path: str) -> Address:
        entry = self.reach.at(host, path).entry
        if entry is None:
            raise Refused(404, "no ingress rule")
        access = entry.origin.get("access", {})
        if access.get("required"):
            claims = checked(request.get(_NAMES))
            if (
                claims is None
                or claims["aud"] not in access["audTags"]
                or access["teamName"] not in claims["iss"]
            ):
                raise Refused(403, "the connector asks for the login")
        if entry.service.startswith("http_status:"):
            raise Refused(int(entry.service.partition(":")[2]), "a fixed answer")
        return self.find(entry.service)

    # --- the wire -----------------------------------------------------------------------------------------------------

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, secure: bool) -> None:
        try:
            request = _parsed(await reader.readuntil(b"\r\n\r\n"))
            upgrade = request.get("Upgrade")
            try:
                address = self.admit(request, secure)
            except Refused as refused:
                headers = {
                    **refused.headers,
                    "Walk-Refused": str(refused),
                    "Content-Length": "0",
                    "Connection": "close",
                }
                head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
                writer.write(f"HTTP/1.1 {refused.status} x\r\n{head}\r\n".encode("latin-1"))
                await writer.drain()
                return
            if not upgrade:
                request.put("Connection", "close")
            back, out = await asyncio.open_connection(*address, local_addr=(self.connector, 0))
            lines = "".join(f"{name}: {value}\r\n" for name, value in request.headers)
            out.write(f"{request.method} {request.target} HTTP/1.1\r\n{lines}\r\n".encode("latin-1"))
            forward = asyncio.create_task(_copy(reader, out))
            await _copy(back, writer)
            forward.cancel()
            out.close()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


def assertion(claims: Mapping[str, str]) -> str:
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode()
    return f"{body}.{hmac.new(KEY, body.encode(), hashlib.sha256).hexdigest()}"


def checked(text: str | None) -> dict[str, str] | None:
    """The claims of an assertion that the team signed."""
    body, _, _ = (text or "").partition(".")
    if not text or not body or assertion(claims := json.loads(base64.urlsafe_b64decode(body))) != text:
        return None
    return dict(claims)


def _identity(request: Request, known: Mapping[str, str]) -> dict[str, Any] | None:
    """`Walk-Login: {"email": ..., "groups": [...], "mfa": true}`, or a service token's two headers."""
    if login := request.get("Walk-Login"):
        return dict(json.loads(login))
    name = (request.get("CF-Access-Client-Id") or "").removesuffix(".access")
    if name in known and request.get("CF-Access-Client-Secret") == f"secret of {name}":
        return {"token": known[name], "name": name}
    return None


def _fits(rule: Mapping[str, Any], known: Mapping[str, Any]) -> bool:
    ((kind, body),) = rule.items()
    if kind == "email":
        return bool(known.get("email") == body["email"])
    if kind == "emailDomain":
        return str(known.get("email", "")).endswith("@" + body["domain"])
    if kind == "oidc":
        return body["claimValue"] in known.get(body["claimName"], [])
    if kind == "serviceToken":
        return bool(known.get("token") == body["tokenId"])
    if kind == "everyone":
        return True
    raise ValueError(f"a rule that this edge does not know: {kind}")


def _normalised(path: str) -> str:
    """RFC 3986 with Cloudflare's additions: backslashes, double slashes and dot segments, unreserved characters decoded."""
    path = "".join(
        unquote(part) if part.startswith("%") and unquote(part) in _UNRESERVED else part
        for part in _split(path)
    ).replace("\\", "/")
    result = posixpath.normpath("/" + path.lstrip("/"))
    return result + ("/" if path.endswith("/") and result != "/" else "")


_UNRESERVED = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~")


def _split(path: str) -> list[str]:
    parts, position = [], 0
    while position < len(path):
        step = 3 if path[position] == "%" else 1
        parts.append(path[position : position + step])
        position += step
    return parts


def _parsed(head: bytes) -> Request:
    first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    method, target, _ = first.split(" ")
    return Request(
        method, target, [(n.strip(), v.strip()) for n, _, v in (line.partition(":") for line in lines)]
    )


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while data := await source.read(65536):
        sink.write(data)
        await sink.drain()


class Running:
    """An edge that serves in a thread of its own: `https` and `http` are its ports on loopback."""

    def __init__(self, edge: Edge) -> None:
        self.edge = edge
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Running:
        self._thread.start()
        self.https, self.http = (self._listen(secure) for secure in (True, False))
        return self

    def _listen(self, secure: bool) -> int:
        start = asyncio.start_server(lambda r, w: self.edge.serve(r, w, secure), "127.0.0.1", 0)
        server = asyncio.run_coroutine_threadsafe(start, self._loop).result(10)
        return int(server.sockets[0].getsockname()[1])

    def __exit__(self, *_: object) -> None:
        async def finish() -> None:
            others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(finish(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


def service_of(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    assert parts.hostname and parts.port
    return parts.hostname, parts.port
