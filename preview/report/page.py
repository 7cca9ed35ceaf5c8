"""The report as one self-contained HTML page: no script, and nothing is fetched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import jinja2

from preview.analysis import cost
from preview.analysis.gate import Gate
from preview.changes import Comparison, Consequence
from preview.posture import judgement as posture
from preview.report import architecture, words
from preview.report.words import Table
from preview.resource_types import tokens
from preview.resources import Evaluation


@dataclass
class Node:
    """A resource with what lies below it."""

    name: str
    type: str
    marks: tuple[str, ...]
    children: list[Node] = field(default_factory=list)

    @property
    def size(self) -> str:
        return words.count(sum(1 for _ in self._below()), "resource")

    def _below(self) -> list[Node]:
        return [node for child in self.children for node in (child, *child._below())]


@dataclass(frozen=True)
class Part:
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


def to_html(evaluation: Evaluation, comparison: Comparison | None = None, gate: Gate | None = None) -> str:
    """The same bytes for the same input."""
    here = Path(__file__).resolve().parent
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(here),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    reach, judgement, spent = words.reach(evaluation), posture.judge(evaluation), cost.estimate(evaluation)
    parts = [
        Part("reach", "Reach", reach, "The connector's rules in their order; the first that fits answers."),
        Part("before", "Before you deploy", words.warnings(evaluation)),
        Part("edge", "Edge rules", words.edge_rules(evaluation)),
        Part(
            "network",
            "Network",
            words.groups(evaluation),
            "Every rule of every security group. What is not listed is refused.",
        ),
        Part("state", "State", words.state(evaluation)),
        Part(
            "posture", "Posture", words.posture(judgement, full=True), f"{words.posture_counts(judgement)}."
        ),
        Part("suppressions", "Suppressions", words.posture_notes(judgement)),
        Part("cost", "Cost", words.cost(spent), *_cost_notes(spent)),
        Part("outputs", "Outputs", words.outputs(evaluation)),
    ]
    parts = [part for part in parts if part.table.rows]
    judged = []
    if comparison and gate:
        judged = [
            words.errors(comparison),
            words.closed(gate),
            words.opened(comparison, gate),
            words.acknowledged(gate),
            words.gate_warnings(gate),
        ]
    sections = [("architecture", "Architecture"), *((part.id, part.name) for part in parts)]
    if comparison:
        sections.insert(0, ("changes", "Changes"))
    if evaluation.user_data:
        sections.append(("cloud-init", "cloud-init"))
    sections.append(("resources", "Resources"))
    known = architecture.facts(evaluation)
    before = cost.estimate(comparison.before) if comparison else None
    return environment.get_template("page.html.jinja").render(
        title=f"{evaluation.project} / {evaluation.stack}: preview",
        evaluation=evaluation,
        summary=f"{words.summary(evaluation)} {words.cost_short(spent, before)}",
        verdict=words.verdict(comparison, gate) if comparison and gate else None,
        judged=[data for data in judged if data.rows],
        changes=_changes(comparison) if comparison else [],
        sections=sections,
        tables=parts,
        wide=architecture.wide(known),
        narrow=architecture.narrow(known),
        description=words.picture(known.machines, reach),
        tree=_tree(evaluation),
        count=words.count,
        machines=[(name, text.splitlines()) for name, text in evaluation.user_data.items()],
        footer=words.footer(evaluation),
    )


def _cost_notes(spent: cost.Estimate) -> tuple[str, tuple[str, ...]]:
    """The sum, and what is not in it."""
    unknown = tuple(f"Unknown: {text}." for text in spent.unknown)
    return words.sentence(words.cost_sum(spent)), (*unknown, *map(words.sentence, cost.LIMITS))


_KINDS = {"+": "add", "-": "del", "@": "hunk"}


def _changes(comparison: Comparison) -> list[Changed]:
    return [
        Changed(
            change.name,
            tokens.short(change.type),
            f"{words.SIGNS[change.action]} {change.action}",
            change.consequence.words,
            change.why,
            words.HEADLINES[change.consequence][0],
            change.consequence > Consequence.ROLLING,
            tuple(
                Shown(
                    item.path,
                    item.replaces,
                    words.value(item.before),
                    words.value(item.after),
                    tuple((_KINDS.get(line[:1], "same"), line) for line in item.lines),
                )
                for item in change.differences
            ),
        )
        for change in words.ranked(comparison)
    ]


def _tree(evaluation: Evaluation) -> list[Node]:
    roots: list[Node] = []
    places: Mapping[str, Node] = {}
    places = {r.urn: Node(r.name, tokens.short(r.type), tuple(words.marks(r))) for r in evaluation.resources}
    for resource in evaluation.resources:
        parent = places.get(resource.parent)
        (parent.children if parent else roots).append(places[resource.urn])
    return roots
