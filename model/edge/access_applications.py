"""Routes, compiled into the applications that make every route's `access` true at the edge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..settings import Route
from .hosts import hostnames, wildcards_over
from .ingress import PROBE, Rules, application_keys


@dataclass(frozen=True, kw_only=True)
class Application:
    """An Access application. ``access`` names the policy; None is a bypass, a public path on a protected host."""

    key: str
    hostname: str
    destinations: tuple[str, ...]
    access: str | None


def applications(routes: Sequence[Route]) -> tuple[Application, ...]:
    """The applications that make every route's `access` true at the edge.

    A host whose routes agree is covered whole, unknown paths included. On a mixed host, the pathless route's policy
    covers the host, and each other policy gets an application of its own for its paths, because in Access the more
    specific application wins and inherits nothing.
    """
    result: list[Application] = []
    keys = application_keys(routes)
    for host in hostnames(routes):
        claims = _claims(host, routes)
        base, *_ = [*(access for access, uris in claims.items() if host in uris), None]
        for access in sorted(claims, key=lambda access: (access != base, access)):
            name = None if access == "public" else access
            uris = tuple(dict.fromkeys(claims[access]))
            result.append(Application(key=keys[host, access], hostname=host, destinations=uris, access=name))
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
