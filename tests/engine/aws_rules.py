"""What AWS says to inputs that are wrong by themselves: names, letters, lengths, and what does not go together.

Apart from the program's own tables, so that neither hides a fault of the other. The answers are the services' own words as far as
they are known; docs/aws.md has the sources.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .cloud import Contents
from .cloud_types import (
    DATABASE,
    EGRESS_RULE,
    INGRESS_RULE,
    MOUNT_TARGET,
    ROLE,
    SECURITY_GROUP,
    SUBNET,
)

ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
_RULE_LETTERS = re.compile(r"[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{0,255}")
_IDENTIFIER = re.compile(r"[a-zA-Z](-?[a-zA-Z0-9]+){0,62}")
LACKING = {"ca-west-1": "db.t4g."}
POLICY_CHARACTERS = 10_240


def refused(type_: str, inputs: Mapping[str, Any], region: str) -> str | None:
    """Why the API refuses to make or change it; None when it does not."""
    name = str(inputs.get("name") or inputs.get("identifier") or "")
    if type_ == DATABASE:
        return _database(name, inputs, region)
    if type_ == SECURITY_GROUP and name.startswith("sg-"):
        return f"InvalidParameterValue: Value ({name}) for parameter groupName is invalid. Group names may not be in the format sg-*"
    if type_ == ROLE and len(name) > 64:
        return f"ValidationError: Value '{name}' at 'roleName' failed to satisfy constraint: length less than or equal to 64"
    if type_ in (EGRESS_RULE, INGRESS_RULE):
        text = str(inputs.get("description") or "")
        if not _RULE_LETTERS.fullmatch(text):
            return f"InvalidParameterValue: Invalid rule description ({text}). Valid descriptions are strings less than 256 characters"
    if type_ == ROLE_POLICY and len("".join(str(inputs.get("policy") or "").split())) > POLICY_CHARACTERS:
        return f"LimitExceeded: Maximum policy size of {POLICY_CHARACTERS} bytes exceeded for role"
    return None


def _database(name: str, inputs: Mapping[str, Any], region: str) -> str | None:
    if name and (len(name) > 63 or not _IDENTIFIER.fullmatch(name)):
        return f"InvalidParameterValue: Invalid database identifier: {name}"
    lacking = LACKING.get(region)
    size = str(inputs.get("instanceClass") or "")
    if lacking and size.startswith(lacking):
        return f"InvalidParameterCombination: RDS does not support creating a DB instance with {size} in {region}"
    update = inputs.get("blueGreenUpdate")
    if isinstance(update, Mapping) and update.get("enabled") and inputs.get("manageMasterUserPassword"):
        return "InvalidParameterCombination: Blue/green deployments are not supported with a managed master password"
    return None


def conflict_of_zones(inputs: Mapping[str, Any], contents: Contents) -> str | None:
    """EFS takes one mount target a zone."""
    zone = _zone(inputs.get("subnetId"), contents)
    for other in contents.live(MOUNT_TARGET):
        same_files = other.inputs.get("fileSystemId") == inputs.get("fileSystemId")
        if zone and same_files and _zone(other.inputs.get("subnetId"), contents) == zone:
            return f"MountTargetConflict: mount target already exists in this AZ ({zone}: {other.id})"
    return None


def _zone(subnet: Any, contents: Contents) -> Any:
    found = contents.find(SUBNET, str(subnet))
    return found.inputs.get("availabilityZone") if found else None
