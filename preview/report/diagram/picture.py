"""What the diagram shows of a stack: who comes in where, what runs, and what it may reach."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from model.naming import Names
from preview.analysis.reach import EVERYONE, NOBODY, Reach
from preview.report import tables
from preview.report.diagram.canvas import Card
from preview.resource_types import type_names
from preview.resources import Evaluation

ROUTES = 12  # more of them make a table, not a picture
SERVICES = 9


@dataclass(frozen=True)
class Picture:
    """What the picture shows of a stack, and of a change: services that come and go begin with `+ ` and `− `.

    ``release`` is what becomes of the machines; ``entrances`` are what answers from outside beside the tunnel.
    """

    checks: tuple[str, ...]
    routes: tuple[Card, ...]
    machines: str
    routed: tuple[str, ...]
    others: tuple[str, ...]
    state: tuple[tuple[Card, str], ...]
    endpoint: str | None
    egress: tuple[str, ...]
    closed: bool
    rest: str
    release: str = ""
    entrances: tuple[Card, ...] = ()


def picture(evaluation: Evaluation) -> Picture:
    """The stack without any change."""
    reach = Reach(evaluation)
    routes = [
        Card(
            entry.hostname + tables.path(entry.path),
            (
                (f"→ {entry.service}", "code"),
                (
                    who if who == NOBODY else "open to everyone" if who == EVERYONE else f"login: {who}",
                    "text",
                ),
            ),
            "route" if who == NOBODY else "route open" if who == EVERYONE else "route guarded",
        )
        for entry in reach.entries[:ROUTES]
        for who in [reach.met(entry).who]
    ]
    if len(reach.entries) > ROUTES:
        left = len(reach.entries) - ROUTES + 1
        routes = [
            *routes[: ROUTES - 1],
            Card(f"and {left:,} more routes", (("in the table below", "text"),), "route more"),
        ]
    services = _services(evaluation)
    hosts = {re.sub(r"^[a-z0-9+.-]+://([^/:]+).*$", r"\1", entry.service) for entry in reach.entries}
    fleet = next(iter(evaluation.of_type(type_names.AUTO_SCALING_GROUP)), None)
    template = next(iter(evaluation.of_type(type_names.LAUNCH_TEMPLATE)), None)
    size = str(template.inputs.get("instanceType", "")) if template else ""
    number = fleet.inputs.get("desiredCapacity", 1) if fleet else 0
    inbound = list(evaluation.of_type(type_names.INGRESS_RULE))
    return Picture(
        checks=tuple(_checks(evaluation)),
        routes=tuple(routes),
        machines=f"{number} × {size}" if size else "",
        routed=tuple(name for name in services if name in hosts),
        others=_few([n for n in services if n not in hosts]),
        state=tuple(_state(evaluation, inbound)),
        endpoint=_endpoint(evaluation, inbound),
        egress=tuple(_egress(evaluation)),
        closed=not any(
            rule.inputs.get(key) for rule in inbound for key in ("cidrIpv4", "cidrIpv6", "prefixListId")
        ),
        rest=_rest(reach.catch_all),
    )


def _rest(catch_all: str | None) -> str:
    if catch_all and catch_all.startswith("http_status:"):
        return f"anything else: nobody, {catch_all.removeprefix('http_status:')}"
    return f"ANYTHING ELSE: {catch_all or 'not said'}"


def _few(names: Sequence[str]) -> tuple[str, ...]:
    return (
        tuple(names)
        if len(names) <= SERVICES
        else (*names[: SERVICES - 1], f"and {len(names) - SERVICES + 1} more")
    )


def _checks(evaluation: Evaluation) -> Iterable[str]:
    yield "DNS, TLS"
    phases = {str(ruleset.inputs.get("phase")) for ruleset in evaluation.of_type(type_names.RULESET)}
    if phases & {"http_request_firewall_managed", "http_request_firewall_custom"}:
        yield "firewall"
    if "http_ratelimit" in phases:
        yield "rate limits"
    if evaluation.of_type(type_names.ACCESS_APPLICATION):
        yield "Access"


def _services(evaluation: Evaluation) -> list[str]:
    """Names of the compose services on a machine, from its cloud-init; the connector has a place of its own."""
    names: dict[str, None] = {}
    for text in evaluation.user_data.values():
        for file in _files(text):
            if file.get("path", "").startswith("/opt/drawbridge/app/") and file.get("path", "").endswith(
                ".yaml"
            ):
                names |= dict.fromkeys(_mapping(_mapping(_yaml(file.get("content", ""))).get("services")))
    return [name for name in names if name != "cloudflared"]


def _files(text: str) -> list[dict[str, Any]]:
    listed = _mapping(_yaml(text)).get("write_files")
    return [file for file in listed if isinstance(file, dict)] if isinstance(listed, list) else []


def _yaml(text: Any) -> Any:
    try:
        return yaml.load(str(text), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, UnicodeEncodeError):  # a lone surrogate is no text of a file's
        return None


def _mapping(value: Any) -> dict[str, Any]:
    return {str(key): item for key, item in value.items()} if isinstance(value, dict) else {}


def _state(evaluation: Evaluation, inbound: Sequence[Any]) -> Iterable[tuple[Card, str]]:
    """Each with the port that the machines speak to."""
    for database in evaluation.of_type(type_names.DATABASE):
        data = database.inputs
        safe = "encrypted" if data.get("storageEncrypted") else "not encrypted"
        lines = [f"RDS, {data.get('instanceClass')}", f"{data.get('allocatedStorage')} GiB, {safe}"]
        lines += ["PUBLIC ADDRESS" if data.get("publiclyAccessible") else "no public address"]
        if data.get("multiAz"):
            lines.append("with a standby")
        engine = {"postgres": "PostgreSQL"}.get(str(data.get("engine")), str(data.get("engine")))
        card = Card(f"{engine} {data.get('engineVersion')}", tuple((line, "text") for line in lines), "state")
        yield card, _port(inbound, "database", "tcp/5432")
    for files in evaluation.of_type(type_names.FILE_SYSTEM):
        lines = [
            "lasting volumes, EFS",
            "encrypted" if files.inputs.get("encrypted") else "not encrypted",
            "no public address",
        ]
        yield (
            Card("Files", tuple((line, "text") for line in lines), "state"),
            _port(inbound, "storage", "tcp/2049"),
        )


def _port(rules: Sequence[Any], what: str, default: str) -> str:
    for rule in rules:
        if tables.group(str(rule.inputs.get("securityGroupId")), Names.of_urn(rule.urn)) == what:
            return tables.port(rule.inputs)
    return default


def _endpoint(evaluation: Evaluation, inbound: Sequence[Any]) -> str | None:
    return (
        _port(inbound, "ssh", "tcp/22") if evaluation.of_type(type_names.INSTANCE_CONNECT_ENDPOINT) else None
    )


def _egress(evaluation: Evaluation) -> Iterable[str]:
    """Ports that the machines may reach outside, in the order of their numbers."""
    ports: dict[int, set[str]] = {}
    for rule in evaluation.of_type(type_names.EGRESS_RULE):
        data = rule.inputs
        if data.get("cidrIpv4") or data.get("cidrIpv6"):
            ports.setdefault(int(data.get("fromPort") or 0), set()).add(str(data["ipProtocol"]))
    for port, protocols in sorted(ports.items()):
        yield f"{'+'.join(sorted(protocols))}/{port or 'all'}"
