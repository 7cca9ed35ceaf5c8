"""Values of the providers' wire protocol: secrets and unknowns in and out of plain data; URNs; kinds of changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf import struct_pb2
from pulumi.runtime.proto import provider_pb2

from preview.property_paths import top

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"
DEFAULTS = "__defaults"
Plain = dict[str, Any]


def read(message: struct_pb2.Struct | struct_pb2.Value) -> Any:
    """A protobuf struct or value as plain Python; whole numbers as int. Secret wrappers stay as they are."""
    if isinstance(message, struct_pb2.Struct):
        return {key: read(value) for key, value in message.fields.items()}
    kind = message.WhichOneof("kind")
    if kind == "struct_value":
        return read(message.struct_value)
    if kind == "list_value":
        return [read(value) for value in message.list_value.values]
    if kind == "number_value":
        number = message.number_value
        return int(number) if number.is_integer() else number
    return None if kind in (None, "null_value") else getattr(message, kind)


def write(value: Mapping[str, Any]) -> struct_pb2.Struct:
    """Plain Python as a protobuf struct; None is left out."""
    message = struct_pb2.Struct()
    message.update({key: item for key, item in value.items() if item is not None})
    return message


def bare(value: Any) -> Any:
    """The value without its secret wrappers, at any depth."""
    if isinstance(value, Mapping):
        if value.get(_SIGNATURE) == _SECRET:
            return bare(value["value"])
        return {key: bare(item) for key, item in value.items() if key != DEFAULTS}
    return [bare(item) for item in value] if isinstance(value, list) else value


def secret(value: Any) -> Plain:
    """The value with a secret's wrapper."""
    return {_SIGNATURE: _SECRET, "value": value}


def has_secret(value: Any) -> bool:
    """Is a secret in it, at any depth?"""
    if isinstance(value, Mapping):
        return value.get(_SIGNATURE) == _SECRET or any(has_secret(item) for item in value.values())
    return isinstance(value, list) and any(has_secret(item) for item in value)


def marked_like(fresh: Mapping[str, Any], old: Mapping[str, Any]) -> Plain:
    """Bare values, with secret marks where the old ones had any: the same value as it was, another one as a secret."""
    marked: Plain = {}
    for key, value in fresh.items():
        before = old.get(key)
        marked[key] = value if not has_secret(before) else before if bare(before) == value else secret(value)
    return marked


def type_of(urn: str) -> str:
    """The resource's own type: the last of the URN's parent chain."""
    return urn.split("::")[2].rsplit("$", 1)[-1]


def name_of(urn: str) -> str:
    return urn.rsplit("::", 1)[-1]


def kind_of(leaf: str, old: Plain, new: Plain, replacing: bool) -> Any:
    kinds = provider_pb2.PropertyDiff
    name = top(leaf)
    if leaf == name and name not in old:
        kind = kinds.ADD_REPLACE if replacing else kinds.ADD
    elif leaf == name and name not in new:
        kind = kinds.DELETE_REPLACE if replacing else kinds.DELETE
    else:
        kind = kinds.UPDATE_REPLACE if replacing else kinds.UPDATE
    return kinds(kind=kind, inputDiff=True)
