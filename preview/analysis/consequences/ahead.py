"""What all machines share and changes while machines of the earlier release still serve.

The program changes the connector's rules and a rotated header when the new machines serve (components/tunnel.py, firewall.py).
Two releases then serve side by side under one set of rules for about a minute: what only one of them has fails for its share.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any

from preview.analysis.consequences.context import (
    Context,
    at,
    changed_inputs,
    downtime,
    effect,
    in_place,
    new_inputs,
    number,
    old_inputs,
    refused,
)
from preview.analysis.consequences.machines import target
from preview.analysis.reach import NOBODY, Reach
from preview.changes import Change, Consequence, Effect
from preview.resource_types import type_names

VERIFY_PHASE = "http_request_late_transform"


def ahead(context: Context, change: Change) -> Iterator[Effect]:
    if change.type == type_names.TUNNEL_CONFIGURATION and change.action == "updated":
        yield from _not_found(context)
        yield from _services(context, change)
        yield from _logins(context, change)
    elif change.type == type_names.RULESET and _phase(change) == VERIFY_PHASE:
        yield from _header(context, change)
    elif change.type == type_names.DNS_RECORD and change.after is not None:
        new = new_inputs(change)
        if new.get("proxied") and number(new.get("ttl")) not in (0, 1):
            yield refused("a proxied record has the ttl 1 (automatic) and no other")
        if change.action == "updated":
            yield from _record(change)
    elif change.type in (type_names.INGRESS_RULE, type_names.EGRESS_RULE):
        yield from _doors_between(context, change)
    elif (
        change.type == type_names.TUNNEL
        and change.action == "updated"
        and "tunnelSecret" in changed_inputs(change)
    ):
        yield effect(
            Consequence.ROLLING,
            "a new secret: connections of the old machines stay, but none that breaks before the new machines serve comes back",
        )


def places(old: Reach, new: Reach) -> Iterator[tuple[str, str]]:
    """(hostname, path) of everything that the earlier rules led somewhere, on either side of every rule's edges."""
    for hostname in old.hostnames:
        for path in dict.fromkeys(
            [*old.samples(hostname), *(new.samples(hostname) if hostname in new.hostnames else ())]
        ):
            yield hostname, path


def _not_found(context: Context) -> Iterator[Effect]:
    old, new = context.reach
    gone: dict[str, dict[str, None]] = {}
    for hostname, path in places(old, new):
        if old.at(hostname, path).who != NOBODY and new.at(hostname, path).who == NOBODY:
            whole = new.at(hostname, "/").who == NOBODY != old.at(hostname, "/").who
            where = hostname if whole else old.at(hostname, path).url.removesuffix("/below")
            gone.setdefault(new.status(hostname, path), {})[where] = None
    for status, urls in gone.items():
        yield downtime(f"answered {status} from now on: {', '.join(urls)}")


def _services(context: Context, change: Change) -> Iterator[Effect]:
    """Places that go over to another service or port."""
    old, new = context.reach
    moved: dict[tuple[str, str], list[str]] = {}
    for hostname, path in places(old, new):
        entries = old.at(hostname, path).entry, new.at(hostname, path).entry
        if entries[0] and entries[1] and entries[0].service != entries[1].service:
            moved.setdefault((entries[0].service, entries[1].service), []).append(old.at(hostname, path).url)
    for (was, now), urls in sorted(moved.items()):
        where = ", ".join(dict.fromkeys(url.removesuffix("/below") for url in urls))
        missing = _missing(context, was, now) if context.released else []
        if missing:
            long = (
                "about a minute" if context.waits_for_machines(change) else "as long as the new machines boot"
            )
            yield downtime(
                f"{where} goes from {was} to {now}, which {' and '.join(missing)}: for {long} a part of the requests fails. "
                "Keep both services for one release to avoid it."
            )
        else:
            yield in_place(f"{where} goes from {was} to {now}")


def _logins(context: Context, change: Change) -> Iterator[Effect]:
    """Places whose login at the edge goes, or is another, while the connector demands the former one.

    Access changes at once, the connector's rules when the new machines serve.
    """
    if not (context.released and context.waits_for_machines(change)):
        return
    anew = {step.urn for step in context.of(type_names.ACCESS_APPLICATION) if step.action == "replaced"}
    shut: dict[str, None] = {}
    for hostname, path in places(*context.reach):
        was, now = (reach.at(hostname, path) for reach in context.reach)
        if was.entry and now.entry and was.entry.checked and was.entry.logins:
            demanded = {application.urn for _, application in was.entry.logins} - anew
            if not demanded & {application.urn for _, application in now.edge}:
                shut[was.url.removesuffix("/below")] = None
    if shut:
        yield downtime(
            f"Access asks for another login, or for none, at {', '.join(shut)}, and the connector demands the former one until "
            "the new machines serve: every request is refused (403) while they boot. Release first, and change the login "
            "afterwards."
        )


def _missing(context: Context, was: str, now: str) -> list[str]:
    """Which machines lack what the rules ask of them while old and new ones serve."""
    old, new = context.machines
    if not old.services or not new.services:
        return ["may not be on the machines that still serve"]
    services = [{entry.service for entry in reach.entries} for reach in context.reach]
    found = []
    if now not in services[0] and not _alike(context, target(now)):
        found.append("the machines that still serve may not have")
    if was not in services[1] and target(was) not in new.services:
        found.append("whose predecessor the new machines do not have")
    return found


def _alike(context: Context, name: str | None) -> bool:
    """Is a service the same in both versions, so that the old machines answer as the new ones do?"""
    old, new = context.machines
    return name in old.services and old.services.get(str(name)) == new.services.get(str(name))


def _record(change: Change) -> Iterator[Effect]:
    old, new = old_inputs(change), new_inputs(change)
    if old.get("name") != new.get("name"):
        yield downtime(f"{old.get('name')} no longer resolves")
    if old.get("proxied") and not new.get("proxied"):
        yield downtime("a tunnel answers through the edge alone, and the record now leads past it")
    tunnels = [str(inputs.get("content", "")).endswith(".cfargotunnel.com") for inputs in (old, new)]
    if tunnels[0] and not tunnels[1]:
        yield downtime(f"{new.get('name')} leads to {new.get('content')}, past the tunnel")


def _phase(change: Change) -> object:
    return (new_inputs(change) or old_inputs(change)).get("phase")


def _header(context: Context, change: Change) -> Iterator[Effect]:
    """The secret header by which the app knows the edge: whoever expects another value refuses every request."""
    if change.action == "deleted":
        yield downtime(
            "the app's machines are no longer sent the header: those that ask for it refuse every request"
        )
        return
    ordered = context.waits_for_machines(change)
    if change.action == "created":
        if ordered and context.released:
            yield downtime(
                "new machines that ask for the header refuse requests until it is sent, about a minute later"
            )
        return
    headers = [_headers(inputs) for inputs in (old_inputs(change), new_inputs(change))]
    leaves = [d.path for d in change.differences if d.path.startswith("rules")]
    if headers[0] == headers[1] and all(".expression" in leaf or ".description" in leaf for leaf in leaves):
        return
    if not context.released:
        yield downtime("the machines go on expecting the former header: they refuse every request")
    elif ordered:
        yield downtime(
            "machines of either release expect a header of their own: for about a minute, while both serve, a part of "
            "the requests is refused"
        )
    else:
        yield downtime(
            "the machines that still serve expect the former header: they refuse every request until the new ones serve"
        )


def _headers(inputs: dict[str, object]) -> list[object]:
    rules = inputs.get("rules")
    if not isinstance(rules, list):
        return [rules]
    return [at(rule, "actionParameters", "headers") for rule in rules if isinstance(rule, dict)]


_ANY_NETWORK = ("0.0.0.0/0", "::/0")
# What the machines themselves need of the Internet: packages, images, AWS's APIs, the edge, names and time.
_MACHINES_NEED = (53, 80, 123, 443, 7844)


def _range(rule: Mapping[str, Any]) -> Any:
    return rule.get("cidrIpv4") or rule.get("cidrIpv6")


def _ports_within(inner: Mapping[str, Any], outer: Mapping[str, Any]) -> bool:
    """Do two rules of the same group speak of one protocol, and has the other one all ports of the first?"""
    if inner.get("securityGroupId") != outer.get("securityGroupId"):
        return False
    if str(outer.get("ipProtocol")) == "-1":
        return True
    if inner.get("ipProtocol") != outer.get("ipProtocol"):
        return False
    ends = [[rule.get("fromPort"), rule.get("toPort")] for rule in (inner, outer)]
    if ends[0] == ends[1]:
        return True
    if not all(isinstance(port, int | float) for pair in ends for port in pair):
        return False
    (low, high), (least, most) = ([number(port) for port in pair] for pair in ends)
    return least <= low and high <= most


def _within(inner: Any, outer: Any) -> bool:
    try:
        one, other = ipaddress.ip_network(str(inner)), ipaddress.ip_network(str(outer))
    except ValueError:
        return False
    return one.version == other.version and one.subnet_of(other)  # type: ignore[arg-type]


def _way_within(inner: Mapping[str, Any], outer: Mapping[str, Any]) -> bool:
    """Does the other rule let pass all that this one does?"""
    return _ports_within(inner, outer) and _within(_range(inner), _range(outer))


def _narrower(inner: Mapping[str, Any], outer: Mapping[str, Any]) -> bool:
    """Are its peers some of the other one's, on all of its ports, and is that asked for, not what the machines need?"""
    first, last = number(outer.get("fromPort")), number(outer.get("toPort"))
    needed = str(outer.get("ipProtocol")) == "-1" or any(first <= port <= last for port in _MACHINES_NEED)
    if needed and _range(outer) in _ANY_NETWORK:
        return False
    return _ports_within(outer, inner) and _within(_range(inner), _range(outer))


def _doors_between(context: Context, change: Change) -> Iterator[Effect]:
    """A rule between groups: what the old machines use closes before they have gone."""
    if change.action == "created":
        return
    old = old_inputs(change)
    what = old.get("description") or change.name
    watched = {
        "referencedSecurityGroupId",
        "securityGroupId",
        "fromPort",
        "toPort",
        "ipProtocol",
        "cidrIpv4",
        "cidrIpv6",
        "prefixListId",
    }
    left = [rule.inputs for rule in context.after.of_type(change.type) if rule.urn != change.urn]
    if change.type == type_names.EGRESS_RULE and any(
        _way_within(old, other) for other in [*left, new_inputs(change)]
    ):
        yield in_place(f"another rule lets the same pass ({what})")
    elif change.type == type_names.EGRESS_RULE and (
        narrower := [_range(other) for other in [new_inputs(change), *left] if _narrower(other, old)]
    ):
        yield in_place(f"passes to {', '.join(sorted(map(str, narrower)))} alone now ({what})")
    elif change.action == "deleted":
        if not context.gone_with(change):
            yield downtime(f"deleted: nothing of this kind passes any more ({what})")
    elif watched & set(changed_inputs(change)):
        yield downtime(f"{what}: the machines that still serve no longer pass where this rule let them")
