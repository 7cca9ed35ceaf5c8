"""Who may speak to whom: security groups, network access lists, routes, and what lies behind them.

Every rule, however it is written, is read as `Door`s. One is new only if no earlier door of the same group admits all of it: a
narrower range of addresses or ports opens nothing.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from model.naming import Names
from preview.analysis.exposures.versions import Lookup, Versions, dicts, listed, placeholder, texts
from preview.changes import Exposure, Kind
from preview.resource_types import type_names
from preview.resources import Resource

_OLD_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
_ROUTE = "aws:ec2/route:Route"
_TABLES = ("aws:ec2/routeTable:RouteTable", "aws:ec2/defaultRouteTable:DefaultRouteTable")
_JOINED = "aws:ec2/routeTableAssociation:RouteTableAssociation"
_ATTACHED = "aws:ec2/networkInterfaceSecurityGroupAttachment:NetworkInterfaceSecurityGroupAttachment"
_ACLS = ("aws:ec2/networkAcl:NetworkAcl", "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl")
_ACL_RULE = "aws:ec2/networkAclRule:NetworkAclRule"
_PREFIX_LISTS = (
    "aws:ec2/managedPrefixList:ManagedPrefixList",
    "aws:ec2/managedPrefixListEntry:ManagedPrefixListEntry",
)
_ANY_PROTOCOL = ("-1", "all")


def network(versions: Versions) -> Iterator[Exposure]:
    yield from _doors(versions)
    yield from _memberships(versions)
    yield from _access_lists(versions)
    yield from _prefix_lists(versions)
    yield from _routes(versions)


# Doors ------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Door:
    """``peer`` is a range of addresses, a prefix list or a group, each as its reference; ``low`` to ``high`` are ports."""

    kind: Kind
    group: str
    peer: str
    protocol: str
    low: int
    high: int
    rule: str

    @property
    def ports(self) -> str:
        if self.protocol in _ANY_PROTOCOL:
            return "every port of every protocol"
        if self.protocol not in ("tcp", "udp"):
            return self.protocol
        if (self.low, self.high) == (0, 65535):
            return f"every port of {self.protocol}"
        return f"{self.protocol} {self.low}" + ("" if self.low == self.high else f"-{self.high}")

    def within(self, other: Door) -> bool:
        """Does another door admit all that this one does?"""
        return (
            (self.kind, self.group) == (other.kind, other.group)
            and (other.protocol in _ANY_PROTOCOL or self.protocol == other.protocol)
            and (other.protocol in _ANY_PROTOCOL or (other.low <= self.low and self.high <= other.high))
            and peer_within(self.peer, other.peer)
        )


def peer_within(peer: str, other: str) -> bool:
    if peer == other:
        return True
    try:
        inner, outer = ipaddress.ip_network(peer, strict=False), ipaddress.ip_network(other, strict=False)
    except ValueError:
        return False
    return inner.version == outer.version and inner.subnet_of(outer)  # type: ignore[arg-type]


def doors(lookup: Lookup) -> list[Door]:
    found: list[Door] = []
    for kind, type_name in (("port", type_names.INGRESS_RULE), ("egress", type_names.EGRESS_RULE)):
        for rule in lookup.of(type_name):
            found += _read(kind, str(rule.inputs.get("securityGroupId")), rule.inputs, rule.name)  # type: ignore[arg-type]
    for rule in lookup.of(_OLD_RULE):
        direction: Kind = "egress" if rule.inputs.get("type") == "egress" else "port"
        found += _read(direction, str(rule.inputs.get("securityGroupId")), rule.inputs, rule.name)
    for group in lookup.of(type_names.SECURITY_GROUP, type_names.DEFAULT_SECURITY_GROUP):
        own = f"«{group.name}.id»"
        for key, inline in (("ingress", "port"), ("egress", "egress")):
            for item in dicts(group.inputs.get(key)):
                found += _read(inline, own, item, group.name)  # type: ignore[arg-type]
    return found


_PEERS = (
    "cidrIpv4",
    "cidrIpv6",
    "prefixListId",
    "referencedSecurityGroupId",
    "cidrBlocks",
    "ipv6CidrBlocks",
    "prefixListIds",
    "sourceSecurityGroupId",
    "securityGroups",
)


def _read(kind: Kind, group: str, rule: Mapping[str, Any], name: str) -> Iterator[Door]:
    protocol = str(rule.get("ipProtocol", rule.get("protocol", "-1"))).lower()
    peers = [peer for key in _PEERS for peer in texts(rule.get(key))]
    if rule.get("self"):
        peers.append(group)
    # A rule whose peer cannot be read admits somebody.
    for peer in peers or ["a peer that is not known here"]:
        low, high = _port(rule.get("fromPort"), 0), _port(rule.get("toPort"), 65535)
        if low < 0:
            low, high = 0, 65535
        yield Door(kind=kind, group=group, peer=peer, protocol=protocol, low=low, high=high, rule=name)


def _port(value: Any, otherwise: int) -> int:
    try:
        return int(float(value))
    except (TypeError, ValueError):
        return otherwise


def _doors(versions: Versions) -> Iterator[Exposure]:
    renamed = {
        f"«{old.name}.id»": f"«{new.name}.id»"
        for old, new in versions.pairs(type_names.SECURITY_GROUP, type_names.DEFAULT_SECURITY_GROUP)
        if old.name != new.name
    }
    names = _names(versions)
    known = [_renamed(door, renamed) for door in doors(versions.before)]
    ours = {f"«{group.name}.id»" for group in versions.after.of(type_names.SECURITY_GROUP)}
    fresh = {group for group in ours if placeholder(group) in versions.created}
    for door in doors(versions.after):
        ends = {door.group, door.peer}
        # A rule between two groups of the stack of which one is new: its own parts speak to a new part.
        if (ends <= ours and ends & fresh) or any(door.within(other) for other in known):
            continue
        verb = "admits" if door.kind == "port" else "may speak to"
        text = f"{end(door.group, names)} {verb} {end(door.peer, names)} on {door.ports}"
        yield Exposure(kind=door.kind, subject=door.rule, text=text)


def _renamed(door: Door, renamed: Mapping[str, str]) -> Door:
    if not renamed:
        return door
    return Door(
        kind=door.kind,
        group=renamed.get(door.group, door.group),
        peer=renamed.get(door.peer, door.peer),
        protocol=door.protocol,
        low=door.low,
        high=door.high,
        rule=door.rule,
    )


def _names(versions: Versions) -> Names:
    evaluation = versions.after.evaluation
    return Names(evaluation.project, evaluation.stack)


def end(reference: str, names: Names) -> str:
    """One end of a rule as text: `the group workload`, `10.0.0.0/8`, `anywhere`."""
    if reference in ("0.0.0.0/0", "::/0"):
        return f"anywhere ({reference})"
    name = placeholder(reference)
    return f"the group {names.network.label(name) or name}" if name else reference


# Who is in which group ----------------------------------------------------------------------------------------------------

_GROUP_KEYS = ("securityGroups", "securityGroupIds", "vpcSecurityGroupIds")


def _groups_of(resource: Resource | None) -> list[str]:
    """The security groups that a resource is in, wherever its inputs say so (a launch template's interfaces, a VPC's part)."""
    if resource is None:
        return []
    found = [*_groups_in(resource.inputs)]
    if resource.type == _ATTACHED:
        found += texts(resource.inputs.get("securityGroupId"))
    return found


def _groups_in(inputs: Mapping[str, Any]) -> Iterator[str]:
    for key, value in inputs.items():
        if key in _GROUP_KEYS:
            yield from texts(value)
        elif key in ("networkInterfaces", "vpcConfig", "networkConfiguration", "vpcSettings"):
            for part in dicts(value):
                yield from _groups_in(part)


def _memberships(versions: Versions) -> Iterator[Exposure]:
    """What joins a group is reached by whoever the group admits."""
    names = _names(versions)
    unruled = (
        type_names.INGRESS_RULE,
        type_names.EGRESS_RULE,
        _OLD_RULE,
        type_names.SECURITY_GROUP,
        type_names.DEFAULT_SECURITY_GROUP,
    )
    inbound = [door for door in doors(versions.after) if door.kind == "port"]
    ours = {
        f"«{group.name}.id»"
        for group in versions.after.of(type_names.SECURITY_GROUP, type_names.DEFAULT_SECURITY_GROUP)
    }
    for change in versions.changes:
        if change.type in unruled or change.after is None:
            continue
        before, after = set(_groups_of(change.before)), _groups_of(change.after)
        joined = [group for group in dict.fromkeys(after) if group not in before]
        if change.before is None and (change.type != _ATTACHED):
            # A new part in the stack's own groups: their doors are judged as such.
            joined = [group for group in joined if group not in ours]
        had = [(d.peer, d.protocol, d.low, d.high) for d in inbound if d.group in before]
        for group in joined:
            text = f"{change.name} joins {end(group, names)}"
            if group not in ours:
                text += ", whose rules are not known here"
                yield Exposure(kind="port", subject=change.name, text=text)
                continue
            more = [d for d in inbound if d.group == group and (d.peer, d.protocol, d.low, d.high) not in had]
            if more and placeholder(group) not in versions.created:
                admits = listed([f"{end(d.peer, names)} on {d.ports}" for d in more])
                yield Exposure(kind="port", subject=change.name, text=f"{text}, which admits {admits}")


# Access lists and prefix lists --------------------------------------------------------------------------------------------


def _access_lists(versions: Versions) -> Iterator[Exposure]:
    """Rules of a subnet's access list that allow more, or deny less. Only what the security groups admit as well gets through."""
    before, after = set(_acl_rules(versions.before)), set(_acl_rules(versions.after))
    for owner, verb, rest in sorted(after - before):
        if verb == "allow":
            yield Exposure(kind="port", subject=owner, text=f"{owner} lets through {rest}")
    kept = {resource.name for resource in versions.after.of(*_ACLS, _ACL_RULE)}
    for owner, verb, rest in sorted(before - after):
        if verb == "deny":
            gone = "" if owner in kept else ", since it goes"
            yield Exposure(kind="port", subject=owner, text=f"{owner} no longer refuses {rest}{gone}")


def _acl_rules(lookup: Lookup) -> Iterator[tuple[str, str, str]]:
    for acl in lookup.of(*_ACLS):
        for direction in ("ingress", "egress"):
            for rule in dicts(acl.inputs.get(direction)):
                yield acl.name, str(rule.get("action")), _acl_words(rule, direction)
    for rule_ in lookup.of(_ACL_RULE):
        direction = "egress" if rule_.inputs.get("egress") else "ingress"
        yield rule_.name, str(rule_.inputs.get("ruleAction")), _acl_words(rule_.inputs, direction)


def _acl_words(rule: Mapping[str, Any], direction: str) -> str:
    peer = rule.get("cidrBlock") or rule.get("ipv6CidrBlock")
    way = "from" if direction == "ingress" else "to"
    ports = f"{rule.get('fromPort', 0)}-{rule.get('toPort', 0)}"
    return f"protocol {rule.get('protocol')} ports {ports} {way} {peer}"


def _prefix_lists(versions: Versions) -> Iterator[Exposure]:
    def entries(resource: Resource | None) -> list[str]:
        if resource is None:
            return []
        own = texts(resource.inputs.get("cidr"))
        return own + [str(entry.get("cidr")) for entry in dicts(resource.inputs.get("entries"))]

    for old, new in versions.later(*_PREFIX_LISTS):
        known = entries(old)
        fresh = [cidr for cidr in entries(new) if not any(peer_within(cidr, other) for other in known)]
        if fresh:
            text = f"{new.name}: rules that name this list also admit {listed(fresh)}"
            yield Exposure(kind="port", subject=new.name, text=text)


# Routes -----------------------------------------------------------------------------------------------------------------

_ELSEWHERE = {
    "vpcPeeringConnectionId": "a peered VPC",
    "transitGatewayId": "a transit gateway",
    "coreNetworkArn": "a core network",
    "localGatewayId": "a local gateway",
    "carrierGatewayId": "a carrier gateway",
    "vpcEndpointId": "an endpoint",
    "networkInterfaceId": "a network interface",
}
_SUBNET_KEYS = ("subnetId", "subnetIds", "vpcZoneIdentifiers", "subnets")


def _route_list(lookup: Lookup) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """(the route's owner, its table's reference, the route)."""
    for route in lookup.of(_ROUTE):
        yield route.name, str(route.inputs.get("routeTableId")), route.inputs
    for table in lookup.of(*_TABLES):
        for item in dicts(table.inputs.get("routes")):
            yield table.name, f"«{table.name}.id»", item


def _destination(route: Mapping[str, Any]) -> str:
    keys = (
        "destinationCidrBlock",
        "destinationIpv6CidrBlock",
        "destinationPrefixListId",
        "cidrBlock",
        "ipv6CidrBlock",
    )
    return next((str(route[key]) for key in keys if route.get(key)), "somewhere")


def _open_subnets(lookup: Lookup) -> set[str]:
    """The subnets that have a way to the Internet and back."""
    tables = {
        table
        for _, table, route in _route_list(lookup)
        if _destination(route).endswith("/0") and route.get("gatewayId") and _is_internet(route, lookup)
    }
    return {
        str(joined.inputs.get("subnetId"))
        for joined in lookup.of(_JOINED)
        if str(joined.inputs.get("routeTableId")) in tables
    }


def _is_internet(route: Mapping[str, Any], lookup: Lookup) -> bool:
    gateway = route["gatewayId"]
    made = lookup.named(gateway)
    if made is None:
        return not str(gateway).startswith(("vgw-", "local"))
    return made.type == "aws:ec2/internetGateway:InternetGateway"


def _routes(versions: Versions) -> Iterator[Exposure]:
    old, new = _open_subnets(versions.before), _open_subnets(versions.after)
    for subnet in sorted(new - old):
        name = placeholder(subnet) or subnet
        if name not in versions.created:
            text = f"{name}: the subnet gets a way to the Internet and back"
            yield Exposure(kind="address", subject=name, text=text)
    for change in versions.changes:
        if change.after is None or change.type == _JOINED:
            continue
        before = _subnets_of(change.before)
        after = _subnets_of(change.after)
        if change.before and (after - before) & new and not before & old:
            text = f"{change.name} moves to a subnet with a way to the Internet and back"
            yield Exposure(kind="address", subject=change.name, text=text)
    known = {(table, _destination(r), key) for _, table, r in _route_list(versions.before) for key in r}
    for owner, table, route in _route_list(versions.after):
        for key, words in _ELSEWHERE.items():
            if route.get(key) and (table, _destination(route), key) not in known:
                text = f"{owner}: {_destination(route)} is reached, and reaches back, through {words}"
                yield Exposure(kind="reachable", subject=owner, text=text)


def _subnets_of(resource: Resource | None) -> set[str]:
    if resource is None:
        return set()
    return {subnet for key in _SUBNET_KEYS for subnet in texts(resource.inputs.get(key))}
