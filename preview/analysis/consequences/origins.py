"""Whether what a route leads to listens there, as far as the app's own files say: a connector that is refused answers 502."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from preview.analysis.consequences.ahead import places
from preview.analysis.consequences.context import APP, Context, Machines, downtime, listed, unknown
from preview.analysis.consequences.machines import interpolated
from preview.analysis.exposures.machine_files import environment, mounts
from preview.changes import Change, Effect
from preview.diff.user_data import written
from preview.resource_types import type_names

_DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
_TLS = ("https", "wss")
# What an image listens on unless it is told otherwise. Source: `EXPOSE` in the images' own Dockerfiles.
_IMAGES: Mapping[str, frozenset[int]] = {
    "nginx": frozenset({80}),
    "httpd": frozenset({80}),
    "caddy": frozenset({80, 443}),
    "traefik": frozenset({80}),
    "wordpress": frozenset({80}),
    "nextcloud": frozenset({80}),
    "grafana": frozenset({3000}),
    "nginx-unprivileged": frozenset({8080}),
    "ghost": frozenset({2368}),
    "keycloak": frozenset({8080}),
    "minio": frozenset({9000, 9001}),
}
_LISTEN = re.compile(r"^[ \t]*listen[ \t]+(?:\S*:)?(\d+)\b([^;\n]*);", re.MULTILINE)


def origins(context: Context, change: Change) -> Iterator[Effect]:
    if change.type == type_names.TUNNEL_CONFIGURATION and change.action == "updated":
        yield from _moved(context)
        yield from _named(context)
    elif change.type == type_names.AUTO_SCALING_GROUP and change.action in ("rolling", "replaced"):
        yield from _left(context)


@dataclass(frozen=True)
class Listener:
    """What is known of one service: its ports, those of them with TLS, and whether these are all of them."""

    ports: frozenset[int]
    tls: frozenset[int]
    whole: bool
    text: str

    def takes(self, port: int) -> bool | None:
        """Does it listen on a port? None: nothing says where it listens."""
        if port in self.ports:
            return True
        if not self.whole and re.search(rf"(?<!\d){port}(?!\d)", self.text):
            return True
        return False if self.ports else None

    @property
    def listed(self) -> str:
        return ", ".join(map(str, sorted(self.ports)))


def _named(context: Context) -> Iterator[Effect]:
    """Places whose service is told another host: it may answer otherwise."""
    told: dict[tuple[str, str], dict[str, None]] = {}
    for hostname, path in places(*context.reach):
        was, now = (reach.at(hostname, path).entry for reach in context.reach)
        if was and now and was.service == now.service:
            hosts = [str(entry.origin.get("httpHostHeader") or hostname) for entry in (was, now)]
            if hosts[0] != hosts[1]:
                told.setdefault((now.service, hosts[1]), {})[hostname] = None
    for (service, host), asked in told.items():
        yield unknown(
            f"{service} is told the host {host} for {', '.join(asked)}: what it answers then is not known here"
        )


def _moved(context: Context) -> Iterator[Effect]:
    """Places whose service stays and is asked on another port, or in another protocol; and those that go to another service."""
    old, new = context.reach
    asked = {entry.service for entry in old.entries}
    moves: dict[tuple[str, str], None] = {}
    for hostname, path in places(old, new):
        was, now = old.at(hostname, path).entry, new.at(hostname, path).entry
        if was and now and was.service != now.service and now.service not in asked:
            moves[was.service, now.service] = None
    for was_, now_ in sorted(moves):
        ends = _end(was_), _end(now_)
        if ends[1] is None:
            continue
        scheme, name, port = ends[1]
        listener = listener_of(context.machines[1], name)
        same = ends[0] is not None and ends[0][1] == name
        takes = listener.takes(port) if listener else None
        if takes is False and listener:
            yield downtime(
                f"{now_}: {name} listens on {listener.listed}, as far as the app's files say, and is asked on {port}: 502"
            )
        elif same and takes is None and ends[0] and ends[0][2] != port:
            yield unknown(f"{now_}: whether {name} listens on {port} is not known here")
        if same and ends[0] and (ends[0][0] in _TLS) != (scheme in _TLS):
            yield from _protocol(now_, scheme in _TLS, port, ends[0][2], listener)


def _protocol(service: str, tls: bool, port: int, former: int, listener: Listener | None) -> Iterator[Effect]:
    if listener and listener.whole and port in listener.ports:
        if (port in listener.tls) != tls:
            yield downtime(f"{service}: on {port} it speaks {'plain HTTP' if tls else 'TLS'}: 502")
    elif port == former or port == (80 if tls else 443):
        yield downtime(f"{service}: {port} is where it spoke {'plain HTTP' if tls else 'TLS'}: 502")
    elif port != (443 if tls else 80):
        yield unknown(
            f"{service}: whether it speaks {'TLS' if tls else 'plain HTTP'} on {port} is not known here"
        )


def _left(context: Context) -> Iterator[Effect]:
    """Routes that stay, to a service that no longer listens where they lead."""
    kept = {entry.service for entry in context.reach[0].entries}
    for service in dict.fromkeys(e.service for e in context.reach[1].entries if e.service in kept):
        end = _end(service)
        if end is None:
            continue
        before, after = (listener_of(machines, end[1]) for machines in context.machines)
        if before is None or after is None or before == after:
            continue
        if before.takes(end[2]) and after.takes(end[2]) is False:
            yield downtime(f"{end[1]} listens on {after.listed} now, and the routes ask it on {end[2]}: 502")
        elif end[2] in after.ports & before.ports and (end[2] in before.tls) != (end[2] in after.tls):
            speaks = "TLS" if end[2] in after.tls else "plain HTTP"
            if (end[0] in _TLS) != (end[2] in after.tls):
                yield downtime(
                    f"{end[1]} speaks {speaks} on {end[2]} now, and the routes ask by {end[0]}: 502"
                )


def _end(service: str) -> tuple[str, str, int] | None:
    """Scheme, compose service and port of `http://nginx:80`; None for what is no web service of the app's."""
    try:
        parts = urlsplit(service)
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or port is None:
        return None
    return parts.scheme, parts.hostname, port


def listener_of(machines: Machines, name: str) -> Listener | None:
    """None where the version's machines have no such service, or are not known."""
    body = machines.services.get(name)
    if body is None:
        return None
    text = interpolated(json.dumps(body), machines.env)
    listens = [match for conf in _mounted(machines.text, body) for match in _LISTEN.finditer(conf)]
    if listens:
        tls = frozenset(int(match[1]) for match in listens if re.search(r"\b(ssl|quic)\b", match[2]))
        return Listener(frozenset(int(match[1]) for match in listens), tls, True, text)
    found = {*_published(body, machines.env), *_told(body, machines.env)}
    image = interpolated(str(body.get("image", "")), machines.env).partition("@")[0].rpartition("/")[2]
    if not found:
        found |= _IMAGES.get(image.partition(":")[0], frozenset())
    return Listener(frozenset(found), frozenset(), False, text)


def _mounted(text: str, body: Mapping[str, Any]) -> Iterator[str]:
    """The app's files that the service mounts."""
    for item in mounts(body):
        source = item["source"]
        if source.startswith("./"):
            start = f"{APP}/{source[2:].rstrip('/')}"
            for path in re.findall(rf"^- path: ({re.escape(start)}(?:/\S*)?)$", text, re.MULTILINE):
                yield written(text, path)


def _published(body: Mapping[str, Any], env: Mapping[str, str]) -> Iterator[int]:
    """The container's ports under `ports` and `expose`."""
    for item in [*listed(body.get("ports")), *listed(body.get("expose"))]:
        end = item.get("target") if isinstance(item, Mapping) else str(item).rpartition(":")[2]
        number = re.match(r"\d+", interpolated(str(end), env).partition("/")[0])
        if number:
            yield int(number[0])


def _told(body: Mapping[str, Any], env: Mapping[str, str]) -> Iterator[int]:
    """Ports that its health check asks, and that its command or its variables name."""
    check = interpolated(json.dumps((body.get("healthcheck") or {}).get("test", "")), env)
    for match in re.finditer(r"(https?)://(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1?\]):?(\d+)?", check):
        yield int(match[2] or _DEFAULT_PORTS[match[1]])
    command = interpolated(json.dumps([body.get("command"), body.get("entrypoint")]), env)
    for match in re.finditer(
        r"(?:--?(?:http-|web-)?(?:port|listen|bind|addr(?:ess)?)|-p)[\"=, ]+[\w.\[\]:*\"]*?:?(\d{2,5})\b",
        command,
    ):
        yield int(match[1])
    for key, value in environment(body).items():
        text = interpolated(value, env)
        if key.upper() in ("PORT", "HTTP_PORT", "SERVER_PORT", "APP_PORT", "LISTEN_PORT") and text.isdigit():
            yield int(text)
