"""Both versions of a stack, as the judges of what a change opens read them."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from preview.analysis.reach import Reach
from preview.changes import Change
from preview.resources import MASK, Evaluation, Resource, Secret, bare


class Lookup:
    """The resources of one version by type, and by the placeholder (`«NAME.property»`) that stands for one."""

    def __init__(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation

    @functools.cached_property
    def _by_type(self) -> dict[str, list[Resource]]:
        found: dict[str, list[Resource]] = {}
        for resource in self.evaluation.resources:
            found.setdefault(resource.type, []).append(resource)
        return found

    @functools.cached_property
    def _by_name(self) -> dict[str, list[Resource]]:
        found: dict[str, list[Resource]] = {}
        for resource in self.evaluation.resources:
            found.setdefault(resource.name, []).append(resource)
        return found

    def of(self, *types: str) -> list[Resource]:
        return [resource for kind in types for resource in self._by_type.get(kind, ())]

    def named(self, reference: Any, *types: str) -> Resource | None:
        """The resource that a placeholder, alone or at the start of a text, stands for; of one of ``types``, if any are given."""
        name = placeholder(reference)
        found = self._by_name.get(name, ()) if name else ()
        return next((resource for resource in found if not types or resource.type in types), None)


@dataclass(frozen=True, kw_only=True)
class Versions:
    """``changes`` pairs each resource with its earlier self, by URN or by alias. ``old`` and ``new`` are who reaches what."""

    before: Lookup
    after: Lookup
    changes: Sequence[Change]
    old: Reach
    new: Reach

    def pairs(self, *types: str) -> Iterator[tuple[Resource, Resource]]:
        """(earlier, later) of every resource of the types that both versions have."""
        for change in self._of(types):
            if change.before and change.after:
                yield change.before, change.after

    def later(self, *types: str) -> Iterator[tuple[Resource | None, Resource]]:
        """The same, with (None, later) of what is new."""
        for change in self._of(types):
            if change.after:
                yield change.before, change.after

    def earlier(self, *types: str) -> Iterator[tuple[Resource, Resource | None]]:
        """(earlier, later) of what was there before, later None where it goes."""
        for change in self._of(types):
            if change.before:
                yield change.before, change.after

    @functools.cached_property
    def created(self) -> frozenset[str]:
        """The names of what is new."""
        return frozenset(change.name for change in self.changes if change.before is None)

    @functools.cached_property
    def _renamed(self) -> dict[str, str]:
        both = [(change.before, change.after) for change in self.changes]
        found = {f"«{a.name}.": f"«{b.name}." for a, b in both if a and b and a.name != b.name}
        # In a JSON document they may stand escaped.
        return found | {json.dumps(old)[1:-1]: json.dumps(new)[1:-1] for old, new in found.items()}

    def as_now(self, text: Any) -> Any:
        """A text of the earlier version with the placeholders of renamed resources under their later names."""
        if isinstance(text, str):
            for old, new in self._renamed.items():
                text = text.replace(old, new)
        return text

    def _of(self, types: Sequence[str]) -> Iterator[Change]:
        for kind in types:
            yield from self._by_type.get(kind, ())

    @functools.cached_property
    def _by_type(self) -> dict[str, list[Change]]:
        found: dict[str, list[Change]] = {}
        for change in self.changes:
            found.setdefault(change.type, []).append(change)
        return found


def placeholder(reference: Any) -> str:
    """NAME of `«NAME.property»` at the start of a text, or ""."""
    if not isinstance(reference, str) or not reference.startswith("«") or "»" not in reference:
        return ""
    inner = reference[1:].partition("»")[0]
    # Names have dots (`tunnel-dns-app.example.com`), properties may have indexes (`masterUserSecrets[0].secretArn`).
    head, _, _last = inner.rpartition(".")
    return head.rpartition(".")[0] if head.endswith("]") else head


def texts(value: Any) -> list[str]:
    """A list of texts, even of one; empty for what is unset."""
    if value is None:
        return []
    if isinstance(value, list):
        return [item if isinstance(item, str) else str(item) for item in value]
    return [value if isinstance(value, str) else str(value)]


def dicts(value: Any) -> list[dict[str, Any]]:
    """A list of objects, even of one; nothing for what is unset, unknown or masked."""
    if isinstance(value, list):
        return [item for item in value if isinstance(item, dict)]
    return [value] if isinstance(value, dict) else []


def on(value: Any) -> bool:
    """Is a switch on? AWS takes `true` as text too; what is not known yet counts as on."""
    return str(value).lower() == "true" or (isinstance(value, str) and value.startswith("«"))


def listed(words: Sequence[str]) -> str:
    return ", ".join(dict.fromkeys(words))


def shown(value: Any) -> str:
    """A value in a sentence."""
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list):
        return ", ".join(map(shown, value)) or "nothing"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {shown(item)}" for key, item in sorted(value.items())) or "nothing"
    return MASK if isinstance(value, Secret) else str(value)


def differing(old: Resource, new: Resource) -> list[str]:
    """The inputs whose values differ, secrets looked into."""
    left, right = bare(old.raw), bare(new.raw)
    return sorted(key for key in left.keys() | right.keys() if left.get(key) != right.get(key))
