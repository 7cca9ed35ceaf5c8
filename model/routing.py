"""Routes, compiled: the connector's ingress rules, the Access applications, and what guards a path on a shared host.

Everything at the edge follows from one list. These are plain data; `components` turns them into resources. What makes
sure that they agree with each other is `model.proof`.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Mapping as Map
from dataclasses import dataclass
from typing import Any

from .paths import PathPattern, quote
from .settings import OriginRequest, Route

CATCH_ALL = "http_status:404"
CLOSED = "http_status"
"""What stands behind a route that answers by itself, or behind no route: nothing of the app's."""
PROBE = "\x7f"
"""A character that no pattern and no hostname holds."""


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
    origin: Map[str, Any]
    application: str | None


def hostnames(routes: Sequence[Route]) -> tuple[str, ...]:
    return tuple(sorted({route.hostname for route in routes}))


def host_matches(pattern: str, host: str) -> bool:
    """As the connector reads a rule's hostname: letter by letter, and `*.` takes one level and more."""
    return pattern == host or (pattern.startswith("*.") and host.endswith(pattern[1:]))


def wildcards_over(host: str, routes: Sequence[Route]) -> tuple[str, ...]:
    """The wildcard hosts of the routes that a host (or a narrower wildcard) lies under."""
    wildcards = sorted({route.hostname for route in routes if route.hostname.startswith("*.")})
    return tuple(w for w in wildcards if w != host and host.removeprefix("*").endswith(w[1:]))


def ordered(routes: Iterable[Route]) -> list[Route]:
    """As the connector must have them, for its first match wins: exact hosts, then narrower wildcards, then wider ones; on
    a host the longest path first, and what has no path last."""

    def rank(route: Route) -> tuple[bool, int, str, bool, int, int, str]:
        path = route.path
        return (
            route.hostname.startswith("*."),
            -route.hostname.count(".") if route.hostname.startswith("*.") else 0,
            route.hostname,
            path is None,
            -len(path.literal) if path else 0,
            ("exact", "below", "prefix").index(path.kind) if path else 0,
            str(path or ""),
        )

    return sorted(routes, key=rank)


class Rules:
    """Routes as the connector asks them, found by the beginnings of a path instead of one after the other."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._whole: dict[str, Route] = {}
        self._paths: dict[str, dict[str, list[tuple[int, Route]]]] = {}
        for position, route in enumerate(ordered(routes)):
            if route.path is None:
                self._whole.setdefault(route.hostname, route)
            else:
                self._paths.setdefault(route.hostname, {}).setdefault(route.path.literal, []).append(
                    (position, route)
                )
        self._lengths = {host: sorted({len(text) for text in texts}) for host, texts in self._paths.items()}

    def matching(self, host: str, path: str) -> Iterator[Route]:
        """Every route that a decoded path matches, in order; the connector takes the first."""
        names = [host]
        while host:  # a wildcard takes one level and more
            _, _, host = host.partition(".")
            names.append(f"*.{host}")
        for name in dict.fromkeys(names):
            begin = (
                self._paths[name].get(path[:length], ())
                for length in self._lengths.get(name, ())
                if length <= len(path)
            )
            for _, route in sorted(
                (found for routes in begin for found in routes), key=lambda found: found[0]
            ):
                if route.path is not None and route.path.matches(path):
                    yield route
            if name in self._whole:
                yield self._whole[name]

    def taking(self, host: str, path: str) -> Route | None:
        """The route that the connector takes for a decoded path."""
        return next(self.matching(host, path), None)


def in_small_letters(routes: Iterable[Route]) -> list[Route]:
    """The same routes with their paths in small letters."""
    return [
        route.model_copy(update={"path": route.path.lower()}) if route.path else route for route in routes
    ]


def behind(route: Route | None) -> str:
    """Who may reach the app by a route: an entry of access, `public`, or nobody."""
    return CLOSED if route is None or route.target is None else route.access


def mixed_hosts(routes: Sequence[Route]) -> tuple[str, ...]:
    """Hosts whose routes differ in who may reach them."""
    return tuple(
        host for host in hostnames(routes) if len({r.access for r in routes if r.hostname == host}) > 1
    )


def bounded_hosts(routes: Sequence[Route]) -> tuple[str, ...]:
    """Hosts on which a path is a boundary, and a weak one: routes differ in who may reach the app, or leave a part of it out."""
    result = []
    for host in hostnames(routes):
        mine = [route for route in routes if route.hostname == host]
        rest = set() if any(route.path is None for route in mine) else {CLOSED}
        if len({behind(route) for route in mine} | rest) > 1:
            result.append(host)
    return tuple(result)


def applications(routes: Sequence[Route]) -> tuple[Application, ...]:
    """The applications that make every route's `access` true at the edge.

    A host whose routes agree is covered whole, unknown paths included. On a mixed host, the pathless route's policy
    covers the host, and each other policy gets an application of its own for its paths, because in Access the more
    specific application wins and inherits nothing.
    """
    result: list[Application] = []
    for host in hostnames(routes):
        claims = _claims(host, routes)
        base, *_ = [*(access for access, uris in claims.items() if host in uris), None]
        for access in sorted(claims, key=lambda access: (access != base, access)):
            name = None if access == "public" else access
            uris = tuple(dict.fromkeys(claims[access]))
            result.append(Application(key=_key(host, access), hostname=host, destinations=uris, access=name))
    return tuple(result)


def _claims(host: str, routes: Sequence[Route]) -> dict[str, list[str]]:
    """What each access must claim of a host in Access: nothing of what is public and covered by nobody else."""
    mine = [route for route in routes if route.hostname == host]
    rules = Rules(mine)
    base = next((route.access for route in mine if route.path is None), None)
    if base is None and len({route.access for route in mine}) == 1:
        base = mine[0].access
    # A wildcard's application would cover this host as well.
    above = wildcards_over(host, routes)
    covered = any(not route.public for route in routes if route.hostname in above)
    claims: dict[str, list[str]] = {}
    if base is not None and (base != "public" or covered):
        claims[base] = [host]
    pathed = sorted((route for route in mine if route.path is not None), key=lambda route: str(route.path))
    for route in pathed:
        assert route.path is not None
        others = [o.path for o in pathed if o.access != route.access and o.path is not None]
        within = any(
            destination_covers(uri, route.path.literal) for other in others for uri in other.destinations("")
        )
        if route.access != (base or "public") or within:
            # /me alone may be public below a /me/* that is not.
            alone = (
                {host + o.literal for o in others if o.kind == "exact"}
                if route.path.kind == "below"
                else set()
            )
            claims.setdefault(route.access, []).extend(
                uri for uri in route.path.destinations(host) if uri not in alone
            )
    for route in pathed:
        assert route.path is not None
        # Access's /healthz takes in what lies below it, which is to stay protected.
        if route.public and route.path.kind == "exact" and route.path.literal != "/" and "public" in claims:
            below = rules.taking(host, f"{route.path.literal}/{PROBE}")
            access = below.access if below else base
            if access not in (None, "public"):
                claims.setdefault(access, []).append(f"{host}{route.path.literal}/*")
    return claims


def destination_covers(destination: str, path: str) -> bool:
    """As Access's documentation has it: `/alpha` covers what lies below it too; `/alpha/*` does not cover `/alpha`; no path
    covers all."""
    if destination.endswith("*"):
        return path.startswith(destination[:-1])
    return not destination or path == destination or path.startswith(destination.rstrip("/") + "/")


def ingress(routes: Sequence[Route], defaults: OriginRequest) -> tuple[IngressRule, ...]:
    """The connector's rules, without the catch-all."""
    return tuple(
        IngressRule(
            hostname=route.hostname,
            path=route.path.regex() if route.path else None,
            service=route.service,
            origin={**origin_request(defaults), **origin_request(route.origin)},
            application=None if route.public else _key(route.hostname, route.access),
        )
        for route in ordered(routes)
    )


def origin_request(origin: OriginRequest) -> dict[str, Any]:
    """Only what is set: what the API adds by itself would show as a change at the next refresh."""
    return {name: value for name, value in origin if value is not None}


# --- the guard --------------------------------------------------------------------------------------------------------

# Spellings that readers of a path read differently, as they stand in its lower-cased raw form. Encoded: separators, dots,
# percent signs, `;`, control characters (%0x and %1x) and the overlong forms %c0 and %c1, which are no UTF-8.
ODD = ("%2f", "%5c", "%2e", "%25", "%3b", "%0", "%1", "%7f", "%c0", "%c1", "\\", "//", "/./", "/../", ";")
ODD_ENDS = ("/.", "/..")


@dataclass(frozen=True, kw_only=True)
class Guard:
    """What the edge refuses, because Access, the connector and the app would read it differently. No honest client sends it.

    On the ``hosts`` whose paths are boundaries: odd spellings (``odd``), and the ``cased`` paths in other letters. Of the
    ``deep`` wildcards, hosts of more levels than Access's wildcard takes. The ``strict`` hosts in other letters: the
    connector would take them for hosts of the wildcard above.
    """

    hosts: tuple[str, ...]
    odd: tuple[str, ...]
    cased: tuple[PathPattern, ...]
    deep: tuple[str, ...]
    known: tuple[str, ...]
    strict: tuple[str, ...]

    def refuses(self, host: str, raw: str, normalised: str) -> bool:
        """Whether `expression` is true of a request: its Host header, and its path as sent and as the edge normalised it."""
        small, low = host.lower(), raw.lower()
        if small in self.strict and host not in self.strict:
            return True
        for wildcard in self.deep:
            beyond = any(host_matches(known, small) for known in self._known_under(wildcard))
            if small.endswith(wildcard[1:]) and small.count(".") > wildcard.count(".") and not beyond:
                return True
        if not any(host_matches(pattern, small) for pattern in self.hosts):
            return False
        if any(text in low for text in self.odd) or low.endswith(ODD_ENDS):
            return True
        other = normalised.lower()
        return any(lowered.matches(other) and not path.matches(normalised) for path, lowered in self._cased)

    @functools.cached_property
    def _cased(self) -> list[tuple[PathPattern, PathPattern]]:
        return [(path, path.lower()) for path in self.cased]

    def expression(self) -> str:
        """In the rules language, without what needs a Business plan."""
        parts: list[str] = []
        if self.hosts:
            raw = "lower(raw.http.request.uri.path)"
            clauses = [f"{raw} contains {quote(text)}" for text in self.odd]
            clauses += [f"ends_with({raw}, {quote(text)})" for text in ODD_ENDS]
            clauses += [
                f"({path.lower().expression('lower(http.request.uri.path)')} and not {path.expression()})"
                for path in self.cased
            ]
            parts.append(f"{host_expression(self.hosts, 'lower(http.host)')} and ({' or '.join(clauses)})")
        for wildcard in self.deep:
            beyond = self._known_under(wildcard)
            besides = f" and not {host_expression(beyond, 'lower(http.host)')}" if beyond else ""
            parts.append(f"http.host wildcard {quote('*.' + wildcard)}{besides}")
        if self.strict:
            parts.append(
                f"{host_expression(self.strict, 'lower(http.host)')} and not {host_expression(self.strict)}"
            )
        return parts[0] if len(parts) == 1 else " or ".join(f"({part})" for part in parts)

    def _known_under(self, wildcard: str) -> list[str]:
        return [
            known
            for known in self.known
            if known.removeprefix("*").endswith(wildcard[1:]) and known != wildcard
        ]


def guard(routes: Sequence[Route]) -> Guard | None:
    """The guard that a list of routes needs; None where every host has one answer for all its paths."""
    hosts = bounded_hosts(routes)
    cased: list[PathPattern] = []
    reserved: set[str] = set()
    for host in hosts:
        mine = [route for route in routes if route.hostname == host]
        small = Rules(in_small_letters(mine))
        for route in mine:
            if route.path is None:
                continue
            # The edge leaves these encoded, the connector does not.
            reserved |= {f"%{ord(mark):02x}" for mark in route.path.literal if mark in "!$&'()+,=:@"}
            low = route.path.literal.lower()
            weaker = any(behind(other) not in (behind(route), CLOSED) for other in small.matching(host, low))
            if behind(route) != "public" and weaker and low != low.upper():
                cased.append(route.path)
    deep = tuple(
        host
        for host in hostnames(routes)
        if host.startswith("*.")
        and any(behind(r) not in ("public", CLOSED) for r in routes if r.hostname == host)
    )
    known = tuple(
        host for host in hostnames(routes) if any(host in _under(wildcard, routes) for wildcard in deep)
    )
    strict = tuple(
        host
        for host in hostnames(routes)
        if not host.startswith("*.")
        and any(
            {behind(r) for r in routes if r.hostname == host}
            != {behind(r) for r in routes if r.hostname == wildcard}
            for wildcard in wildcards_over(host, routes)
        )
    )
    if not (hosts or deep or strict):
        return None
    odd = (*ODD, *sorted(reserved - set(ODD)))
    return Guard(hosts=hosts, odd=odd, cased=tuple(sorted(set(cased))), deep=deep, known=known, strict=strict)


def _under(wildcard: str, routes: Sequence[Route]) -> list[str]:
    return [host for host in hostnames(routes) if wildcard in wildcards_over(host, routes)]


def host_expression(hosts: Sequence[str], field: str = "http.host") -> str:
    """The host is one of these; wildcards cover one level and more, as the connector reads them."""
    exact = [host for host in hosts if not host.startswith("*.")]
    parts = [f"{field} in {{{' '.join(map(quote, exact))}}}"] if exact else []
    parts += [f"ends_with({field}, {quote(host[1:])})" for host in hosts if host.startswith("*.")]
    return parts[0] if len(parts) == 1 else f"({' or '.join(parts)})"


def _key(host: str, access: str) -> str:
    """Part of resource names, so it must not change when routes are added: host and policy, nothing positional."""
    return f"{host.replace('*', 'any').replace('.', '-')}-{access}"
