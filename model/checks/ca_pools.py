"""Whether the connector has the certificates that it is told to check services by."""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import Finding, finding
from ..settings import App, OriginRequest, Route


def check(routes: Iterable[Route], defaults: OriginRequest | None, app: App) -> list[Finding]:
    named = [(f"routes[{i}].origin.caPool", route.origin.ca_pool) for i, route in enumerate(routes)]
    if defaults:
        named.append(("tunnel.origin.caPool", defaults.ca_pool))
    return [
        finding(
            place,
            "one of app.files, for the connector's container has no other",
            pool,
            f"put the certificates into the project, and add `{pool}: PATH` to app.files",
        )
        for place, pool in named
        if pool and pool not in app.files
    ]
