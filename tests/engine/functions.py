"""What the providers' functions answer, from the cloud as it is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .cloud import Contents
from .cloud_types import (
    GROUP,
    PARAMETER,
)
from .rules import Plain


@dataclass(frozen=True, kw_only=True)
class Question:
    """A function call: its arguments, and the cloud as it is."""

    args: Plain
    contents: Contents
    facts: Plain
    region: str


class NotFound(Exception):
    """The cloud has no such thing; the text is its answer."""


def _parameter(question: Question) -> dict[str, Any]:
    name = str(question.args["name"])
    found = next(
        (thing for thing in question.contents.live(PARAMETER) if thing.inputs.get("name") == name), None
    )
    if found is None and not name.startswith("/aws/service/"):
        raise NotFound(f"ParameterNotFound: {name}")
    arm = "/arm64/" in name
    value = found.outputs.get("value") if found else question.facts["ami-arm64" if arm else "ami"]
    kind = found.inputs.get("type") if found else "String"
    version = found.outputs.get("version") if found else 1
    return {
        "id": name,
        "name": name,
        "value": value,
        "insecureValue": value,
        "type": kind,
        "version": version,
        "arn": f"arn:aws:ssm:{question.region}:{question.facts['account']}:parameter{name}",
    }


def _machines(question: Question) -> dict[str, Any]:
    """Machines of live groups that every filter admits. A group that is not ready has none, or unhealthy ones.

    A tag that the group does not propagate is taken for the mark that a machine gives itself once it is healthy.
    """
    wanted: list[tuple[str, list[str]]] = [
        (str(entry["name"]), [str(value) for value in entry["values"]])
        for entry in question.args.get("filters") or []
    ]
    wanted += [
        (f"tag:{key}", [str(value)]) for key, value in (question.args.get("instanceTags") or {}).items()
    ]
    ids: list[str] = []
    for group in question.contents.live(GROUP):
        tags = {str(tag["key"]): str(tag["value"]) for tag in group.inputs.get("tags") or []}
        tags["aws:autoscaling:groupName"] = str(group.outputs["name"])

        def admits(
            name: str, values: list[str], tags: dict[str, str] = tags, ready: bool = group.ready
        ) -> bool:
            if not name.startswith("tag:"):
                return True  # instance-state-name and the like: all its machines run
            tag = name.removeprefix("tag:")
            return tags[tag] in values if tag in tags else ready

        size = int(group.outputs.get("desiredCapacity") or group.inputs.get("minSize") or 0)
        size = size if group.ready else group.unready_machines
        if all(admits(name, values) for name, values in wanted):
            ids += [f"i-{hashlib.sha256(f'{group.id}#{n}'.encode()).hexdigest()[:17]}" for n in range(size)]
    addresses = [f"10.0.1.{n + 4}" for n in range(len(ids))]
    return {
        "id": question.region,
        "ids": ids,
        "privateIps": addresses,
        "publicIps": [],
        "ipv6Addresses": [],
        "region": question.region,
        "instanceTags": dict(question.args.get("instanceTags") or {}),
    }


def _subnet(question: Question) -> dict[str, Any]:
    """One that the stack did not make: the cloud's facts say in which VPC and zone it lies."""
    name = str(question.args["id"])
    lies = question.facts["subnets"].get(name)
    if lies is None:
        raise NotFound(f"InvalidSubnetID.NotFound: The subnet ID '{name}' does not exist")
    return {
        "id": name,
        "arn": f"arn:aws:ec2:{question.region}::subnet/{name}",
        "vpcId": lies["vpc"],
        "availabilityZone": question.region + lies["zone"],
    }


def _zones(question: Question) -> dict[str, Any]:
    names = [f"{question.region}{letter}" for letter in question.facts["zones"]]
    return {
        "id": question.region,
        "region": question.region,
        "names": names,
        "groupNames": [question.region],
        "zoneIds": [f"az-{letter}" for letter in question.facts["zones"]],
    }


def _document(question: Question) -> dict[str, Any]:
    return {"id": "document", "json": json.dumps(question.args, sort_keys=True)}


FUNCTIONS: dict[str, Callable[[Question], dict[str, Any]]] = {
    "aws:ssm/getParameter:getParameter": _parameter,
    "aws:ec2/getInstances:getInstances": _machines,
    "aws:ec2/getSubnet:getSubnet": _subnet,
    "aws:index/getAvailabilityZones:getAvailabilityZones": _zones,
    "aws:iam/getPolicyDocument:getPolicyDocument": _document,
    "aws:index/getCallerIdentity:getCallerIdentity": lambda question: {
        "id": question.facts["account"],
        "accountId": question.facts["account"],
        "userId": "AIDASTANDIN",
        "arn": f"arn:aws:iam::{question.facts['account']}:user/standin",
    },
    "aws:index/getRegion:getRegion": lambda question: {
        "id": question.region,
        "name": question.region,
        "region": question.region,
        "description": "",
        "endpoint": f"ec2.{question.region}.amazonaws.com",
    },
    "aws:index/getPartition:getPartition": lambda question: {
        "id": "aws",
        "partition": "aws",
        "dnsSuffix": "amazonaws.com",
        "reverseDnsPrefix": "com.amazonaws",
    },
}
