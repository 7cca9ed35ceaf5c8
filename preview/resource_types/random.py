"""Values made once and kept in state: every input is part of what was made."""

from __future__ import annotations

from preview.resource_types import type_names
from preview.resource_types.record import ResourceType, names

TYPES = (
    ResourceType(
        type="random:index/randomBytes:RandomBytes",
        terraform="random_bytes",
        replaces=names("length keepers"),
        updates=names(""),
    ),
    ResourceType(
        type="random:index/randomId:RandomId",
        terraform="random_id",
        replaces=names("byteLength keepers prefix"),
        updates=names(""),
    ),
    ResourceType(
        type="random:index/randomInteger:RandomInteger",
        terraform="random_integer",
        replaces=names("max min keepers seed"),
        updates=names(""),
    ),
    ResourceType(
        type=type_names.RANDOM_PASSWORD,
        terraform="random_password",
        replaces=names(
            """
            length keepers lower minLower minNumeric minSpecial minUpper number numeric overrideSpecial
            special upper
            """
        ),
        updates=names(""),
        needed="the machines that still serve cannot open new connections to the database",
        loss="secrets",
    ),
    ResourceType(
        type="random:index/randomPet:RandomPet",
        terraform="random_pet",
        replaces=names("keepers length prefix separator"),
        updates=names(""),
    ),
    ResourceType(
        type="random:index/randomString:RandomString",
        terraform="random_string",
        replaces=names(
            """
            length keepers lower minLower minNumeric minSpecial minUpper number numeric overrideSpecial
            special upper
            """
        ),
        updates=names(""),
    ),
    ResourceType(
        type="random:index/randomUuid:RandomUuid",
        terraform="random_uuid",
        replaces=names("keepers"),
        updates=names(""),
    ),
)
