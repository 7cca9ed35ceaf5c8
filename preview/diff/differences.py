"""Which leaves of two sets of inputs differ, and which of those make the provider replace the resource."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from preview.resource_types.replacing import REPLACING, SETS


def differences(
    old: Any, new: Any, path: str = "", ordered: Callable[[list[Any]], bool] | None = None
) -> list[str]:
    """Paths of the leaves that differ (`launchTemplate.version`, `tags["a.b"]`, `routes[0].cidrBlock`).

    ``ordered`` says of a new list that its order counts even though its input is a set, as where something in it is unknown.
    """
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return [
            leaf
            for key in sorted(old.keys() | new.keys())
            for leaf in differences(old.get(key), new.get(key), step(path, key), ordered)
        ]
    if isinstance(old, list) and isinstance(new, list):
        if path in SETS and not (ordered and ordered(new)):
            old, new = sorted(map(str, old)), sorted(map(str, new))
        longest = max(len(old), len(new))
        pairs = [(old[n] if n < len(old) else None, new[n] if n < len(new) else None) for n in range(longest)]
        return [
            leaf
            for n, (left, right) in enumerate(pairs)
            for leaf in differences(left, right, f"{path}[{n}]", ordered)
        ]
    return [] if old == new else [path]


def step(path: str, key: str) -> str:
    """The path of a key below ``path``, in the engine's notation."""
    if not key.replace("_", "").replace("-", "").replace("#", "").isalnum():
        return f'{path}["{key}"]'
    return f"{path}.{key}" if path else key


def top(leaf: str) -> str:
    """The input that a leaf lies in."""
    return leaf.split(".", 1)[0].split("[", 1)[0]


def covers(path: str, leaf: str) -> bool:
    """Does a path such as `rootBlockDevice.encrypted`, `tags` or `*` speak of this leaf? Lists are looked through."""
    steps = "".join(character for part in leaf.split("[") for character in part.split("]", 1)[-1])
    return path == "*" or steps == path or steps.startswith(f"{path}.") or path.startswith(f"{steps}.")


def replaces(type_: str, leaf: str) -> bool:
    """Does a change at this leaf make the provider replace the resource?"""
    return any(covers(path, leaf) for path in REPLACING.get(type_, ()))
