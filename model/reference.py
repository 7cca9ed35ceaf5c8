"""The reference, made from the models themselves: tables for readers, JSON Schemas for editors and consumers."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, TypeAdapter
from pydantic_core import PydanticUndefined

from . import durations
from .outputs import CONTRACT, Outputs
from .settings import SECTIONS, Section

_SCALARS = {
    "secretDelivery": "`cloud-init` (default): in the machine's user data, in files owned by root. `parameter-store`: "
    "SecureString parameters that the machines' role alone reads.",
    "protect": "`true` (default): Pulumi and AWS refuse to delete the database and the files.",
}


def settings_tables() -> str:
    """Every key of the stack file, a table a section, as Markdown."""
    parts: list[str] = []
    for section, kind in SECTIONS.items():
        rows = list(_rows(kind, section))
        parts.append(f"### `drawbridge:{section}`\n")
        if not rows:
            parts.append(_SCALARS[section] + "\n")
            continue
        parts.append((_model(kind).__doc__ or "").strip().splitlines()[0] + "\n")
        parts.append("| key | default | meaning |\n| --- | --- | --- |")
        parts += [f"| `{key}` | {default} | {meaning} |" for key, default, meaning in rows]
        parts.append("")
    return "\n".join(parts)


def outputs_table() -> str:
    """Every output, as Markdown."""
    rows = [
        f"| `{field.alias or name}` | {field.description} |" for name, field in Outputs.model_fields.items()
    ]
    return "\n".join(["| output | what it is |", "| --- | --- |", *rows, ""])


def settings_schema() -> dict[str, Any]:
    """JSON Schema of a whole stack file, for editors."""
    properties: dict[str, Any] = {}
    definitions: dict[str, Any] = {}
    for section, kind in SECTIONS.items():
        model = isinstance(kind, type) and issubclass(kind, BaseModel)
        adapter: TypeAdapter[Any] = TypeAdapter(kind, config=None if model else ConfigDict())
        schema = adapter.json_schema(ref_template="#/$defs/{model}")
        definitions |= schema.pop("$defs", {})
        properties[f"drawbridge:{section}"] = schema
    properties["drawbridge:secrets"] = {
        "type": "object",
        "description": "Encrypted values; set with `pulumi config set --secret`.",
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Drawbridge stack file",
        "type": "object",
        "properties": {
            "config": {
                "type": "object",
                "properties": properties,
                "required": [f"drawbridge:{name}" for name in ("cloudflare", "app", "routes")],
                "patternProperties": {"^(?!drawbridge:)": {}},
                "additionalProperties": False,
            }
        },
        "required": ["config"],
        "$defs": definitions,
    }


def outputs_schema() -> dict[str, Any]:
    """JSON Schema of a stack's outputs, `pulumi stack output --json`."""
    schema = Outputs.model_json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Drawbridge outputs, contract {CONTRACT}",
        **schema,
    }


def _rows(kind: Any, section: str) -> Iterator[tuple[str, str, str]]:
    model = _model(kind)
    if model is None:
        return
    prefix = {"dict": "NAME.", "tuple": "[]."}.get(_container(kind), "")
    yield from _fields(model, prefix)


def _fields(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, str, str]]:
    for name, field in model.model_fields.items():
        key = prefix + (field.alias or name)
        inner = _model(field.annotation)
        default = "required" if field.is_required() else _default(field.default, name)
        yield key, default, (field.description or "").replace("|", "\\|")
        if inner is not None and issubclass(inner, Section):
            yield from _fields(
                inner, key + {"dict": ".NAME.", "tuple": "[]."}.get(_container(field.annotation), ".")
            )


_DURATIONS = {"session", "grace", "boot_timeout", "stop_timeout"}


def _default(value: Any, name: str) -> str:
    if value is None or value is PydanticUndefined or isinstance(value, Section) or value in ((), {}, ""):
        return ""
    if name in _DURATIONS:
        return f"`{durations.go_duration(value)}`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _container(kind: Any) -> str:
    for candidate in _alternatives(kind):
        origin = get_origin(candidate)
        if origin in (dict, tuple):
            return str(origin.__name__)
    return ""


def _alternatives(kind: Any) -> tuple[Any, ...]:
    return get_args(kind) if get_origin(kind) in (Union, types.UnionType) else (kind,)


def _model(kind: Any) -> Any:
    """The settings model inside a type, if there is one."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind
    for argument in get_args(kind):
        found = _model(argument)
        if found is not None:
            return found
    return None
