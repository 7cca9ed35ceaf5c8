"""Which edit causes which change: each edit is made alone in the earlier version, and what then changes is its doing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from preview.changes import Cause, Change, Edited
from preview.diff.compare import steps
from preview.resources import Evaluation

LIMIT = 12
"""How many versions are evaluated for it, at most: each takes about as long as a stack more."""


@dataclass(frozen=True, kw_only=True)
class Unit:
    """Edits that are made together; ``alone`` is the earlier version with them and no others, None if that is none."""

    edits: tuple[Edited, ...]
    alone: Callable[[], Evaluation | None]


def causes(before: Evaluation, changes: Sequence[Change], units: Sequence[Unit]) -> tuple[Cause, ...]:
    """The causes of the changed resources, in the order of ``units``; at the end what only several edits explain."""
    changed = {change.urn for change in changes if change.action != "unchanged"}
    if not units:
        return ()
    if len(units) == 1:
        return (Cause(edits=units[0].edits, urns=frozenset(changed)),)
    alone = [_alone(before, unit, changed) for unit in units]
    rest = changed.difference(*(urns for urns in alone if urns))
    # By itself the edit is no version (a route to an access entry that another edit brings) or no change (that entry).
    joint = [unit for unit, urns in zip(units, alone, strict=True) if urns is None or (rest and not urns)]
    found: dict[frozenset[str], tuple[Edited, ...]] = {}
    for unit, urns in zip(units, alone, strict=True):
        if unit not in joint:
            found[urns or frozenset()] = (*found.get(urns or frozenset(), ()), *unit.edits)
    listed = [Cause(edits=edits, urns=urns) for urns, edits in found.items()]
    if rest or joint:
        edits = tuple(edit for unit in joint or units for edit in unit.edits)
        listed.append(Cause(edits=edits, urns=frozenset(rest), together=len(edits) > 1))
    return tuple(listed)


def _alone(before: Evaluation, unit: Unit, changed: set[str]) -> frozenset[str] | None:
    evaluation = unit.alone()
    if evaluation is None:
        return None
    return frozenset(
        step.urn for step in steps(before, evaluation) if step.action != "unchanged" and step.urn in changed
    )


T = TypeVar("T")


def grouped(items: Sequence[T], key: Callable[[T], str], limit: int) -> list[list[T]]:
    """Each item by itself where they are few enough, else those of one ``key`` together, in order."""
    if len(items) <= limit:
        return [[item] for item in items]
    found: dict[str, list[T]] = {}
    for item in items:
        found.setdefault(key(item), []).append(item)
    return list(found.values())
