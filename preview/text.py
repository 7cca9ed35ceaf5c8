"""The report for people: who reaches what, what may speak to what, what holds state, and the tree of all resources."""

from __future__ import annotations

import io
import json
import re
import shutil
from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.tree import Tree

from . import tokens
from .compare import Change, Comparison, Difference
from .consequences import Consequence
from .cost import Estimate, estimate
from .evaluate import MASK, Evaluation, Resource
from .gate import Gate
from .posture import Posture, judge
from .reach import EVERYONE, NOBODY, Reach

STATEFUL = {
    tokens.DATABASE: "database",
    tokens.FILES: "files",
    tokens.TUNNEL: "the tunnel's identity",
}


def to_text(
    evaluation: Evaluation, comparison: Comparison | None = None, gate: Gate | None = None, *, colour: bool = False
) -> str:
    """For a terminal (`colour`) at its own width, otherwise plain text 120 wide."""
    buffer = io.StringIO()
    width = max(shutil.get_terminal_size((120, 40)).columns, 80) if colour else 120
    console = Console(file=buffer, force_terminal=colour, no_color=not colour, width=width, highlight=False, legacy_windows=False)
    console.print(f"[bold]{escape(evaluation.project)} / {escape(evaluation.stack)}[/bold]\n")
    if comparison and gate:
        _compared(console, comparison, gate)
    for table in (_reach(evaluation), _groups(evaluation), _state(evaluation)):
        if table.row_count:
            console.print(table)
            console.print()
    _print_posture(console, judge(evaluation))
    _print_cost(console, estimate(evaluation))
    console.print(_tree(evaluation))
    console.print("\n[bold]Outputs[/bold]")
    for name, value in evaluation.outputs.items():
        console.print(f"  {name}: {escape(_short(value))}", overflow="ellipsis", no_wrap=True)
    if evaluation.warnings:
        console.print("\n[bold yellow]Warnings[/bold yellow]")
        for warning in evaluation.warnings:
            console.print(f"  {escape(warning)}")
    count = len(evaluation.resources)
    console.print(f"\n{count} resources, {len(evaluation.warnings)} warnings. No cloud was asked.")
    return re.sub(r" +$", "", buffer.getvalue(), flags=re.MULTILINE)


_COLOURS = {
    Consequence.NONE: "green", Consequence.IN_PLACE: "green", Consequence.ROLLING: "cyan", Consequence.REFUSED: "yellow",
    Consequence.DOWNTIME: "red", Consequence.UNKNOWN: "magenta", Consequence.DATA_LOSS: "bold red",
}  # fmt: skip
_SIGNS = {"created": "+", "updated": "~", "rolling": "↻", "replaced": "±", "deleted": "-", "unknown": "?"}
_LINES = 60


def _compared(console: Console, comparison: Comparison, gate: Gate) -> None:
    """What the change does, the worst first; then each changed resource with its differences."""
    worst = comparison.consequence
    counts = ", ".join(f"{number} {action}" for action, number in comparison.count().items())
    console.print(f"[bold]Consequence:[/bold] [{_COLOURS[worst]}]{worst.words}[/]   ({counts or 'nothing there'})")
    named = {found.text for found in gate.closed_by + gate.acknowledged}
    for item in [item for item in comparison.exposures if item.text not in named]:
        console.print(f"[yellow]Exposure:[/yellow] {escape(item.text)}")
    for found in gate.closed_by:
        console.print(f"[bold red]Gate closed[/bold red] ({found.ground}): {escape(found.text)}")
    for found in gate.acknowledged:
        console.print(f"[green]Acknowledged[/green] ({found.ground}): {escape(found.text)}: {escape(found.reason or '')}")
    for error in comparison.errors:
        console.print(f"[bold red]The engine's preview failed:[/bold red] {escape(error)}")
    for warning in gate.warnings:
        console.print(f"[yellow]{escape(warning)}[/yellow]")
    console.print()
    if comparison.changed:
        tree = Tree("[bold]Changes[/bold]")
        for change in sorted(comparison.changed, key=lambda c: -c.consequence):
            _branch(tree, change)
        console.print(tree)
        console.print()


def _branch(tree: Tree, change: Change) -> None:
    colour = _COLOURS[change.consequence]
    name = f"{_SIGNS[change.action]} {escape(change.name)}  [dim]{escape(tokens.short(change.type))}[/dim]"
    place = tree.add(f"[{colour}]{name}  {change.action}[/]: {escape(change.why)}")
    for difference in change.differences:
        for line in _difference(difference):
            place.add(line)


def _difference(difference: Difference) -> Iterable[str]:
    mark = "  [red]replaces[/red]" if difference.replaces else ""
    if not difference.lines:
        yield f"{escape(difference.path)}: {escape(_value(difference.before))} → {escape(_value(difference.after))}{mark}"
        return
    styles = {"+": "green", "-": "red"}
    shown = [f"[{styles.get(line[:1], 'dim')}]{escape(line)}[/]" for line in difference.lines]
    if len(shown) > _LINES:
        shown = [*shown[:_LINES], f"[dim]… {len(shown) - _LINES} more lines (--format json has them all)[/dim]"]
    yield "\n".join([f"{escape(difference.path)}{mark}", *shown])


def _value(value: Any) -> str:
    """A leaf, or a small structure, on one line."""
    if value is None:
        return "none"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 160 else f"{text[:157]}…"


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 3, 0, 0))
    for column in columns:
        table.add_column(column, overflow="fold", header_style="dim")
    return table


def _reach(evaluation: Evaluation) -> Table:
    """Every ingress rule with whoever gets to it; what is not listed is answered 404."""
    table = _table("Who can reach what", "from the Internet", "service", "who")
    reach = Reach(evaluation)
    for entry in reach.entries:
        where = entry.hostname + (f"  {entry.path}" if entry.path else "")
        table.add_row(escape(where), entry.service, f"[bold]{EVERYONE}[/bold]" if entry.who == EVERYONE else escape(entry.who))
    if reach.catch_all:
        table.add_row("anything else", reach.catch_all, NOBODY)
    return table


def _groups(evaluation: Evaluation) -> Table:
    table = _table("What may speak to what", "direction", "group", "peer", "port", "why")
    for direction, token in (("in", tokens.INBOUND), ("out", tokens.OUTBOUND)):
        for rule in evaluation.of_type(token):
            data = rule.inputs
            peer = (
                data.get("referencedSecurityGroupId") or data.get("cidrIpv4") or data.get("cidrIpv6") or data.get("prefixListId")
            )
            row = (
                _group(data["securityGroupId"]),
                _group(str(peer)),
                f"{data['ipProtocol']}/{data.get('fromPort', 'all')}",
            )
            table.add_row(direction, *map(escape, row), escape(data.get("description", "")))
    return table


def _group(text: str) -> str:
    return re.sub(r"^«.*-network-([a-z]+)\.id»$", r"\1", text)


def _state(evaluation: Evaluation) -> Table:
    table = _table("What holds state", "resource", "what", "protection")
    for resource in evaluation.resources:
        if resource.type in STATEFUL:
            table.add_row(escape(resource.name), STATEFUL[resource.type], ", ".join(_protection(resource, evaluation)) or "none")
    return table


def _protection(resource: Resource, evaluation: Evaluation) -> Iterable[str]:
    data = resource.inputs
    if resource.options["protect"]:
        yield "protected from deletion by Pulumi"
    if data.get("deletionProtection"):
        yield "and by AWS"
    if data.get("backupRetentionPeriod"):
        yield f"{data['backupRetentionPeriod']} days of point-in-time recovery"
    if data.get("skipFinalSnapshot") is False:
        yield "final snapshot"
    if any(b.inputs.get("fileSystemId") == f"«{resource.name}.id»" for b in evaluation.of_type(tokens.BACKUP_POLICY)):
        yield "daily backups"
    if data.get("encrypted") or data.get("storageEncrypted"):
        yield "encrypted"


_SEVERITY_COLOURS = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "cyan", "info": "dim"}


def _print_posture(console: Console, posture: Posture) -> None:
    """Open findings from the gravest, then what was accepted, each with its reason."""
    table = _table("Posture", "severity", "rule", "resource", "what")
    for finding in posture.open:
        colour = _SEVERITY_COLOURS[finding.rule.severity]
        words = (finding.rule.id, finding.resource, finding.detail)
        table.add_row(f"[{colour}]{finding.rule.severity}[/{colour}]", *map(escape, words))
    for finding in posture.accepted:
        words = (finding.rule.id, finding.resource, f"{finding.detail}. Accepted: {finding.accepted}")
        table.add_row("[dim]accepted[/dim]", *map(escape, words))
    if table.row_count:
        console.print(table)
    for note in posture.notes:
        console.print(f"[yellow]{escape(note)}[/yellow]")
    counts = ", ".join(f"{number} {severity}" for severity, number in posture.counts().items())
    console.print(f"{'' if table.row_count else '[bold]Posture:[/bold] '}{counts}; {len(posture.accepted)} accepted\n")


def _print_cost(console: Console, found: Estimate) -> None:
    """The items with a price, what is unknown, and what the figures rest on."""
    table = _table("Cost a month", "resource", "what", "USD")
    for line in found.lines:
        if line.monthly is not None:
            table.add_row(escape(line.resource), escape(line.what), f"{'~' if line.assumed else ''}{line.monthly:.2f}")
    if not table.row_count and not found.unknown:
        return
    console.print(table)
    for text in found.unknown:
        console.print(f"[yellow]unknown: {escape(text)}[/yellow]")
    least = "at least " if found.unknown else ""
    given = f"; ~ assumes {'; '.join(found.assumptions)}" if found.assumptions else ""
    console.print(f"{least}{found.total:.2f} USD, list prices of {found.updated} in {escape(found.region)}{given}\n")


def _tree(evaluation: Evaluation) -> Tree:
    root = Tree("[bold]Resources[/bold]")
    places: dict[str, Tree] = {}
    for resource in evaluation.resources:
        marks = [mark for mark, on in _marks(resource) if on]
        label = f"{escape(resource.name)}  [dim]{escape(tokens.short(resource.type))}[/dim]"
        label += "".join(f"  [cyan]{mark}[/cyan]" for mark in marks)
        places[resource.urn] = places.get(resource.parent, root).add(label)
    return root


def _marks(resource: Resource) -> Iterable[tuple[str, bool]]:
    yield "state", resource.type in STATEFUL
    yield "protected", bool(resource.options["protect"])
    yield "secret", _holds_secret(resource.inputs) or bool(resource.options["additionalSecretOutputs"])


def _holds_secret(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_holds_secret, value.values()))
    return any(map(_holds_secret, value)) if isinstance(value, list) else value == MASK


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_short(item)}" for key, item in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(map(_short, value)) or "none"
    return "none" if value is None else str(value)
