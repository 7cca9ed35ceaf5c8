"""Values in Terraform's form: what is known of each, what is not, and what is secret."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from preview.diff.leaves import unpacked
from preview.evaluate.declared_types import is_list, nested_class, nested_types
from preview.report.terraform.names import attribute_name
from preview.resources import MASK, Secret

DOCUMENTS = {"policy", "assume_role_policy"}
"""Attributes that hold a JSON document: shown with placeholders where a part of it is unknown."""
PLACEHOLDER = re.compile(r"«([^«»]*)»")


@dataclass(frozen=True)
class Value:
    """A value in three readings of one shape: what is known of it, what is not, and what is secret."""

    after: Any
    unknown: Any = False
    secret: Any = False


def converted(raw: Any, kind: Any, renamed: Mapping[str, str], blocks: bool, name: str = "") -> Value:
    if isinstance(raw, Secret):
        inner = converted(raw.value, kind, renamed, blocks)
        return (
            Value(MASK, inner.unknown, True)
            if inner.unknown is True
            else Value(_masked(inner.after), False, True)
        )
    if isinstance(raw, dict):
        nested = nested_class(kind)
        declared = nested_types(nested)
        labels = {key: attribute_name(key, renamed) if nested else key for key in raw}
        parts = {
            labels[key]: converted(item, declared.get(key), renamed, blocks) for key, item in raw.items()
        }
        whole = Value(
            {key: part.after for key, part in parts.items() if part.unknown is not True},
            {key: part.unknown for key, part in parts.items() if part.unknown} or False,
            {key: part.secret for key, part in parts.items() if part.secret} or False,
        )
        return _as_block(whole) if nested and blocks and not is_list(kind) else whole
    if isinstance(raw, list):
        items = [converted(item, kind, renamed, blocks) for item in raw]
        if items and all(item.unknown is True for item in items):
            return Value(None, True, any(item.secret for item in items))
        return Value(
            [None if item.unknown is True else item.after for item in items],
            [item.unknown or _empty(item.after) for item in items]
            if any(item.unknown for item in items)
            else False,
            [item.secret or _empty(item.after) for item in items]
            if any(item.secret for item in items)
            else False,
        )
    if isinstance(raw, str) and is_unknown(raw) and name not in DOCUMENTS:
        return Value(None, True)
    return Value(raw)


def is_unknown(text: str) -> bool:
    """Does it hold something that only a cloud can tell? A secret of the stack file is known, just not here."""
    return any(not name.startswith("secrets.") for name in PLACEHOLDER.findall(unpacked(text)))


def texts(raw: Any) -> Iterator[str]:
    if isinstance(raw, Secret):
        yield from texts(raw.value)
    elif isinstance(raw, dict | list):
        for item in raw.values() if isinstance(raw, dict) else raw:
            yield from texts(item)
    elif isinstance(raw, str):
        yield raw


def _masked(value: Any) -> Any:
    """The same shape with its leaves masked, so that a reader of the plan still finds its blocks."""
    if isinstance(value, dict):
        return {key: _masked(item) for key, item in value.items()}
    return [_masked(item) for item in value] if isinstance(value, list) else MASK


def _as_block(value: Value) -> Value:
    return Value(
        [value.after], [value.unknown] if value.unknown else False, [value.secret] if value.secret else False
    )


def _empty(value: Any) -> Any:
    """What Terraform writes at the place of a list's element of which it has nothing to say."""
    return {} if isinstance(value, dict) else [] if isinstance(value, list) else False
