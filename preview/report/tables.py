"""What every report says, in one wording: the tables and sentences that text, Markdown and HTML only lay out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from model.naming import Names
from model.paths import PathPattern
from preview.analysis.reach import EVERYONE as EVERYONE
from preview.analysis.reach import NOBODY, Reach
from preview.resource_types import type_names
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


def lowered(sentences: Sequence[str]) -> str:
    """Several as one, each after the first without its capital."""
    return "; ".join(text[:1].lower() + text[1:] for text in sentences)


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
    for ruleset in evaluation.of_type(type_names.RULESET):
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
    for direction, type_name in (("in", type_names.INGRESS_RULE), ("out", type_names.EGRESS_RULE)):
        for rule in evaluation.of_type(type_name):
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
        for b in evaluation.of_type(type_names.BACKUP_POLICY)
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


def outputs(evaluation: Evaluation) -> Table:
    rows = tuple(Row((name, short(value))) for name, value in evaluation.outputs.items())
    return Table("Outputs", ("output", "value"), rows, frozenset({0, 1}))


def resources(evaluation: Evaluation) -> Table:
    """Parents before children, each as deep as it lies."""
    rows = tuple(
        Row((resource.name, type_names.short(resource.type), ", ".join(marks(resource))))
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


def summary(evaluation: Evaluation, beside: Sequence[str] = ()) -> str:
    """One sentence: what of the stack can be reached by whom. ``beside``: the resources that answer beside the tunnel."""
    rows = reach(evaluation).rows
    tones = [row.tone for row in rows if row.cells[0] != ANYTHING_ELSE]
    parts = []
    if number := tones.count("open"):
        parts.append(f"{count(number, 'route')} open to everyone")
    if number := tones.count("guarded"):
        parts.append(f"{count(number, 'route')} behind a login")
    rest = [row for row in rows if row.cells[0] == ANYTHING_ELSE and row.tone == "open"]
    ends = [f"whatever else is asked for goes to {rest[0].cells[-1]}, for everyone"] if rest else []
    if beside:
        more = f" and {len(beside) - 1:,} more" if len(beside) > 1 else ""
        ends.append(f"beside the tunnel {beside[0]}{more} can be asked from outside")
    return f"{listed(parts) or 'No route'}; {listed(ends) or 'nothing else answers'}."


def footer(evaluation: Evaluation) -> str:
    return f"{count(len(evaluation.resources), 'resource')}. Evaluated from the code; no cloud was asked."


def picture(machines: str, known: Table) -> str:
    """What the diagram shows, for whoever hears it."""
    routes = sum(row.tone != "closed" and row.cells[0] != ANYTHING_ELSE for row in known.rows)
    return (
        f"Visitors reach Cloudflare's edge by https. {count(routes, 'route')} lead through the tunnel, which the connector on "
        f"the machines ({machines or 'none'}) dials from inside, to the services. The table below has all routes."
    )
