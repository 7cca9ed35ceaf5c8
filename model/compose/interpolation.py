"""Variables in a compose file, as Compose substitutes them: compose-go's template package is what they are held against."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..lines import step

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_BODY = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?:(:?[-?+])(.*))?")
_BRACES = re.compile(r"[{}]")

UNKNOWN = "\ue000"
"""Begins and ends what stands for a value that nobody may see, a secret's: `\ue000NAME\ue000`."""


@dataclass(frozen=True)
class Variable:
    """One of a text: `${NAME:-rest}`; ``written`` is all of it."""

    name: str
    written: str
    operator: str = ""
    rest: str = ""

    def present(self, names: Mapping[str, str]) -> bool:
        """Whether its own value counts: with a colon, an empty one does not."""
        return bool(names.get(self.name)) if self.operator.startswith(":") else self.name in names


class InvalidTemplateError(ValueError):
    """A `${` that begins no variable: Compose refuses the whole file."""


def unknown(name: str) -> str:
    return f"{UNKNOWN}{name}{UNKNOWN}"


def shown(text: str) -> str:
    """The text as its author wrote it, where it holds what nobody may see."""
    return re.sub(f"{UNKNOWN}([^{UNKNOWN}]*){UNKNOWN}", r"${\1}", text)


def interpolate(text: str, env: Mapping[str, str], *, unset: str | None = None) -> str:
    """Put variables in, as compose does; what is not in `env` and has no default becomes ``unset``, or stays as it is written.

    Raises InvalidTemplateError.
    """
    return "".join(part if isinstance(part, str) else _value(part, env, unset) for part in _parts(text))


def interpolated(value: Any, env: Mapping[str, str]) -> Any:
    """A document with variables put into all its texts, but not into its keys; what is not set is empty, as with Compose."""
    if isinstance(value, dict):
        return {key: interpolated(inner, env) for key, inner in value.items()}
    if isinstance(value, list):
        return [interpolated(inner, env) for inner in value]
    return interpolate(value, env, unset="") if isinstance(value, str) and "$" in value else value


def mentioned(text: str) -> Iterator[str]:
    """Every variable of a text, those within others' defaults too. Raises InvalidTemplateError."""
    for part in _parts(text):
        if isinstance(part, Variable):
            yield part.name
            if part.operator:
                yield from mentioned(part.rest)


def missing(text: str, supplied: Collection[str]) -> Iterator[str]:
    """The variables without which a text is not what its author meant: no value, and no default that is used instead."""
    for part in _parts(text):
        if isinstance(part, str):
            continue
        there = part.name in supplied
        if part.operator.endswith("-"):
            yield from () if there else missing(part.rest, supplied)
        elif part.operator.endswith("+"):
            yield from missing(part.rest, supplied) if there else ()
        elif not there:
            yield part.name


def demanded(text: str) -> Iterator[str]:
    """The variables without which Compose refuses the whole file (`${NAME:?why}`), whether anything uses them or not."""
    for part in _parts(text):
        if isinstance(part, Variable) and part.operator.endswith("?"):
            yield part.name
        elif isinstance(part, Variable) and part.operator:
            yield from demanded(part.rest)


def faults(value: Any, path: str = "") -> Iterable[tuple[str, str]]:
    """Where a document has a `${` that begins no variable, and the text."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from faults(inner, step(path, str(key)))
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from faults(inner, f"{path}[{position}]")
    elif isinstance(value, str) and "${" in value:
        try:
            list(mentioned(value))
        except InvalidTemplateError:
            yield path, value


def _value(variable: Variable, env: Mapping[str, str], unset: str | None) -> str:
    present = variable.present(env)
    if variable.operator.endswith("+"):
        return interpolate(variable.rest, env, unset=unset) if present else ""
    if present:
        return env[variable.name]
    if variable.operator.endswith("-"):
        return interpolate(variable.rest, env, unset=unset)
    return variable.written if unset is None else unset


_MOST = 200
"""Variables in one text: defaults that lie in each other without end would be read without end."""


def _parts(text: str) -> Iterator[str | Variable]:
    if text.count("${") > _MOST:
        raise InvalidTemplateError(text)
    place = 0
    while (dollar := text.find("$", place)) >= 0:
        yield text[place:dollar]
        after = text[dollar + 1 : dollar + 2]
        if after == "$":
            yield "$"
            place = dollar + 2
        elif after == "{":
            end = _closing(text, dollar + 1)
            match = _BODY.fullmatch(text[dollar + 2 : end]) if end else None
            if not match or not end:
                raise InvalidTemplateError(text)
            yield Variable(match[1], text[dollar : end + 1], match[2] or "", match[3] or "")
            place = end + 1
        elif match := _NAME.match(text, dollar + 1):
            yield Variable(match[0], "$" + match[0])
            place = match.end()
        else:
            yield "$"
            place = dollar + 1
    yield text[place:]


def _closing(text: str, opening: int) -> int | None:
    """Where the brace is that closes the one at ``opening``; the last of all where they do not pair."""
    depth, last = 0, None
    for match in _BRACES.finditer(text, opening):
        depth += 1 if match[0] == "{" else -1
        last = match.start() if match[0] == "}" else last
        if not depth:
            break
    return last
