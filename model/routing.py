"""Routes, compiled: the connector's ingress rules, the Access applications, and what guards a path on a shared host.

Everything at the edge follows from one list. These are plain data; `components.edge` turns them into resources.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .paths import quote
from .settings import OriginRequest, Route

CATCH_ALL = "http_status:404"


@dataclass(frozen=True, kw_only=True)
class Application:
    """An Access application. ``access`` names the policy; None is a bypass, a public path on a protected host."""

    key: str
    hostname: str
    destinations: tuple[str, ...]
    access: str | None


@dataclass(frozen=True, kw_only=True)
class IngressRule:
    """One rule of the connector. ``application`` is the key of the application whose token the connector demands."""

    hostname: str
    path: str | None
    service: str
    origin: Mapping[str, Any]
    application: str | None


def hostnames(routes: Sequence[Route]) -> tuple[str, ...]:
    return tuple(sorted({route.hostname for route in routes}))


def mixed_hosts(routes: Sequence[Route]) -> tuple[str, ...]:
    """Hosts whose routes differ in who may reach them: there a path is a boundary, and a weak one."""
    return tuple(host for host in hostnames(routes) if len({r.access for r in routes if r.hostname == host}) > 1)


def applications(routes: Sequence[Route]) -> tuple[Application, ...]:
    """The applications that make every route's `access` true at the edge.

    A host whose routes agree is covered whole, unknown paths included. On a mixed host, the pathless route's policy
    covers the host, and each other policy gets an application of its own for its paths, because in Access the more
    specific application wins and inherits nothing.
    """
    result: list[Application] = []
    for host in hostnames(routes):
        mine = [route for route in routes if route.hostname == host]
        base = next((route.access for route in mine if route.path is None), None)
        if base is None and len({route.access for route in mine}) == 1:
            base = mine[0].access
        if base not in (None, "public"):
            result.append(Application(key=_key(host, base), hostname=host, destinations=(host,), access=base))
        for access in sorted({route.access for route in mine} - {base}):
            if access == "public" and base is None:
                continue  # nothing covers this host as a whole, so nothing needs a bypass
            paths = sorted(route.path for route in mine if route.access == access and route.path is not None)
            destinations = tuple(uri for path in paths for uri in path.destinations(host))
            name = None if access == "public" else access
            result.append(Application(key=_key(host, access), hostname=host, destinations=destinations, access=name))
    return tuple(result)


def ingress(routes: Sequence[Route], defaults: OriginRequest) -> tuple[IngressRule, ...]:
    """The connector's rules, without the catch-all: first match wins, so the longest path of a host comes first, and
    exact hosts come before wildcards."""
    ordered = sorted(routes, key=_order)
    return tuple(
        IngressRule(
            hostname=route.hostname,
            path=route.path.regex() if route.path else None,
            service=route.service,
            origin={**origin_request(defaults), **origin_request(route.origin)},
            application=None if route.public else _key(route.hostname, route.access),
        )
        for route in ordered
    )


def origin_request(origin: OriginRequest) -> dict[str, Any]:
    """Only what is set: what the API adds by itself would show as a change at the next refresh."""
    return {name: value for name, value in origin if value is not None}


def guard_expression(routes: Sequence[Route]) -> str | None:
    """What the edge refuses on mixed hosts, or None where no host is mixed.

    Access, the connector and the app each read a path in their own way (percent-decoding, `//`, dot segments, case);
    a form that they read differently is a way around a login. No honest client sends one, so they are refused: encoded
    separators and dots, empty and dot segments, backslashes, and protected paths in other letters.
    """
    hosts = mixed_hosts(routes)
    if not hosts:
        return None
    raw = "lower(raw.http.request.uri.path)"
    odd = [f"{raw} contains {quote(text)}" for text in ("%2f", "%5c", "%2e", "%25", "\\", "//", "/./", "/../", ";")]
    cased = sorted(
        {
            f"(starts_with(lower(http.request.uri.path), {quote(route.path.literal.lower())})"
            f" and not starts_with(http.request.uri.path, {quote(route.path.literal)}))"
            for route in routes
            if route.path is not None and route.hostname in hosts and not route.public
        }
    )
    return f"{host_expression(hosts)} and ({' or '.join([*odd, *cased])})"


def host_expression(hosts: Sequence[str]) -> str:
    """`http.host` is one of these; wildcards cover one level and more, as the connector reads them."""
    exact = [host for host in hosts if not host.startswith("*.")]
    parts = [f"http.host in {{{' '.join(map(quote, exact))}}}"] if exact else []
    parts += [f"ends_with(http.host, {quote(host[1:])})" for host in hosts if host.startswith("*.")]
    return parts[0] if len(parts) == 1 else f"({' or '.join(parts)})"


def _key(host: str, access: str) -> str:
    """Part of resource names, so it must not change when routes are added: host and policy, nothing positional."""
    return f"{host.replace('*', 'any').replace('.', '-')}-{access}"


def _order(route: Route) -> tuple[bool, str, bool, int, bool, str]:
    path = route.path
    return (
        route.hostname.startswith("*."),
        route.hostname,
        path is None,
        -len(path.literal) if path else 0,
        path is not None and path.kind != "exact",
        str(path or ""),
    )
