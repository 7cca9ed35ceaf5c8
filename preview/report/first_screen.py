"""What a reader of a comparison decides by, before any table: the verdict, what happens, what caused it, what to do."""

from __future__ import annotations

from dataclasses import dataclass

from preview.analysis.gate import Gate
from preview.changes import Comparison, Consequence, Edited
from preview.report import cost_tables, posture_tables, tables
from preview.report.headline import Headline, headline
from preview.report.report import Report
from preview.report.tables import count

WHY, EDITS = 2, 3
"""How many sentences and edits it has before it counts the rest."""


@dataclass(frozen=True, kw_only=True)
class FirstScreen:
    """``state`` is the decision in two words or three; ``also`` is what the change does besides ``title``.

    ``edits`` are those of the group with the worst consequence first; ``more_edits`` is how many it leaves out.
    ``compared`` is what is compared with what.
    """

    tone: str
    state: str
    title: str
    also: tuple[str, ...]
    why: tuple[str, ...]
    edits: tuple[Edited, ...]
    more_edits: int
    to_do: str
    counts: str
    compared: tuple[str, ...]


def first_screen(report: Report) -> FirstScreen:
    """Of a report on a comparison."""
    assert report.compared
    comparison, gate = report.compared
    said = headline(comparison, gate)
    edits = [edit for group in report.groups for edit in group.edits]
    edits = [*dict.fromkeys(edits)]
    why = said.why if comparison.consequence > Consequence.NONE or said.tone != "good" else ()
    return FirstScreen(
        tone=said.tone,
        state=_state(comparison, gate, said),
        title=said.parts[0],
        also=said.parts[1:],
        why=(*why[:WHY], *([f"{len(why) - WHY:,} more, below"] if len(why) > WHY else [])),
        edits=tuple(edits[:EDITS]),
        more_edits=max(len(edits) - EDITS, 0),
        to_do=_to_do(comparison, gate, said),
        counts=said.counts,
        compared=compared(comparison),
    )


def _state(comparison: Comparison, gate: Gate, said: Headline) -> str:
    if comparison.errors:
        return "Stop: the preview failed"
    if gate.closed:
        return "Stop: the gate is closed"
    if said.tone != "good":
        return "Decide: acknowledged" if gate.acknowledged else "Decide: read this first"
    return (
        "Go ahead"
        if comparison.changed or comparison.stack_changes or comparison.outputs
        else "Nothing to do"
    )


def _to_do(comparison: Comparison, gate: Gate, said: Headline) -> str:
    if comparison.errors or any(found.final for found in gate.closed_by):
        return "Mend the error below and preview again. What would have come after it is not known."
    file = comparison.sides[1].file if comparison.sides else ""
    if gate.closed:
        of = f" of `{file}`" if file else ""
        lost = (
            " Once deployed, undoing the edit brings no data back."
            if comparison.consequence == Consequence.DATA_LOSS
            else ""
        )
        lines = (
            "Or, if the line below is meant, write its entry"
            if len(gate.closed_by) == 1
            else f"Or, if each of the {len(gate.closed_by)} lines below is meant, write its entry"
        )
        return f"Undo the edit. {lines} into `drawbridge:acknowledge`{of}, with a reason.{lost}"
    if said.tone != "good":
        if gate.acknowledged:
            return f"{count(len(gate.acknowledged), 'change')} acknowledged, with reasons, in the stack file: see below."
        return "Deploy it only if all of this is meant."
    if len(said.parts) > 1 or not comparison.changed:
        return ""
    return "Nothing. No downtime, no data lost, nothing opened."


def compared(comparison: Comparison) -> tuple[str, ...]:
    """`main (0123456789ab of 2026-11-27)`, the same of the other side, and what both have: file, stack, version."""
    if not comparison.sides:
        return ()
    before, after = comparison.sides
    if before.about != after.about:
        return str(before), str(after)
    return before.point, after.point, after.about


def about(report: Report) -> str:
    """What of the stack can be reached by whom, and what it costs."""
    reach = tables.summary(report.evaluation, posture_tables.beside(report.posture))
    return f"{reach} {cost_tables.cost_short(report.cost, report.cost_change)}"
