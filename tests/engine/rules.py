"""How the stand-in's cloud behaves, as tables: ids, computed outputs, names, refusals, functions.

To teach it a type: nothing, if ids and outputs of a general kind will do; else a line in the table concerned.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .cloud import Contents, Thing
from .shapes import Output

VPC = "aws:ec2/vpc:Vpc"
GATEWAY = "aws:ec2/internetGateway:InternetGateway"
ROUTE = "aws:ec2/route:Route"
ROUTE_TABLE_ASSOCIATION = "aws:ec2/routeTableAssociation:RouteTableAssociation"
SUBNET = "aws:ec2/subnet:Subnet"
SECURITY_GROUP = "aws:ec2/securityGroup:SecurityGroup"
INGRESS_RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS_RULE = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
INSTANCE_CONNECT_ENDPOINT = "aws:ec2transitgateway/instanceConnectEndpoint:InstanceConnectEndpoint"
LAUNCH_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
GROUP = "aws:autoscaling/group:Group"
INSTANCE = "aws:ec2/instance:Instance"
DATABASE = "aws:rds/instance:Instance"
SNAPSHOT = "standin:rds/snapshot:Snapshot"
PARAMETER = "aws:ssm/parameter:Parameter"
FILE_SYSTEM = "aws:efs/fileSystem:FileSystem"
MOUNT_TARGET = "aws:efs/mountTarget:MountTarget"
ROLE = "aws:iam/role:Role"
PROFILE = "aws:iam/instanceProfile:InstanceProfile"
TUNNEL = "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared"
TUNNEL_CONFIG = "cloudflare:index/zeroTrustTunnelCloudflaredConfig:ZeroTrustTunnelCloudflaredConfig"
DNS_RECORD = "cloudflare:index/dnsRecord:DnsRecord"
RULESET = "cloudflare:index/ruleset:Ruleset"
ZONE_SETTING = "cloudflare:index/zoneSetting:ZoneSetting"
ACCESS_APPLICATION = "cloudflare:index/zeroTrustAccessApplication:ZeroTrustAccessApplication"
ACCESS_POLICY = "cloudflare:index/zeroTrustAccessPolicy:ZeroTrustAccessPolicy"
SERVICE_TOKEN = "cloudflare:index/zeroTrustAccessServiceToken:ZeroTrustAccessServiceToken"
IDENTITY_PROVIDER = "cloudflare:index/zeroTrustAccessIdentityProvider:ZeroTrustAccessIdentityProvider"

Plain = Mapping[str, Any]


def dig(value: Any, path: str) -> list[Any]:
    """Every value at a path like `policies.id`, looking through lists. Missing steps give nothing."""
    found = [value]
    for step in path.split(".") if path else []:
        found = [
            item[step] for item in _flat(found) if isinstance(item, Mapping) and item.get(step) is not None
        ]
    return list(_flat(found))


def _flat(values: Iterable[Any]) -> Iterable[Any]:
    for value in values:
        if isinstance(value, list):
            yield from _flat(value)
        else:
            yield value


# Birth: ids and computed outputs --------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Birth:
    """What is known of an object as it is made: enough to make up all that the cloud would add."""

    type: str
    urn: str
    count: int
    """Which of its URN's objects it is, from 1."""
    inputs: Plain
    region: str
    account: str
    id: str = ""

    def hex(self, digits: int, salt: str = "") -> str:
        """The same digits in every run of the same story, others for another object or salt."""
        text = f"{self.urn}#{self.count}#{salt}"
        hashed = "".join(
            hashlib.sha256(f"{text}{part}".encode()).hexdigest() for part in range(digits // 64 + 1)
        )
        return hashed[:digits]

    def uuid(self, salt: str = "") -> str:
        """In the form of a UUID."""
        digits = self.hex(32, salt)
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

    def base64(self, octets: int, salt: str = "") -> str:
        """That many bytes, in base64."""
        return base64.b64encode(bytes.fromhex(self.hex(2 * octets, salt))).decode()

    def arn(self) -> str:
        """An ARN of the general form."""
        service = self.type.split(":")[1].split("/")[0]
        kind = self.type.rsplit(":", 1)[1].lower()
        return f"arn:aws:{service}:{self.region}:{self.account}:{kind}/{self.inputs.get('name') or self.id}"


Maker = Callable[[Birth], Any]


def _input(*keys: str) -> Maker:
    return lambda birth: next((birth.inputs[key] for key in keys if birth.inputs.get(key)), birth.hex(16))


def _prefixed(prefix: str) -> Maker:
    return lambda birth: prefix + birth.hex(17)


def _random_word(birth: Birth) -> str:
    """Letters and digits, as many as `length` asks: good enough for a password of any class."""
    return ("Aa0" + birth.hex(int(birth.inputs.get("length", 16)), "word"))[
        : int(birth.inputs.get("length", 16))
    ]


IDS: dict[str, Maker] = {
    VPC: _prefixed("vpc-"),
    SUBNET: _prefixed("subnet-"),
    SECURITY_GROUP: _prefixed("sg-"),
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": _prefixed("sg-"),
    INGRESS_RULE: _prefixed("sgr-"),
    EGRESS_RULE: _prefixed("sgr-"),
    GATEWAY: _prefixed("igw-"),
    "aws:ec2/routeTable:RouteTable": _prefixed("rtb-"),
    ROUTE: _prefixed("r-rtb-"),
    ROUTE_TABLE_ASSOCIATION: _prefixed("rtbassoc-"),
    "aws:ec2/vpcEndpoint:VpcEndpoint": _prefixed("vpce-"),
    INSTANCE_CONNECT_ENDPOINT: _prefixed("eice-"),
    LAUNCH_TEMPLATE: _prefixed("lt-"),
    INSTANCE: _prefixed("i-"),
    GROUP: _input("name"),
    DATABASE: lambda birth: "db-" + birth.hex(26).upper(),
    "aws:rds/subnetGroup:SubnetGroup": _input("name"),
    "aws:rds/parameterGroup:ParameterGroup": _input("name"),
    FILE_SYSTEM: _prefixed("fs-"),
    MOUNT_TARGET: _prefixed("fsmt-"),
    "aws:efs/accessPoint:AccessPoint": _prefixed("fsap-"),
    "aws:s3/bucket:Bucket": _input("bucket"),
    ROLE: _input("name"),
    PROFILE: _input("name"),
    PARAMETER: _input("name"),
    "aws:secretsmanager/secret:Secret": lambda birth: birth.arn(),
    "aws:sns/topic:Topic": lambda birth: (
        f"arn:aws:sns:{birth.region}:{birth.account}:{birth.inputs.get('name')}"
    ),
    "aws:kms/key:Key": lambda birth: birth.uuid(),
    "aws:cloudwatch/logGroup:LogGroup": _input("name"),
    "aws:cloudwatch/metricAlarm:MetricAlarm": _input("name"),
    "aws:backup/vault:Vault": _input("name"),
    TUNNEL: lambda birth: birth.uuid(),
    TUNNEL_CONFIG: _input("tunnelId"),
    ZONE_SETTING: _input("settingId"),
    ACCESS_APPLICATION: lambda birth: birth.uuid(),
    ACCESS_POLICY: lambda birth: birth.uuid(),
    SERVICE_TOKEN: lambda birth: birth.uuid(),
    IDENTITY_PROVIDER: lambda birth: birth.uuid(),
    "random:index/randomId:RandomId": lambda birth: (
        base64.urlsafe_b64encode(bytes.fromhex(birth.hex(2 * int(birth.inputs["byteLength"]))))
        .decode()
        .rstrip("=")
    ),
    # The real provider's id is the secret itself (computeRandomBytesID in pulumi-random): it stands in every state in plain.
    "random:index/randomBytes:RandomBytes": lambda birth: birth.base64(int(birth.inputs["length"])),
    "random:index/randomPassword:RandomPassword": lambda birth: "none",
    "random:index/randomString:RandomString": _random_word,
    "random:index/randomPet:RandomPet": lambda birth: "calm-" + birth.hex(6),
    "random:index/randomUuid:RandomUuid": lambda birth: birth.uuid(),
    "random:index/randomInteger:RandomInteger": lambda birth: str(int(birth.inputs["min"])),
}


def make_id(birth: Birth) -> str:
    """The id that the cloud gives."""
    if birth.type in IDS:
        return str(IDS[birth.type](birth))
    kind = birth.type.rsplit(":", 1)[1]
    return (
        birth.hex(32)
        if birth.type.startswith("cloudflare:")
        else f"{kind[0].lower()}{kind[1:]}-{birth.hex(17)}"
    )


def _database_host(birth: Birth) -> str:
    return f"{birth.inputs.get('identifier')}.{birth.hex(12, 'host')}.{birth.region}.rds.amazonaws.com"


def _managed_secret(birth: Birth) -> list[dict[str, str]]:
    if not birth.inputs.get("manageMasterUserPassword"):
        return []
    secret = f"arn:aws:secretsmanager:{birth.region}:{birth.account}:secret:rds!{birth.id}"
    return [{"secretArn": secret, "secretStatus": "active", "kmsKeyId": "alias/aws/secretsmanager"}]


OUTPUTS: dict[str, dict[str, Maker]] = {
    LAUNCH_TEMPLATE: {"latestVersion": lambda birth: 1, "defaultVersion": lambda birth: 1},
    PARAMETER: {
        "version": lambda birth: 1,
        "tier": lambda birth: "Standard",
        "arn": lambda birth: (
            f"arn:aws:ssm:{birth.region}:{birth.account}:parameter/"
            + str(birth.inputs.get("name", "")).lstrip("/")
        ),
    },
    VPC: {"instanceTenancy": lambda birth: "default", "enableDnsSupport": lambda birth: True},
    DATABASE: {
        "address": _database_host,
        "endpoint": lambda birth: f"{_database_host(birth)}:{birth.inputs.get('port', 5432)}",
        "port": lambda birth: 5432,
        "resourceId": lambda birth: birth.id,
        "engineVersionActual": lambda birth: (
            f"{str(birth.inputs.get('engineVersion', '17')).split('.')[0]}.6"
        ),
        "masterUserSecrets": _managed_secret,
        "caCertIdentifier": lambda birth: "rds-ca-rsa2048-g1",
        "status": lambda birth: "available",
    },
    FILE_SYSTEM: {"dnsName": lambda birth: f"{birth.id}.efs.{birth.region}.amazonaws.com"},
    MOUNT_TARGET: {"ipAddress": lambda birth: "10.0.0.9"},
    INSTANCE_CONNECT_ENDPOINT: {
        "dnsName": lambda birth: f"{birth.id}.ec2-instance-connect-endpoint.{birth.region}.amazonaws.com"
    },
    ROLE: {"arn": lambda birth: f"arn:aws:iam::{birth.account}:role/{birth.inputs.get('name')}"},
    PROFILE: {
        "arn": lambda birth: f"arn:aws:iam::{birth.account}:instance-profile/{birth.inputs.get('name')}"
    },
    GROUP: {
        "arn": lambda birth: (
            f"arn:aws:autoscaling:{birth.region}:{birth.account}:autoScalingGroup:{birth.uuid()}"
            f":autoScalingGroupName/{birth.inputs.get('name')}"
        ),
        "desiredCapacity": lambda birth: birth.inputs.get("minSize", 0),
        "healthCheckType": lambda birth: "EC2",
    },
    "aws:sns/topic:Topic": {"arn": lambda birth: birth.id},
    "aws:sns/topicSubscription:TopicSubscription": {"pendingConfirmation": lambda birth: True},
    "aws:secretsmanager/secret:Secret": {"arn": lambda birth: birth.id},
    "aws:kms/key:Key": {"keyId": lambda birth: birth.id},
    TUNNEL: {"status": lambda birth: "inactive", "tunType": lambda birth: "cfd_tunnel"},
    ACCESS_APPLICATION: {"aud": lambda birth: birth.hex(64, "aud")},
    SERVICE_TOKEN: {
        "clientId": lambda birth: f"{birth.hex(32, 'client')}.access",
        "clientSecret": lambda birth: birth.hex(64, f"secret{birth.inputs.get('clientSecretVersion', 1)}"),
        "clientSecretVersion": lambda birth: 1,
        "duration": lambda birth: "8760h",
    },
    RULESET: {"version": lambda birth: "1"},
    "random:index/randomBytes:RandomBytes": {
        "base64": lambda birth: birth.base64(int(birth.inputs["length"])),
        "hex": lambda birth: birth.hex(2 * int(birth.inputs["length"])),
    },
    "random:index/randomPassword:RandomPassword": {
        "result": _random_word,
        "bcryptHash": lambda birth: birth.hex(60),
    },
    "random:index/randomString:RandomString": {"result": _random_word},
    "random:index/randomUuid:RandomUuid": {"result": lambda birth: birth.id},
    "random:index/randomInteger:RandomInteger": {"result": lambda birth: int(birth.id)},
    "random:index/randomId:RandomId": {
        "b64Url": lambda birth: birth.id,
        "b64Std": lambda birth: birth.base64(int(birth.inputs["byteLength"])),
        "hex": lambda birth: birth.hex(2 * int(birth.inputs["byteLength"])),
        "dec": lambda birth: str(int(birth.hex(2 * int(birth.inputs["byteLength"])), 16)),
    },
}

_GENERAL: dict[str, Maker] = {
    "arn": Birth.arn,
    "region": lambda birth: birth.region,
    "tagsAll": lambda birth: dict(birth.inputs.get("tags") or {}),
    "ownerId": lambda birth: birth.account,
    "namePrefix": lambda birth: "",
    "name": lambda birth: birth.id,
}
_EMPTY: dict[str, Any] = {"int": 0, "float": 0, "bool": False, "list": [], "map": {}}


def make_output(birth: Birth, output: Output) -> Any:
    """The value of an output that the program did not give. None: the cloud leaves it out."""
    maker = OUTPUTS.get(birth.type, {}).get(output.name) or _GENERAL.get(output.name)
    if maker is not None:
        return maker(birth)
    if not output.always:
        return None
    if output.kind != "str":
        return _EMPTY.get(output.kind)
    if output.name.endswith("Arn"):
        return f"{birth.arn()}/{output.name}"
    if output.name.endswith(("At", "Date", "Time", "On", "Updated")):
        return "2026-01-01T00:00:00Z"
    return f"{output.name}-{birth.hex(8, output.name)}"


# Updates: outputs that an update moves on -----------------------------------------------------------------------------

Mover = Callable[[Thing, Birth], Any]

MOVED_BY_UPDATE: dict[str, dict[str, Mover]] = {
    LAUNCH_TEMPLATE: {
        "latestVersion": lambda thing, birth: int(thing.outputs["latestVersion"]) + 1,
        "defaultVersion": lambda thing, birth: (
            int(thing.outputs["latestVersion"]) + 1
            if birth.inputs.get("updateDefaultVersion")
            else thing.outputs["defaultVersion"]
        ),
    },
    PARAMETER: {"version": lambda thing, birth: int(thing.outputs["version"]) + 1},
    RULESET: {"version": lambda thing, birth: str(int(thing.outputs["version"]) + 1)},
    SERVICE_TOKEN: {"clientSecret": lambda thing, birth: OUTPUTS[SERVICE_TOKEN]["clientSecret"](birth)},
}
"""In a preview these read as unknown; every other output stays as it was."""


# Names and shapes of inputs -------------------------------------------------------------------------------------------

AUTONAMED: dict[str, str] = {DATABASE: "identifier", "aws:s3/bucket:Bucket": "bucket"}
"""Types that the bridge names by another input than `name`."""

LOWER_CASE_NAMES: frozenset[str] = frozenset(
    {
        DATABASE,
        "aws:rds/subnetGroup:SubnetGroup",
        "aws:rds/parameterGroup:ParameterGroup",
        "aws:s3/bucket:Bucket",
    }
)

NOT_AUTONAMED: frozenset[str] = frozenset({"aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", PARAMETER})
"""A parameter's `name` is optional in the SDK, yet what the machine reads it by: the stand-in wants it given."""


# Refusals -------------------------------------------------------------------------------------------------------------


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


UNIQUE: dict[str, tuple[tuple[str, ...], str]] = {
    GROUP: (("name",), "AlreadyExists: AutoScalingGroup by this name already exists"),
    LAUNCH_TEMPLATE: (
        ("name",),
        "InvalidLaunchTemplateName.AlreadyExistsException: Launch template name already in use",
    ),
    SECURITY_GROUP: (("vpcId", "name"), "InvalidGroup.Duplicate: The security group already exists for VPC"),
    ROLE: (("name",), "EntityAlreadyExists: Role with this name already exists"),
    PROFILE: (("name",), "EntityAlreadyExists: Instance Profile with this name already exists"),
    DATABASE: (("identifier",), "DBInstanceAlreadyExists: DB instance already exists"),
    "aws:rds/subnetGroup:SubnetGroup": (
        ("name",),
        "DBSubnetGroupAlreadyExists: The DB subnet group already exists",
    ),
    "aws:rds/parameterGroup:ParameterGroup": (
        ("name",),
        "DBParameterGroupAlreadyExists: Parameter group already exists",
    ),
    PARAMETER: (("name",), "ParameterAlreadyExists: The parameter already exists"),
    "aws:secretsmanager/secret:Secret": (
        ("name",),
        "ResourceExistsException: a secret with this name already exists",
    ),
    "aws:cloudwatch/logGroup:LogGroup": (
        ("name",),
        "ResourceAlreadyExistsException: The log group already exists",
    ),
    "aws:kms/alias:Alias": (("name",), "AlreadyExistsException: An alias with this name already exists"),
    "aws:backup/vault:Vault": (
        ("name",),
        "AlreadyExistsException: Backup vault with the same name already exists",
    ),
    SUBNET: (("vpcId", "cidrBlock"), "InvalidSubnet.Conflict: The CIDR conflicts with another subnet"),
    GATEWAY: (("vpcId",), "InvalidParameterValue: the network already has an internet gateway attached"),
    ROUTE: (
        ("routeTableId", "destinationCidrBlock", "destinationIpv6CidrBlock"),
        "RouteAlreadyExists: Route already exists",
    ),
    ROUTE_TABLE_ASSOCIATION: (
        ("subnetId",),
        "Resource.AlreadyAssociated: conflicts with an existing association",
    ),
    MOUNT_TARGET: (
        ("fileSystemId", "subnetId"),
        "MountTargetConflict: mount target already exists in this AZ",
    ),
    INGRESS_RULE: (
        (
            "securityGroupId",
            "ipProtocol",
            "fromPort",
            "toPort",
            "cidrIpv4",
            "cidrIpv6",
            "referencedSecurityGroupId",
        ),
        "InvalidPermission.Duplicate: the specified rule already exists",
    ),
    EGRESS_RULE: (
        (
            "securityGroupId",
            "ipProtocol",
            "fromPort",
            "toPort",
            "cidrIpv4",
            "cidrIpv6",
            "prefixListId",
            "referencedSecurityGroupId",
        ),
        "InvalidPermission.Duplicate: the specified rule already exists",
    ),
    TUNNEL: (("accountId", "name"), "409 Conflict, code 1013: You already have a tunnel with this name"),
    RULESET: (
        ("zoneId", "accountId", "kind", "phase"),
        "400 Bad Request, code 20217: exceeded maximum number of zone rulesets for phase: "
        "A similar configuration with rules already exists",
    ),
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
    return _duplicate(birth.type, birth.inputs, contents, but=None) or _crowded(birth, contents)


def refuse_update(thing: Thing, inputs: Plain, contents: Contents) -> str | None:
    """Why the API refuses the change; None when it does not."""
    return _duplicate(thing.type, inputs, contents, but=thing)


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


def _crowded(birth: Birth, contents: Contents) -> str | None:
    if birth.type == INSTANCE_CONNECT_ENDPOINT:
        vpc = _vpc_of(birth.inputs.get("subnetId"), contents)
        for other in contents.live(INSTANCE_CONNECT_ENDPOINT):
            if _vpc_of(other.inputs.get("subnetId"), contents) == vpc:
                return f"InstanceConnectEndpointLimitExceeded: 1 per VPC ({vpc}: {other.id})"
    if birth.type == ACCESS_APPLICATION:
        places = set(dig(birth.inputs, "destinations.uri")) or {birth.inputs.get("domain")}
        for other in contents.live(ACCESS_APPLICATION):
            shared = places & (set(dig(other.inputs, "destinations.uri")) or {other.inputs.get("domain")})
            if shared:
                return f"409 Conflict, code 11010: access.api.error.application_already_exists ({sorted(map(str, shared))})"
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


# Functions ------------------------------------------------------------------------------------------------------------


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
