"""Which of a resource's options differ: they change what the engine does with it, though none of its inputs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from preview.changes import Difference
from preview.resources import Resource

COMPARED = (
    "protect",
    "retainOnDelete",
    "deleteBeforeReplace",
    "ignoreChanges",
    "replaceOnChanges",
    "additionalSecretOutputs",
    "customTimeouts",
    "import",
    "version",
    "pluginDownloadURL",
)
"""Aliases are not among them: they say who it was, and `preview.aliases` reads them. Providers are compared by their settings."""

_UNORDERED = ("ignoreChanges", "replaceOnChanges", "additionalSecretOutputs")


def option_differences(old: Resource, new: Resource, former_parent: str) -> Iterator[Difference]:
    """Each option that differs, as `options.NAME`. ``former_parent`` is the URN that the new one's parent had before."""
    for name in COMPARED:
        left, right = (_value(name, resource) for resource in (old, new))
        if left != right:
            yield Difference(path=f"options.{name}", before=left, after=right)
    if old.parent != former_parent:
        yield Difference(path="options.parent", before=_name(old.parent), after=_name(new.parent))


def _value(name: str, resource: Resource) -> Any:
    value = resource.options.get(name)
    if name in _UNORDERED:
        return sorted(set(value or ())) or None
    return value or None if name not in ("protect", "retainOnDelete", "deleteBeforeReplace") else bool(value)


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]
