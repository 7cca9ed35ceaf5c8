"""The hosts of the routes, and how wildcards are read."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..paths import quote
from ..settings import Route


def hostnames(routes: Sequence[Route]) -> tuple[str, ...]:
    return tuple(sorted({route.hostname for route in routes}))


def host_matches(pattern: str, host: str) -> bool:
    """As the connector reads a rule's hostname: without a port, letter by letter, and `*.` takes one level and more."""
    name = without_port(host)
    return pattern == name or (pattern.startswith("*.") and name.endswith(pattern[1:]))


def without_port(host: str) -> str:
    """A Host header as the connector takes it: Go's net.SplitHostPort cuts off a port; what it cannot split stays whole."""
    found = re.fullmatch(r"(?:\[([^\[\]]*)\]|([^:\[\]]*)):([^:\[\]]*)", host)
    return host if found is None else (found[2] if found[1] is None else found[1])


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
    """The Host header names one of these, with or without a port; wildcards cover one level and more, as the connector
    reads them."""
    exact = [host for host in hosts if not host.startswith("*.")]
    parts = [f"{field} in {{{' '.join(map(quote, exact))}}}"] if exact else []
    parts += [f"starts_with({field}, {quote(host + ':')})" for host in exact]
    for host in hosts:
        if host.startswith("*."):
            parts += [f"ends_with({field}, {quote(host[1:])})", f"{field} contains {quote(host[1:] + ':')}"]
    return parts[0] if len(parts) == 1 else f"({' or '.join(parts)})"


def header_matches(pattern: str, header: str) -> bool:
    """As `host_expression` reads a Host header."""
    if pattern.startswith("*."):
        return header.endswith(pattern[1:]) or pattern[1:] + ":" in header
    return header == pattern or header.startswith(pattern + ":")
