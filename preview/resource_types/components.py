"""The program's own components: they group resources and are nothing in any cloud."""

from __future__ import annotations

from preview.resource_types.record import ResourceType

_NOUNS = (
    "Access",
    "Alerts",
    "Database",
    "Firewall",
    "Host",
    "Network",
    "Parameters",
    "Secrets",
    "Storage",
    "Tunnel",
)

TYPES = tuple(ResourceType(type=f"drawbridge:index:{noun}", component=True) for noun in _NOUNS)
