"""Routes, compiled into the connector's ingress rules.

Everything at the edge follows from one list. These are plain data; `components` turns them into resources. What makes
sure that they agree with each other is `model.edge.bypass_check`.
"""

from __future__ import annotations

from collections.abc import Mapping as Map
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..compose.overlay import ca_pool
from ..settings import OriginRequest, Route
from .access_applications import application_of, applications
from .matching import ordered

CATCH_ALL = "http_status:404"


@dataclass(frozen=True, kw_only=True)
class IngressRule:
    """One rule of the connector. ``application`` is the key of the application whose token the connector demands."""

    hostname: str
    path: str | None
    service: str
    origin: Map[str, Any]
    application: str | None


def ingress(routes: Sequence[Route], defaults: OriginRequest) -> tuple[IngressRule, ...]:
    """The connector's rules, without the catch-all."""
    apps = applications(routes)
    return tuple(
        IngressRule(
            hostname=route.hostname,
            path=route.path.regex() if route.path else None,
            service=route.service,
            origin={**origin_request(defaults), **origin_request(route.origin)},
            application=None if route.public else application_of(route, apps),
        )
        for route in ordered(routes)
    )


def origin_request(origin: OriginRequest) -> dict[str, Any]:
    """Only what is set: what the API adds by itself would show as a change at the next refresh."""
    values = {name: value for name, value in origin if value is not None}
    return values | ({"ca_pool": ca_pool(origin.ca_pool)} if origin.ca_pool else {})
