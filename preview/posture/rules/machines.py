"""The machines and their group."""

from __future__ import annotations

import re

from model import durations
from preview.posture.program import Program
from preview.posture.read import items, number
from preview.posture.rule import Broken, rule
from preview.resource_types.type_names import AUTO_SCALING_GROUP, INSTANCE, LAUNCH_TEMPLATE
from preview.resources import Resource


@rule(
    id="imds",
    severity="high",
    title="Containers can read the machine's credentials",
    promise="A machine's credentials are out of reach of its containers",
    why="Through IMDSv1, or a second network hop, a request forged in a container reads the machine's AWS credentials.",
    fix="`http_tokens: required` and `http_put_response_hop_limit: 1`.",
)
def imds(program: Program) -> Broken:
    for machine in program.of(LAUNCH_TEMPLATE, INSTANCE):
        options = machine.inputs.get("metadataOptions") or {}
        if options.get("httpEndpoint") == "disabled":
            continue
        if options.get("httpTokens") != "required":
            yield machine.name, f"httpTokens {options.get('httpTokens', 'optional')}"
        if options.get("httpPutResponseHopLimit") != 1:
            yield machine.name, f"hop limit {options.get('httpPutResponseHopLimit', 'not set')}"


@rule(
    id="ssh-key",
    severity="medium",
    title="Machines have an SSH key pair",
    promise="Machines carry no key pair",
    why="A key is kept by people, copied, and outlives them; Instance Connect needs none.",
    fix="Leave out `key_name`.",
)
def ssh_key(program: Program) -> Broken:
    for machine in program.of(LAUNCH_TEMPLATE, INSTANCE):
        if machine.inputs.get("keyName"):
            yield machine.name, f"key pair {machine.inputs['keyName']}"


@rule(
    id="disk-encryption",
    severity="high",
    title="A disk is not encrypted",
    promise="Disks are encrypted",
    why="Copies and snapshots of a disk leave the machine with what was on it.",
    fix="`encrypted: true` on every volume.",
)
def disk_encryption(program: Program) -> Broken:
    for template in program.of(LAUNCH_TEMPLATE):
        disks = items(template.inputs.get("blockDeviceMappings"))
        if not disks:
            yield template.name, "leaves its disk to the account's default"
        for disk in disks:
            if "ebs" in disk and str((disk["ebs"] or {}).get("encrypted")).lower() != "true":
                yield template.name, f"{disk.get('deviceName')} is not encrypted"
    for instance in program.of(INSTANCE):
        disk = instance.inputs.get("rootBlockDevice") or {}
        if disk.get("encrypted") is not True:
            yield instance.name, "its root disk is not encrypted"
    for volume in program.of("aws:ebs/volume:Volume"):
        if volume.inputs.get("encrypted") is not True:
            yield volume.name, "is not encrypted"


def _named_by_hand(resource: Resource) -> bool:
    """With a name of the program's own; the engine's is the resource's with seven hexadecimal digits."""
    given = resource.inputs.get("name")
    return given is not None and not re.fullmatch(re.escape(resource.name) + "-[0-9a-f]{7}", str(given))


RELEASED_ON = ["launchTemplate", "#initerror"]
"""A changed template, and the engine's mark of a group that failed to start. Policy packs are not told of this option."""


@rule(
    id="release-order",
    severity="high",
    title="A release may stop the old machines before the new ones are healthy",
    promise="A release is a new group that is healthy before the old one goes",
    why="Otherwise a broken release takes the service down, and the next `up` may delete the machines that still work.",
    fix="Keep the group's replacement options and its launch hook as `components/host.py` has them.",
)
def release_order(program: Program) -> Broken:
    for fleet in program.of(AUTO_SCALING_GROUP):
        data, options = fleet.inputs, fleet.options
        hooks = {
            str(h.get("lifecycleTransition")).rpartition(":")[2]: h
            for h in items(data.get("initialLifecycleHooks"))
        }
        launch = hooks.get("EC2_INSTANCE_LAUNCHING", {})
        template = data.get("launchTemplate") or {}
        wait = durations.read(str(data.get("waitForCapacityTimeout", "10m"))) or 0
        faults = {
            "a changed template does not make a new group, or a failed one is taken for done": options.get(
                "replaceOnChanges", RELEASED_ON
            )
            != RELEASED_ON,
            "the old group goes first": bool(options.get("deleteBeforeReplace")) or _named_by_hand(fleet),
            "a machine counts before its stack is healthy": launch.get("defaultResult") != "ABANDON",
            "pulumi gives up before a machine may": wait <= float(launch.get("heartbeatTimeout", 0)),
            "the template's version floats": str(template.get("version", "$Default")).startswith("$"),
        }
        yield from ((fleet.name, fault) for fault, there in faults.items() if there)


@rule(
    id="single-machine",
    severity="info",
    title="Only one machine serves",
    promise="More than one machine serves",
    why="While it is replaced after a failure, for the length of a boot, nothing answers.",
    fix="`host.replicas: 2`.",
)
def single_machine(program: Program) -> Broken:
    for fleet in program.of(AUTO_SCALING_GROUP):
        if number(fleet.inputs.get("minSize")) in (0, 1):
            yield fleet.name, "one machine at a time"
