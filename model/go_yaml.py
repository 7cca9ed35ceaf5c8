"""YAML with the values that Go's parser gives, which are not PyYAML's: both the engine and Compose read with it.

gopkg.in/yaml.v3 (its resolve.go) takes `no`, `off` and `12:30` for text, `1e3` and `0o17` for numbers, a day for a
timestamp, and digits beyond 64 bits lose precision. A preview that read them otherwise would promise what `pulumi up`
and `docker compose up` do not do.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import yaml
from yaml.composer import Composer

from . import yaml_nodes

_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}
_ENDLESS = re.compile(r"\.(nan|NaN|NAN)|[-+]?\.(inf|Inf|INF)")
_INTEGER = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_DAY = r"(\d{4})-(\d{1,2})-(\d{1,2})"
_TIME = r"(\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,](\d{1,9}))?"
_MOMENT = re.compile(rf"{_DAY}(?:[Tt]{_TIME}(Z|[-+]\d\d:\d\d)| {_TIME})?")
_PLAIN = "!plain"
_CORE = "tag:yaml.org,2002:"


class _Parser(Composer, yaml.CSafeLoader):
    """libyaml's parser, of which Go's is a translation, beneath PyYAML's composer, which can be told what to refuse.

    PyYAML's own parser takes other files (it refuses a tab in a text), and five times as long. Its wheels bring libyaml.
    """

    def __init__(self, stream: Any) -> None:
        yaml.CSafeLoader.__init__(self, stream)
        Composer.__init__(self)


class Loader(_Parser):
    """For stack files. Refuses a key that is there twice (PyYAML keeps the last one without a word), as Go's parser does."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        self.depth = getattr(self, "depth", 0) + 1
        if self.depth > yaml_nodes.DEEPEST:
            event: Any = self.peek_event()
            raise yaml_nodes.too_deep(event.start_mark)
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def compose_document(self) -> Any:
        node = super().compose_document()
        yaml_nodes.check(node, self.own_tags)
        return node

    own_tags: tuple[str, ...] = ()
    """Tags other than YAML's that may stand in such a file."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        if kind is yaml.ScalarNode and implicit[0]:
            return "tag:yaml.org,2002:merge" if value == "<<" else _PLAIN
        return super().resolve(kind, value, implicit)  # type: ignore[no-untyped-call]


def _construct_plain(loader: Loader, node: yaml.ScalarNode) -> Any:
    if _ENDLESS.fullmatch(node.value):
        raise yaml.MarkedYAMLError(
            problem=f"{node.value} is not a finite number; put it in quotes", problem_mark=node.start_mark
        )
    return scalar(node.value)


def _construct_mapping(loader: Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: dict[str, int] = {}
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise yaml.MarkedYAMLError(
                problem="a key is text, not a list or a mapping", problem_mark=key.start_mark
            )
        if key.value in seen:
            problem = f"key {key.value!r} is there twice, first on line {seen[key.value]}; keep one of them"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=key.start_mark)
        seen[key.value] = key.start_mark.line + 1
    loader.flatten_mapping(node)
    return {
        text(loader.construct_object(k, deep=True)): loader.construct_object(v, deep=True)
        for k, v in node.value
    }


def _construct_as(kind: type, called: str) -> Callable[[Loader, yaml.ScalarNode], Any]:
    """What `!!int 5` and the like stand for; Go's parser takes them, in quotes or not, for what follows them."""

    def construct(_loader: Loader, node: yaml.ScalarNode) -> Any:
        value = scalar(node.value)
        if kind is float and type(value) is int:
            value = float(value)
        if type(value) is not kind:
            raise yaml.MarkedYAMLError(
                problem=f"{node.value!r} is not {called}, which its tag says it is; remove the tag, or put it in quotes",
                problem_mark=node.start_mark,
            )
        return value

    return construct


Loader.add_constructor(_PLAIN, _construct_plain)
Loader.add_constructor(_CORE + "map", _construct_mapping)
for _kind, _tag, _called in (
    (bool, "bool", "true or false"),
    (int, "int", "a whole number"),
    (float, "float", "a number"),
    (type(None), "null", "null"),
):
    Loader.add_constructor(_CORE + _tag, _construct_as(_kind, _called))


class ComposeLoader(Loader):
    """For compose files, whose `!reset` and `!override` tags say how files are merged: here the value beneath counts."""

    own_tags = ("!reset", "!override")


def _construct_tagged(loader: ComposeLoader, _suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return _construct_mapping(loader, node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    assert isinstance(node, yaml.ScalarNode)
    return node.value if node.style else scalar(node.value)


ComposeLoader.add_multi_constructor("!", _construct_tagged)


def composed(text: str, loader: type[Loader] = Loader) -> yaml.Node | None:
    """The nodes of a document, as they are written. Raises yaml.YAMLError."""
    try:
        node: yaml.Node | None = yaml.compose(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        last = text.rstrip("\n").count("\n")
        if error.problem_mark and error.problem_mark.line > last:  # after the end, where no line is
            error.problem_mark = yaml.Mark("", 0, last, 0, None, 0)
        raise
    return node


def constructed(node: yaml.Node | None, loader: type[Loader] = Loader) -> Any:
    """The value of a document that `composed` gave. Raises yaml.YAMLError.

    What `<<` merges stands in the nodes themselves afterwards: look at them before.
    """
    return None if node is None else loader("").construct_document(node)


def pairs(node: yaml.Node | None) -> list[tuple[yaml.Node, yaml.Node]]:
    """The keys and values of a mapping; none of anything else."""
    return list(node.value) if isinstance(node, yaml.MappingNode) else []


def scalar(word: str) -> Any:
    """The value of a plain (unquoted) scalar."""
    if word in _WORDS:
        return _WORDS[word]
    if word[0] not in "+-.0123456789":
        return word
    if moment := _moment(word):
        return moment
    digits = re.sub(r"(?<=[0-9])_(?=[0-9])" if word[0] == "." else "_", "", word)
    if match := _INTEGER.fullmatch(digits):
        sign, hexadecimal, binary, octal, decimal = match.groups()
        base = 16 if hexadecimal else 2 if binary else 8 if octal else 10
        # Beyond this no digits fit into 64 bits; Python would refuse to read thousands of them.
        figures = (hexadecimal or binary or octal or decimal).lstrip("0")[:100] or "0"
        number = int(sign + figures, base)
        if -(2**63) <= number < (2**63 if sign else 2**64):
            return number
    if _FLOAT.fullmatch(digits) and abs(value := float(digits)) != float("inf"):
        # The engine rewrites the file before it reads the values: there 1.0 becomes 1.
        return int(Decimal(repr(value))) if value.is_integer() and abs(value) < 1e21 else value
    return word


def is_text(node: yaml.ScalarNode) -> bool:
    """Whether a scalar is text, and neither a number nor another of YAML's kinds; `<<` is, too."""
    return node.tag != _PLAIN or (_moment(node.value) is None and isinstance(scalar(node.value), str))


def respelled(node: yaml.Node) -> str | None:
    """The text that a plain number or day becomes on its way to the program, where it is not what was written: `1.10`, `0123`."""
    if not isinstance(node, yaml.ScalarNode) or node.tag != _PLAIN or node.value in _WORDS:
        return None
    try:
        becomes = text(scalar(node.value))
    except ValueError:
        return None
    return None if becomes == node.value else becomes


def text(value: Any) -> str:
    """A scalar as the engine hands it to a program."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        exponential = value != 0 and not 1e-6 <= abs(value) < 1e21
        return re.sub(r"e([-+])0+", r"e\1", repr(value)) if exponential else format(Decimal(repr(value)), "f")
    return "" if value is None else str(value)


def _moment(word: str) -> str | None:
    """A timestamp as Go's time.Time prints it: `2024-01-31` is `2024-01-31 00:00:00 +0000 UTC`."""
    match = _MOMENT.fullmatch(word)
    if not match:
        return None
    year, month, day, *rest = match.groups()
    hour, minute, second, fraction = rest[0:4] if rest[4] else rest[5:9]
    zone = rest[4] or "Z"
    offset = timedelta() if zone == "Z" else timedelta(hours=int(zone[1:3]), minutes=int(zone[4:6]))
    try:
        moment = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0))
        shift = f"{moment.replace(tzinfo=timezone(-offset if zone[0] == '-' else offset)):%z}"
    except ValueError:
        return None
    tail = "." + fraction.rstrip("0") if fraction and fraction.strip("0") else ""
    return f"{moment.isoformat(' ')}{tail} {'+0000 UTC' if zone == 'Z' else f'{shift} {shift}'}"
