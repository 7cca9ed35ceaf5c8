"""What cannot move to another network, because something that lasts stands in it."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any

from preview.analysis.consequences.context import (
    Context,
    changed_inputs,
    downtime,
    listed,
    new_inputs,
    old_inputs,
    refused,
    unknown,
)
from preview.changes import Change, Effect
from preview.resource_types import type_names

_FILE_POLICY = "aws:efs/fileSystemPolicy:FileSystemPolicy"
_GATEWAY = "aws:ec2/internetGateway:InternetGateway"
SUBNET_GROUP = "aws:rds/subnetGroup:SubnetGroup"


def network(context: Context, change: Change) -> Iterator[Effect]:
    if change.type == type_names.SUBNET:
        yield from _subnet(context, change)
    elif change.type == SUBNET_GROUP:
        yield from _subnet_group(context, change)
    elif change.type == type_names.MOUNT_TARGET:
        yield from _mount_target(context, change)
        yield from _target_gone(context, change)
    elif change.type == type_names.DATABASE:
        yield from _database_group(context, change)
    elif change.type == _FILE_POLICY and change.action in ("created", "updated"):
        yield from _file_policy(change)
    elif change.type == type_names.INSTANCE_CONNECT_ENDPOINT:
        yield from _endpoint(context, change)
    elif change.type == _GATEWAY and change.action == "updated" and "vpcId" in changed_inputs(change):
        yield refused("a gateway leaves no network in which machines have public addresses")


def _subnet(context: Context, change: Change) -> Iterator[Effect]:
    """The new one comes first, and its range may lie in no other subnet's of the network."""
    before = change.before and change.before.options
    if change.action not in ("created", "replaced") or (
        before and change.after and change.after.options["deleteBeforeReplace"]
    ):
        return
    new = new_inputs(change)
    if _moves(context, new.get("vpcId")):
        return
    for other in context.before.of_type(type_names.SUBNET):
        old = other.inputs
        if old.get("vpcId") == new.get("vpcId") and _overlap(old.get("cidrBlock"), new.get("cidrBlock")):
            yield refused(f"its range {new.get('cidrBlock')} is {other.name}'s until that is gone")
            return


def _subnet_group(context: Context, change: Change) -> Iterator[Effect]:
    if change.action not in ("updated", "replaced") or "subnetIds" not in changed_inputs(change):
        return
    if not any(
        step.action not in ("created", "deleted")
        for step in context.steps.values()
        if step.type == type_names.DATABASE
    ):
        return
    kept = set(map(str, listed(new_inputs(change).get("subnetIds"))))
    gone = [
        subnet
        for subnet in map(str, listed(old_inputs(change).get("subnetIds")))
        if subnet not in kept or _moves(context, subnet)
    ]
    if gone:
        yield refused(
            "the database stands in a subnet that leaves its subnet group, and RDS does not move it"
        )


def _mount_target(context: Context, change: Change) -> Iterator[Effect]:
    """A file system has targets in one network, and one a zone: the new one comes before the old one goes."""
    if change.action not in ("created", "replaced") or _files_are_new(context, change):
        return
    if change.action == "replaced" and change.after and change.after.options["deleteBeforeReplace"]:
        return
    new = new_inputs(change).get("subnetId")
    zones = {
        _zone(context.before.of_type(type_names.SUBNET), other.inputs.get("subnetId"))
        for other in _targets(context)
    }
    vpcs = {
        _vpc(context.before.of_type(type_names.SUBNET), other.inputs.get("subnetId"))
        for other in _targets(context)
    }
    if not zones:
        return
    after = context.after.of_type(type_names.SUBNET)
    zone, vpc = _zone(after, new), _vpc(after, new)
    if (vpc and (vpc not in vpcs or _moves(context, vpc))) or bool(vpc) != any(vpcs):
        yield refused("the file system has its targets in one network, and they are still in the other one")
    elif zone is None:
        yield unknown("whether the zone of this subnet has a mount target already is not known here")
    elif zone in zones:
        yield refused(f"the file system has a target in {zone} until the old one is gone")


def _target_gone(context: Context, change: Change) -> Iterator[Effect]:
    """Machines of a zone without a target do not find their files: its name resolves in zones that have one."""
    if change.action != "deleted":
        return
    zone = _zone(context.before.of_type(type_names.SUBNET), old_inputs(change).get("subnetId"))
    left = {
        _zone(context.after.of_type(type_names.SUBNET), target.inputs.get("subnetId"))
        for target in context.after.of_type(type_names.MOUNT_TARGET)
    }
    if context.after.of_type(type_names.FILE_SYSTEM) and (zone is None or zone not in left):
        yield downtime(f"machines in {zone or 'its zone'} no longer find their files")


def _database_group(context: Context, change: Change) -> Iterator[Effect]:
    """Does any security group of the database still admit anybody to its port?"""
    if change.action != "updated" or "vpcSecurityGroupIds" not in changed_inputs(change):
        return
    groups = set(map(str, new_inputs(change).get("vpcSecurityGroupIds") or []))
    own = {f"«{group.name}.id»" for group in context.after.of_type(type_names.SECURITY_GROUP)}
    admitted = {
        str(rule.inputs.get("securityGroupId")) for rule in context.after.of_type(type_names.INGRESS_RULE)
    }
    if groups <= own and not groups & admitted:
        yield downtime("no security group that it gets admits anybody to its port")
    elif not groups <= own:
        yield unknown("whether the security groups that it gets admit the machines is not known here")


def _file_policy(change: Change) -> Iterator[Effect]:
    """Machines mount by plain NFS and without an AWS identity, so a policy that asks for either shuts them out."""
    text = str(new_inputs(change).get("policy", ""))
    if "aws:SecureTransport" in text:
        yield downtime(
            "the file system refuses connections without TLS, and the machines mount it by plain NFS"
        )
    else:
        yield unknown("whether this policy still lets the machines mount the file system is not known here")


def _endpoint(context: Context, change: Change) -> Iterator[Effect]:
    if change.action == "replaced" and change.after and not change.after.options["deleteBeforeReplace"]:
        yield refused(
            "AWS allows one Instance Connect Endpoint a network, and the old one goes only afterwards"
        )
    if change.action == "created":
        vpcs = {
            _vpc(context.before.of_type(type_names.SUBNET), e.inputs.get("subnetId"))
            for e in context.before.of_type(type_names.INSTANCE_CONNECT_ENDPOINT)
        }
        vpc = _vpc(context.after.of_type(type_names.SUBNET), new_inputs(change).get("subnetId"))
        if vpc and vpc in vpcs and not _moves(context, vpc):
            yield refused(
                "AWS allows one Instance Connect Endpoint a network, and another one of the stack is there"
            )


def _targets(context: Context) -> list[Any]:
    return context.before.of_type(type_names.MOUNT_TARGET)


def _files_are_new(context: Context, change: Change) -> bool:
    """Does the file system itself come with the change?"""
    files = [step for step in context.steps.values() if step.type == type_names.FILE_SYSTEM]
    return not any(step.action in ("unchanged", "updated") for step in files)


def _named(value: Any) -> str:
    return str(value).strip("«»").rpartition(".")[0]


def _subnet_of(subnets: list[Any], value: Any) -> Any:
    return next((subnet for subnet in subnets if subnet.name == _named(value)), None)


def _zone(subnets: list[Any], value: Any) -> Any:
    found = _subnet_of(subnets, value)
    return found.inputs.get("availabilityZone") if found else None


def _vpc(subnets: list[Any], value: Any) -> Any:
    found = _subnet_of(subnets, value)
    return found.inputs.get("vpcId") if found else None


def _moves(context: Context, value: Any) -> bool:
    """Does a placeholder (`«network-vpc.id»`) name a resource that becomes another one?"""
    name = _named(value)
    return any(step.name == name and step.action == "replaced" for step in context.steps.values())


def _overlap(left: Any, right: Any) -> bool:
    try:
        return ipaddress.ip_network(str(left)).overlaps(ipaddress.ip_network(str(right)))
    except (ValueError, TypeError):
        return False
