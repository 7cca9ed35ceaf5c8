"""What a comparison tells: the change of each resource, what it means for people, and what it opens."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any, Literal

from preview.diff.differences import top
from preview.resources import Evaluation, Resource

Action = Literal["unchanged", "created", "updated", "rolling", "replaced", "deleted", "unknown"]


class Consequence(enum.IntEnum):
    """From nothing to the worst. ``UNKNOWN``: the table of replacing inputs does not have the type."""

    NONE = 0
    IN_PLACE = 1
    ROLLING = 2
    REFUSED = 3
    DOWNTIME = 4
    UNKNOWN = 5
    DATA_LOSS = 6

    @property
    def words(self) -> str:
        return _WORDS[self]


_WORDS = {
    Consequence.NONE: "none",
    Consequence.IN_PLACE: "in place",
    Consequence.ROLLING: "rolling, no downtime",
    Consequence.REFUSED: "refused by the cloud",
    Consequence.DOWNTIME: "downtime",
    Consequence.UNKNOWN: "unknown",
    Consequence.DATA_LOSS: "data loss",
}


Kind = Literal[
    "reachable",
    "login loosened",
    "check dropped",
    "rule weakened",
    "port",
    "egress",
    "permission",
    "secret",
    "address",
]


@dataclass(frozen=True, kw_only=True, order=True)
class Exposure:
    """``subject`` names it for an acknowledgement: a place (`app.example.com/admin`) or a resource's name."""

    kind: Kind
    subject: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One leaf of a resource's inputs, or a list of objects that gained or lost some. ``lines`` is a unified diff, without its
    header, where the values are such a list or texts of lines.

    ``before`` and ``after`` are masked; None: the leaf is not there. ``replaces``: this is why it is replaced.
    """

    path: str
    before: Any
    after: Any
    lines: tuple[str, ...] = ()
    replaces: bool = False


@dataclass(frozen=True, kw_only=True)
class Change:
    """What becomes of one resource, why, and what that means for people."""

    urn: str
    type: str
    name: str
    action: Action
    before: Resource | None
    after: Resource | None
    differences: tuple[Difference, ...] = ()
    consequence: Consequence = Consequence.NONE
    why: str = ""

    @property
    def because(self) -> tuple[str, ...]:
        """The inputs that make it a replacement."""
        return tuple(
            dict.fromkeys(top(difference.path) for difference in self.differences if difference.replaces)
        )


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Every resource of both versions, in the order of the later one, what is deleted at the end.

    ``errors`` are those of an engine's plan that ended early: what came after them is not known.
    """

    before: Evaluation
    after: Evaluation
    changes: tuple[Change, ...]
    exposures: tuple[Exposure, ...]
    errors: tuple[str, ...] = ()

    @property
    def changed(self) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.action != "unchanged")

    @property
    def consequence(self) -> Consequence:
        """The worst of all changes."""
        return max((change.consequence for change in self.changes), default=Consequence.NONE)

    def count(self) -> dict[str, int]:
        """How many resources have each action, in the order of `Action`."""
        actions = [change.action for change in self.changes]
        return {action: actions.count(action) for action in Action.__args__ if action in actions}  # type: ignore[attr-defined]
