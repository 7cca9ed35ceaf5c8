"""What the posture finds, as tables and sentences."""

from __future__ import annotations

from preview.findings import Posture, PostureChange
from preview.report.tables import Row, Table

BESIDE = ("other-entrance", "inbound-cidr", "database-public")
"""Rules that are broken by what answers from outside beside the tunnel."""
_SEVERITIES = {"critical": "bad", "high": "bad", "medium": "warn", "low": "odd"}


def posture(found: Posture, full: bool = False) -> Table:
    """Open findings from the worst, then what was accepted with its reason; ``full``: with why it matters and the fix."""
    rows = []
    for item in [*found.open, *found.accepted]:
        what = item.detail if item.open else f"{item.detail}. Accepted: {item.accepted}"
        severity, tone = (
            (item.rule.severity, _SEVERITIES.get(item.rule.severity, ""))
            if item.open
            else ("accepted", "closed")
        )
        if full:
            rows.append(
                Row((item.rule.id, severity, item.resource, what, item.rule.why, item.rule.fix), tone)
            )
        else:
            rows.append(Row((severity, item.rule.id, item.resource, what), tone))
    if full:
        return Table(
            "Posture", ("rule", "severity", "resource", "what", "why", "fix"), tuple(rows), frozenset({0, 2})
        )
    return Table("Posture", ("severity", "rule", "resource", "what"), tuple(rows), frozenset({1, 2}))


def posture_notes(found: Posture) -> Table:
    return Table("Suppressions to correct", ("note",), tuple(Row((note,), "warn") for note in found.notes))


def posture_counts(found: Posture) -> str:
    return f"{', '.join(f'{number} {severity}' for severity, number in found.counts().items())}; {len(found.accepted)} accepted"


def posture_changes(found: PostureChange | None) -> Table:
    """What a change brings and ends of the posture, and what a suppression now covers."""
    rows: list[Row] = []
    parts = (("new", found.brought), ("accepted", found.hidden), ("ended", found.taken)) if found else ()
    for what, items in parts:
        for item in items:
            tone = {"new": _SEVERITIES.get(item.rule.severity, ""), "ended": "good"}.get(what, "warn")
            text = f"{item.rule.title}: {item.detail}"
            text += f". Accepted: {item.accepted}" if item.accepted else ""
            rows.append(Row((what, item.rule.severity, item.rule.id, item.resource, text), tone))
    columns = ("change", "severity", "rule", "resource", "what")
    return Table("What changes in the posture", columns, tuple(rows), frozenset({2, 3}))


def beside(found: Posture) -> list[str]:
    """The resources that answer from outside beside the tunnel, accepted or not."""
    return [*dict.fromkeys(item.resource for item in found.findings if item.rule.id in BESIDE)]
