"""What every report says of a comparison, in one wording."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from preview.analysis.gate import Gate
from preview.changes import Comparison, Consequence, Difference
from preview.report.groups import Group, title
from preview.report.tables import Row, Table, listed, short

HEADLINES: dict[Consequence, tuple[str, str]] = {
    Consequence.NONE: ("good", "Nothing that runs changes"),
    Consequence.IN_PLACE: ("good", "Changes in place, without downtime"),
    Consequence.ROLLING: ("good", "A rolling release, without downtime"),
    Consequence.AT_RISK: ("warn", "Data is less protected"),
    Consequence.REFUSED: ("warn", "The cloud refuses this change"),
    Consequence.DOWNTIME: ("bad", "Downtime"),
    Consequence.UNKNOWN: ("odd", "Not known what this does"),
    Consequence.DATA_LOSS: ("bad", "Data loss"),
}
SIGNS = {"created": "+", "updated": "~", "rolling": "↻", "replaced": "±", "deleted": "−", "unknown": "?"}

EDITS, REASONS = 4, 2
"""How many edits and reasons a row names before it counts the rest."""


def closed(gate: Gate) -> Table:
    rows = tuple(Row((found.ground, found.text, found.acknowledgement), "bad") for found in gate.closed_by)
    return Table("The gate is closed", ("ground", "what", "to let it pass"), rows, frozenset({2}))


def whole(comparison: Comparison, gate: Gate) -> Table:
    """What changes for the stack as a whole, without what the gate's own tables tell of."""
    at_the_gate = {found.subject for found in gate.closed_by + gate.acknowledged}
    rows = [
        Row((change.subject, change.consequence.label, change.text), HEADLINES[change.consequence][0])
        for change in sorted(comparison.stack_changes, key=lambda change: -change.consequence)
        if change.subject not in at_the_gate
    ]
    return Table("The stack as a whole", ("what", "consequence", "why"), tuple(rows), frozenset({0}))


def outputs(comparison: Comparison) -> Table:
    """Every output that comes, goes or has another value."""
    rows = [
        Row((change.name, change.action, short(change.before), short(change.after)))
        for change in comparison.outputs
    ]
    return Table(
        "Outputs that change", ("output", "action", "before", "after"), tuple(rows), frozenset({0, 2, 3})
    )


def acknowledged(gate: Gate) -> Table:
    rows = [Row((found.ground, found.text, found.reason or "")) for found in gate.acknowledged]
    return Table("Acknowledged in the stack file", ("ground", "what", "reason"), tuple(rows))


def gate_warnings(gate: Gate) -> Table:
    return Table(
        "Acknowledgements to correct", ("warning",), tuple(Row((warning,)) for warning in gate.warnings)
    )


def opened(comparison: Comparison, gate: Gate) -> Table:
    """The exposures, without those that the gate's own tables tell of."""
    at_the_gate = {found.text for found in gate.closed_by + gate.acknowledged if found.ground == "exposure"}
    rows = tuple(
        Row((item.kind, item.text), "warn") for item in comparison.exposures if item.text not in at_the_gate
    )
    return Table(f"What {'else ' if at_the_gate else ''}becomes more open", ("kind", "what"), rows)


def contract(comparison: Comparison, gate: Gate) -> Table:
    """What breaks for the readers of outputs, without what the gate's own tables tell of."""
    at_the_gate = {found.text for found in gate.closed_by + gate.acknowledged if found.ground == "contract"}
    rows = tuple(
        Row((item.output, item.text), "warn") for item in comparison.contract if item.text not in at_the_gate
    )
    return Table("What breaks for readers of the outputs", ("output", "what"), rows, frozenset({0}))


def errors(comparison: Comparison) -> Table:
    """Of the engine, whose plan ended with them: what would have come after is not known."""
    return Table(
        "The engine's preview failed", ("error",), tuple(Row((error,), "bad") for error in comparison.errors)
    )


def group_title(group: Group) -> str:
    """The edits of a group on one line each."""
    if not group.edits:
        return "Not known what caused these"
    return "\n".join(map(title, group.edits))


def causes(groups: Sequence[Group]) -> Table:
    """A row an edit (or edits that change the same), the worst first: what it means and how many resources it touches."""
    rows = []
    for group in groups:
        edits = [title(edit) for edit in group.edits] or ["not known"]
        shown = "; ".join(
            [*edits[:EDITS], *([f"{len(edits) - EDITS:,} more edits"] if len(edits) > EDITS else [])]
        )
        if group.together:
            shown = f"together: {shown}"
        why = group.why() if group.consequence > Consequence.NONE else []
        means = "; ".join([*why[:REASONS], *([f"{len(why) - REASONS:,} more"] if len(why) > REASONS else [])])
        cells = (
            shown,
            f"{group.consequence.label}: {means}" if means else group.consequence.label,
            counted(group),
        )
        rows.append(Row(cells, HEADLINES[group.consequence][0]))
    return Table("What causes what", ("edit", "what it means", "resources"), tuple(rows), frozenset({0}))


def upgrade(comparison: Comparison) -> Table:
    """What the changelog says of the versions of Drawbridge that lie between; one row at least where it is another one."""
    found = comparison.upgrade
    if not found:
        return Table("Drawbridge", (), ())
    rows = [Row((entry.version, text)) for entry in found.entries for text in entry.paragraphs]
    rows = rows or [Row((found.after.number, "Its changelog says nothing of what lies between."))]
    return Table(
        f"Drawbridge: {found.before} → {found.after}", ("version", "what its changelog says"), tuple(rows)
    )


def counted(group: Group) -> str:
    """`2 created, 1 updated, 3 that follow`."""
    actions = [change.action for change in (*group.changes, *group.elsewhere)]
    parts = [f"{actions.count(action)} {action}" for action in SIGNS if action in actions]
    return listed([*parts, *([f"{len(group.follow)} that follow"] if group.follow else [])]) or "none"


def value(given: Any) -> str:
    """A leaf on one line."""
    if given is None:
        return "none"
    return given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)


def diff(difference: Difference) -> list[str]:
    """A difference as the lines of a unified diff."""
    if difference.lines:
        return list(difference.lines)
    sides = [("-", difference.before), ("+", difference.after)]
    return [f"{sign} {value(side)}" for sign, side in sides if side is not None]
