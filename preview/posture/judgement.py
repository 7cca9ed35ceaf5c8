"""The posture of a stack: which rules of `model.posture` its resources break, and which of that was accepted, and why."""

from __future__ import annotations

import datetime
import fnmatch
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from model.posture import BY_ID, RULES, SEVERITIES, Rule, Severity
from model.settings import Suppression
from preview.posture.checks import CHECKS, Program
from preview.resources import Evaluation, Resource


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One resource that breaks one rule. ``accepted`` is the reason of the suppression that fits it, or ""."""

    rule: Rule
    resource: str
    detail: str
    accepted: str = ""

    @property
    def open(self) -> bool:
        return not self.accepted


@dataclass(frozen=True, kw_only=True)
class Posture:
    """Findings from the gravest, and what is wrong with the suppressions themselves."""

    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = field(default=())

    @property
    def open(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.open)

    @property
    def accepted(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if not finding.open)

    def counts(self) -> dict[Severity, int]:
        """Open findings by severity, all severities named."""
        return {severity: sum(f.rule.severity == severity for f in self.open) for severity in SEVERITIES}


def judge(evaluation: Evaluation, today: datetime.date | None = None) -> Posture:
    """The posture of an evaluated program, with the suppressions of its own stack file."""
    return judge_resources(evaluation.resources, suppressions(evaluation.config), today)


def suppressions(config: Any) -> tuple[Suppression, ...]:
    """Those of a stack file's plain configuration (`drawbridge:suppress`, JSON text). The program has checked them before."""
    given = json.loads(config.get("drawbridge:suppress", "[]"))
    return tuple(Suppression.model_validate(item) for item in given)


def judge_resources(
    resources: Iterable[Resource],
    accepted: Sequence[Suppression] = (),
    today: datetime.date | None = None,
    rules: Iterable[Rule] = RULES,
) -> Posture:
    """The same for any sequence of resources, whoever made them: an evaluation, the engine's plan, the policy pack.

    Where ids are known instead of placeholders, the caller writes them as `«NAME.id»`. ``today`` decides which
    suppressions are over; by default the machine's clock.
    """
    day = today or datetime.date.today()
    used: set[int] = set()
    program = Program(resources)
    findings: list[Finding] = []
    for rule in rules:
        for resource, detail in dict.fromkeys(CHECKS[rule.id](program)):
            reason = ""
            for index, item in enumerate(accepted):
                if item.rule == rule.id and fnmatch.fnmatchcase(resource, item.resource):
                    used.add(index)
                    if item.until is None or day <= item.until:
                        reason = reason or item.reason
            findings.append(Finding(rule=rule, resource=resource, detail=detail, accepted=reason))
    notes = []
    for index, item in enumerate(accepted):
        place = f"suppress/{index}: {item.rule} for {item.resource}"
        if index not in used:
            notes.append(
                f"{place} fits nothing that this stack has; remove it, or correct the resource's name"
            )
        elif item.until is not None and day > item.until:
            notes.append(f"{place} ended on {item.until}; cure what it covered, or decide anew")
    order = {severity: position for position, severity in enumerate(SEVERITIES)}
    findings.sort(key=lambda f: (order[f.rule.severity], list(BY_ID).index(f.rule.id), f.resource, f.detail))
    return Posture(findings=tuple(findings), notes=tuple(notes))


def to_data(posture: Posture) -> dict[str, Any]:
    """For the JSON report: counts of open findings, every finding with its rule's words, and notes on the suppressions."""
    return {
        "counts": posture.counts(),
        "findings": [
            {
                "rule": f.rule.id,
                "severity": f.rule.severity,
                "title": f.rule.title,
                "resource": f.resource,
                "detail": f.detail,
                "why": f.rule.why,
                "cure": f.rule.cure,
                "accepted": f.accepted or None,
            }
            for f in posture.findings
        ],
        "notes": list(posture.notes),
    }
