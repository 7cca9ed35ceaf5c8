"""The records of types: what a resource opens while it stands, and what it guards."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from preview.analysis.exposures.versions import Lookup, Versions, differing, listed
from preview.changes import Kind
from preview.resources import Resource

Inputs = Mapping[str, Any]
Test = Callable[[Inputs, Lookup], bool]


class Record(Protocol):
    def opened(
        self, old: Resource | None, new: Resource | None, versions: Versions
    ) -> Iterator[tuple[Kind, str]]:
        """What the later version of a resource opens and the earlier one did not."""
        ...


def always(_: Inputs, __: Lookup) -> bool:
    return True


@dataclass(frozen=True, kw_only=True)
class Opens:
    """``says`` completes "NAME: ...". ``when``: is it open in a version? ``watched`` are inputs whose change, while it is open,
    lets in others or leads elsewhere; `*` stands for all."""

    says: str
    kind: Kind = "reachable"
    when: Test = always
    watched: tuple[str, ...] = ()

    def opened(
        self, old: Resource | None, new: Resource | None, versions: Versions
    ) -> Iterator[tuple[Kind, str]]:
        if new is None or not self.when(new.inputs, versions.after):
            return
        if old is None or not self.when(old.inputs, versions.before):
            yield self.kind, self.says
            return
        changed = [key for key in differing(old, new) if key in self.watched or self.watched == ("*",)]
        if set(changed) - {"tags", "tagsAll", "description", "comment"}:
            yield self.kind, f"{self.says}, with another {listed(changed)}"


@dataclass(frozen=True, kw_only=True)
class Guards:
    """``says`` is what is lost when it goes or is switched off. ``when``: does it guard in a version?"""

    says: str
    kind: Kind = "rule weakened"
    when: Test = always

    def opened(
        self, old: Resource | None, new: Resource | None, versions: Versions
    ) -> Iterator[tuple[Kind, str]]:
        if old is None or not self.when(old.inputs, versions.before):
            return
        if new is None or not self.when(new.inputs, versions.after):
            yield self.kind, self.says


@dataclass(frozen=True, kw_only=True)
class Watches:
    """``says`` is said when one of the inputs changes, not when the resource comes or goes."""

    says: str
    inputs: tuple[str, ...]
    kind: Kind = "rule weakened"

    def opened(
        self, old: Resource | None, new: Resource | None, versions: Versions
    ) -> Iterator[tuple[Kind, str]]:
        if old and new:
            changed = [key for key in differing(old, new) if key in self.inputs]
            if changed:
                yield self.kind, f"{self.says} ({listed(changed)})"


@dataclass(frozen=True, kw_only=True)
class Lists:
    """Each text that ``read`` finds in a version is one opening, said with ``says`` before it."""

    says: str
    read: Callable[[Inputs, Lookup], Iterator[str]]
    kind: Kind = "permission"

    def opened(
        self, old: Resource | None, new: Resource | None, versions: Versions
    ) -> Iterator[tuple[Kind, str]]:
        if new is None:
            return
        known = set(self.read(old.inputs, versions.before)) if old else set()
        for text in dict.fromkeys(self.read(new.inputs, versions.after)):
            if text not in known:
                yield self.kind, f"{self.says} {text}".strip()


# Tests that records are made of ------------------------------------------------------------------------------------------


def at(inputs: Inputs, path: str) -> Any:
    """The value at a dotted path; a list on the way stands for its first item."""
    value: Any = inputs
    for key in path.split("."):
        if isinstance(value, list):
            value = value[0] if value else None
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def is_(path: str, *values: Any) -> Test:
    """Is the input one of the values? What is not known yet counts as it."""
    return lambda inputs, _: _same(at(inputs, path), values)


def is_not(path: str, *values: Any) -> Test:
    """Is the input none of the values? What is not known yet counts as another."""
    return lambda inputs, _: str(at(inputs, path)).lower() not in {str(value).lower() for value in values}


def is_set(path: str) -> Test:
    return lambda inputs, _: at(inputs, path) not in (None, [], {}, "", False)


def _same(value: Any, values: tuple[Any, ...]) -> bool:
    text = str(value).lower()
    return text.startswith("«") or text in {str(wanted).lower() for wanted in values}


# Records that most types have ----------------------------------------------------------------------------------------------


def entrance(says: str, *watched: str) -> tuple[Record, ...]:
    """A way in for as long as it stands; any of its inputs, or those named, may lead to others."""
    return (Opens(says=says, watched=watched or ("*",)),)


def right(says: str) -> tuple[Record, ...]:
    """Somebody's right for as long as it stands; any of its inputs may make it another."""
    return (Opens(says=says, kind="permission", watched=("*",)),)
