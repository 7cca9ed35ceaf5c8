"""The posture of a stack: which rules its resources break, and which of that was accepted, and why."""

from __future__ import annotations

import contextlib
import datetime
import fnmatch
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from model.settings import Suppression
from preview.changes import Comparison
from preview.findings import SEVERITIES, Posture, PostureFinding, Rule
from preview.posture.program import Program
from preview.posture.rules import BY_ID, CHECKS, RULES
from preview.resources import Evaluation, Resource


def evaluate_posture(evaluation: Evaluation, today: datetime.date | None = None) -> Posture:
    """The posture of an evaluated program, with the suppressions of its own stack file."""
    return evaluate_resources(
        evaluation.resources, suppressions(evaluation.config), today, outputs=evaluation.raw_outputs
    )


def of(evaluation: Evaluation, comparison: Comparison | None) -> Posture:
    """The posture of the later version, which a comparison has judged already."""
    known = comparison.posture if comparison else None
    return known.after if known else evaluate_posture(evaluation)


def suppressions(config: Any) -> tuple[Suppression, ...]:
    """Those of a stack file's plain configuration (`drawbridge:suppress`, JSON text). The program has checked them before.

    What an earlier version of the program took and this one does not know, such as a rule that is no more, suppresses nothing.
    """
    found = []
    for item in json.loads(config.get("drawbridge:suppress") or "[]"):
        with contextlib.suppress(ValidationError):
            found.append(Suppression.model_validate(item))
    return tuple(found)


def evaluate_resources(
    resources: Iterable[Resource],
    accepted: Sequence[Suppression] = (),
    today: datetime.date | None = None,
    rules: Iterable[Rule] = RULES,
    outputs: Mapping[str, Any] | None = None,
) -> Posture:
    """The same for any sequence of resources, whoever made them: an evaluation, the engine's plan, the policy pack.

    Where ids are known instead of placeholders, the caller writes them as `«NAME.id»`. ``today`` decides which
    suppressions are over; by default the machine's clock.
    """
    day = today or datetime.date.today()
    used: set[int] = set()
    program = Program(resources, outputs)
    findings: list[PostureFinding] = []
    for rule in rules:
        for resource, detail in dict.fromkeys(CHECKS[rule.id](program)):
            reason = ""
            for index, item in enumerate(accepted):
                if item.rule == rule.id and fnmatch.fnmatchcase(resource, item.resource):
                    used.add(index)
                    if item.until is None or day <= item.until:
                        reason = reason or item.reason
            findings.append(PostureFinding(rule=rule, resource=resource, detail=detail, accepted=reason))
    notes = []
    for index, item in enumerate(accepted):
        place = f"suppress/{index}: {item.rule} for {item.resource}"
        if index not in used:
            notes.append(
                f"{place} matches no resource with such a finding; remove it, or fix the resource's name"
            )
        elif item.until is not None and day > item.until:
            notes.append(f"{place} ended on {item.until}; fix what it covered, or decide again")
    order = {severity: position for position, severity in enumerate(SEVERITIES)}
    findings.sort(key=lambda f: (order[f.rule.severity], list(BY_ID).index(f.rule.id), f.resource, f.detail))
    return Posture(findings=tuple(findings), notes=tuple(notes))


def to_data(posture: Posture) -> dict[str, Any]:
    """For the JSON report: counts of open findings, every finding with its rule's texts, and notes on the suppressions."""
    return {
        "counts": posture.counts(),
        "findings": [finding_data(finding) for finding in posture.findings],
        "notes": list(posture.notes),
    }


def finding_data(finding: PostureFinding) -> dict[str, Any]:
    rule = finding.rule
    return {
        "rule": rule.id,
        "severity": rule.severity,
        "title": rule.title,
        "resource": finding.resource,
        "detail": finding.detail,
        "why": rule.why,
        "fix": rule.fix,
        "cure": rule.fix,  # the name of `fix` until version 1 of the report ends
        "accepted": finding.accepted or None,
    }
