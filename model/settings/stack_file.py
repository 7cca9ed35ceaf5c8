"""The sections of a stack file, by their keys."""

from __future__ import annotations

from typing import Any, Literal

from .access import AccessPolicy
from .alerts import Alerts
from .app import App
from .base import Name
from .cloudflare import Cloudflare
from .database import Database
from .firewall import Firewall
from .host import Host
from .identity_providers import IdentityProvider
from .network import Network
from .review import Acknowledgement, Suppression
from .routes import Route
from .tunnel import Tunnel

SecretDelivery = Literal["cloud-init", "parameter-store"]


SECTIONS: dict[str, Any] = {
    "cloudflare": Cloudflare,
    "app": App,
    "routes": tuple[Route, ...],
    "access": dict[Name, AccessPolicy],
    "identityProviders": dict[Name, IdentityProvider],
    "firewall": Firewall,
    "tunnel": Tunnel,
    "network": Network,
    "host": Host,
    "database": Database | None,
    "alerts": Alerts | None,
    "suppress": tuple[Suppression, ...],
    "secretDelivery": SecretDelivery,
    "protect": bool,
    "acknowledge": tuple[Acknowledgement, ...],
}
"""Every section of the `drawbridge:` namespace with its type; `secrets`, whose values never come here, is the other."""


REQUIRED = ("cloudflare", "app", "routes")


DEFAULTS: dict[str, Any] = {
    "access": {},
    "identityProviders": {},
    "firewall": {},
    "tunnel": {},
    "network": {},
    "host": {},
    "database": None,
    "alerts": None,
    "suppress": [],
    "secretDelivery": "cloud-init",
    "protect": "true",
    "acknowledge": [],
}
