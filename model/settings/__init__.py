"""The stack file's sections as typed, frozen settings: what each key is called, what it takes, what it defaults to.

Only what one section can know is checked here; what holds between sections is `model.checks`.
Keys are camelCase, as everywhere in Pulumi's configuration; unknown keys are errors.
"""

from .access import AccessPolicy, Claim, GithubGroup, People
from .alerts import Alerts
from .app import Allow, App, Fact, Generated, Registry
from .base import Section
from .cloudflare import Cloudflare
from .database import MASTER, Database
from .firewall import CustomRule, Firewall, OriginVerify, RateLimit, ZoneSettings
from .host import Host
from .identity_providers import IdentityProvider
from .network import Egress, Network
from .review import Acknowledgement, Ground, Suppression
from .routes import OriginRequest, Route
from .stack_file import DEFAULTS, REQUIRED, SECTIONS, SecretDelivery
from .tunnel import Tunnel

__all__ = [
    "DEFAULTS",
    "MASTER",
    "REQUIRED",
    "SECTIONS",
    "AccessPolicy",
    "Acknowledgement",
    "Alerts",
    "Allow",
    "App",
    "Claim",
    "Cloudflare",
    "CustomRule",
    "Database",
    "Egress",
    "Fact",
    "Firewall",
    "Generated",
    "GithubGroup",
    "Ground",
    "Host",
    "IdentityProvider",
    "Network",
    "OriginRequest",
    "OriginVerify",
    "People",
    "RateLimit",
    "Registry",
    "Route",
    "SecretDelivery",
    "Section",
    "Suppression",
    "Tunnel",
    "ZoneSettings",
]
