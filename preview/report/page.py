"""The report as one self-contained HTML page: no script, and nothing is fetched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import jinja2

from preview.analysis import cost
from preview.changes import Change, Consequence, Edited
from preview.report import change_tables, cost_tables, posture_tables, tables
from preview.report.diagram.changed import of_report
from preview.report.diagram.layout import narrow, wide
from preview.report.first_screen import about, first_screen
from preview.report.groups import Group, own_differences
from preview.report.report import Report
from preview.report.tables import Table
from preview.resource_types import type_names
from preview.resources import Evaluation

FIRST = 12
"""How many rows of what a reviewer decides by stand open."""


@dataclass
class Node:
    """A resource with what lies below it."""

    name: str
    type: str
    marks: tuple[str, ...]
    children: list[Node] = field(default_factory=list)

    @property
    def size(self) -> str:
        return tables.count(sum(1 for _ in self._below()), "resource")

    def _below(self) -> list[Node]:
        return [node for child in self.children for node in (child, *child._below())]


@dataclass(frozen=True)
class TableSection:
    """A section that is one table."""

    id: str
    name: str
    table: Table
    note: str = ""
    more: tuple[str, ...] = ()


@dataclass(frozen=True)
class Shown:
    """A difference of texts by its lines, each with its kind (`add`, `del`, `hunk`, `same`); of other values by these."""

    path: str
    replaces: bool
    before: str
    after: str
    lines: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Changed:
    """A changed resource, unfolded if ``shown``."""

    name: str
    type: str
    action: str
    consequence: str
    why: str
    tone: str
    shown: bool
    differences: tuple[Shown, ...]


@dataclass(frozen=True)
class ShownGroup:
    """What some edits change, under these edits."""

    edits: tuple[Edited, ...]
    together: bool
    consequence: str
    tone: str
    counted: str
    why: tuple[str, ...]
    changes: tuple[Changed, ...]
    elsewhere: tuple[str, ...]
    follow: tuple[str, ...]


def to_html(report: Report) -> str:
    """The same bytes for the same input."""
    here = Path(__file__).resolve().parent
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(here),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    evaluation, judgement, spent = report.evaluation, report.posture, report.cost
    reach = tables.reach(evaluation)
    parts = [
        TableSection(
            "reach", "Reach", reach, "The connector's rules in their order; the first that fits answers."
        ),
        TableSection("before", "Before you deploy", tables.warnings(evaluation)),
        TableSection("edge", "Edge rules", tables.edge_rules(evaluation)),
        TableSection(
            "network",
            "Network",
            tables.groups(evaluation),
            "Every rule of every security group. What is not listed is refused.",
        ),
        TableSection("state", "State", tables.state(evaluation)),
        TableSection(
            "posture",
            "Posture",
            posture_tables.posture(judgement, full=True),
            f"{posture_tables.posture_counts(judgement)}.",
        ),
        TableSection("suppressions", "Suppressions", posture_tables.posture_notes(judgement)),
        TableSection("cost", "Cost", cost_tables.cost(spent), *_cost_notes(spent)),
        TableSection("outputs", "Outputs", tables.outputs(evaluation)),
    ]
    parts = [part for part in parts if part.table.rows]
    judged = []
    if report.compared:
        comparison, gate = report.compared
        judged = [
            change_tables.errors(comparison),
            change_tables.whole(comparison, gate),
            change_tables.closed(gate),
            change_tables.opened(comparison, gate),
            change_tables.contract(comparison, gate),
            posture_tables.posture_changes(comparison.posture),
            change_tables.acknowledged(gate),
            change_tables.gate_warnings(gate),
            change_tables.upgrade(comparison),
        ]
    sections = [("architecture", "Architecture"), *((part.id, part.name) for part in parts)]
    if report.compared:
        sections.insert(0, ("changes", "Changes"))
    if evaluation.user_data:
        sections.append(("cloud-init", "cloud-init"))
    sections.append(("resources", "Resources"))
    known = of_report(report)
    first = first_screen(report) if report.compared else None
    # What one edit does is the whole verdict, what it opens included.
    verdict = first.tone if first and len(report.groups) == 1 else ""
    return environment.get_template("page.html.jinja").render(
        title=f"{evaluation.project} / {evaluation.stack}: preview",
        evaluation=evaluation,
        summary=about(report),
        verdict=first,
        judged=[replace(data, rows=data.rows[:FIRST]) for data in judged if data.rows],
        folded=[
            replace(data, title=f"{data.title}: more", rows=data.rows[FIRST:])
            for data in judged
            if len(data.rows) > FIRST
        ]
        + _aside(report),
        groups=[_shown_group(group, verdict) for group in report.groups],
        sections=sections,
        tables=parts,
        wide=wide(known),
        narrow=narrow(known),
        description=tables.picture(known.machines, reach),
        tree=_tree(evaluation),
        count=tables.count,
        lowered=tables.lowered,
        machines=[(name, text.splitlines()) for name, text in evaluation.user_data.items()],
        footer=tables.footer(evaluation),
    )


def _aside(report: Report) -> list[Table]:
    """What a change makes of the outputs and of the cost: nothing that a reviewer decides by at first."""
    found = [change_tables.outputs(report.comparison)] if report.comparison else []
    if report.cost_change and report.cost_change.direction != "same":
        found.append(cost_tables.cost_changes(report.cost_change))
    return [data for data in found if data.rows]


def _cost_notes(spent: cost.Estimate) -> tuple[str, tuple[str, ...]]:
    """The sum, and what is not in it."""
    unknown = tuple(f"Unknown: {text}." for text in spent.unknown)
    return tables.sentence(cost_tables.cost_sum(spent)), (*unknown, *map(tables.sentence, cost.LIMITS))


_KINDS = {"+": "add", "-": "del", "@": "hunk"}


def _shown_group(group: Group, tone: str) -> ShownGroup:
    # Each of its own changes says below what it means.
    here = max((change.consequence for change in group.changes), default=Consequence.NONE)
    worst_elsewhere = group.consequence > here
    return ShownGroup(
        edits=group.edits,
        together=group.together,
        consequence=group.consequence.label,
        tone=tone or change_tables.HEADLINES[group.consequence][0],
        counted=change_tables.counted(group),
        why=tuple(group.why()[:3]) if worst_elsewhere else (),
        changes=tuple(map(_changed, group.changes)),
        elsewhere=tuple(change.name for change in group.elsewhere),
        follow=tuple(change.name for change in group.follow),
    )


def _changed(change: Change) -> Changed:
    return Changed(
        change.name,
        type_names.short(change.type),
        f"{change_tables.SIGNS[change.action]} {change.action}",
        change.consequence.label,
        change.why,
        change_tables.HEADLINES[change.consequence][0],
        change.consequence > Consequence.ROLLING,
        tuple(
            Shown(
                item.path,
                item.replaces,
                change_tables.value(item.before),
                change_tables.value(item.after),
                tuple((_KINDS.get(line[:1], "same"), line) for line in item.lines),
            )
            for item in own_differences(change)
        ),
    )


def _tree(evaluation: Evaluation) -> list[Node]:
    roots: list[Node] = []
    places: Mapping[str, Node] = {}
    places = {
        r.urn: Node(r.name, type_names.short(r.type), tuple(tables.marks(r))) for r in evaluation.resources
    }
    for resource in evaluation.resources:
        parent = places.get(resource.parent)
        (parent.children if parent else roots).append(places[resource.urn])
    return roots
