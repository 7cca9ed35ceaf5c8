"""The gate of a pull request: which changes fail it, and which one of them a reviewer has let pass."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from preview.changes import Comparison, Consequence

Ground = Literal["replace", "downtime", "exposure", "data-loss"]
GROUNDS: tuple[Ground, ...] = get_args(Ground)

_GROUND_OF: dict[Consequence, tuple[Ground, ...]] = {
    Consequence.DATA_LOSS: ("data-loss",),
    # What guarded data goes: a `destroy`, or the next change, may then lose it.
    Consequence.AT_RISK: ("data-loss",),
    Consequence.DOWNTIME: ("downtime",),
    # What is not known may be any of these.
    Consequence.UNKNOWN: ("replace", "downtime", "data-loss"),
}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A change on which the gate may close, named by ``ground`` and ``subject``; ``reason`` is its acknowledgement's."""

    ground: Ground
    subject: str
    text: str
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Gate:
    """``closed_by`` fails; ``acknowledged`` would if nobody answered for it; ``warnings`` name what to remove."""

    closed_by: tuple[Finding, ...]
    acknowledged: tuple[Finding, ...]
    warnings: tuple[str, ...]

    @property
    def closed(self) -> bool:
        return bool(self.closed_by)


def findings(comparison: Comparison) -> list[Finding]:
    """Everything that a gate could close on, each change under each ground that it gives."""
    found: list[Finding] = []
    for change in comparison.changed:
        grounds: list[Ground] = list(
            dict.fromkeys(
                ground for effect in change.effects for ground in _GROUND_OF.get(effect.consequence, ())
            )
        )
        if change.action == "replaced" and "replace" not in grounds:
            grounds.insert(0, "replace")
        found += [
            Finding(ground=ground, subject=change.name, text=f"{change.name}: {change.why}")
            for ground in grounds
        ]
    found += [
        Finding(ground="exposure", subject=item.subject, text=item.text) for item in comparison.exposures
    ]
    return found


def judge(comparison: Comparison, fail_on: Sequence[Ground]) -> Gate:
    """Every finding on a ground of ``fail_on`` closes the gate, unless an acknowledgement of this very change names it.

    An acknowledgement that the earlier version has too was for an earlier change: it is spent.
    """
    spent = _acknowledgements(comparison.before.config)
    given = _acknowledgements(comparison.after.config)
    fresh = {key: reason for key, reason in given.items() if key not in spent}
    closed_by: list[Finding] = []
    acknowledged: list[Finding] = []
    used: set[tuple[str, str]] = set()
    if fail_on:
        for error in comparison.errors:
            closed_by.append(
                Finding(
                    ground=fail_on[0],
                    subject="the engine's preview",
                    text=f"the engine's preview failed: {error}",
                )
            )
    for finding in findings(comparison):
        key = finding.ground, finding.subject
        if key in fresh:
            used.add(key)
            reason = fresh[key]
            acknowledged.append(
                Finding(ground=finding.ground, subject=finding.subject, text=finding.text, reason=reason)
            )
        elif finding.ground in fail_on:
            closed_by.append(finding)
    warnings = []
    for name in given:
        ground, subject = name
        if name in spent:
            warnings.append(
                f"acknowledge: {ground} of {subject} was acknowledged for an earlier change. Remove the entry."
            )
        elif name not in used:
            warnings.append(
                f"acknowledge: {ground} of {subject} fits nothing that this change does. Correct the name or remove it."
            )
    return Gate(closed_by=tuple(closed_by), acknowledged=tuple(acknowledged), warnings=tuple(warnings))


def _acknowledgements(config: dict[str, str]) -> dict[tuple[str, str], str]:
    """(ground, subject) and the reason given, from `drawbridge:acknowledge`; the program has checked its form."""
    listed = json.loads(config.get("drawbridge:acknowledge") or "[]")
    return {(item["change"], item["of"]): item["reason"] for item in listed}
