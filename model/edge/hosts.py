"""The hosts of the routes, and how wildcards are read."""

from __future__ import annotations

from collections.abc import Sequence

from ..paths import quote
from ..settings import Route


def hostnames(routes: Sequence[Route]) -> tuple[str, ...]:
    return tuple(sorted({route.hostname for route in routes}))


def host_matches(pattern: str, host: str) -> bool:
    """As the connector reads a rule's hostname: letter by letter, and `*.` takes one level and more."""
    return pattern == host or (pattern.startswith("*.") and host.endswith(pattern[1:]))


def wildcards_over(host: str, routes: Sequence[Route]) -> tuple[str, ...]:
    """The wildcard hosts of the routes that a host (or a narrower wildcard) lies under."""
    wildcards = sorted({route.hostname for route in routes if route.hostname.startswith("*.")})
    return tuple(w for w in wildcards if w != host and host.removeprefix("*").endswith(w[1:]))


def mixed_hosts(routes: Sequence[Route]) -> tuple[str, ...]:
    """Hosts whose routes differ in who may reach them."""
    return tuple(
        host for host in hostnames(routes) if len({r.access for r in routes if r.hostname == host}) > 1
    )


def host_expression(hosts: Sequence[str], field: str = "http.host") -> str:
    """The host is one of these; wildcards cover one level and more, as the connector reads them."""
    exact = [host for host in hosts if not host.startswith("*.")]
    parts = [f"{field} in {{{' '.join(map(quote, exact))}}}"] if exact else []
    parts += [f"ends_with({field}, {quote(host[1:])})" for host in hosts if host.startswith("*.")]
    return parts[0] if len(parts) == 1 else f"({' or '.join(parts)})"
