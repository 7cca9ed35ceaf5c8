"""A mapping, parsed into sections; pydantic's errors as findings."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from ..errors import Finding, Invalid, did_you_mean, finding, problem
from ..lines import step
from .stack_file import DEFAULTS, REQUIRED, SECTIONS


def parse_sections(config: Mapping[str, Any], found: list[Finding]) -> dict[str, Any]:
    parsed: dict[str, Any] = {}
    for section, value in config.items():
        found += _unwritable(step("", section), value, section)
    for key in sorted(set(config) - set(SECTIONS)):
        found.append(_unknown("section", step("", key), key, [*SECTIONS, "secrets"]))
    for section, kind in SECTIONS.items():
        if section not in config and section in REQUIRED:
            found.append(problem(section, "required section is missing", "add it"))
            continue
        value = config.get(section, DEFAULTS.get(section))
        try:
            is_model = isinstance(kind, type) and issubclass(kind, BaseModel)
            adapter: TypeAdapter[Any] = TypeAdapter(
                kind, config=None if is_model else ConfigDict(hide_input_in_errors=True)
            )
            parsed[section] = adapter.validate_python(value)
        except ValidationError as error:
            found += [finding_of(section, item, kind) for item in error.errors(include_url=False)]
    return parsed


def _unwritable(path: str, value: Any, key: str = "") -> Iterator[Finding]:
    """Texts that no file can hold: NUL ends them in most programs, and half a surrogate pair is nothing in UTF-8."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _unwritable(step(path, str(key)), inner, str(key))
    elif isinstance(value, list | tuple):
        for position, inner in enumerate(value):
            yield from _unwritable(f"{path}[{position}]", inner)
    for text in (key, value):
        if isinstance(text, str) and any(c == "\0" or "\ud800" <= c <= "\udfff" for c in text):
            yield finding(path, "a text without NUL and without half of a surrogate pair", text)


def finding_of(path: str, error: Any, kind: Any) -> Finding:
    """One of pydantic's errors about the value at ``path``, which is of type ``kind``, as a finding."""
    for part in error["loc"]:
        if part != "[key]":  # pydantic's mark of a bad key, which is the step before
            path = f"{path}[{part}]" if isinstance(part, int) else step(path, str(part))
    code, context, value = error["type"], error.get("ctx", {}), error["input"]
    if code == "missing":
        return problem(path, "required key is missing", "add it")
    if code == "extra_forbidden":
        return _unknown("key", path, str(error["loc"][-1]), _keys_at(kind, error["loc"][:-1]))
    if code == "value_error":
        return _invalid(path, context["error"], value)
    if code in ("literal_error", "enum"):
        allowed = context["expected"].replace("'", "")
        known = allowed.replace(" or ", ", ").split(", ")
        return finding(path, f"one of {allowed}", value, did_you_mean(str(value), known))
    if code == "string_pattern_mismatch":
        return finding(path, f"text like {context['pattern']}", value)
    if code in _BOUNDS:
        return finding(path, _BOUNDS[code].format(**context), value)
    if code in _TYPES:
        return finding(path, _TYPES[code], value)
    return problem(path, error["msg"][:1].lower() + error["msg"][1:])


def _unknown(what: str, path: str, key: str, known: list[str]) -> Finding:
    near = did_you_mean(key, known)
    return problem(
        path, f"unknown {what}", near or (f"known are {', '.join(known)}" if known else "remove it")
    )


def _invalid(path: str, error: ValueError, value: Any) -> Finding:
    """What a validator of ours raised: `Invalid` says all by itself; the text of another is what it expected, of one value."""
    if not isinstance(error, Invalid):
        return finding(path, str(error), value)
    inner = error.finding
    below = f"{path}{inner.path}" if inner.path.startswith("[") else f"{path}.{inner.path}"
    item = dataclasses.replace(inner, path=below if inner.path else path)
    if not item.expected or item.found or inner.path:
        return item
    return finding(item.path, item.expected, value, item.fix)


_BOUNDS = {"greater_than_equal": "at least {ge}", "less_than_equal": "at most {le}"}


_TYPES = {
    "model_type": "a mapping of keys",
    "model_attributes_type": "a mapping of keys",
    "dict_type": "a mapping of names",
    "tuple_type": "a list",
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "date_type": "a date such as 2027-03-31",
    "date_parsing": "a date such as 2027-03-31",
    "date_from_datetime_parsing": "a date such as 2027-03-31",
    "too_short": "a list that is not empty",
    "string_too_short": "text that is not empty",
}


def _keys_at(kind: Any, location: tuple[Any, ...]) -> list[str]:
    """The keys that the model at a place of the section knows."""
    for part in location:
        fields = getattr(kind, "model_fields", None)
        if fields:
            match = next((f for name, f in fields.items() if part in (f.alias, name)), None)
            kind = match.annotation if match else None
        kind = _inner(kind)
    fields = getattr(_inner(kind), "model_fields", {})
    return [field.alias or name for name, field in fields.items()]


def _inner(kind: Any) -> Any:
    """The model inside `tuple[Model, ...]`, `dict[str, Model]` or `Model | None`."""
    while kind is not None and not hasattr(kind, "model_fields"):
        candidates = [a for a in get_args(kind) if a not in (Ellipsis, type(None), str)]
        if not candidates:
            return None
        kind = candidates[-1] if not hasattr(candidates[0], "model_fields") else candidates[0]
    return kind
