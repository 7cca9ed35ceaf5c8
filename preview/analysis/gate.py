"""The gate of a pull request: which changes fail it, and which one of them a reviewer has let pass."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import get_args

import yaml

from model.settings import Ground
from preview.analysis.rotation import rotated
from preview.changes import Comparison, Consequence, Loss
from preview.findings import SEVERITIES, Severity, at_least
from preview.resource_types.record import LOSSES

GROUNDS: tuple[Ground, ...] = get_args(Ground)
ALL = "all"
"""Short for every ground."""

_GROUND_OF: dict[Consequence, Ground] = {
    Consequence.DATA_LOSS: "data-loss",
    # What guarded data goes: a `destroy`, or the next change, may then lose it.
    Consequence.AT_RISK: "data-loss",
    Consequence.DOWNTIME: "downtime",
    Consequence.REFUSED: "refused",
    Consequence.UNKNOWN: "unknown",
}
_GRAVITY: tuple[Ground, ...] = (
    "data-loss",
    "unknown",
    "downtime",
    "exposure",
    "refused",
    "posture",
    "contract",
    "replace",
)
# What is not known may be any of these, so each of them closes on it.
_UNKNOWN_MAY_BE: tuple[Ground, ...] = ("replace", "downtime", "exposure", "data-loss", "refused", "unknown")


@dataclass(frozen=True, kw_only=True)
class GateFinding:
    """A change on which the gate may close, named by ``ground`` and ``subject``; ``reason`` is its acknowledgement's.

    ``final``: nobody can answer for it, as for a plan that ended early. ``severity`` is a posture finding's;
    ``loss`` is the worst that is lost with it.
    """

    ground: Ground
    subject: str
    text: str
    reason: str | None = None
    final: bool = False
    severity: Severity | None = None
    loss: Loss | None = None

    @property
    def gravity(self) -> tuple[int, int]:
        """For sorting, the worst first: by ground, and of data by what is lost."""
        return _GRAVITY.index(self.ground), LOSSES.index(self.loss) if self.loss else len(LOSSES)

    @property
    def closes(self) -> tuple[Ground, ...]:
        """The grounds of `--fail-on` that this finding fails."""
        return _UNKNOWN_MAY_BE if self.ground == "unknown" else (self.ground,)

    @property
    def acknowledgement(self) -> str:
        """The entry of `drawbridge:acknowledge` that would let it pass, as one line of YAML; the reason is left to write.

        "" where none would.
        """
        if self.final:
            return ""
        return f"- {{change: {self.ground}, of: {_scalar(self.subject)}, reason: …}}"


@dataclass(frozen=True, kw_only=True)
class Gate:
    """``closed_by`` fails; ``acknowledged`` would if nobody answered for it; ``warnings`` name what to remove."""

    closed_by: tuple[GateFinding, ...]
    acknowledged: tuple[GateFinding, ...]
    warnings: tuple[str, ...]

    @property
    def closed(self) -> bool:
        return bool(self.closed_by)


def grounds(text: str) -> list[Ground]:
    """The grounds of a comma-separated list such as `--fail-on` takes. Raises ValueError."""
    return _parsed(text)[0]


def severity(text: str) -> Severity:
    """From which severity on new posture findings close the gate: the last `posture=SEVERITY` of such a list."""
    return _parsed(text)[1]


def _parsed(text: str) -> tuple[list[Ground], Severity]:
    found: list[Ground] = []
    least: Severity = "high"
    for word in (part.strip() for part in text.split(",")):
        if word.startswith("posture="):
            known_severity = next((s for s in SEVERITIES if f"posture={s}" == word), None)
            if known_severity is None:
                raise ValueError(
                    f"expected posture=SEVERITY with one of {', '.join(SEVERITIES)}, found {word!r}"
                )
            least = known_severity
            found.append("posture")
            continue
        if word == ALL:
            found += GROUNDS
            continue
        known = next((ground for ground in GROUNDS if ground == word), None)
        if known is None:
            raise ValueError(f"expected one of {', '.join(GROUNDS)}, {ALL}, found {word!r}")
        found.append(known)
    return list(dict.fromkeys(found)), least


def findings(comparison: Comparison) -> Iterator[GateFinding]:
    """Everything that a gate could close on, each change under each ground that it gives."""
    for whole in comparison.stack_changes:
        grave: dict[Ground, list[str]] = {}
        for effect in whole.effects:
            if ground := _GROUND_OF.get(effect.consequence):
                grave.setdefault(ground, []).append(effect.why)
        for ground, whys in grave.items():
            said = "; ".join(filter(None, [whole.text, *whys]))
            yield GateFinding(ground=ground, subject=whole.subject, text=f"{whole.subject}: {said}")
    for change in comparison.changed:
        reasons: dict[Ground, dict[str, None]] = {}
        # A secret whose rotation was asked for is what its release says of it.
        if change.action == "replaced" and not rotated(change):
            reasons["replace"] = {change.why: None}
        for effect in change.effects:
            if ground := _GROUND_OF.get(effect.consequence):
                reasons.setdefault(ground, {})[effect.why] = None
        # That something may be replaced for reasons that are not known is what `unknown` says already.
        if "unknown" in reasons:
            reasons.pop("replace", None)
        for ground, why in reasons.items():
            yield GateFinding(
                ground=ground,
                subject=change.name,
                text=f"{change.name}: {'; '.join(filter(None, why))}",
                loss=min(change.losses, key=LOSSES.index, default=None) if ground == "data-loss" else None,
            )
    for item in comparison.exposures:
        yield GateFinding(ground="exposure", subject=item.subject, text=item.text)
    for posture in comparison.posture.brought if comparison.posture else ():
        yield GateFinding(
            ground="posture",
            subject=posture.subject,
            text=f"new {posture.rule.severity} finding: {posture.text}",
            severity=posture.rule.severity,
        )
    for broken in comparison.contract:
        yield GateFinding(ground="contract", subject=broken.output, text=broken.text)


def decide(comparison: Comparison, fail_on: Sequence[Ground], least: Severity = "high") -> Gate:
    """Every finding on a ground of ``fail_on`` closes the gate, unless an acknowledgement of this very change names it.

    A new posture finding closes it from the severity ``least`` on.
    An acknowledgement that the earlier version has too was for an earlier change: it is spent.
    """
    spent = _acknowledgements(comparison.before.config)
    given = _acknowledgements(comparison.after.config)
    fresh = {key: reason for key, reason in given.items() if key not in spent}
    closed_by: list[GateFinding] = []
    acknowledged: list[GateFinding] = []
    used: set[tuple[str, str]] = set()
    if fail_on:
        closed_by += [
            GateFinding(
                ground=fail_on[0],
                subject="the engine's preview",
                text=f"the engine's preview failed: {error}",
                final=True,
            )
            for error in comparison.errors
        ]
    for finding in sorted(findings(comparison), key=lambda found: found.gravity):
        keys = _answers(finding, fail_on, fresh)
        if keys:
            used.update(keys)
            acknowledged.append(replace(finding, reason=fresh[keys[0]]))
        elif finding.severity and not at_least(finding.severity, least):
            continue
        elif not set(finding.closes).isdisjoint(fail_on):
            closed_by.append(finding)
    return Gate(
        closed_by=tuple(closed_by),
        acknowledged=tuple(acknowledged),
        warnings=tuple(_to_correct(given, spent, used)),
    )


def _answers(
    finding: GateFinding, fail_on: Iterable[Ground], fresh: dict[tuple[str, str], str]
) -> list[tuple[str, str]]:
    """The acknowledgements that let a finding pass: its own, or one of each ground on which the unknown would close."""
    own = finding.ground, finding.subject
    if own in fresh:
        return [own]
    each: list[tuple[str, str]] = [
        (ground, finding.subject) for ground in finding.closes if ground in set(fail_on)
    ]
    return each if each and all(key in fresh for key in each) else []


def _to_correct(
    given: Iterable[tuple[str, str]], spent: Iterable[tuple[str, str]], used: set[tuple[str, str]]
) -> Iterator[str]:
    earlier = set(spent)
    for ground, subject in given:
        if (ground, subject) in earlier:
            yield f"acknowledge: {ground} of {subject} was acknowledged for an earlier change. Remove the entry."
        elif (ground, subject) not in used:
            yield (
                f"acknowledge: {ground} of {subject} matches no change in this comparison. Fix the name or remove it."
            )


def _acknowledgements(config: dict[str, str]) -> dict[tuple[str, str], str]:
    """(ground, subject) and the reason given, from `drawbridge:acknowledge`; the program has checked its form."""
    listed = json.loads(config.get("drawbridge:acknowledge") or "[]")
    return {(item["change"], item["of"]): item["reason"] for item in listed}


def _scalar(text: str) -> str:
    """A text as YAML inside `{}`: plain where every parser reads it as this text, else in double quotes.

    An `@` is written as its escape: comments on GitHub break the sign up, so that it mentions nobody.
    """
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9_./*-]*", text) and yaml.safe_load(text) == text:
        return text
    quoted = yaml.safe_dump(text, default_style='"', allow_unicode=True, width=2**30).strip()
    return quoted.replace("@", "\\x40")
