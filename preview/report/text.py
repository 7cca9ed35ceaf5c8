"""The report for people: who reaches what, what may speak to what, what holds state, and the tree of all resources."""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.markup import escape as markup_escape
from rich.table import Table
from rich.tree import Tree

from model.printable import printable
from preview.changes import Change, Consequence, Difference
from preview.report import change_tables, cost_tables, posture_tables, tables
from preview.report.first_screen import first_screen
from preview.report.groups import Group, own_differences
from preview.report.headline import headline
from preview.report.report import Report
from preview.resource_types import type_names
from preview.resources import Evaluation


def escape(text: str) -> str:
    """Text that is neither rich's markup nor a terminal's control."""
    return markup_escape(printable(text, keep="\n\t"))


def to_text(report: Report, *, colour: bool = False) -> str:
    """For a terminal (`colour`) at its own width, otherwise plain text 120 wide."""
    evaluation, posture, spent = report.evaluation, report.posture, report.cost
    buffer = io.StringIO()
    width = max(shutil.get_terminal_size((120, 40)).columns, 80) if colour else 120
    console = Console(
        file=buffer,
        force_terminal=colour,
        no_color=not colour,
        width=width,
        highlight=False,
        legacy_windows=False,
    )
    console.print(f"[bold]{escape(evaluation.project)} / {escape(evaluation.stack)}[/bold]\n")
    if report.compared:
        _compared(console, report)
    for data in (tables.reach(evaluation), tables.groups(evaluation), tables.state(evaluation)):
        if data.rows:
            _print_table(console, data)
            console.print()
    if posture.findings:
        _print_table(console, posture_tables.posture(posture))
    for note in posture.notes:
        console.print(f"[yellow]{escape(note)}[/yellow]")
    console.print(
        f"{'' if posture.findings else '[bold]Posture:[/bold] '}{posture_tables.posture_counts(posture)}\n"
    )
    if spent.lines or spent.unknown:
        _print_table(console, cost_tables.cost(spent))
        for text in spent.unknown:
            console.print(f"[yellow]unknown: {escape(text)}[/yellow]")
        console.print(f"{escape(cost_tables.cost_sum(spent))}\n")
    console.print(_tree(evaluation))
    console.print("\n[bold]Outputs[/bold]")
    for row in tables.outputs(evaluation).rows:
        console.print(f"  {': '.join(map(escape, row.cells))}", overflow="ellipsis", no_wrap=True)
    if evaluation.warnings:
        console.print("\n[bold yellow]Warnings[/bold yellow]")
        for warning in evaluation.warnings:
            console.print(f"  {escape(warning)}")
    console.print(f"\n{tables.footer(evaluation)}")
    return re.sub(r" +$", "", buffer.getvalue(), flags=re.MULTILINE)


_COLOURS = {
    Consequence.NONE: "green",
    Consequence.IN_PLACE: "green",
    Consequence.ROLLING: "cyan",
    Consequence.AT_RISK: "yellow",
    Consequence.REFUSED: "yellow",
    Consequence.DOWNTIME: "red",
    Consequence.UNKNOWN: "magenta",
    Consequence.DATA_LOSS: "bold red",
}
_LINES = 60


def _compared(console: Console, report: Report) -> None:
    """The decision, and what the change does, the worst first; then each changed resource with its differences."""
    assert report.compared
    comparison, gate = report.compared
    worst, screen = comparison.consequence, first_screen(report)
    for word, side in zip(("before", "after"), comparison.sides or (), strict=False):
        console.print(f"[dim]{word + ':':8}{escape(str(side))}[/dim]", soft_wrap=True)
    summary = headline(comparison, gate)
    console.print(f"\n[bold]{escape(screen.state)}.[/bold]")
    console.print(f"[bold]{escape(summary.title)}.[/bold] {escape(summary.counts)}")
    if screen.to_do:
        console.print(f"[bold]To do:[/bold] {escape(screen.to_do)}")
    console.print()
    counts = ", ".join(f"{number} {action}" for action, number in comparison.count().items())
    console.print(
        f"[bold]Consequence:[/bold] [{_COLOURS[worst]}]{worst.label}[/]   ({counts or 'nothing there'})"
    )
    for row in change_tables.whole(comparison, gate).rows:
        console.print(f"[bold]{escape(row.cells[0])}[/bold] ({row.cells[1]}): {escape(row.cells[2])}")
    named = {found.text for found in gate.closed_by + gate.acknowledged}
    for item in [item for item in comparison.exposures if item.text not in named]:
        console.print(f"[yellow]Exposure:[/yellow] {escape(item.text)}")
    for broken in comparison.contract:
        if broken.text not in named:
            console.print(f"[yellow]Contract:[/yellow] {escape(broken.text)}")
    for row in posture_tables.posture_changes(comparison.posture).rows:
        what, severity, rule, resource, text = row.cells
        console.print(
            f"[yellow]Posture, {what}[/yellow] ({severity}, {rule}): {escape(f'{resource}: {text}')}"
        )
    for found in gate.closed_by:
        console.print(f"[bold red]Gate closed[/bold red] ({found.ground}): {escape(found.text)}")
        if found.acknowledgement:
            console.print(f"  to let it pass: {escape(found.acknowledgement)}", soft_wrap=True)
    for found in gate.acknowledged:
        console.print(
            f"[green]Acknowledged[/green] ({found.ground}): {escape(found.text)}: {escape(found.reason or '')}"
        )
    for error in comparison.errors:
        console.print(f"[bold red]The engine's preview failed:[/bold red] {escape(error)}")
    for warning in gate.warnings:
        console.print(f"[yellow]{escape(warning)}[/yellow]")
    console.print()
    if comparison.upgrade:
        _print_table(console, change_tables.upgrade(comparison))
        console.print()
    if report.groups:
        tree = Tree("[bold]Changes, by what causes them[/bold]")
        for group in report.groups:
            _cause(tree, group)
        console.print(tree)
        console.print()


def _cause(tree: Tree, group: Group) -> None:
    """The edits of a group, what they mean, and below them the resources that they change."""
    colour = _COLOURS[group.consequence]
    head = escape(change_tables.group_title(group))
    place = tree.add(f"[bold]{head}[/bold]\n[{colour}]{group.consequence.label}[/]")
    for change in group.changes:
        _branch(place, change)
    for change in group.elsewhere:
        place.add(f"[dim]{change_tables.SIGNS[change.action]} {escape(change.name)}  (above)[/dim]")
    if group.follow:
        names = ", ".join(escape(change.name) for change in group.follow)
        place.add(f"[dim]~ updated only because of these: {names}[/dim]")


def _branch(tree: Tree, change: Change) -> None:
    colour = _COLOURS[change.consequence]
    name = f"{change_tables.SIGNS[change.action]} {escape(change.name)}  [dim]{escape(type_names.short(change.type))}[/dim]"
    why = (
        change.why.removeprefix(change.action) if change.why.startswith(change.action) else f": {change.why}"
    )
    place = tree.add(f"[{colour}]{name}  {change.action}[/]{escape(why)}")
    for difference in own_differences(change):
        for line in _difference(difference):
            place.add(line)


def _difference(difference: Difference) -> Iterable[str]:
    mark = "  [red]replaces[/red]" if difference.replaces else ""
    if not difference.lines:
        yield f"{escape(difference.path)}: {escape(_short(difference.before))} → {escape(_short(difference.after))}{mark}"
        return
    styles = {"+": "green", "-": "red"}
    shown = [f"[{styles.get(line[:1], 'dim')}]{escape(line)}[/]" for line in difference.lines]
    if len(shown) > _LINES:
        shown = [
            *shown[:_LINES],
            f"[dim]… {len(shown) - _LINES} more lines (--format json has them all)[/dim]",
        ]
    yield "\n".join([f"{escape(difference.path)}{mark}", *shown])


def _short(value: Any) -> str:
    text = change_tables.value(value)
    return text if len(text) <= 160 else f"{text[:157]}…"


_TONES = {
    "open": "bold",
    "closed": "dim",
    "good": "green",
    "warn": "yellow",
    "bad": "bold red",
    "odd": "cyan",
}


def _print_table(console: Console, data: tables.Table) -> None:
    """A table whose rows say by their colour how to take them."""
    table = Table(
        title=data.title,
        title_justify="left",
        title_style="bold",
        box=None,
        pad_edge=False,
        padding=(0, 3, 0, 0),
    )
    for column in data.columns:
        table.add_column(column, overflow="fold", header_style="dim")
    for row in data.rows:
        table.add_row(*map(escape, row.cells), style=_TONES.get(row.tone, ""))
    console.print(table)


def _tree(evaluation: Evaluation) -> Tree:
    root = Tree("[bold]Resources[/bold]")
    places: dict[str, Tree] = {}
    for resource in evaluation.resources:
        label = f"{escape(resource.name)}  [dim]{escape(type_names.short(resource.type))}[/dim]"
        label += "".join(f"  [cyan]{mark}[/cyan]" for mark in tables.marks(resource))
        places[resource.urn] = places.get(resource.parent, root).add(label)
    return root
