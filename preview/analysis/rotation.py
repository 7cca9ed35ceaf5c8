"""Secrets whose rotation the stack file asks for."""

from __future__ import annotations

from model.naming import Names
from preview.changes import Change
from preview.resource_types import type_names


def rotated(change: Change) -> bool:
    """Is it one of the app's generated secrets, made once more for no other reason than that its `rotation` changed?"""
    return (
        change.type == type_names.RANDOM_PASSWORD
        and change.action == "replaced"
        and Names.of_urn(change.urn).secrets.label(change.name) is not None
        and bool(change.differences)
        and all(difference.path.startswith("keepers") for difference in change.differences)
    )
