"""What the posture finds, as plain data: rules, findings, and what a change brings and takes of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["critical", "high", "medium", "low", "info"]
SEVERITIES: tuple[Severity, ...] = ("critical", "high", "medium", "low", "info")
"""From the worst. The policy pack refuses the first two and reports the others."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """``id`` is what a suppression names; ``title`` is the violation, ``promise`` what holds while nothing breaks the rule."""

    id: str
    severity: Severity
    title: str
    promise: str
    why: str
    fix: str


@dataclass(frozen=True, kw_only=True)
class PostureFinding:
    """One resource that breaks one rule. ``accepted`` is the reason of the suppression that fits it, or ""."""

    rule: Rule
    resource: str
    detail: str
    accepted: str = ""

    @property
    def open(self) -> bool:
        return not self.accepted

    @property
    def subject(self) -> str:
        """Its name in an acknowledgement."""
        return f"{self.rule.id}/{self.resource}"

    @property
    def text(self) -> str:
        return f"{self.resource}: {self.rule.title[:1].lower()}{self.rule.title[1:]}: {self.detail}"


@dataclass(frozen=True, kw_only=True)
class Posture:
    """Findings from the worst, and what is wrong with the suppressions themselves."""

    findings: tuple[PostureFinding, ...]
    notes: tuple[str, ...] = ()

    @property
    def open(self) -> tuple[PostureFinding, ...]:
        return tuple(finding for finding in self.findings if finding.open)

    @property
    def accepted(self) -> tuple[PostureFinding, ...]:
        return tuple(finding for finding in self.findings if not finding.open)

    def counts(self) -> dict[Severity, int]:
        """Open findings by severity, all severities named."""
        return count(self.open)


@dataclass(frozen=True, kw_only=True)
class PostureChange:
    """The posture of both versions by the same rules.

    ``brought`` are open now and were not open before; ``taken`` were open and are gone. ``hidden`` are accepted now and
    were not before: a suppression covers something new. A finding of a resource that only has another name is none of these.
    """

    before: Posture
    after: Posture
    brought: tuple[PostureFinding, ...] = ()
    taken: tuple[PostureFinding, ...] = ()
    hidden: tuple[PostureFinding, ...] = ()


def count(findings: tuple[PostureFinding, ...]) -> dict[Severity, int]:
    return {severity: sum(f.rule.severity == severity for f in findings) for severity in SEVERITIES}


def at_least(severity: Severity, least: Severity) -> bool:
    """Whether a severity is as bad as ``least`` or worse."""
    return SEVERITIES.index(severity) <= SEVERITIES.index(least)
