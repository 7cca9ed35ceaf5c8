"""What may speak to the machines, and to what they may speak."""

from __future__ import annotations

import re

from preview.posture.program import Program
from preview.posture.read import items, number
from preview.posture.rule import Broken, rule
from preview.resource_types.type_names import (
    DEFAULT_SECURITY_GROUP,
    INSTANCE,
    INSTANCE_CONNECT_ENDPOINT,
    LAUNCH_TEMPLATE,
    VPC,
)


@rule(
    id="inbound-cidr",
    severity="critical",
    title="An inbound rule names an address range",
    promise="No inbound rule names an address range",
    why="The tunnel is the only way in. A rule with a CIDR or a prefix list is a port that strangers can try.",
    fix="Remove the rule; let one security group reach another by its id.",
)
def inbound_cidr(program: Program) -> Broken:
    for entry, data in program.rules_in:
        named = [data[key] for key in ("cidrIpv4", "cidrIpv6", "prefixListId") if data.get(key)]
        if named or not data.get("referencedSecurityGroupId"):
            port = f"{data.get('ipProtocol')}/{data.get('fromPort', 'all')}"
            yield entry.name, f"{port} from {', '.join(map(str, named)) or 'no security group'}"


@rule(
    id="workload-inbound",
    severity="critical",
    title="An inbound rule reaches the machines' own security group",
    promise="Nothing reaches the machines' own group",
    why="The connector dials out, so the group that may reach the database needs no inbound rule, and has none to widen.",
    fix="Put a rule that must be in a group of its own, as SSH is.",
)
def workload_inbound(program: Program) -> Broken:
    speaking = {
        data.get("securityGroupId")
        for _, data in program.rules_out
        if "referencedSecurityGroupId" not in data
    }
    for entry, data in program.rules_in:
        if data.get("securityGroupId") in program.machine_groups & speaking:
            yield entry.name, f"reaches {data['securityGroupId']}, the group that machines speak from"


@rule(
    id="ssh-endpoint",
    severity="critical",
    title="Machines accept SSH from something other than the Instance Connect Endpoint",
    promise="Machines take SSH from the Instance Connect Endpoint alone",
    why="The endpoint asks IAM before it opens a connection, and every session is in CloudTrail.",
    fix="Admit tcp/22 from the endpoint's security group and nothing else.",
)
def ssh_endpoint(program: Program) -> Broken:
    endpoints = {
        group
        for endpoint in program.of(INSTANCE_CONNECT_ENDPOINT)
        for group in items(endpoint.inputs.get("securityGroupIds"))
    }
    for entry, data in program.rules_in:
        if data.get("securityGroupId") not in program.machine_groups:
            continue
        source = str(data.get("referencedSecurityGroupId", ""))
        # An endpoint of someone else's is known by its group's id alone.
        known = source in endpoints or (not endpoints and re.fullmatch(r"sg-[0-9a-f]+", source))
        if (data.get("ipProtocol"), data.get("fromPort"), data.get("toPort")) != ("tcp", 22, 22) or not known:
            yield (
                entry.name,
                f"{data.get('ipProtocol')}/{data.get('fromPort')} from {source or 'an address range'}",
            )


@rule(
    id="default-group",
    severity="low",
    title="The VPC's default security group has rules",
    promise="The VPC's default security group is emptied",
    why="AWS's default group lets its members talk to each other and to the world; resources land in it by mistake.",
    fix="Manage it with `ingress: []` and `egress: []`.",
)
def default_group(program: Program) -> Broken:
    emptied = {group.inputs.get("vpcId") for group in program.of(DEFAULT_SECURITY_GROUP)}
    for vpc in program.of(VPC):
        if f"«{vpc.name}.id»" not in emptied:
            yield vpc.name, "its default security group is as AWS made it"
    for group in program.of(DEFAULT_SECURITY_GROUP):
        if group.inputs.get("ingress") != [] or group.inputs.get("egress") != []:
            yield group.name, "has rules, or leaves them to AWS"


@rule(
    id="public-address",
    severity="info",
    title="Machines have public IPv4 addresses",
    promise="Machines have no public addresses",
    why="They are for outbound traffic, in place of a NAT gateway, and no inbound rule admits anyone.",
    fix="Private subnets behind a NAT gateway, an adopted VPC's for example, do without; see the cost first.",
)
def public_address(program: Program) -> Broken:
    for machine in program.of(LAUNCH_TEMPLATE, INSTANCE):
        wanted = [machine.inputs, *items(machine.inputs.get("networkInterfaces"))]
        if any(str(item.get("associatePublicIpAddress")).lower() == "true" for item in wanted):
            yield machine.name, "public IPv4 addresses"


NEEDED = {("tcp", 443), ("tcp", 80), ("tcp", 7844), ("udp", 7844), ("udp", 123)}
"""Registries and APIs, signed packages, the tunnel's two protocols, time."""


@rule(
    id="egress-open",
    severity="high",
    title="An outbound rule allows more than a single port",
    promise="Outbound traffic is listed",
    why="Whoever takes over a container can send data anywhere and fetch tools from anywhere.",
    fix="Name ports and, where they are known, ranges (`network.egress`).",
)
def egress_open(program: Program) -> Broken:
    for entry, data in program.rules_out:
        low, high = number(data.get("fromPort")), number(data.get("toPort"))
        if str(data.get("ipProtocol")) in ("-1", "all") or low is None or low != high:
            yield (
                entry.name,
                f"{data.get('ipProtocol')}/{data.get('fromPort', 'all')}-{data.get('toPort', 'all')}",
            )


@rule(
    id="egress-extra",
    severity="info",
    title="Machines may reach more than they need to run",
    promise="Machines reach only what they need to run",
    why="Each further destination is one more road for data that leaves.",
    fix="Check that the reason given under `network.egress` still holds.",
)
def egress_extra(program: Program) -> Broken:
    for entry, data in program.rules_out:
        if (
            "referencedSecurityGroupId" not in data
            and (data.get("ipProtocol"), data.get("fromPort")) not in NEEDED
        ):
            where = data.get("cidrIpv4") or data.get("cidrIpv6") or data.get("prefixListId")
            yield (
                entry.name,
                f"{data.get('ipProtocol')}/{data.get('fromPort')} to {where}: {data.get('description', 'no reason')}",
            )


FLOW_LOG = "aws:ec2/flowLog:FlowLog"


@rule(
    id="flow-logs",
    severity="low",
    title="The VPC's traffic is not recorded",
    promise="The VPC's traffic is recorded",
    why="Without flow logs nobody can say afterwards what a machine talked to. They cost by volume, so none are made.",
    fix="Make an `aws.ec2.FlowLog` for the VPC, or suppress this with the reason.",
)
def flow_logs(program: Program) -> Broken:
    watched = {log.inputs.get("vpcId") for log in program.of(FLOW_LOG)}
    for vpc in program.of(VPC):
        if f"«{vpc.name}.id»" not in watched:
            yield vpc.name, "no flow log"
