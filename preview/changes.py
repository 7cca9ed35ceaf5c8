"""What a comparison tells: the change of each resource, what it means for people, and what it opens."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import Any, Literal

from preview.findings import PostureChange
from preview.property_paths import top
from preview.resource_types.record import Loss as Loss
from preview.resources import Evaluation, Resource

Action = Literal["unchanged", "created", "updated", "rolling", "replaced", "deleted", "unknown"]


class Consequence(enum.IntEnum):
    """From nothing to the worst. ``AT_RISK``: nothing is lost yet, but what guarded data or could bring it back goes.
    ``UNKNOWN``: nothing is known of the type, or of the input that changes."""

    NONE = 0
    IN_PLACE = 1
    ROLLING = 2
    AT_RISK = 3
    REFUSED = 4
    DOWNTIME = 5
    UNKNOWN = 6
    DATA_LOSS = 7

    @property
    def label(self) -> str:
        return _LABELS[self]


_LABELS = {
    Consequence.NONE: "none",
    Consequence.IN_PLACE: "in place",
    Consequence.ROLLING: "rolling, no downtime",
    Consequence.AT_RISK: "data at risk",
    Consequence.REFUSED: "refused by the cloud",
    Consequence.DOWNTIME: "downtime",
    Consequence.UNKNOWN: "unknown",
    Consequence.DATA_LOSS: "data loss",
}


@dataclass(frozen=True, kw_only=True)
class Effect:
    """One thing that a change means for people; ``loss`` with `DATA_LOSS` alone."""

    consequence: Consequence
    why: str
    loss: Loss | None = None


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
    "machine",
    "container",
    "unknown",
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
    ``secret_before`` and ``secret_after``: is the value, or a part of it, marked secret with the engine? A mark that goes is a
    difference even where the value stays. Paths of what is no input: `options.NAME`, `provider.SETTING`.
    """

    path: str
    before: Any
    after: Any
    lines: tuple[str, ...] = ()
    replaces: bool = False
    secret_before: bool = False
    secret_after: bool = False

    @property
    def made_plain(self) -> bool:
        """Was it secret, and stands in plain text from now on?"""
        return self.secret_before and not self.secret_after and self.after is not None

    @property
    def about_input(self) -> bool:
        """Is it one of the resource's inputs, and not of its options or its provider?"""
        return not self.path.startswith(("options.", "provider."))


@dataclass(frozen=True, kw_only=True)
class Change:
    """What becomes of one resource, why, and what that means for people: ``effects``, the worst first."""

    urn: str
    type: str
    name: str
    action: Action
    before: Resource | None
    after: Resource | None
    differences: tuple[Difference, ...] = ()
    effects: tuple[Effect, ...] = ()
    ignored: tuple[Difference, ...] = ()
    """What the program would change and its `ignoreChanges` keeps as the state has it: nothing happens there."""

    @property
    def consequence(self) -> Consequence:
        """The worst of its effects."""
        return self.effects[0].consequence if self.effects else Consequence.NONE

    @property
    def why(self) -> str:
        """The reasons of all its effects, the worst first."""
        return "; ".join(dict.fromkeys(effect.why for effect in self.effects if effect.why))

    @property
    def losses(self) -> tuple[Loss, ...]:
        """What is lost with it."""
        return tuple(dict.fromkeys(effect.loss for effect in self.effects if effect.loss))

    @property
    def because(self) -> tuple[str, ...]:
        """The inputs that make it a replacement."""
        return tuple(
            dict.fromkeys(
                top(difference.path) if difference.about_input else difference.path
                for difference in self.differences
                if difference.replaces
            )
        )


@dataclass(frozen=True, kw_only=True)
class Edited:
    """A place that an author edited: `app.env.RELEASE`, `compose.yaml: services.web.image`, `components/host.py`.

    ``before`` and ``after`` are masked, on one line each; "": the place is not there, or is a text of lines.
    """

    path: str
    before: str = ""
    after: str = ""


@dataclass(frozen=True, kw_only=True)
class Cause:
    """Edits that by themselves change the same resources, and the URNs of these.

    ``together``: only all of the edits at once are known to change them.
    """

    edits: tuple[Edited, ...]
    urns: frozenset[str]
    together: bool = False


@dataclass(frozen=True, kw_only=True)
class ContractBreak:
    """An output, or a part of one (`urls.app.example.com`), on which its readers can no longer rely."""

    output: str
    kind: Literal["gone", "type", "value", "secret", "plain"]
    text: str


@dataclass(frozen=True, kw_only=True)
class OutputChange:
    """What becomes of one stack output. ``differences`` are those of its leaves; a scalar's has the output's own name as path.

    ``before`` and ``after`` are masked; ``kinds`` are `text`, `number`, `yes or no`, `list`, `object` or `nothing`.
    """

    name: str
    action: Literal["added", "removed", "changed"]
    before: Any
    after: Any
    kinds: tuple[str, str]
    differences: tuple[Difference, ...] = ()

    @property
    def another_kind(self) -> bool:
        """Can whoever reads it no longer read it the same way?"""
        return self.action == "changed" and self.kinds[0] != self.kinds[1]

    @property
    def made_plain(self) -> bool:
        """Does something that was secret in it stand in plain text from now on?"""
        return any(difference.made_plain for difference in self.differences)


StackKind = Literal["provider", "stack", "project", "program", "derivation"]


@dataclass(frozen=True, kw_only=True)
class StackChange:
    """What changes for a stack as a whole, before any of its resources: reports say it first.

    ``subject`` names it for an acknowledgement: a provider's package (`aws`), a stack's or project's name.
    """

    kind: StackKind
    subject: str
    text: str
    effects: tuple[Effect, ...] = ()
    differences: tuple[Difference, ...] = ()

    @property
    def consequence(self) -> Consequence:
        """The worst of its effects."""
        return max((effect.consequence for effect in self.effects), default=Consequence.NONE)


@dataclass(frozen=True, kw_only=True)
class Version:
    """Of Drawbridge: its number, and for a submodule the commit that it is held at, otherwise ""."""

    number: str
    commit: str = ""

    def __str__(self) -> str:
        return f"{self.number} ({self.commit[:12]})" if self.commit else self.number


@dataclass(frozen=True, kw_only=True)
class ChangelogEntry:
    """What the changelog says of a version, in Markdown."""

    version: str
    text: str

    @property
    def paragraphs(self) -> tuple[str, ...]:
        """Its paragraphs on one line each, without emphasis and links; a list is one with what introduces it."""
        text = re.sub(r"\n+(?=[ \t]*[-*] )", "\n", self.text)
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text.replace("**", ""))
        found = [re.sub(r"\s*\n\s*[-*] ", " · ", part) for part in re.split(r"\n\s*\n", text)]
        return tuple(" ".join(part.split()) for part in found if part.strip())


@dataclass(frozen=True, kw_only=True)
class Upgrade:
    """Another version of Drawbridge than before, with what the changelog says of those between, the newest first.

    ``entries`` is empty where both have the same number; where the later number is the lower one, they are what is undone.
    """

    before: Version
    after: Version
    entries: tuple[ChangelogEntry, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of the two versions compared. What is not known, or not there, is "".

    ``ref``: what was asked for, or `working tree`. ``date`` is the commit's. ``file`` is the stack file as seen from the
    project, "" where the version has none. ``version`` is that of the program.
    """

    ref: str
    commit: str = ""
    date: str = ""
    file: str = ""
    stack: str = ""
    version: str = ""

    def __str__(self) -> str:
        """`main (0123456789ab of 2026-11-27), Pulumi.prod.yaml, stack prod, Drawbridge 1.2.0`."""
        return ", ".join(filter(None, dict.fromkeys([self.point, self.about])))

    @property
    def point(self) -> str:
        """`main (0123456789ab of 2026-11-27)`."""
        of = f" of {self.date[:10]}" if self.date else ""
        return f"{self.ref} ({self.commit[:12]}{of})" if self.commit else self.ref

    @property
    def about(self) -> str:
        """`Pulumi.prod.yaml, stack prod, Drawbridge 1.2.0`; of another file compared, its name is the ref already."""
        parts = [
            self.file if self.file != self.ref else "",
            "" if self.file or self.stack else "no such stack file",
            f"stack {self.stack}" if self.stack else "",
            f"Drawbridge {self.version}" if self.version else "",
        ]
        return ", ".join(filter(None, parts))


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Every resource of both versions, in the order of the later one, what is deleted at the end.

    ``errors`` are those of an engine's plan that ended early: what came after them is not known.
    ``causes`` is empty where the earlier version cannot be asked what an edit would do alone.
    ``posture`` is None where nobody judged it; ``contract`` is what breaks for those who read the stack's outputs.
    ``sides`` say what is compared with what.
    """

    before: Evaluation
    after: Evaluation
    changes: tuple[Change, ...]
    exposures: tuple[Exposure, ...]
    errors: tuple[str, ...] = ()
    causes: tuple[Cause, ...] = ()
    upgrade: Upgrade | None = None
    stack_changes: tuple[StackChange, ...] = ()
    outputs: tuple[OutputChange, ...] = ()
    posture: PostureChange | None = None
    contract: tuple[ContractBreak, ...] = ()
    sides: tuple[Side, Side] | None = None

    @property
    def changed(self) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.action != "unchanged")

    @property
    def consequence(self) -> Consequence:
        """The worst of all changes, those of the stack as a whole among them."""
        found = [c.consequence for c in self.changes] + [c.consequence for c in self.stack_changes]
        return max(found, default=Consequence.NONE)

    def count(self) -> dict[str, int]:
        """How many resources have each action, in the order of `Action`."""
        actions = [change.action for change in self.changes]
        return {action: actions.count(action) for action in Action.__args__ if action in actions}  # type: ignore[attr-defined]
