"""What an author edited: leaves of the stack file, of the compose file, of the app's other files, and the program.

An edit can be made alone, in a version that has none of the others: so it can be asked what it would cause by itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from preview.property_paths import step

Path = tuple[str | int, ...]


@dataclass(frozen=True, kw_only=True)
class Edit:
    """``before`` and ``after`` are JSON values; None: the place is not there on that side.

    ``span`` is of a list that gained or lost elements: those from ``span[0]`` to before ``span[1]`` are
    exchanged for ``after``, a list.
    """

    key: str
    place: Path
    before: Any
    after: Any
    span: tuple[int, int] | None = None

    @property
    def path(self) -> str:
        """As an author writes it: `app.env.RELEASE`, `routes[0].hostname`, `aws:region`."""
        text = self.key.removeprefix("drawbridge:")
        for part in self.place:
            text = f"{text}[{part}]" if isinstance(part, int) else step(text, part)
        if self.span and self.span[1] - self.span[0] <= 1:
            text += f"[{self.span[0]}]"
        return text

    def apply(self, config: Mapping[str, str]) -> dict[str, str]:
        """The configuration with this edit and no other."""
        changed = dict(config)
        if not self.place and self.span is None:
            changed.pop(self.key, None)
            if self.after is not None:
                changed[self.key] = _text(self.after)
            return changed
        document = parsed(config[self.key])
        if self.span is not None:
            _exchange(_at(document, self.place), self.span, self.after)
        else:
            _set(document, self.place, self.after)
        changed[self.key] = _text(document)
        return changed


def stack_edits(before: Mapping[str, str], after: Mapping[str, str]) -> list[Edit]:
    """Every leaf that differs between two configurations (the engine's keys and texts), in the file's order of keys."""
    found: list[Edit] = []
    for key in sorted(before.keys() | after.keys()):
        old, new = (parsed(side[key]) if key in side else None for side in (before, after))
        found += _edits(key, (), old, new)
    return found


def edits(key: str, before: Any, after: Any) -> list[Edit]:
    """Every leaf that differs between two documents."""
    return _edits(key, (), before, after)


def parsed(text: str) -> Any:
    """A configuration value: objects and lists are JSON, everything else is text."""
    if text[:1] not in ("{", "["):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _edits(key: str, place: Path, old: Any, new: Any) -> list[Edit]:
    if old == new:
        return []
    if isinstance(old, dict) and isinstance(new, dict):
        return [
            edit
            for name in sorted(old.keys() | new.keys())
            for edit in _edits(key, (*place, name), old.get(name), new.get(name))
        ]
    if isinstance(old, list) and isinstance(new, list):
        return _list_edits(key, place, old, new)
    return [Edit(key=key, place=place, before=old, after=new)]


def _list_edits(key: str, place: Path, old: Sequence[Any], new: Sequence[Any]) -> list[Edit]:
    matcher = SequenceMatcher(None, [*map(_text, old)], [*map(_text, new)], autojunk=False)
    found: list[Edit] = []
    for kind, first, last, start, end in matcher.get_opcodes():
        if kind == "equal":
            continue
        if last - first == end - start:
            for offset in range(last - first):
                found += _edits(key, (*place, first + offset), old[first + offset], new[start + offset])
            continue
        found.append(
            Edit(
                key=key,
                place=place,
                before=list(old[first:last]) or None,
                after=list(new[start:end]) or None,
                span=(first, last),
            )
        )
    return found


def _at(document: Any, place: Path) -> Any:
    for part in place:
        document = document[part]
    return document


def _set(document: Any, place: Path, value: Any) -> None:
    *above, last = place
    parent = _at(document, tuple(above))
    if value is None and isinstance(parent, dict):
        parent.pop(last, None)
    else:
        parent[last] = value


def _exchange(items: list[Any], span: tuple[int, int], value: list[Any] | None) -> None:
    items[span[0] : span[1]] = value or []
