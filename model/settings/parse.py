"""A mapping, parsed into sections; pydantic's errors in our own words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from ..errors import Finding, did_you_mean, finding
from .stack_file import DEFAULTS, REQUIRED, SECTIONS


def parse_sections(config: Mapping[str, Any], found: list[Finding]) -> dict[str, Any]:
    parsed: dict[str, Any] = {}
    for section, value in config.items():
        found += _unwritable(section, value)
    for key in sorted(set(config) - set(SECTIONS)):
        found.append(
            finding(
                key,
                f"a known section: {', '.join([*SECTIONS, 'secrets'])}",
                cure=did_you_mean(key, SECTIONS),
            )
        )
    for section, kind in SECTIONS.items():
        if section not in config and section in REQUIRED:
            found.append(finding(section, "this section is required"))
            continue
        value = config.get(section, DEFAULTS.get(section))
        try:
            is_model = isinstance(kind, type) and issubclass(kind, BaseModel)
            adapter: TypeAdapter[Any] = TypeAdapter(
                kind, config=None if is_model else ConfigDict(hide_input_in_errors=True)
            )
            parsed[section] = adapter.validate_python(value)
        except ValidationError as error:
            found += [_finding(section, item, kind) for item in error.errors(include_url=False)]
    return parsed


def _unwritable(path: str, value: Any) -> Iterator[Finding]:
    """Texts that no file can hold: NUL ends them in most programs, and half a surrogate pair is nothing in UTF-8."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _unwritable(f"{path}/{key}", inner)
    elif isinstance(value, list | tuple):
        for position, inner in enumerate(value):
            yield from _unwritable(f"{path}/{position}", inner)
    for text in (path.rpartition("/")[2], value):
        if isinstance(text, str) and any(c == "\0" or "\ud800" <= c <= "\udfff" for c in text):
            yield finding(path, "a text without NUL and without half of a surrogate pair", text)


def _finding(section: str, error: Any, kind: Any) -> Finding:
    """One of pydantic's errors in our words: path, rule, value, cure."""
    steps = [
        str(step) for step in error["loc"] if step != "[key]"
    ]  # pydantic's mark of a bad key, which is the step before
    path = "/".join([section, *steps])
    code, context = error["type"], error.get("ctx", {})
    if code == "missing":
        return finding(path, "this key is required")
    if code == "extra_forbidden":
        known = _keys_at(kind, error["loc"][:-1])
        rule = f"a known key: {', '.join(known)}" if known else "this key is unknown"
        return finding(path, rule, cure=did_you_mean(str(error["loc"][-1]), known))
    if code == "value_error":
        rule = str(context.get("error", error["msg"]))
    elif code in ("literal_error", "enum"):
        rule = f"one of {context['expected']}"
    elif code in _BOUNDS:
        rule = _BOUNDS[code].format(**context)
    else:
        rule = _TYPE_RULES.get(code, error["msg"][:1].lower() + error["msg"][1:])
    value = error["input"]
    return (
        finding(path, rule)
        if isinstance(value, dict) and code == "value_error"
        else finding(path, rule, value)
    )


_BOUNDS = {"greater_than_equal": "at least {ge}", "less_than_equal": "at most {le}"}


_TYPE_RULES = {
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
    "too_short": "a list that is not empty",
    "string_too_short": "text that is not empty",
}


def _keys_at(kind: Any, location: tuple[Any, ...]) -> list[str]:
    """The keys that the model at a place of the section knows."""
    for step in location:
        fields = getattr(kind, "model_fields", None)
        if fields:
            match = next((f for name, f in fields.items() if step in (f.alias, name)), None)
            kind = match.annotation if match else None
        kind = _inner(kind, step)
    fields = getattr(_inner(kind, None), "model_fields", {})
    return [field.alias or name for name, field in fields.items()]


def _inner(kind: Any, step: Any) -> Any:
    """The model inside `tuple[Model, ...]`, `dict[str, Model]` or `Model | None`."""
    while kind is not None and not hasattr(kind, "model_fields"):
        candidates = [a for a in get_args(kind) if a not in (Ellipsis, type(None), str)]
        if not candidates:
            return None
        kind = candidates[-1] if not hasattr(candidates[0], "model_fields") else candidates[0]
    return kind
