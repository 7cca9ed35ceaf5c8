"""What every report says, in one wording: the tables and sentences that text, Markdown and HTML only lay out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from . import tokens
from .compare import Change, Comparison, Difference
from .consequences import Consequence
from .evaluate import Evaluation, Resource
from .gate import Gate
from .reach import EVERYONE as EVERYONE
from .reach import NOBODY, Reach
from .text import STATEFUL, _protection


@dataclass(frozen=True)
class Row:
    """``tone`` is how to take it: `open`, `guarded` and `closed` of routes, else `good`, `warn`, `bad`, `odd` or ""."""

    cells: tuple[str, ...]
    tone: str = ""


@dataclass(frozen=True)
class Table:
    """``code`` are the columns that hold names and values rather than prose."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    code: frozenset[int] = frozenset()


def count(number: int, noun: str, many: str | None = None) -> str:
    return f"{number:,} {noun if number == 1 else many or noun + 's'}"


def listed(words: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def path(regex: str | None) -> str:
    """A rule's expression as people write paths: `^/admin(/|$)` is `/admin/*`. Whatever has another form stays as it is."""
    if regex is None:
        return ""
    match = re.fullmatch(r"\^((?:[^\\^$.|?*+()\[\]{}]|\\[^A-Za-z0-9])*)(\(/\|\$\)|\$|)", regex)
    if not match:
        return f" {regex}"
    plain = re.sub(r"\\(.)", r"\1", match[1])
    return plain + {"(/|$)": "/*", "$": "", "": "*"}[match[2]]


def port(rule: dict[str, Any]) -> str:
    """`tcp/443`, `tcp/8000-8010`, `all`."""
    first, last = rule.get("fromPort"), rule.get("toPort")
    protocol = {"-1": "all"}.get(str(rule.get("ipProtocol")), str(rule.get("ipProtocol")))
    if first in (None, -1):
        return protocol
    return f"{protocol}/{first}" + (f"-{last}" if last not in (None, first) else "")


def group(text: str) -> str:
    """A security group of the stack's network by its own name, whatever else as it is."""
    return re.sub(r"^«.*-network-([a-z]+)\.id»$", r"\1", text)


def reach(evaluation: Evaluation) -> Table:
    """Every ingress rule in the connector's order, with who gets to it through which checks."""
    known = Reach(evaluation)
    rows = []
    for entry in known.entries:
        shown = path(entry.path)
        place = known.at(entry.hostname, shown.removesuffix("*") if shown.startswith("/") else "/")
        met = place.entry is entry  # another rule may come first, and an expression of another form has no path to try
        who = place.who if met else entry.who
        checks = [*(["login at the edge"] if met and place.edge else []), *(["login at the connector"] if entry.checked else [])]
        cells = (entry.hostname + shown, who, ", ".join(checks) or "none", entry.service)
        rows.append(Row(cells, "open" if who == EVERYONE else "guarded"))
    if known.catch_all:
        rows.append(Row(("anything else", NOBODY, "", known.catch_all), "closed"))
    return Table("Who can reach what", ("from the Internet", "who", "checks", "service"), tuple(rows), frozenset({0, 3}))


def edge_rules(evaluation: Evaluation) -> Table:
    """What the zone's rulesets do to a request before it comes near, in the order of their phases."""
    rows = []
    for ruleset in evaluation.of_type(tokens.RULESET):
        listed = ruleset.inputs.get("rules")
        for rule in listed if isinstance(listed, list) else []:
            if isinstance(rule, dict):
                action = str(rule.get("action"))
                does = {"execute": "run the managed rules"}.get(action, action)
                does += "" if rule.get("enabled", True) else " (switched off)"
                rows.append(Row((str(rule.get("description") or rule.get("ref", "")), does, str(rule.get("expression", "")))))
    return Table("Rules at the edge", ("rule", "does", "where"), tuple(rows), frozenset({2}))


def groups(evaluation: Evaluation) -> Table:
    """Every rule of every security group."""
    rows = []
    for direction, token in (("in", tokens.INBOUND), ("out", tokens.OUTBOUND)):
        for rule in evaluation.of_type(token):
            data = rule.inputs
            peers = (data.get(key) for key in ("referencedSecurityGroupId", "cidrIpv4", "cidrIpv6", "prefixListId"))
            peer = group(str(next((peer for peer in peers if peer), "?")))
            rows.append(Row((group(data["securityGroupId"]), direction, peer, port(data), data.get("description", ""))))
    columns = ("group", "direction", "peer", "port", "why")
    return Table("What may speak to what", columns, tuple(rows), frozenset({0, 2, 3}))


def state(evaluation: Evaluation) -> Table:
    """What would be lost if it were deleted, and what keeps it."""
    rows = [
        Row((resource.name, STATEFUL[resource.type], ", ".join(_protection(resource, evaluation)) or "none"))
        for resource in evaluation.resources
        if resource.type in STATEFUL
    ]
    return Table("What holds state", ("resource", "what", "protection"), tuple(rows), frozenset({0}))


def warnings(evaluation: Evaluation) -> Table:
    """Each warning under the setting that it is about."""
    rows = []
    for warning in evaluation.warnings:
        place, _, text = warning.partition(": ")
        named = text and " " not in place
        rows.append(Row((place if named else "", text if named else warning)))
    return Table("Before you deploy", ("setting", "warning"), tuple(rows), frozenset({0}))


def outputs(evaluation: Evaluation) -> Table:
    rows = tuple(Row((name, short(value))) for name, value in evaluation.outputs.items())
    return Table("Outputs", ("output", "value"), rows, frozenset({0, 1}))


def resources(evaluation: Evaluation) -> Table:
    """Parents before children, each as deep as it lies."""
    rows = tuple(
        Row((resource.name, tokens.short(resource.type), ", ".join(marks(resource)))) for resource in evaluation.resources
    )
    return Table("Resources", ("resource", "type", "marks"), rows, frozenset({0, 1}))


def marks(resource: Resource) -> Iterator[str]:
    if resource.type in STATEFUL:
        yield "state"
    if resource.options["protect"]:
        yield "protected"


def short(value: object) -> str:
    """A value of any shape on one line."""
    if isinstance(value, dict):
        return ", ".join(f"{key}: {short(item)}" for key, item in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(map(short, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)


def summary(evaluation: Evaluation) -> str:
    """One sentence: what of the stack can be reached by whom."""
    tones = [row.tone for row in reach(evaluation).rows]
    parts = []
    if number := tones.count("open"):
        parts.append(f"{count(number, 'route')} open to everyone")
    if number := tones.count("guarded"):
        parts.append(f"{count(number, 'route')} behind a login")
    return f"{listed(parts) or 'No route'}; nothing else answers."


def footer(evaluation: Evaluation) -> str:
    return f"{count(len(evaluation.resources), 'resource')}. Evaluated from the code; no cloud was asked."


def picture(machines: str, routes: int) -> str:
    """What the diagram shows, for whoever hears it."""
    return (
        f"Visitors reach Cloudflare's edge by https. {count(routes, 'route')} lead through the tunnel, which the connector on "
        f"the machines ({machines or 'none'}) dials from inside, to the services. The table below has all routes."
    )


# What a change does -----------------------------------------------------------------------------------------------------

HEADLINES: dict[Consequence, tuple[str, str]] = {
    Consequence.NONE: ("good", "Nothing that runs changes"),
    Consequence.IN_PLACE: ("good", "Changes in place, without downtime"),
    Consequence.ROLLING: ("good", "A rolling release, without downtime"),
    Consequence.REFUSED: ("warn", "The cloud refuses this change"),
    Consequence.DOWNTIME: ("bad", "Downtime"),
    Consequence.UNKNOWN: ("odd", "Not known what this does"),
    Consequence.DATA_LOSS: ("bad", "Data loss"),
}
SIGNS = {"created": "+", "updated": "~", "rolling": "↻", "replaced": "±", "deleted": "−", "unknown": "?"}


@dataclass(frozen=True)
class Verdict:
    """The headline of a comparison: the worst that it does to people, and what it opens."""

    tone: str
    title: str
    counts: str


def verdict(comparison: Comparison, gate: Gate) -> Verdict:
    tone, title = HEADLINES[comparison.consequence]
    if comparison.exposures:
        title += f"; opens {count(len(comparison.exposures), 'thing')} to more people or machines"
        tone = tone if tone in ("bad", "odd") else "warn"
    if not comparison.changed and not comparison.exposures:
        title = "No change"
    numbers = comparison.count()
    listed_ = [f"{number:,} {action}" for action, number in numbers.items() if action != "unchanged"]
    same = numbers.get("unchanged", 0)
    counts = f"{listed([*listed_, f'{same:,} unchanged'])} of {count(len(comparison.changes), 'resource')}."
    return Verdict("bad" if gate.closed else tone, title, counts)


def closed(gate: Gate) -> Table:
    rows = tuple(Row((found.ground, found.text), "bad") for found in gate.closed_by)
    return Table("The gate is closed", ("ground", "what"), rows)


def acknowledged(gate: Gate) -> Table:
    rows = [Row((found.ground, found.text, found.reason or "")) for found in gate.acknowledged]
    return Table("Acknowledged in the stack file", ("ground", "what", "reason"), tuple(rows))


def gate_warnings(gate: Gate) -> Table:
    return Table("Acknowledgements to correct", ("warning",), tuple(Row((warning,)) for warning in gate.warnings))


def opened(comparison: Comparison, gate: Gate) -> Table:
    """The exposures, without those that `closed` tells of."""
    told = {found.text for found in gate.closed_by if found.ground == "exposure"}
    rows = tuple(Row((item.kind, item.text), "warn") for item in comparison.exposures if item.text not in told)
    return Table(f"What {'else ' if told else ''}becomes more open", ("kind", "what"), rows)


def ranked(comparison: Comparison) -> list[Change]:
    """The changed resources, the worst first."""
    return sorted(comparison.changed, key=lambda change: -change.consequence)


def changes(comparison: Comparison) -> Table:
    rows = []
    for change in ranked(comparison):
        what = f"{SIGNS[change.action]} {change.action}"
        cells = (change.name, tokens.short(change.type), what, change.consequence.words, change.why)
        rows.append(Row(cells, HEADLINES[change.consequence][0]))
    return Table("What changes", ("resource", "type", "action", "consequence", "why"), tuple(rows), frozenset({0, 1}))


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
