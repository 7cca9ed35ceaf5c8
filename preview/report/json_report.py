"""The machine-readable report. Its form is a fixed interface: other tools read it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from preview.analysis import cost
from preview.analysis.gate import GateFinding
from preview.changes import Cause, Change, Comparison, Upgrade
from preview.findings import PostureFinding, count
from preview.posture import judgement
from preview.report.headline import headline
from preview.report.report import Report

VERSION = 1
_OPTIONS = ("protect", "ignoreChanges", "deleteBeforeReplace", "replaceOnChanges", "dependsOn")


def to_json(report: Report) -> str:
    """The same bytes for the same input; secrets as `[secret]`, unknown values as `«name.property»`."""
    evaluation = report.evaluation
    document: dict[str, Any] = {
        "version": VERSION,
        "stack": evaluation.stack,
        "resources": [
            {
                "urn": resource.urn,
                "type": resource.type,
                "name": resource.name,
                "parent": resource.parent,
                "inputs": resource.inputs,
                "options": {name: resource.options[name] for name in _OPTIONS},
            }
            for resource in evaluation.resources
        ],
        "outputs": evaluation.outputs,
        "warnings": list(evaluation.warnings),
        "posture": judgement.to_data(report.posture),
        "cost": cost.to_data(report.cost),
    }
    if report.compared:
        comparison, gate = report.compared
        summary = headline(comparison, gate)
        document["comparison"] = {
            "sides": _sides(comparison),
            "headline": {"title": summary.title, "tone": summary.tone, "counts": summary.counts},
            "consequence": comparison.consequence.label,
            "counts": comparison.count(),
            "changes": [_change(change) for change in comparison.changed],
            "causes": [_cause(cause) for cause in comparison.causes],
            "cost": cost.change_to_data(report.cost_change) if report.cost_change else None,
            "upgrade": _upgrade(comparison.upgrade) if comparison.upgrade else None,
            "errors": list(comparison.errors),
            "exposures": [
                {"kind": e.kind, "subject": e.subject, "text": e.text} for e in comparison.exposures
            ],
            "posture": _posture(comparison),
            "contract": [
                {"output": item.output, "kind": item.kind, "text": item.text} for item in comparison.contract
            ],
            "gate": {
                "closed": gate.closed,
                "closedBy": [_finding(item) for item in gate.closed_by],
                "acknowledged": [_finding(item) for item in gate.acknowledged],
                "warnings": list(gate.warnings),
            },
        }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _change(change: Change) -> dict[str, Any]:
    return {
        "urn": change.urn,
        "type": change.type,
        "name": change.name,
        "action": change.action,
        "because": list(change.because),
        "consequence": change.consequence.label,
        "why": change.why,
        "differences": [
            {
                "path": d.path,
                "before": d.before,
                "after": d.after,
                "lines": list(d.lines),
                "replaces": d.replaces,
            }
            for d in change.differences
        ],
    }


def _cause(cause: Cause) -> dict[str, Any]:
    edits = [{"path": edit.path, "before": edit.before, "after": edit.after} for edit in cause.edits]
    return {"edits": edits, "together": cause.together, "urns": sorted(cause.urns)}


def _sides(comparison: Comparison) -> dict[str, dict[str, str]] | None:
    """What is compared with what."""
    if not comparison.sides:
        return None
    return {word: asdict(side) for word, side in zip(("before", "after"), comparison.sides, strict=True)}


def _posture(comparison: Comparison) -> dict[str, Any] | None:
    """What the change brings and takes of the posture, each with its counts by severity."""
    found = comparison.posture
    if found is None:
        return None

    def several(findings: tuple[PostureFinding, ...]) -> dict[str, Any]:
        return {"counts": count(findings), "findings": [judgement.finding_data(item) for item in findings]}

    return {
        "brought": several(found.brought),
        "taken": several(found.taken),
        "newlyAccepted": several(found.hidden),
    }


def _upgrade(upgrade: Upgrade) -> dict[str, Any]:
    return {
        "before": {"version": upgrade.before.number, "commit": upgrade.before.commit},
        "after": {"version": upgrade.after.number, "commit": upgrade.after.commit},
        "changelog": [{"version": entry.version, "text": entry.text} for entry in upgrade.entries],
    }


def _finding(finding: GateFinding) -> dict[str, Any]:
    found = {"ground": finding.ground, "subject": finding.subject, "text": finding.text}
    if finding.reason:
        return found | {"reason": finding.reason}
    return found | ({"acknowledgement": finding.acknowledgement} if finding.acknowledgement else {})
