"""A compose file judged by the Compose specification's own schema (see the folder beside this file)."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import Any

import jsonschema

from ..errors import Finding, did_you_mean, finding, problem
from ..lines import step
from .interpolation import UNKNOWN, shown

_KINDS = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "null": "nothing",
}


@functools.cache
def _validator() -> Any:
    file = Path(__file__).parent / "specification" / "compose-spec.json"
    return jsonschema.Draft7Validator(json.loads(file.read_text(encoding="utf-8")))


def judge(document: Any) -> list[Finding]:
    """What the specification does not have in an interpolated document, each at its place."""
    found = [
        _finding(_closest(error))
        for error in _validator().iter_errors(document)
        if UNKNOWN not in str(error.instance)[:100]
    ]
    return list(dict.fromkeys(found))


def _closest(error: Any) -> Any:
    """The deepest of the reasons for which none of several forms fits: that form was meant."""
    while error.context:
        error = max(
            error.context,
            key=lambda inner: (len(inner.path), inner.validator != "type", -inner.schema_path[0]),
        )
    return error


def _finding(error: Any) -> Finding:
    place = ""
    for key in error.absolute_path:
        place = f"{place}[{key}]" if isinstance(key, int) else step(place, str(key))
    if error.validator == "additionalProperties":
        return _unknown_key(error, place)
    if error.validator == "type":
        kinds = [error.validator_value] if isinstance(error.validator_value, str) else error.validator_value
        rule = f"{' or '.join(_KINDS[kind] for kind in kinds)}"
    elif error.validator == "required":
        absent = next(key for key in error.validator_value if key not in error.instance)
        return problem(place, f"the key '{absent}' is missing", "add it")
    elif error.validator == "enum":
        rule = f"one of {', '.join(map(str, error.validator_value))}"
    elif error.validator == "pattern":
        rule = f"text of the form {error.validator_value}"
    else:
        rule = f"what the Compose specification has here ({error.validator}: {error.validator_value})"
    value = error.instance
    return finding(place, rule, shown(value) if isinstance(value, str) else value)


def _unknown_key(error: Any, place: str) -> Finding:
    known = sorted(error.schema.get("properties", {}))
    patterns = list(error.schema.get("patternProperties", {}))
    odd = next(
        str(key)
        for key in error.instance
        if key not in known and not any(re.search(pattern, str(key)) for pattern in patterns)
    )
    if known:
        fix = did_you_mean(odd, known) or "remove it"
        return problem(step(place, odd), "the Compose specification has no such key", fix)
    return finding(place, f"names of the form {' or '.join(patterns)}", odd)
