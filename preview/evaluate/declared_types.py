"""What the SDK declares of a resource type: the types of its properties, and which of them may be nothing at all.

A type is named as the engine names it (`aws:ec2/vpc:Vpc`). The helpers of `pulumi._types` are private to the SDK.
"""

from __future__ import annotations

import functools
import importlib
from typing import Any, get_args

from pulumi import _types


@functools.cache
def property_types(type_name: str) -> dict[str, Any]:
    """The declared types of a resource's properties by Pulumi's names; nothing for a class that the SDK does not have."""
    resource = _class(type_name)
    return dict(_types.resource_types(resource)) if resource else {}


@functools.cache
def _class(type_name: str) -> type | None:
    package, module, name = type_name.split(":")
    place = module.partition("/")[0]
    where = (
        f"pulumi_{package}"
        if place == "index"
        else f"pulumi_{package}.{'lambda_' if place == 'lambda' else place}"
    )
    try:
        found: type = getattr(importlib.import_module(where), name)
    except (ImportError, AttributeError):
        return None
    return found


@functools.cache
def optional_properties(type_name: str) -> frozenset[str]:
    """Properties that may be nothing at all; every other is filled in by the provider where the program leaves it out."""
    resource = _class(type_name)
    hints = _types._raw_return_hints(resource) if resource else {}
    return frozenset(
        name for name, hint in hints.items() if type(None) in get_args(next(iter(get_args(hint)), None))
    )


def _bare(kind: Any) -> Any:
    return _types.unwrap_optional_type(kind) if kind is not None else None


def is_list(kind: Any) -> bool:
    return str(getattr(_bare(kind), "__origin__", None)).endswith(("Sequence'>", "list'>"))


def _element(kind: Any) -> Any:
    arguments = getattr(_bare(kind), "__args__", ())
    return arguments[0] if is_list(kind) and arguments else kind


def nested_class(kind: Any) -> Any:
    """The class of a nested object, itself or as a list's element; None for a mapping of names and for plain values."""
    inner = _bare(_element(kind))
    return inner if isinstance(inner, type) and _types.is_output_type(inner) else None


def nested_types(nested: Any) -> dict[str, Any]:
    """The declared types of a nested object's properties by Pulumi's names; nothing for None."""
    return dict(_types.output_type_types(nested)) if nested else {}
