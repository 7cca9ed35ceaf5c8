"""The machines of a stack: those of its current group, as Auto Scaling and EC2 tell of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from model.machine.permissions import READY_TAG
from operate.stack import Fault, Stack
from preview.doctor.aws import Aws

INSTANCE = re.compile(r"i-[0-9a-f]{8,17}")


@dataclass(frozen=True, kw_only=True)
class Machine:
    """``state`` is the group's word for it (`InService`); ``ready``: it has said that its stack is well."""

    id: str
    state: str
    health: str
    ready: bool
    zone: str
    version: str
    launched: datetime | None = None

    @property
    def serves(self) -> bool:
        return self.state == "InService" and self.health == "Healthy" and self.ready


def machines(aws: Aws, stack: Stack) -> list[Machine]:
    """The current group's, those that serve first. Raises Unasked, and Fault for a group that is gone."""
    name = stack.output("autoScalingGroup")
    groups = aws.all(
        "autoscaling", "DescribeAutoScalingGroups", "AutoScalingGroups", AutoScalingGroupNames=[name]
    )
    if not groups:
        raise Fault(
            f"{stack.region} has no group {name}; is that the region, and `pulumi refresh` up to date?"
        )
    members = groups[0].get("Instances") or []
    told = _instances(aws, [str(one["InstanceId"]) for one in members])
    found = [_machine(one, told.get(str(one["InstanceId"]), {})) for one in members]
    return sorted(found, key=lambda machine: (not machine.serves, machine.id))


def _instances(aws: Aws, ids: list[str]) -> dict[str, Any]:
    if not ids:
        return {}
    reservations = aws.all("ec2", "DescribeInstances", "Reservations", InstanceIds=ids)
    return {str(one["InstanceId"]): one for held in reservations for one in held.get("Instances") or ()}


def _machine(member: dict[str, Any], instance: dict[str, Any]) -> Machine:
    tags = {tag["Key"]: tag["Value"] for tag in instance.get("Tags") or ()}
    template = member.get("LaunchTemplate") or {}
    return Machine(
        id=str(member["InstanceId"]),
        state=str(member.get("LifecycleState")),
        health=str(member.get("HealthStatus")),
        ready=tags.get(READY_TAG) == "true",
        zone=str(member.get("AvailabilityZone")),
        version=str(template.get("Version", "?")),
        launched=instance.get("LaunchTime"),
    )


def chosen(found: Sequence[Machine], wanted: str | None) -> Machine:
    """The one that is asked for by its id, or its number as `status` counts; the first otherwise. Raises Fault."""
    if not found:
        raise Fault(
            "the group has no machine; `python -m operate status`, and the boot log: `python -m operate logs --boot`"
        )
    if wanted is None:
        return found[0]
    if wanted.isdigit() and 1 <= int(wanted) <= len(found):
        return found[int(wanted) - 1]
    for machine in found:
        if machine.id == wanted:
            return machine
    ids = ", ".join(machine.id for machine in found)
    raise Fault(f"--machine: expected 1 to {len(found)} or one of {ids}, found {wanted!r}")
