"""The outputs as a contract: what of it a change breaks for those who read them.

Outputs are compared by type and meaning. An output that comes breaks nobody; one that goes, has another type, another value
where others keep the value (`model.outputs` says of which they do not), or is a secret on one side alone, does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from model.outputs import Outputs, Values
from preview.changes import Change, ContractBreak
from preview.resources import MASK, Evaluation, Secret, bare

_TYPES: dict[type, str] = {
    dict: "an object",
    list: "a list",
    str: "a string",
    bool: "true or false",
    int: "a number",
    float: "a number",
}
_REFERENCE = re.compile(r"«(.+?)\.([^.«»]+(?:\[\d+\][^«»]*)?)»")


def breaks(before: Evaluation, after: Evaluation, changes: Sequence[Change]) -> tuple[ContractBreak, ...]:
    """Everything that breaks the contract, by the outputs' names; a stack that has no outputs yet breaks none."""
    renamed = {
        change.before.name: change.after.name
        for change in changes
        if change.before and change.after and change.before.name != change.after.name
    }
    replaced = {
        change.name for change in changes if change.action == "replaced" and change.before and change.after
    }
    known = Outputs.values_by_name()
    found: list[ContractBreak] = []
    for name, old in sorted(before.raw_outputs.items()):
        values = known.get(name, "kept")
        found += _compared(
            name, _renamed(old, renamed), after.raw_outputs.get(name), _Rules(values, frozenset(replaced))
        )
    return tuple(found)


class _Rules:
    """How the values of one output are to be taken."""

    def __init__(self, values: Values, replaced: frozenset[str]) -> None:
        self.values, self.replaced = values, replaced

    def moves(self, value: str) -> str:
        """The replaced resource whose new value stands behind the same name, or ""."""
        return next((m[1] for m in _REFERENCE.finditer(value) if m[1] in self.replaced), "")


@dataclass(frozen=True)
class _Hidden:
    """Whether what is compared lies in a secret, on each side."""

    before: bool = False
    after: bool = False

    def within(self, old: Any, new: Any) -> _Hidden:
        return _Hidden(self.before or isinstance(old, Secret), self.after or isinstance(new, Secret))

    @property
    def either(self) -> bool:
        return self.before or self.after


def _compared(
    path: str, old: Any, new: Any, rules: _Rules, outside: _Hidden | None = None
) -> Iterator[ContractBreak]:
    hidden = (outside or _Hidden()).within(old, new)
    old, new = _inner(old), _inner(new)
    if old is None:
        return
    if new is None:
        yield ContractBreak(
            output=path, kind="gone", text=f"{path}: goes; it was {_shown(old, hidden.either)}"
        )
        return
    if _TYPES.get(type(old)) != _TYPES.get(type(new)):
        kinds = _TYPES.get(type(old), "something"), _TYPES.get(type(new), "something else")
        yield ContractBreak(output=path, kind="type", text=f"{path}: was {kinds[0]}, and is {kinds[1]} now")
        return
    if isinstance(old, Mapping):
        for key, item in old.items():
            if key in new or rules.values != "listed":
                yield from _compared(f"{path}.{key}", item, new.get(key), rules, hidden)
        return
    was, now = (side or _all_secret(value) for side, value in ((hidden.before, old), (hidden.after, new)))
    if was and not now:
        yield ContractBreak(output=path, kind="plain", text=f"{path}: was a secret, and is plain now")
    elif now and not was:
        yield ContractBreak(output=path, kind="secret", text=f"{path}: was plain, and is a secret now")
    if isinstance(old, list):
        yield from _lists(path, old, new, rules, hidden.either)
    elif text := _value_text(old, new, rules, hidden.either):
        yield ContractBreak(output=path, kind="value", text=f"{path}: {text}")


def _value_text(old: Any, new: Any, rules: _Rules, hidden: bool) -> str:
    """Why a single value is another one for its readers; "" if it is not."""
    if rules.values in ("rolling", "listed"):
        return ""
    if new < old if rules.values == "at least" and isinstance(new, int | float) else new != old:
        return (
            "has another secret value"
            if hidden
            else f"was {_shown(old, False)}, and is {_shown(new, False)} now"
        )
    moved = rules.moves(str(new))
    return f"gets another value, because {moved} is replaced" if moved else ""


def _lists(path: str, old: list[Any], new: list[Any], rules: _Rules, hidden: bool) -> Iterator[ContractBreak]:
    kinds = [{_TYPES.get(type(_inner(item))) for item in side} for side in (old, new)]
    if all(kinds) and kinds[0] != kinds[1]:
        names = [" or ".join(sorted(filter(None, side))) for side in kinds]
        yield ContractBreak(
            output=path, kind="type", text=f"{path}: each item was {names[0]}, and is {names[1]} now"
        )
    elif rules.values not in ("rolling", "listed"):
        left = [_key(item) for item in new]
        for item in old:
            if _key(item) not in left:
                shown = _shown(_inner(item), hidden or _has_secret(item))
                yield ContractBreak(output=path, kind="gone", text=f"{path}: no longer has {shown}")


def _inner(value: Any) -> Any:
    return value.value if isinstance(value, Secret) else value


def _key(value: Any) -> str:
    return json.dumps(bare(value), sort_keys=True, ensure_ascii=False, default=str)


def _has_secret(value: Any) -> bool:
    if isinstance(value, Secret):
        return True
    if isinstance(value, Mapping):
        return any(map(_has_secret, value.values()))
    return isinstance(value, list) and any(map(_has_secret, value))


def _all_secret(value: Any) -> bool:
    """A list of secrets is as secret as a secret list."""
    return isinstance(value, list) and bool(value) and all(isinstance(item, Secret) for item in value)


def _shown(value: Any, hidden: bool) -> str:
    if hidden or _has_secret(value):
        return MASK
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else f"{text[:79]}…"


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    """The value with the placeholders of renamed resources under their new names."""
    if not names:
        return value
    if isinstance(value, Secret):
        return Secret(_renamed(value.value, names))
    if isinstance(value, Mapping):
        return {key: _renamed(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [_renamed(item, names) for item in value]
    if isinstance(value, str):
        return _REFERENCE.sub(lambda match: f"«{names.get(match[1], match[1])}.{match[2]}»", value)
    return value
