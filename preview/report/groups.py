"""A comparison as a reader takes it in: edits first, each with what it changes below it, the worst first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from preview.changes import Cause, Change, Comparison, Consequence, Difference, Edited

_ANOTHER = " (another)"


@dataclass(frozen=True)
class Group:
    """What some edits change. ``edits`` is empty where it is not known what caused the changes.

    ``changes`` are the ones to read, the worst first; ``follow`` change only because of these (a template's version,
    an alarm of a replaced group) and mean nothing of their own; ``elsewhere`` stand under a group further up.
    """

    edits: tuple[Edited, ...]
    together: bool
    changes: tuple[Change, ...]
    follow: tuple[Change, ...]
    elsewhere: tuple[Change, ...] = ()

    @property
    def consequence(self) -> Consequence:
        every = (*self.changes, *self.follow, *self.elsewhere)
        return max((change.consequence for change in every), default=Consequence.NONE)

    @property
    def size(self) -> int:
        return len(self.changes) + len(self.follow) + len(self.elsewhere)

    def why(self) -> list[str]:
        """The reasons of its worst consequence, each once, with the resource that each is about."""
        worst = [
            change for change in (*self.changes, *self.elsewhere) if change.consequence == self.consequence
        ]
        reasons = [
            f"{change.name}: {effect.why}"
            for change in worst
            for effect in change.effects
            if effect.consequence == self.consequence and effect.why
        ]
        return [*dict.fromkeys(reasons)]


def groups(comparison: Comparison) -> tuple[Group, ...]:
    """Every changed resource in exactly one group's ``changes`` or ``follow``, the worst group first."""
    changed = {change.urn: change for change in comparison.changed}
    found = sorted(comparison.causes, key=lambda cause: _weight(cause, changed))
    placed: set[str] = set()
    listed: list[Group] = []
    for cause in found:
        mine = ranked([changed[urn] for urn in cause.urns if urn in changed])
        listed.append(_group(cause.edits, cause.together, mine, placed))
        placed |= cause.urns
    rest = ranked([change for urn, change in changed.items() if urn not in placed])
    if rest:
        listed.append(_group((), False, rest, placed))
    return tuple(sorted(listed, key=lambda group: -group.consequence))


def ranked(changes: Sequence[Change]) -> list[Change]:
    """The worst first; of the same consequence, as they were."""
    return sorted(changes, key=lambda change: -change.consequence)


def follows(change: Change) -> bool:
    """Does it change only because it names what another change makes new, without meaning anything of its own?"""
    return (
        change.action == "updated"
        and change.consequence <= Consequence.IN_PLACE
        and bool(change.differences)
        and all(map(_follows, change.differences))
    )


def own_differences(change: Change) -> tuple[Difference, ...]:
    """The differences that tell something: all but those that only name what another change makes new."""
    return tuple(difference for difference in change.differences if not _follows(difference))


def _follows(difference: Difference) -> bool:
    return isinstance(difference.after, str) and difference.after == f"{difference.before}{_ANOTHER}"


def _group(edits: tuple[Edited, ...], together: bool, mine: Sequence[Change], placed: set[str]) -> Group:
    own = [change for change in mine if change.urn not in placed]
    return Group(
        edits=edits,
        together=together,
        changes=tuple(change for change in own if not follows(change)),
        follow=tuple(filter(follows, own)),
        elsewhere=tuple(change for change in mine if change.urn in placed),
    )


def _weight(cause: Cause, changed: dict[str, Change]) -> tuple[int, int]:
    consequences = [changed[urn].consequence for urn in cause.urns if urn in changed]
    return -max(consequences, default=Consequence.NONE), len(cause.urns)


def title(edit: Edited) -> str:
    """`app.env.RELEASE: v2.3.1 → v2.4.0`; a place that came or went, and a text that only changed, say so."""
    if edit.before and edit.after:
        return f"{edit.path}: {edit.before} → {edit.after}"
    elif edit.after:
        return f"{edit.path}: added {edit.after}"
    elif edit.before:
        return f"{edit.path}: removed {edit.before}"
    else:
        return f"{edit.path} edited"
