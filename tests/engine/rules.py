"""How the stand-in's cloud behaves, as tables: ids, computed outputs, names. What it refuses stands in `refusals.py`,
what its functions answer in `functions.py`.

To teach it a type: nothing, if ids and outputs of a general kind will do; else a line in the table concerned.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .cloud import Thing
from .cloud_types import (
    ACCESS_APPLICATION,
    ACCESS_POLICY,
    DATABASE,
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
    SERVICE_TOKEN,
    SUBNET,
    TUNNEL,
    TUNNEL_CONFIG,
    VPC,
    ZONE_SETTING,
)
from .shapes import Output, shape, snake

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


def autonamed(type_: str, inputs: Plain) -> str | None:
    """The input that the bridge would name, if the program did not."""
    if type_ in NOT_AUTONAMED:
        return None
    named = AUTONAMED.get(type_, "name")
    given = inputs.get(named) is not None or inputs.get(f"{named}Prefix") is not None
    try:
        return named if not given and snake(named) in shape(type_).optional_inputs else None
    except KeyError:
        return None  # Create will say so, with the type
