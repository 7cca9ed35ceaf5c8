"""Which leaves of two sets of inputs differ."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from preview.property_paths import step

IsSet = Callable[[str, list[Any]], bool]


def differences(old: Any, new: Any, path: str = "", *, is_set: IsSet | None = None) -> list[str]:
    """Paths of the leaves that differ (`launchTemplate.version`, `tags["a.b"]`, `routes[0].cidrBlock`).

    ``is_set`` says of a list, by its path and its new items, that its order means nothing: such a list differs as a whole, by
    its own path, when it has other items.
    """
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return [
            leaf
            for key in sorted(old.keys() | new.keys())
            for leaf in differences(old.get(key), new.get(key), step(path, key), is_set=is_set)
        ]
    if isinstance(old, list) and isinstance(new, list):
        if is_set and is_set(path, new):
            return [path] if _ordered(old, path, is_set) != _ordered(new, path, is_set) else []
        longest = max(len(old), len(new))
        pairs = [(old[n] if n < len(old) else None, new[n] if n < len(new) else None) for n in range(longest)]
        return [
            leaf
            for n, (left, right) in enumerate(pairs)
            for leaf in differences(left, right, f"{path}[{n}]", is_set=is_set)
        ]
    return [] if old == new else [path]


def _ordered(value: Any, path: str, is_set: IsSet) -> Any:
    """The value with every set in it in one order, so that equal ones are equal."""
    if isinstance(value, Mapping):
        return {key: _ordered(item, step(path, key), is_set) for key, item in value.items()}
    if isinstance(value, list):
        items = [_ordered(item, f"{path}[{n}]", is_set) for n, item in enumerate(value)]
        return sorted(items, key=_text) if is_set(path, value) else items
    return value


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)
