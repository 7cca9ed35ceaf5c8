"""What becomes of the stack's outputs, which others read as a contract."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from preview.changes import Change, Difference, OutputChange
from preview.diff.differences import differences
from preview.diff.leaves import MovedOn, holds_secret, marks_that_differ, value_at
from preview.resources import Evaluation, bare, mask


def output_changes(
    before: Evaluation, after: Evaluation, found: Mapping[str, Change]
) -> tuple[OutputChange, ...]:
    """The outputs that come, go or differ, by name. ``found`` are the steps of the resources, whose new outputs they may hold."""
    old, new = before.raw_outputs, after.raw_outputs
    changes = (_change(name, before, after, found) for name in sorted(old.keys() | new.keys()))
    return tuple(change for change in changes if change)


def _change(
    name: str, before: Evaluation, after: Evaluation, found: Mapping[str, Change]
) -> OutputChange | None:
    old, new = before.raw_outputs.get(name), after.raw_outputs.get(name)
    base: dict[str, Any] = {
        "name": name,
        "before": mask(old),
        "after": mask(new),
        "kinds": (_kind(bare(old)), _kind(bare(new))),
    }
    if old is None and new is None:
        return None
    if old is None or new is None:
        one = Difference(
            path=name,
            before=base["before"],
            after=base["after"],
            secret_before=holds_secret(old),
            secret_after=holds_secret(new),
        )
        return OutputChange(**base, action="added" if old is None else "removed", differences=(one,))
    leaves = dict.fromkeys(differences(bare(old), bare(new), name))
    leaves |= dict.fromkeys(marks_that_differ(old, new, name))
    if before.probed_outputs and after.probed_outputs:
        probed = bare(before.probed_outputs.get(name)), bare(after.probed_outputs.get(name))
        leaves |= dict.fromkeys(differences(*probed, name))
    leaves |= dict.fromkeys(_moved(name, after, found))
    if not leaves:
        return None
    listed = [_difference(leaf, {name: old}, {name: new}) for leaf in sorted(leaves)]
    return OutputChange(**base, action="changed", differences=tuple(listed))


def _difference(leaf: str, old: Any, new: Any) -> Difference:
    left, right = value_at(old, leaf), value_at(new, leaf)
    shown = mask(left), mask(right)
    same = shown[0] == shown[1]
    return Difference(
        path=leaf,
        before=shown[0],
        after=f"{shown[1]} (another)" if same else shown[1],
        secret_before=holds_secret(left),
        secret_after=holds_secret(right),
    )


def _moved(name: str, after: Evaluation, found: Mapping[str, Change]) -> Iterator[str]:
    """Leaves that hold the output of a resource that is made or replaced.

    An output's sources are not known to the engine: one that names none of them is told of by made-up values alone.
    """
    sources = list(found.values())
    yield from MovedOn(after.probes).leaves(after.raw_outputs[name], None, name, lambda _leaf: sources)


def _kind(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "yes or no"
    if isinstance(value, int | float):
        return "number"
    return "list" if isinstance(value, list) else "object" if isinstance(value, dict) else "text"
