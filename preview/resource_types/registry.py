"""Every type that is known here, by its name."""

from __future__ import annotations

from preview.resource_types import (
    cloudflare,
    components,
    database,
    identity,
    machines,
    network,
    others,
    random,
    storage,
    watching,
)
from preview.resource_types.record import ResourceType

_GROUPS = (network, machines, storage, database, identity, watching, cloudflare, random, components, others)

RESOURCE_TYPES: dict[str, ResourceType] = {record.type: record for group in _GROUPS for record in group.TYPES}


def record_of(type_name: str) -> ResourceType:
    """The type's record; for a type that nobody has looked up, one that says nothing."""
    return RESOURCE_TYPES.get(type_name) or ResourceType(type=type_name)
