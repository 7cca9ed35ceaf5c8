"""One stack, loaded: all that decides which resources exist."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .compose.file import Compose
from .naming import Names
from .settings import (
    AccessPolicy,
    Alerts,
    App,
    Cloudflare,
    Database,
    Firewall,
    Host,
    IdentityProvider,
    Network,
    Route,
    SecretDelivery,
    Tunnel,
)

TOKEN = "TUNNEL_TOKEN"


@dataclass(frozen=True, kw_only=True)
class Stack:
    """Everything that decides which resources exist. Secrets are here by name alone."""

    names: Names
    region: str
    cloudflare: Cloudflare
    app: App
    routes: tuple[Route, ...]
    access: Mapping[str, AccessPolicy]
    identity_providers: Mapping[str, IdentityProvider]
    firewall: Firewall
    tunnel: Tunnel
    network: Network
    host: Host
    database: Database | None
    alerts: Alerts | None
    secret_delivery: SecretDelivery
    protect: bool
    compose_text: str
    compose: Compose
    files: Mapping[str, str]
    missing_secrets: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def name(self) -> str:
        """Its own name, which every resource's name begins with."""
        return self.names.prefix

    @property
    def routed_services(self) -> tuple[str, ...]:
        return tuple(sorted({route.target for route in self.routes if route.target}))
