"""What a release means for a database that an earlier one has migrated: what runs once meets the schema that it finds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from preview.analysis.consequences.context import Context, effect, unknown
from preview.analysis.consequences.machines import interpolated
from preview.changes import Change, Consequence, Effect
from preview.resource_types import type_names

_PROGRAM = ("entrypoint", "command")
_VERSION = re.compile(r"v?(\d+(?:\.\d+)*)(?:[-_.+].*)?")


def migrations(context: Context, change: Change) -> Iterator[Effect]:
    """Does what runs once before this release know the schema that the release before it has left?

    An image with an earlier version may not: Alembic, for one, then ends with "Can't locate revision", and so does the boot.
    Where the tags do not tell which is the earlier, that is said.
    """
    if change.type != type_names.AUTO_SCALING_GROUP or change.action not in ("rolling", "replaced"):
        return
    yield from _meets_a_later_schema(context)
    old, new = context.machines
    before, after = (set(machines.specification.get("once") or ()) for machines in (old, new))
    for name in sorted(before & after & old.services.keys() & new.services.keys()):
        was, now = _images(context, name)
        if _back(was, now):
            yield unknown(
                f"{name} goes back from {was} to {now}: whether that works on a database that {was} has migrated is not "
                "known here; if it ends with an error, no new machine serves and the old ones go on"
            )
        elif was != now and not _forward(was, now):
            yield effect(
                Consequence.ROLLING,
                f"{name} runs {now} (before: {was}) on the same database: which one is the earlier is not to be seen, and "
                "an earlier one may not know the schema",
            )
        elif was != now or _program(old.services[name]) != _program(new.services[name]):
            what = now if was != now else "another command"
            yield effect(
                Consequence.ROLLING,
                f"{name} runs {what} on the database while the old machines still serve; "
                "what it changes in the schema is not judged here, nor whether there is a way back",
            )


def _meets_a_later_schema(context: Context) -> Iterator[Effect]:
    """Services that wait for what runs once and go back, though that does not."""
    old, new = context.machines
    once = set(new.specification.get("once") or ())
    for name in sorted((old.services.keys() & new.services.keys()) - once):
        if not once & _awaited(new.services[name]):
            continue
        was, now = _images(context, name)
        if _back(was, now):
            yield unknown(
                f"{name} goes back from {was} to {now}, and the database's schema does not: whether {now} works on what "
                f"the release of {was} has left is not known here"
            )


def _awaited(service: dict[str, Any]) -> set[str]:
    """The services that this one starts after; `depends_on` is a list or a mapping."""
    found = service.get("depends_on")
    return {str(name) for name in found} if isinstance(found, list | dict) else set()


def _images(context: Context, name: str) -> tuple[str, str]:
    """Its image before and after, with the machine's variables in it."""
    was, now = (
        interpolated(str(machines.services[name].get("image", "")), machines.env)
        for machines in context.machines
    )
    return was, now


def _program(service: dict[str, Any]) -> list[Any]:
    return [service.get(key) for key in _PROGRAM]


def _back(was: str, now: str) -> bool:
    versions = _versions(was, now)
    return versions is not None and versions[1] < versions[0]


def _forward(was: str, now: str) -> bool:
    versions = _versions(was, now)
    return versions is not None and versions[0] < versions[1]


def _versions(was: str, now: str) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """The numbers of both tags; None where they are not of one repository, or one of them has no version."""
    found: list[tuple[str, tuple[int, ...]]] = []
    for image in (was, now):
        repository, _, tag = image.partition("@")[0].rpartition(":")
        match = _VERSION.fullmatch(tag)
        if not match:
            return None
        found.append((repository, tuple(map(int, match[1].split(".")))))
    return (found[0][1], found[1][1]) if found[0][0] == found[1][0] else None
