"""What the clouds refuse, what there can be one of only, and what a deletion leaves behind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from preview.analysis.consequences.gone import ONE_OF

from . import aws_rules
from .cloud import Contents, Thing
from .cloud_types import (
    ACCESS_APPLICATION,
    ACCESS_POLICY,
    DATABASE,
    DNS_RECORD,
    EGRESS_RULE,
    FILE_SYSTEM,
    GATEWAY,
    GROUP,
    IDENTITY_PROVIDER,
    INGRESS_RULE,
    INSTANCE,
    INSTANCE_CONNECT_ENDPOINT,
    LAUNCH_TEMPLATE,
    MOUNT_TARGET,
    PARAMETER,
    PROFILE,
    ROLE,
    ROUTE,
    ROUTE_TABLE_ASSOCIATION,
    RULESET,
    SECURITY_GROUP,
    SNAPSHOT,
    SUBNET,
    TUNNEL,
    TUNNEL_CONFIG,
    VPC,
    ZONE_SETTING,
)
from .rules import Birth, Plain, dig


class Refused(Exception):
    """The cloud says no; the text is its answer."""


def bad_inputs(type_: str, inputs: Plain) -> list[tuple[str, str]]:
    """What the provider refuses before it asks the API: (property, reason)."""
    findings: list[tuple[str, str]] = []
    if type_ == DNS_RECORD and inputs.get("proxied") is True and inputs.get("ttl") != 1:
        findings.append(("ttl", "ttl must be set to 1 when `proxied` is true"))
    if type_ == PARAMETER and not inputs.get("name"):
        findings.append(("name", "the stand-in gives parameters no names: name it"))
    if (
        type_ == DATABASE
        and not inputs.get("skipFinalSnapshot")
        and not inputs.get("finalSnapshotIdentifier")
    ):
        findings.append(("finalSnapshotIdentifier", "is required when `skipFinalSnapshot` is false"))
    if type_ == TUNNEL_CONFIG:
        rules = (
            inputs.get("config", {}).get("ingresses", []) if isinstance(inputs.get("config"), Mapping) else []
        )
        if rules and (rules[-1].get("hostname") or rules[-1].get("path")):
            findings.append(("config.ingresses", "The last ingress rule must match all URLs"))
    return findings


_TAKEN: dict[str, str] = {
    GROUP: "AlreadyExists: AutoScalingGroup by this name already exists",
    LAUNCH_TEMPLATE: "InvalidLaunchTemplateName.AlreadyExistsException: Launch template name already in use",
    SECURITY_GROUP: "InvalidGroup.Duplicate: The security group already exists for VPC",
    ROLE: "EntityAlreadyExists: Role with this name already exists",
    PROFILE: "EntityAlreadyExists: Instance Profile with this name already exists",
    DATABASE: "DBInstanceAlreadyExists: DB instance already exists",
    "aws:rds/subnetGroup:SubnetGroup": "DBSubnetGroupAlreadyExists: The DB subnet group already exists",
    "aws:rds/parameterGroup:ParameterGroup": "DBParameterGroupAlreadyExists: Parameter group already exists",
    PARAMETER: "ParameterAlreadyExists: The parameter already exists",
    "aws:secretsmanager/secret:Secret": "ResourceExistsException: a secret with this name already exists",
    "aws:cloudwatch/logGroup:LogGroup": "ResourceAlreadyExistsException: The log group already exists",
    "aws:kms/alias:Alias": "AlreadyExistsException: An alias with this name already exists",
    "aws:backup/vault:Vault": "AlreadyExistsException: Backup vault with the same name already exists",
    GATEWAY: "InvalidParameterValue: the network already has an internet gateway attached",
    ROUTE: "RouteAlreadyExists: Route already exists",
    ROUTE_TABLE_ASSOCIATION: "Resource.AlreadyAssociated: conflicts with an existing association",
    MOUNT_TARGET: "MountTargetConflict: mount target already exists in this AZ",
    INGRESS_RULE: "InvalidPermission.Duplicate: the specified rule already exists",
    EGRESS_RULE: "InvalidPermission.Duplicate: the specified rule already exists",
    TUNNEL: "409 Conflict, code 1013: You already have a tunnel with this name",
    RULESET: "400 Bad Request, code 20217: exceeded maximum number of zone rulesets for phase: A "
    "similar configuration with rules already exists",
}
"""What the API answers where inputs of a live object are taken; which inputs these are, the product says (`ONE_OF`)."""

UNIQUE: dict[str, tuple[tuple[str, ...], str]] = {
    **{type_: (ONE_OF[type_], answer) for type_, answer in _TAKEN.items()},
    SUBNET: (("vpcId", "cidrBlock"), "InvalidSubnet.Conflict: The CIDR conflicts with another subnet"),
}
"""Inputs that no two live objects of the type may share, and what the API then answers."""


OVERWRITTEN: dict[str, tuple[str, ...]] = {
    ZONE_SETTING: ("zoneId", "settingId"),
    "cloudflare:index/urlNormalizationSettings:UrlNormalizationSettings": ("zoneId",),
    TUNNEL_CONFIG: ("tunnelId",),
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": ("vpcId",),
    "aws:efs/backupPolicy:BackupPolicy": ("fileSystemId",),
    "aws:sns/topicSubscription:TopicSubscription": ("topicArn", "protocol", "endpoint"),
}
"""What always exists, or exists once: creating it again sets it again. Inputs that say which one is meant."""


def set_before(birth: Birth, contents: Contents) -> Thing | None:
    """The live object that a creation sets again instead of making another."""
    keys = OVERWRITTEN.get(birth.type, ())
    same = (
        thing
        for thing in contents.live(birth.type)
        if all(thing.inputs.get(k) == birth.inputs.get(k) for k in keys)
    )
    return next(same, None) if keys else None


@dataclass(frozen=True, kw_only=True)
class Use:
    """Objects of type `user` hold on to one of type `used`: at `path` in the user, by the used one's `key`."""

    user: str
    path: str
    used: str
    key: str = "id"


USES: tuple[Use, ...] = (
    Use(user=SUBNET, path="vpcId", used=VPC),
    Use(user=SECURITY_GROUP, path="vpcId", used=VPC),
    Use(user=GATEWAY, path="vpcId", used=VPC),
    Use(user="aws:ec2/routeTable:RouteTable", path="vpcId", used=VPC),
    Use(user="aws:ec2/vpcEndpoint:VpcEndpoint", path="vpcId", used=VPC),
    Use(user=GROUP, path="vpcZoneIdentifiers", used=SUBNET),
    Use(user=INSTANCE, path="subnetId", used=SUBNET),
    Use(user=INSTANCE_CONNECT_ENDPOINT, path="subnetId", used=SUBNET),
    Use(user=MOUNT_TARGET, path="subnetId", used=SUBNET),
    Use(user="aws:rds/subnetGroup:SubnetGroup", path="subnetIds", used=SUBNET),
    Use(user=ROUTE_TABLE_ASSOCIATION, path="routeTableId", used="aws:ec2/routeTable:RouteTable"),
    Use(user=INGRESS_RULE, path="referencedSecurityGroupId", used=SECURITY_GROUP),
    Use(user=EGRESS_RULE, path="referencedSecurityGroupId", used=SECURITY_GROUP),
    Use(user=INSTANCE, path="vpcSecurityGroupIds", used=SECURITY_GROUP),
    Use(user=INSTANCE_CONNECT_ENDPOINT, path="securityGroupIds", used=SECURITY_GROUP),
    Use(user=DATABASE, path="vpcSecurityGroupIds", used=SECURITY_GROUP),
    Use(user=MOUNT_TARGET, path="securityGroups", used=SECURITY_GROUP),
    Use(user="aws:ec2/vpcEndpoint:VpcEndpoint", path="securityGroupIds", used=SECURITY_GROUP),
    Use(user=DATABASE, path="dbSubnetGroupName", used="aws:rds/subnetGroup:SubnetGroup"),
    Use(user=DATABASE, path="parameterGroupName", used="aws:rds/parameterGroup:ParameterGroup"),
    Use(user=MOUNT_TARGET, path="fileSystemId", used=FILE_SYSTEM),
    Use(user=PROFILE, path="role", used=ROLE, key="name"),
    Use(user="aws:iam/rolePolicy:RolePolicy", path="role", used=ROLE, key="name"),
    Use(user="aws:iam/rolePolicyAttachment:RolePolicyAttachment", path="role", used=ROLE, key="name"),
    Use(user="aws:backup/selection:Selection", path="planId", used="aws:backup/plan:Plan"),
    Use(user=ACCESS_APPLICATION, path="policies.id", used=ACCESS_POLICY),
)

IN_USE: dict[str, str] = {
    FILE_SYSTEM: "FileSystemInUse: file system has mount targets",
    ROLE: "DeleteConflict: Cannot delete entity, must remove roles from instance profile and detach policies first",
    ACCESS_POLICY: "409 Conflict, code 12132: access.api.error.conflict: cannot delete a reusable policy in use",
    "aws:rds/subnetGroup:SubnetGroup": "InvalidDBSubnetGroupStateFault: Cannot delete the subnet group, it is in use",
    "aws:rds/parameterGroup:ParameterGroup": "InvalidDBParameterGroupState: One or more database instances are still "
    "members of this parameter group",
}
"""What the API answers; `DependencyViolation` where nothing is listed."""

DELETES_NOTHING: frozenset[str] = frozenset({ZONE_SETTING, TUNNEL_CONFIG})
"""The provider's Delete is a no-op: the object stays as it is."""


def refuse_create(birth: Birth, contents: Contents) -> str | None:
    """Why the API refuses to make it; None when it does not."""
    return (
        aws_rules.refused(birth.type, birth.inputs, birth.region)
        or _duplicate(birth.type, birth.inputs, contents, but=None)
        or _claimed(birth.type, birth.inputs, contents, but=None)
        or _crowded(birth, contents)
    )


def refuse_update(thing: Thing, inputs: Plain, contents: Contents) -> str | None:
    """Why the API refuses the change; None when it does not."""
    return (
        aws_rules.refused(thing.type, inputs, "")
        or _duplicate(thing.type, inputs, contents, but=thing)
        or _claimed(thing.type, inputs, contents, but=thing)
    )


def refuse_delete(thing: Thing, contents: Contents) -> str | None:
    """Why the API refuses to delete it; None when it does not."""
    for use in USES:
        if use.used != thing.type:
            continue
        mark = thing.id if use.key == "id" else thing.outputs.get(use.key)
        for user in contents.live(use.user):
            # a security group's own rules go with it, also those that name the group itself
            own = user.inputs.get("securityGroupId") == thing.id
            if mark in dig(user.inputs, use.path) and not own:
                reason = IN_USE.get(
                    thing.type, f"DependencyViolation: resource {thing.id} has a dependent object"
                )
                return f"{reason} (used by {user.type} {user.id})"
    groups = contents.live(GROUP)
    if thing.type == SECURITY_GROUP:
        for group in groups:
            if thing.id in _groups_of_machines(group, contents):
                return f"DependencyViolation: resource {thing.id} has a dependent object (used by machines of {group.id})"
    if thing.type == TUNNEL and groups:
        connected = ", ".join(group.id for group in groups)
        return (
            "400 Bad Request, code 1022: Cannot delete tunnel because it has active connections "
            f"(connectors on machines of {connected})"
        )
    if thing.type == DATABASE and thing.outputs.get("deletionProtection"):
        return "InvalidParameterCombination: Cannot delete protected DB Instance, please disable deletion protection"
    snapshot = thing.outputs.get("finalSnapshotIdentifier")
    if (
        thing.type == DATABASE
        and not thing.outputs.get("skipFinalSnapshot")
        and contents.find(SNAPSHOT, str(snapshot))
    ):
        return f"DBSnapshotAlreadyExists: Cannot create the snapshot because one with the identifier {snapshot} exists"
    return None


def after_delete(thing: Thing, contents: Contents) -> None:
    """What a deletion leaves behind: a database's final snapshot."""
    if thing.type == DATABASE and not thing.outputs.get("skipFinalSnapshot"):
        snapshot = str(thing.outputs["finalSnapshotIdentifier"])
        contents.things.append(
            Thing(
                type=SNAPSHOT,
                id=snapshot,
                urn=thing.urn,
                inputs={},
                outputs={"dbInstanceIdentifier": thing.id},
            )
        )


def _duplicate(type_: str, inputs: Plain, contents: Contents, but: Thing | None) -> str | None:
    keys, reason = UNIQUE.get(type_, ((), ""))
    if not keys:
        return None
    marks = [inputs.get(key) for key in keys]
    for other in contents.live(type_):
        if other is not but and [other.inputs.get(key) for key in keys] == marks:
            return f"{reason} ({', '.join(str(mark) for mark in marks if mark is not None)}: {other.id})"
    return None


def _claimed(type_: str, inputs: Plain, contents: Contents, but: Thing | None) -> str | None:
    """A place belongs to one Access application, whether it is created or changed."""
    if type_ != ACCESS_APPLICATION:
        return None
    places = set(dig(inputs, "destinations.uri")) or {inputs.get("domain")}
    for other in contents.live(ACCESS_APPLICATION):
        shared = places & (set(dig(other.inputs, "destinations.uri")) or {other.inputs.get("domain")})
        if shared and other is not but:
            return f"409 Conflict, code 11010: access.api.error.application_already_exists ({sorted(map(str, shared))})"
    return None


def _crowded(birth: Birth, contents: Contents) -> str | None:
    if birth.type == MOUNT_TARGET:
        return aws_rules.conflict_of_zones(birth.inputs, contents)
    if birth.type == INSTANCE_CONNECT_ENDPOINT:
        vpc = _vpc_of(birth.inputs.get("subnetId"), contents)
        for other in contents.live(INSTANCE_CONNECT_ENDPOINT):
            if _vpc_of(other.inputs.get("subnetId"), contents) == vpc:
                return f"InstanceConnectEndpointLimitExceeded: 1 per VPC ({vpc}: {other.id})"
    if birth.type == DNS_RECORD:
        for other in contents.live(DNS_RECORD):
            alike = all(other.inputs.get(key) == birth.inputs.get(key) for key in ("zoneId", "name"))
            if alike and {other.inputs.get("type"), birth.inputs.get("type")} <= {"A", "AAAA", "CNAME"}:
                return f"400 Bad Request, code 81053: An A, AAAA, or CNAME record with that host already exists ({other.id})"
    if birth.type == IDENTITY_PROVIDER and birth.inputs.get("type") == "onetimepin":
        for other in contents.live(IDENTITY_PROVIDER):
            if other.inputs.get("type") == "onetimepin":
                return f"409 Conflict: only one one-time PIN provider an account ({other.id})"
    return None


def _vpc_of(subnet: Any, contents: Contents) -> Any:
    found = contents.find(SUBNET, str(subnet))
    return found.inputs.get("vpcId") if found else subnet


def _groups_of_machines(group: Thing, contents: Contents) -> list[Any]:
    templates = [contents.find(LAUNCH_TEMPLATE, str(id_)) for id_ in dig(group.inputs, "launchTemplate.id")]
    paths = ("vpcSecurityGroupIds", "networkInterfaces.securityGroups")
    return [
        mark for template in templates if template for path in paths for mark in dig(template.inputs, path)
    ]
