"""The values of GitHub's expressions: how they are coerced, compared and indexed, and the functions that need no context.

Values are None, booleans, floats, strings, lists and dictionaries. See `workflow_expressions`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Any


class ExpressionError(ValueError):
    """The expression cannot be parsed or evaluated; the text is GitHub's."""


class Known(dict[str, Any]):
    """A context of which every property is modelled: asking for another one is the runner's ignorance, not null."""


class Filtered(list[Any]):
    """What `.*` gives: an index on it is an index on each of its items."""


STAR = object()


def at(value: Any, index: Any) -> Any:
    """An item of a list or a dictionary; None where there is none."""
    if isinstance(value, Filtered):
        found = (_every(item) if index is STAR else _one(item, index) for item in value)
        return Filtered(item for items in found for item in items)
    if index is STAR:
        return Filtered(_every(value))
    return next(iter(_one(value, index)), None)


def _every(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else list(value) if isinstance(value, list) else []


def _one(value: Any, index: Any) -> list[Any]:
    if isinstance(value, list):
        number = to_number(index)
        return [value[int(number)]] if math.isfinite(number) and 0 <= number < len(value) else []
    if isinstance(value, dict) and not isinstance(index, dict | list):
        wanted = to_text(index).lower()
        found = [item for key, item in value.items() if key.lower() == wanted][:1]
        if not found and isinstance(value, Known):
            raise NotImplementedError(f"the runner does not model the property {index!r}")
        return found
    return []


def truthy(value: Any) -> bool:
    if value is None or value is False or value == "":
        return False
    return not (isinstance(value, int | float) and (value == 0 or math.isnan(value)))


def to_number(value: Any) -> float:
    """As JavaScript's Number() makes it."""
    if value is None or isinstance(value, bool | int | float):
        return float(value or 0)
    if not isinstance(value, str):
        return math.nan
    text = value.strip()
    if not text:
        return 0.0
    if re.fullmatch(r"0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+", text):
        return float(int(text, 0))
    if re.fullmatch(r"[+-]?Infinity", text):
        return math.inf if text[0] != "-" else -math.inf
    return float(text) if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text) else math.nan


def to_text(value: Any) -> str:
    """As it stands in a text that it is put into."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return _number_text(float(value))
    return value if isinstance(value, str) else "Object" if isinstance(value, dict) else "Array"


def _number_text(value: float) -> str:
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if abs(value) < 1e21:
        value = float(f"{value:.15f}")  # at most 15 digits behind the point
        if value.is_integer():
            return str(int(value))
    return re.sub(r"e([+-])0", r"e\1", repr(value)).replace(".0e", "e")


def _alike(left: Any, right: Any) -> tuple[Any, Any]:
    """Both as values of one kind, where they can be."""
    kinds = [_kind(left), _kind(right)]
    if kinds[0] != kinds[1]:
        if set(kinds) <= {"number", "string", "boolean", "null"}:
            return to_number(left), to_number(right)
        simple = [k in ("boolean", "null") for k in kinds]
        left, right = to_number(left) if simple[0] else left, to_number(right) if simple[1] else right
    return left, right


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return "string" if isinstance(value, str) else "list" if isinstance(value, list) else "object"


def _upper(text: str) -> str:
    return "ı".join(part.upper() for part in text.split("ı"))  # GitHub leaves the dotless i alone


def equal(left: Any, right: Any) -> bool:
    left, right = _alike(left, right)
    if _kind(left) != _kind(right):
        return False
    if isinstance(left, str):
        return _upper(left) == _upper(right)
    return left is right if isinstance(left, dict | list) else bool(left == right)


def _greater(left: Any, right: Any) -> bool:
    left, right = _alike(left, right)
    if _kind(left) != _kind(right) or left is None or isinstance(left, dict | list):
        return False
    return _upper(left) > _upper(right) if isinstance(left, str) else bool(left > right)


def _simple(*values: Any) -> bool:
    return not any(isinstance(value, dict | list) for value in values)


def _contains(where: Any, what: Any) -> bool:
    if isinstance(where, list):
        return any(equal(what, item) for item in where)
    return _simple(where, what) and to_text(what).lower() in to_text(where).lower()


def _format(pattern: Any, *values: Any) -> str:
    text = to_text(pattern)

    def replaced(match: re.Match[str]) -> str:
        found = match[0]
        if found in ("{{", "}}"):
            return found[0]
        if match[1] is None:
            raise ExpressionError(f"The following format string is invalid: {text}")
        if int(match[1]) >= len(values):
            raise ExpressionError(
                f"The following format string references more arguments than were supplied: {text}"
            )
        return to_text(values[int(match[1])])

    return re.sub(r"\{\{|\}\}|\{(\d+)[^{}]*\}|[{}]", replaced, text)


def _join(items: Any, separator: Any = ",") -> str:
    if not isinstance(items, list):
        return to_text(items) if _simple(items) else ""
    return (to_text(separator) if _simple(separator) else ",").join(map(to_text, items))


def _from_json(text: Any) -> Any:
    if not to_text(text).strip():
        raise ExpressionError("empty input")
    try:
        return json.loads(to_text(text), parse_int=float)
    except ValueError as error:
        raise ExpressionError(f"Error parsing JSON when evaluating fromJson: {error}") from None


def _to_json(value: Any) -> str:
    def plain(item: Any) -> Any:
        if isinstance(item, dict):
            return {key: plain(each) for key, each in item.items()}
        if isinstance(item, list):
            return [plain(each) for each in item]
        return int(item) if isinstance(item, float) and item.is_integer() else item

    return json.dumps(plain(value), indent=2, ensure_ascii=False)


def _case(*arguments: Any) -> Any:
    for predicate, value in zip(arguments[::2], arguments[1::2], strict=False):
        if not isinstance(predicate, bool):
            raise ExpressionError("case predicate must evaluate to a boolean value")
        if predicate:
            return value
    return arguments[-1]


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "case": _case,
    "contains": _contains,
    "endswith": lambda a, b: _simple(a, b) and _upper(to_text(a)).endswith(_upper(to_text(b))),
    "format": _format,
    "fromjson": _from_json,
    "join": _join,
    "startswith": lambda a, b: _simple(a, b) and _upper(to_text(a)).startswith(_upper(to_text(b))),
    "tojson": _to_json,
}
ARGUMENTS = {
    "case": (3, 10**6),
    "contains": (2, 2),
    "endswith": (2, 2),
    "format": (1, 255),
    "fromjson": (1, 1),
    "join": (1, 2),
    "startswith": (2, 2),
    "tojson": (1, 1),
} | dict.fromkeys(("always", "success", "failure", "cancelled"), (0, 0))

COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": equal,
    "!=": lambda a, b: not equal(a, b),
    ">": _greater,
    "<": lambda a, b: _greater(b, a),
    ">=": lambda a, b: equal(a, b) or _greater(a, b),
    "<=": lambda a, b: equal(a, b) or _greater(b, a),
}
