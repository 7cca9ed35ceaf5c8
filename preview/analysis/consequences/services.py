"""What a release means for the app's own services: which still run, look up names, are checked, and keep their files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from preview.analysis.consequences.context import (
    APP,
    Context,
    Machines,
    downtime,
    lost,
    unknown,
)
from preview.analysis.exposures.machine_files import mounts
from preview.changes import Change, Effect
from preview.diff.user_data import written
from preview.resource_types import type_names

_PASSES = re.compile(r"\s*(?:CMD(?:-SHELL)?\s+)?(?:true|:|/bin/true|exit 0|echo\b.*|sleep \d+)\s*;?\s*")
_DESTROYS = re.compile(
    r"\b(?:drop\s+(?:table|schema|database|column|view|materialized\s+view|type|owned)|truncate\b"
    r"|alter\s+table\b[^;]*\b(?:drop|rename|alter\s+(?:column\s+)?\S+\s+(?:set\s+data\s+)?type)\b"
    r"|delete\s+from\s+[\w.\"]+\s*(?:;|$))",
    re.IGNORECASE,
)
_DEMANDS = re.compile(
    r"\bset\s+not\s+null\b|\balter\s+table\b[^;]*\badd\s+(?:constraint|check|unique|primary|foreign|exclude)\b"
    r"|\badd\s+(?:column\s+)?(?:if\s+not\s+exists\s+)?\S+\s(?![^,;]*\bdefault\b)[^,;]*\bnot\s+null\b"
    r"|\bcreate\s+unique\s+index\b|\bvalidate\s+constraint\b",
    re.IGNORECASE,
)
# Statements that only add. What else there is, is unknown: a list of what harms is never whole.
_ADDS = re.compile(
    r"(?:(?:begin|start\s+transaction|commit)(?:\s+(?:work|transaction))?"
    r"|create\s+(?:unlogged\s+)?table\b.*|create\s+index\b.*|create\s+(?:extension|schema|sequence|type|view)\b.*"
    r"|alter\s+table\s+(?:if\s+exists\s+)?(?:only\s+)?[\w.\"]+\s+add\s+(?:column\b)?.*"
    r"|insert\s+into\b.*|comment\s+on\b.*|analyze\b[^(]*|set\s+(?:lock|statement)_timeout\b.*);",
    re.IGNORECASE,
)
# Words that make another statement of one of these: of a CTE, of `on conflict`, of a further action, of psql.
_NOT_ONLY = re.compile(
    r"(?<!\bon )\b(?:delete|update)\b|\b(?:merge|call|alter|owner|enable|disable|force|attach|detach|inherit"
    r"|replica|validate|cluster|reset)\b|,\s*set\b|\\",
    re.IGNORECASE,
)
_TOKEN = re.compile(
    r"(?P<comment>--[^\n]*|/\*.*?\*/)|(?P<body>\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)"
    r"|(?P<text>\b[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*')|(?P<name>\"[^\"]*\")",
    re.DOTALL,
)
_FILE = re.compile(rf"^- path: ({re.escape(APP)}/\S+\.sql)$", re.MULTILINE)


def services(context: Context, change: Change) -> Iterator[Effect]:
    if change.type != type_names.AUTO_SCALING_GROUP or change.action not in ("rolling", "replaced"):
        return
    old, new = context.machines
    if not old.text or not new.text:
        return
    yield from _running(context, old, new)
    yield from _resolving(context, old, new)
    yield from _checks(old, new)
    yield from _mounts(old, new)
    yield from _statements(old, new)
    yield from _platforms(old, new)


def _routed(context: Context) -> set[str]:
    hosts = (re.match(r"[a-z0-9+.-]+://([^:/]+)", entry.service) for entry in context.reach[1].entries)
    return {match[1] for match in hosts if match}


def _running(context: Context, old: Machines, new: Machines) -> Iterator[Effect]:
    """A service with no container, or behind a profile that nobody switches on, is not there."""
    for name in sorted(old.services.keys() & new.services.keys()):
        if _instances(old.services[name]) > 0 == _instances(new.services[name]):
            if name in _routed(context):
                yield downtime(f"{name} runs no container any more, and requests are led to it")
            else:
                yield unknown(
                    f"what the app does without {name}, which runs no container any more, is not known here"
                )


def _instances(service: Mapping[str, Any]) -> int:
    if service.get("profiles"):
        return 0
    deploy = service.get("deploy")
    for count in (service.get("scale"), deploy.get("replicas") if isinstance(deploy, dict) else None):
        if isinstance(count, int) and not isinstance(count, bool):
            return count
    return 1


def _resolving(context: Context, old: Machines, new: Machines) -> Iterator[Effect]:
    """A container with a resolver of its own asks it itself, past the machine's; egress must let it."""
    if any(_covers_dns(rule.inputs) for rule in context.after.of_type(type_names.EGRESS_RULE)):
        return
    for name, service in sorted(new.services.items()):
        before = old.services.get(name, {})
        resolvers = _listed(service.get("dns"))
        if resolvers and resolvers != _listed(before.get("dns")):
            yield downtime(
                f"{name} asks {', '.join(resolvers)} for names, and egress does not include port 53"
            )


def _covers_dns(rule: Mapping[str, Any]) -> bool:
    first, last = rule.get("fromPort"), rule.get("toPort")
    if str(rule.get("ipProtocol")) == "-1":
        return True
    return isinstance(first, int) and isinstance(last, int) and first <= 53 <= last


def _checks(old: Machines, new: Machines) -> Iterator[Effect]:
    """A check that always passes lets a release go on with machines that do not serve."""
    for name in sorted(old.services.keys() & new.services.keys()):
        was, now = (_test(services[name]) for services in (old.services, new.services))
        if now and was != now and _PASSES.fullmatch(now) and not (was and _PASSES.fullmatch(was)):
            yield downtime(f"the health check of {name} always passes now: a release no longer waits for it")


def _test(service: Mapping[str, Any]) -> str:
    check = service.get("healthcheck")
    test = check.get("test") if isinstance(check, dict) else None
    return " ".join(map(str, test)) if isinstance(test, list) else str(test or "")


def _mounts(old: Machines, new: Machines) -> Iterator[Effect]:
    """A lasting volume that a service sees at another place: what it goes on writing at the former one lasts no longer."""
    lasting = set(old.storage) & set(new.storage)
    for name in sorted(old.services.keys() & new.services.keys()):
        was, now = (_places(services[name], lasting) for services in (old.services, new.services))
        for place, volume in sorted(was.items()):
            still = {other for other, source in now.items() if source == volume}
            if still and place not in now and not any(place.startswith(f"{other}/") for other in still):
                yield unknown(
                    f"{name} has {volume} at {', '.join(sorted(still))} and no longer at {place}: whether it looks for its files "
                    "at the new place, and writes no more at the former one, is not known here"
                )


def _places(service: Mapping[str, Any], lasting: set[str]) -> dict[str, str]:
    """Path in the container → lasting volume."""
    found = {item["target"].rstrip("/"): str(item["source"]) for item in mounts(service)}
    return {place: volume for place, volume in found.items() if volume in lasting}


def _statements(old: Machines, new: Machines) -> Iterator[Effect]:
    """Statements of the app's SQL files that take away what the database holds, or that an earlier release needs."""
    for path in sorted(set(_FILE.findall(new.text))):
        before = set(_sql(written(old.text, path)))
        for statement in _sql(written(new.text, path)):
            if statement not in before and _DESTROYS.search(statement):
                yield lost(
                    f"{path.removeprefix(APP + '/')} runs `{statement[:80]}`: there is no way back from it",
                    "rows",
                )
            elif statement not in before and _DEMANDS.search(statement):
                yield unknown(
                    f"{path.removeprefix(APP + '/')} runs `{statement[:80]}`: whether every row, and what the earlier release "
                    "still writes, meets it is not known here"
                )
            elif statement not in before and not _only_adds(statement):
                yield unknown(
                    f"{path.removeprefix(APP + '/')} runs `{statement[:80]}`: what it does to what the database holds, and "
                    "whether there is a way back from it, is not known here"
                )


def _only_adds(statement: str) -> bool:
    """Is it a statement that adds, and no other inside it (`with gone as (delete …)`, `alter table … add …, alter …`)?"""
    start = re.match(r"alter\s+table\b", statement, re.IGNORECASE)
    rest = statement[start.end() :] if start else statement
    return bool(_ADDS.fullmatch(statement)) and not _NOT_ONLY.search(rest)


def _sql(text: str) -> list[str]:
    """Its statements, without comments and texts. The body of a function or a `do` stays in its statement, texts and all."""

    def plain(match: re.Match[str]) -> str:
        if match["comment"]:
            return " "
        if match["text"]:
            return "''"  # a text is no statement
        return match[0].replace(";", " ")

    statements = _TOKEN.sub(plain, text).split(";")
    return [" ".join(statement.split()) + ";" for statement in statements if statement.strip()]


def _platforms(old: Machines, new: Machines) -> Iterator[Effect]:
    """A service that names another platform than before runs emulated, or not at all."""
    for name in sorted(old.services.keys() & new.services.keys()):
        was, now = (services[name].get("platform") for services in (old.services, new.services))
        if now and was != now:
            yield unknown(f"whether {name} runs as {now} on these machines is not known here")


def _listed(value: Any) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [str(value)] if value else []
