"""What every report says, in one wording: the tables and sentences that text, Markdown and HTML only lay out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from model.naming import Names
from model.paths import PathPattern
from preview.analysis.cost import Delta, Estimate
from preview.analysis.gate import Gate
from preview.analysis.reach import EVERYONE as EVERYONE
from preview.analysis.reach import NOBODY, Reach
from preview.changes import Change, Comparison, Consequence, Difference
from preview.findings import Posture
from preview.resource_types import tokens
from preview.resource_types.registry import record_of
from preview.resources import MASK, Evaluation, Resource, referenced

ANYTHING_ELSE = "anything else"


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


def sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."


def listed(words: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def path(regex: str | None) -> str:
    """A rule's expression as people write paths: `^/admin(/|$)` is `/admin/*`. Whatever no pattern makes stays as it is."""
    if regex is None:
        return ""
    pattern = PathPattern.from_regex(regex)
    return str(pattern) if pattern.regex() == regex else f" {regex}"


def port(rule: dict[str, Any]) -> str:
    """`tcp/443`, `tcp/8000-8010`, `all`."""
    first, last = rule.get("fromPort"), rule.get("toPort")
    protocol = {"-1": "all"}.get(str(rule.get("ipProtocol")), str(rule.get("ipProtocol")))
    if first in (None, -1):
        return protocol
    return f"{protocol}/{first}" + (f"-{last}" if last not in (None, first) else "")


def group(text: str, names: Names) -> str:
    """A security group of the stack's network by its own name, whatever else as it is."""
    return names.network.label(referenced(text) or "") or text


def reach(evaluation: Evaluation) -> Table:
    """Every ingress rule in the connector's order, with who gets to it through which checks."""
    known = Reach(evaluation)
    rows = []
    for entry in known.entries:
        place = known.met(entry)
        checks = [*(["edge"] if place.edge else []), *(["connector"] if entry.checked else [])]
        cells = (entry.hostname + path(entry.path), place.who, ", ".join(checks) or "none", entry.service)
        rows.append(Row(cells, {EVERYONE: "open", NOBODY: "closed"}.get(place.who, "guarded")))
    if known.catch_all:
        answers = not known.catch_all.startswith("http_status:")
        cells = (ANYTHING_ELSE, EVERYONE if answers else NOBODY, "none" if answers else "", known.catch_all)
        rows.append(Row(cells, "open" if answers else "closed"))
    return Table(
        "Who can reach what",
        ("from the Internet", "who", "login checked at", "service"),
        tuple(rows),
        frozenset({0, 3}),
    )


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
                rows.append(
                    Row(
                        (
                            str(rule.get("description") or rule.get("ref", "")),
                            does,
                            str(rule.get("expression", "")),
                        )
                    )
                )
    return Table("Rules at the edge", ("rule", "does", "where"), tuple(rows), frozenset({2}))


def groups(evaluation: Evaluation) -> Table:
    """Every rule of every security group."""
    rows = []
    names = Names(evaluation.project, evaluation.stack)
    for direction, token in (("in", tokens.INBOUND), ("out", tokens.OUTBOUND)):
        for rule in evaluation.of_type(token):
            data = rule.inputs
            peers = (
                data.get(key) for key in ("referencedSecurityGroupId", "cidrIpv4", "cidrIpv6", "prefixListId")
            )
            peer = group(str(next((peer for peer in peers if peer), "?")), names)
            rows.append(
                Row(
                    (
                        group(data["securityGroupId"], names),
                        direction,
                        peer,
                        port(data),
                        data.get("description", ""),
                    )
                )
            )
    columns = ("group", "direction", "peer", "port", "why")
    return Table("What may speak to what", columns, tuple(rows), frozenset({0, 2, 3}))


def state(evaluation: Evaluation) -> Table:
    """What would be lost if it were deleted, and what keeps it."""
    rows = [
        Row((resource.name, held, ", ".join(_protection(resource, evaluation)) or "none"))
        for resource in evaluation.resources
        if (held := record_of(resource.type).state)
    ]
    return Table("What holds state", ("resource", "what", "protection"), tuple(rows), frozenset({0}))


def _protection(resource: Resource, evaluation: Evaluation) -> Iterator[str]:
    data = resource.inputs
    if resource.options["protect"]:
        yield "protected from deletion by Pulumi"
    if data.get("deletionProtection"):
        yield "and by AWS"
    if data.get("backupRetentionPeriod"):
        yield f"{data['backupRetentionPeriod']} days of point-in-time recovery"
    if data.get("skipFinalSnapshot") is False:
        yield "final snapshot"
    if any(
        b.inputs.get("fileSystemId") == f"«{resource.name}.id»"
        for b in evaluation.of_type(tokens.BACKUP_POLICY)
    ):
        yield "daily backups"
    if data.get("encrypted") or data.get("storageEncrypted"):
        yield "encrypted"


def warnings(evaluation: Evaluation) -> Table:
    """Each warning under the setting that it is about."""
    rows = []
    for warning in evaluation.warnings:
        place, _, text = warning.partition(": ")
        named = text and " " not in place
        rows.append(Row((place if named else "", text if named else warning)))
    return Table("Before you deploy", ("setting", "warning"), tuple(rows), frozenset({0}))


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


def cost(spent: Estimate) -> Table:
    """The items with a price; `~` where it rests on an assumption."""
    rows = [
        Row((line.resource, line.what, f"{'~' if line.assumed else ''}{line.monthly:.2f}"))
        for line in spent.lines
        if line.monthly is not None
    ]
    return Table("Cost a month", ("resource", "what", "USD"), tuple(rows), frozenset({0}))


def cost_sum(spent: Estimate) -> str:
    least = "at least " if spent.unknown else ""
    given = f"; ~ assumes {'; '.join(spent.assumptions)}" if spent.assumptions else ""
    return f"{least}{spent.total:.2f} USD, list prices of {spent.updated} in {spent.region}{given}"


def cost_short(spent: Estimate, before: Estimate | None = None) -> str:
    if not spent.lines:
        return ""
    changed = (
        f" (before: {before.total:,.0f})"
        if before and before.lines and round(before.total) != round(spent.total)
        else ""
    )
    return f"{'At least' if spent.unknown else 'About'} {spent.total:,.0f} USD a month{changed}."


def cost_changes(deltas: Sequence[Delta]) -> Table:
    """What a change makes of the month's prices, the largest first."""

    def price(given: float | None) -> str:
        return "–" if given is None else f"{given:.2f}"

    rows = tuple(
        Row((delta.resource, delta.what, price(delta.before), price(delta.after))) for delta in deltas
    )
    return Table(
        "What changes in the month's cost, in USD",
        ("resource", "what", "before", "after"),
        rows,
        frozenset({0}),
    )


def outputs(evaluation: Evaluation) -> Table:
    rows = tuple(Row((name, short(value))) for name, value in evaluation.outputs.items())
    return Table("Outputs", ("output", "value"), rows, frozenset({0, 1}))


def resources(evaluation: Evaluation) -> Table:
    """Parents before children, each as deep as it lies."""
    rows = tuple(
        Row((resource.name, tokens.short(resource.type), ", ".join(marks(resource))))
        for resource in evaluation.resources
    )
    return Table("Resources", ("resource", "type", "marks"), rows, frozenset({0, 1}))


def marks(resource: Resource) -> Iterator[str]:
    if record_of(resource.type).state:
        yield "state"
    if resource.options["protect"]:
        yield "protected"
    if _holds_secret(resource.inputs) or resource.options["additionalSecretOutputs"]:
        yield "secret"


def _holds_secret(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_holds_secret, value.values()))
    return any(map(_holds_secret, value)) if isinstance(value, list) else value == MASK


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
    rows = reach(evaluation).rows
    tones = [row.tone for row in rows if row.cells[0] != ANYTHING_ELSE]
    parts = []
    if number := tones.count("open"):
        parts.append(f"{count(number, 'route')} open to everyone")
    if number := tones.count("guarded"):
        parts.append(f"{count(number, 'route')} behind a login")
    rest = [row for row in rows if row.cells[0] == ANYTHING_ELSE and row.tone == "open"]
    end = (
        f"whatever else is asked for goes to {rest[0].cells[-1]}, for everyone"
        if rest
        else "nothing else answers"
    )
    return f"{listed(parts) or 'No route'}; {end}."


def footer(evaluation: Evaluation) -> str:
    return f"{count(len(evaluation.resources), 'resource')}. Evaluated from the code; no cloud was asked."


def picture(machines: str, known: Table) -> str:
    """What the diagram shows, for whoever hears it."""
    routes = sum(row.tone != "closed" and row.cells[0] != ANYTHING_ELSE for row in known.rows)
    return (
        f"Visitors reach Cloudflare's edge by https. {count(routes, 'route')} lead through the tunnel, which the connector on "
        f"the machines ({machines or 'none'}) dials from inside, to the services. The table below has all routes."
    )


# What a change does -----------------------------------------------------------------------------------------------------

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
    if gate.closed:
        counts += (
            f" The gate is closed: {listed(list(dict.fromkeys(found.ground for found in gate.closed_by)))}."
        )
    return Verdict("bad" if gate.closed else tone, title, counts)


def closed(gate: Gate) -> Table:
    rows = tuple(Row((found.ground, found.text, found.acknowledgement), "bad") for found in gate.closed_by)
    return Table("The gate is closed", ("ground", "what", "to let it pass"), rows, frozenset({2}))


def acknowledged(gate: Gate) -> Table:
    rows = [Row((found.ground, found.text, found.reason or "")) for found in gate.acknowledged]
    return Table("Acknowledged in the stack file", ("ground", "what", "reason"), tuple(rows))


def gate_warnings(gate: Gate) -> Table:
    return Table(
        "Acknowledgements to correct", ("warning",), tuple(Row((warning,)) for warning in gate.warnings)
    )


def opened(comparison: Comparison, gate: Gate) -> Table:
    """The exposures, without those that the gate's own tables tell of."""
    told = {found.text for found in gate.closed_by + gate.acknowledged if found.ground == "exposure"}
    rows = tuple(
        Row((item.kind, item.text), "warn") for item in comparison.exposures if item.text not in told
    )
    return Table(f"What {'else ' if told else ''}becomes more open", ("kind", "what"), rows)


def errors(comparison: Comparison) -> Table:
    """Of the engine, whose plan ended with them: what would have come after is not known."""
    return Table(
        "The engine's preview failed", ("error",), tuple(Row((error,), "bad") for error in comparison.errors)
    )


def ranked(comparison: Comparison) -> list[Change]:
    """The changed resources, the worst first."""
    return sorted(comparison.changed, key=lambda change: -change.consequence)


def changes(comparison: Comparison) -> Table:
    rows = []
    for change in ranked(comparison):
        what = f"{SIGNS[change.action]} {change.action}"
        cells = (change.name, tokens.short(change.type), what, change.consequence.words, change.why)
        rows.append(Row(cells, HEADLINES[change.consequence][0]))
    return Table(
        "What changes", ("resource", "type", "action", "consequence", "why"), tuple(rows), frozenset({0, 1})
    )


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
