"""The report in SARIF 2.1.0, for code scanning: https://docs.oasis-open.org/sarif/sarif/v2.1.0/

Without a comparison it has every posture finding. With one it has what the change brings: posture findings, exposures, and
all that the gate may close on. What a stack file acknowledges or suppresses is there as a suppressed result with its reason.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from model.settings import Ground
from preview.analysis import gate
from preview.changes import Comparison, Edited, Exposure
from preview.findings import PostureFinding, Severity
from preview.report.report import Report

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS: dict[Severity, str] = {"critical": "error", "high": "error", "medium": "warning"}
# GitHub's bands of `security-severity`: critical above 9.0, high from 7.0, medium from 4.0, low below.
_SCORES: dict[Severity, str] = {
    "critical": "9.5",
    "high": "8.0",
    "medium": "5.5",
    "low": "2.0",
    "info": "0.5",
}
_GROUNDS: dict[Ground, tuple[str, str, Severity]] = {
    "replace": ("A resource is replaced", "What it is known by (address, id) changes.", "medium"),
    "downtime": ("Downtime", "Users are refused, or wait, while the change is made.", "high"),
    "data-loss": ("Data loss", "Data is deleted, or what guarded it goes.", "critical"),
    "refused": ("The cloud refuses the change", "`pulumi up` stops half way.", "high"),
    "contract": (
        "An output breaks for its readers",
        "Others rely on outputs: their programs fail.",
        "medium",
    ),
    "unknown": ("Not known what a change does", "It may be any of the other grounds.", "high"),
}
_EXPOSED = (
    "Something becomes open to more people or machines",
    "What was closed to somebody can be reached, read or used by them from now on.",
)
_HELP = (
    "Undo the edit that causes it, or acknowledge it in the stack file with the entry that the gate prints."
)


@dataclass(frozen=True, kw_only=True)
class _Rule:
    id: str
    title: str
    why: str
    fix: str
    severity: Severity


@dataclass(frozen=True, kw_only=True)
class _Result:
    """``name`` is a resource's, or a place such as app.example.com/admin; ``accepted`` the reason of who lets it pass."""

    rule: _Rule
    name: str
    subject: str
    text: str
    accepted: str = ""


def to_sarif(report: Report) -> str:
    """The same bytes for the same input."""
    results = list(_results(report))
    rules = list({result.rule.id: result.rule for result in results}.values())
    index = {rule.id: number for number, rule in enumerate(rules)}
    where = _Where(report)
    driver: dict[str, Any] = {
        "name": "Drawbridge",
        "rules": [_rule(rule) for rule in rules],
    }
    if report.comparison and report.comparison.sides and report.comparison.sides[1].version:
        driver["version"] = report.comparison.sides[1].version
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"drawbridge/{report.evaluation.stack}/"},
        "columnKind": "unicodeCodePoints",
        "results": [_result(result, index[result.rule.id], where) for result in results],
    }
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _results(report: Report) -> Iterator[_Result]:
    if not report.compared:
        yield from (_posture(finding) for finding in report.posture.findings)
        return
    comparison, judged = report.compared
    reasons = {(item.ground, item.subject): item.reason or "" for item in judged.acknowledged}
    for found in gate.findings(comparison):
        if found.ground in _GROUNDS:
            title, why, severity = _GROUNDS[found.ground]
            rule = _Rule(id=f"change/{found.ground}", title=title, why=why, fix=_HELP, severity=severity)
            accepted = reasons.get((found.ground, found.subject), "")
            yield _Result(
                rule=rule, name=found.subject, subject=found.subject, text=found.text, accepted=accepted
            )
    for error in comparison.errors:
        title, why, severity = _GROUNDS["unknown"]
        rule = _Rule(id="change/unknown", title=title, why=why, fix=_HELP, severity=severity)
        yield _Result(
            rule=rule, name="", subject="the engine's preview", text=f"the engine's preview failed: {error}"
        )
    for exposure in comparison.exposures:
        yield _exposure(exposure, reasons.get(("exposure", exposure.subject), ""))
    if comparison.posture:
        for finding in (*comparison.posture.brought, *comparison.posture.hidden):
            yield _posture(finding, reasons.get(("posture", finding.subject), ""))


def _posture(finding: PostureFinding, acknowledged: str = "") -> _Result:
    given = finding.rule
    rule = _Rule(
        id=f"posture/{given.id}", title=given.title, why=given.why, fix=given.fix, severity=given.severity
    )
    return _Result(
        rule=rule,
        name=finding.resource,
        subject=f"{finding.resource}: {finding.detail}",
        text=finding.text,
        accepted=finding.accepted or acknowledged,
    )


def _exposure(exposure: Exposure, acknowledged: str) -> _Result:
    title, why = _EXPOSED
    rule = _Rule(
        id=f"exposure/{exposure.kind.replace(' ', '-')}",
        title=f"{title}: {exposure.kind}",
        why=why,
        fix=_HELP,
        severity="high",
    )
    return _Result(
        rule=rule,
        name=exposure.subject,
        subject=exposure.subject,
        text=exposure.text,
        accepted=acknowledged,
    )


def _rule(rule: _Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "name": rule.id.replace("/", "-"),
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why},
        "help": {"text": f"{rule.why}\n\nFix: {rule.fix}", "markdown": f"{rule.why}\n\n**Fix:** {rule.fix}"},
        "defaultConfiguration": {"level": _LEVELS.get(rule.severity, "note")},
        "properties": {
            "security-severity": _SCORES[rule.severity],
            "precision": "high",
            "tags": ["security", rule.id.partition("/")[0]],
        },
    }


def _result(result: _Result, index: int, where: _Where) -> dict[str, Any]:
    file, line = where(result.name)
    location: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(file), "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": line},
        }
    }
    if result.name:
        location["logicalLocations"] = [{"name": result.name, "kind": "resource"}]
    data: dict[str, Any] = {
        "ruleId": result.rule.id,
        "ruleIndex": index,
        "level": _LEVELS.get(result.rule.severity, "note"),
        "message": {"text": result.text},
        "locations": [location],
        # Neither the line nor the day is in it: an edit elsewhere in the file makes no new alert.
        "partialFingerprints": {"drawbridge/v1": _digest(result.rule.id, where.stack, result.subject)},
    }
    if result.accepted:
        data["suppressions"] = [{"kind": "inSource", "justification": result.accepted}]
    return data


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


class _Where:
    """The file and line of what causes a result: the edit, else the setting of its place or component, else the first line."""

    def __init__(self, report: Report) -> None:
        self.stack = f"{report.evaluation.project}/{report.evaluation.stack}"
        self._places = report.places
        self._causes = dict(_causes(report.comparison)) if report.comparison else {}
        types = {resource.urn: resource.type for resource in report.evaluation.resources}
        self._components = {
            resource.name: types.get(resource.parent, "") for resource in report.evaluation.resources
        }
        routes = json.loads(report.evaluation.config.get("drawbridge:routes") or "[]")
        self._routes: list[str] = [
            f"{route.get('hostname', '')}{route.get('path') or ''}"
            for route in routes
            if isinstance(route, dict)
        ]

    def __call__(self, name: str) -> tuple[str, int]:
        edits = self._causes.get(name, ())
        for edit in edits:
            if edit.path in self._places.lines:
                return self._places.file, self._places.lines[edit.path]
        for edit in edits:
            # `compose.yaml: services.web.image` and `components/host.py`; what is neither is a setting that is gone.
            other = edit.path.partition(": ")[0]
            if "/" in other or other.endswith((".yaml", ".yml", ".py", ".json", ".conf")):
                return "/".join(filter(None, [self._places.root, other])), 1
        for path in (*self._route(name), *_SECTIONS.get(self._components.get(name, ""), ())):
            if path in self._places.lines:
                return self._places.file, self._places.lines[path]
        return self._places.file, 1

    def _route(self, name: str) -> Iterator[str]:
        """The setting of the route that a place belongs to: the place itself, else one of its host."""
        host = name.partition("/")[0]
        bare = name.removesuffix("/*")
        same = [index for index, route in enumerate(self._routes) if route.removesuffix("/*") == bare]
        near = [index for index, route in enumerate(self._routes) if host and route.partition("/")[0] == host]
        yield from (f"routes[{index}]" for index in (*same, *near))


def _causes(comparison: Comparison) -> Iterator[tuple[str, tuple[Edited, ...]]]:
    """By the name of a changed resource: the edits that change it, first those that do so by themselves."""
    names = {change.urn: change.name for change in comparison.changes}
    found: dict[str, tuple[Edited, ...]] = {}
    for cause in sorted(comparison.causes, key=lambda cause: cause.together):
        for urn in sorted(cause.urns):
            if urn in names:
                found[names[urn]] = (*found.get(names[urn], ()), *cause.edits)
    yield from found.items()


# The settings that a component comes from, by its type.
_SECTIONS: dict[str, tuple[str, ...]] = {
    f"drawbridge:index:{noun}": settings
    for noun, settings in {
        "Access": ("access", "routes"),
        "Alerts": ("alerts",),
        "Database": ("database",),
        "Firewall": ("firewall",),
        "Host": ("host", "app"),
        "Network": ("network",),
        "Parameters": ("secretDelivery", "app.secrets", "app"),
        "Secrets": ("app.generate", "app.secrets", "app"),
        "Storage": ("app.storage", "app"),
        "Tunnel": ("routes", "tunnel"),
    }.items()
}
