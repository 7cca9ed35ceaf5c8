"""What the provider would send to AWS for each resource, held against the service models of AWS's own SDK (botocore).

The names of arguments are Terraform's, which follow the API's; where they do not, `CALLS` says so. A reference to another
resource (`«vpc.id»`) is unknown here, so its length and letters are not looked at.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import botocore.session
import pytest
from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.validate import ParamValidator

from preview.evaluate.program import evaluate
from preview.resources import Evaluation
from tests.evaluations import EXAMPLES, ROOT, deployed
from tests.further_calls import FURTHER, PROVIDERS_OWN, further

STACKS = [*EXAMPLES, "every-setting"]


@dataclass(frozen=True)
class Call:
    """``renamed``: arguments whose API name is another. ``apart``: arguments that are no part of this call. ``named``: the
    member that holds the resource's name, which Pulumi makes. ``wrapped``: the member that holds all but the name."""

    service: str
    operation: str
    renamed: Mapping[str, str] = field(default_factory=dict)
    apart: frozenset[str] = frozenset()
    named: str = ""
    wrapped: str = ""


TAGS_OF_EC2 = frozenset({"tags"})  # sent as TagSpecifications, or by CreateTags
CALLS: dict[str, Call] = {
    "aws:rds/instance:Instance": Call(
        "rds",
        "CreateDBInstance",
        {
            "instanceClass": "DBInstanceClass",
            "username": "MasterUsername",
            "parameterGroupName": "DBParameterGroupName",
            "enabledCloudwatchLogsExports": "EnableCloudwatchLogsExports",
            "maintenanceWindow": "PreferredMaintenanceWindow",
            "backupWindow": "PreferredBackupWindow",
            "performanceInsightsEnabled": "EnablePerformanceInsights",
            "caCertIdentifier": "CACertificateIdentifier",
        },
        frozenset(
            {
                "allowMajorVersionUpgrade",
                "applyImmediately",
                "deleteAutomatedBackups",
                "finalSnapshotIdentifier",
                "skipFinalSnapshot",
            }
        ),
        "DBInstanceIdentifier",
    ),
    "aws:rds/parameterGroup:ParameterGroup": Call(
        "rds",
        "CreateDBParameterGroup",
        {"family": "DBParameterGroupFamily"},
        frozenset({"parameters"}),
        "DBParameterGroupName",
    ),
    "aws:rds/subnetGroup:SubnetGroup": Call(
        "rds",
        "CreateDBSubnetGroup",
        {"description": "DBSubnetGroupDescription"},
        named="DBSubnetGroupName",
    ),
    "aws:ec2/vpc:Vpc": Call(
        "ec2", "CreateVpc", apart=TAGS_OF_EC2 | {"enableDnsHostnames", "enableDnsSupport"}
    ),
    "aws:ec2/subnet:Subnet": Call("ec2", "CreateSubnet", apart=TAGS_OF_EC2 | {"mapPublicIpOnLaunch"}),
    "aws:ec2/securityGroup:SecurityGroup": Call(
        "ec2", "CreateSecurityGroup", apart=TAGS_OF_EC2, named="GroupName"
    ),
    "aws:ec2/route:Route": Call("ec2", "CreateRoute"),
    "aws:ec2/routeTable:RouteTable": Call("ec2", "CreateRouteTable", apart=TAGS_OF_EC2),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": Call("ec2", "AssociateRouteTable"),
    "aws:ec2transitgateway/instanceConnectEndpoint:InstanceConnectEndpoint": Call(
        "ec2", "CreateInstanceConnectEndpoint", apart=TAGS_OF_EC2
    ),
    "aws:ec2/launchTemplate:LaunchTemplate": Call(
        "ec2",
        "CreateLaunchTemplate",
        {"vpcSecurityGroupIds": "SecurityGroupIds", "securityGroups": "Groups"},
        frozenset({"updateDefaultVersion"}),
        "LaunchTemplateName",
        "LaunchTemplateData",
    ),
    "aws:autoscaling/group:Group": Call(
        "autoscaling",
        "CreateAutoScalingGroup",
        {
            "initialLifecycleHooks": "LifecycleHookSpecificationList",
            "vpcZoneIdentifiers": "VPCZoneIdentifier",
            "name": "LifecycleHookName",
            "id": "LaunchTemplateId",
        },
        frozenset({"enabledMetrics", "waitForCapacityTimeout", "ignoreFailedScalingActivities"}),
        "AutoScalingGroupName",
    ),
    "aws:iam/role:Role": Call(
        "iam", "CreateRole", {"assumeRolePolicy": "AssumeRolePolicyDocument"}, named="RoleName"
    ),
    "aws:iam/rolePolicy:RolePolicy": Call(
        "iam", "PutRolePolicy", {"role": "RoleName", "policy": "PolicyDocument"}, named="PolicyName"
    ),
    "aws:iam/instanceProfile:InstanceProfile": Call(
        "iam", "CreateInstanceProfile", apart=frozenset({"role"}), named="InstanceProfileName"
    ),
    "aws:cloudwatch/logGroup:LogGroup": Call(
        "logs", "CreateLogGroup", apart=frozenset({"retentionInDays", "skipDestroy"}), named="logGroupName"
    ),
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": Call(
        "logs",
        "PutMetricFilter",
        {
            "pattern": "filterPattern",
            "metricTransformation": "metricTransformations",
            "name": "metricName",
            "namespace": "metricNamespace",
            "value": "metricValue",
        },
        named="filterName",
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": Call("cloudwatch", "PutMetricAlarm", named="AlarmName"),
    "aws:sns/topic:Topic": Call("sns", "CreateTopic", named="Name"),
    "aws:sns/topicSubscription:TopicSubscription": Call("sns", "Subscribe", {"topic": "TopicArn"}),
    "aws:ssm/parameter:Parameter": Call("ssm", "PutParameter"),
    "aws:efs/fileSystem:FileSystem": Call("efs", "CreateFileSystem", named="CreationToken"),
    "aws:efs/mountTarget:MountTarget": Call("efs", "CreateMountTarget"),
    "aws:efs/backupPolicy:BackupPolicy": Call("efs", "PutBackupPolicy"),
}
# Made by another call than their own create, which takes nothing of theirs.
ELSEWHERE = {
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    "aws:ec2/internetGateway:InternetGateway",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
}


@cache
def input_of(service: str, operation: str) -> StructureShape:
    model = botocore.session.get_session().get_service_model(service)
    shape = model.operation_model(operation).input_shape
    assert isinstance(shape, StructureShape)
    return shape


def as_sent(value: Any, shape: Shape, call: Call, where: str) -> Any:
    """An argument as the API's member holds it. KeyError: the API has no such member."""
    if isinstance(shape, StructureShape):
        if isinstance(value, list) and len(value) == 1:
            (value,) = value
        members = {name.lower(): name for name in shape.members}
        sent = {}
        for key, item in value.items():
            wanted = call.renamed.get(key, key)
            name = next((n for n in (wanted, key) if n.lower() in members), None) or (
                f"{key}s" if f"{key}s".lower() in members else None
            )
            if name is None:
                raise KeyError(f"{where}: {call.operation} has no {wanted}")
            name = members[name.lower()]
            sent[name] = as_sent(item, shape.members[name], call, f"{where}.{name}")
        return sent
    if isinstance(shape, ListShape):
        if isinstance(value, dict) and isinstance(shape.member, StructureShape):
            pair = set(shape.member.members)
            key = next((k for k in ("Key", "Name") if k in pair and "Value" in pair), None)
            value = [{key: k, "Value": v} for k, v in value.items()] if key else [value]
        return [as_sent(item, shape.member, call, where) for item in value]
    if isinstance(shape, MapShape):
        return dict(value)
    if shape.type_name == "string" and isinstance(value, list):
        return ",".join(value)
    if shape.type_name == "boolean" and value in ("true", "false"):
        return value == "true"
    if shape.type_name in ("integer", "long") and isinstance(value, float):
        return int(value)
    return value


def broken(value: Any, shape: Shape, where: str) -> Iterator[str]:
    """Lengths, letters, words and bounds, which botocore knows of and leaves to the service."""
    if isinstance(shape, StructureShape):
        for name, item in value.items():
            yield from broken(item, shape.members[name], f"{where}.{name}")
    elif isinstance(shape, ListShape):
        if len(value) > shape.metadata.get("max", len(value)):
            yield f"{where}: {len(value)} entries"
        for item in value:
            yield from broken(item, shape.member, where)
    elif isinstance(value, str):
        if "«" in value or "[secret]" in value:
            return
        enum, pattern = getattr(shape, "enum", []), shape.metadata.get("pattern")
        if enum and value not in enum:
            yield f"{where}: {value!r} is none of {len(enum)} words"
        if len(value) > shape.metadata.get("max", len(value)) or len(value) < shape.metadata.get("min", 0):
            yield f"{where}: {len(value)} characters"
        if pattern and not _surrogates(pattern) and not re.fullmatch(pattern, value):
            yield f"{where}: {value!r} is not {pattern}"
    elif isinstance(value, int | float) and not isinstance(value, bool):
        low, high = shape.metadata.get("min", value), shape.metadata.get("max", value)
        if not low <= value <= high:
            yield f"{where}: {value}"


def _surrogates(pattern: str) -> bool:
    return "\\uD" in pattern or "\\p{" in pattern  # Java's, which Python does not read


def judge(kind: str, name: str, inputs: Mapping[str, Any]) -> list[str]:
    """What the service models say against a resource's create call and against those that follow it."""
    found = [] if kind in ELSEWHERE else created(kind, name, inputs)
    for call, sent in further(kind, inputs):
        found += against(sent, input_of(call.service, call.operation), f"{name}: {call.operation}")
    return found


def against(sent: Mapping[str, Any], shape: StructureShape, where: str) -> list[str]:
    report = ParamValidator().validate(sent, shape)
    return [*([report.generate_report()] if report.has_errors() else []), *broken(sent, shape, where)]


def created(kind: str, name: str, inputs: Mapping[str, Any]) -> list[str]:
    call = CALLS[kind]
    given = {key: value for key, value in inputs.items() if key not in call.apart}
    if kind == "aws:efs/backupPolicy:BackupPolicy":
        given = {"FileSystemId": given["fileSystemId"], "BackupPolicy": given["backupPolicy"]}
    if call.wrapped:
        version = {"VersionDescription": given.pop("description")} if "description" in given else {}
        given = {**version, call.wrapped: given}
    shape = input_of(call.service, call.operation)
    try:
        if kind == "aws:cloudwatch/logMetricFilter:LogMetricFilter":
            given["metricTransformation"] = [given["metricTransformation"]]
        sent = as_sent(given, shape, call, name)
    except KeyError as error:
        return [str(error.args[0])]
    if call.named:
        sent[call.named] = f"{name}-0a1b2c3"
    return against(sent, shape, name)


def stack(name: str) -> Evaluation:
    if name == "every-setting":
        return evaluate(ROOT, config_file=ROOT / "docs" / "Pulumi.example.yaml")
    return deployed(name, secretDelivery="parameter-store")


def judged(name: str) -> dict[str, list[str]]:
    """By resource, what the service models say against it."""
    return {
        resource.name + " " + resource.type: judge(
            resource.type, resource.name, copy.deepcopy(resource.inputs)
        )
        for resource in stack(name).resources
        if resource.type.startswith("aws:")
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", STACKS)
def test_every_create_is_one_that_the_service_model_takes(name: str) -> None:
    result = judged(name)
    assert len(result) > 20
    assert {resource: found for resource, found in result.items() if found} == {}


def test_every_type_of_ours_is_judged() -> None:
    types = {r.type for name in STACKS for r in stack(name).resources if r.type.startswith("aws:")}
    assert types == CALLS.keys() | ELSEWHERE
    assert CALLS.keys() & ELSEWHERE == set()


def test_every_argument_that_the_create_call_does_not_take_is_in_another_call() -> None:
    for name in STACKS:
        for resource in (r for r in stack(name).resources if r.type.startswith("aws:")):
            call = CALLS.get(resource.type)
            left = resource.inputs.keys() & call.apart if call else set(resource.inputs)
            sent = set().union(*(c.arguments for c in FURTHER.get(resource.type, ())))
            assert left - sent - PROVIDERS_OWN == set(), resource.name


def test_the_figures_stand_in_the_page() -> None:
    resources = [r for name in STACKS for r in stack(name).resources if r.type.startswith("aws:")]
    calls = sum((r.type in CALLS) + len(list(further(r.type, r.inputs))) for r in resources)
    arguments = sum(len(r.inputs) for r in resources)
    page = (ROOT / "docs" / "aws.md").read_text()
    kinds = len({r.type for r in resources})
    assert (
        f"{calls} calls for {len(resources)} resources of {kinds} types, with {arguments:,} arguments" in page
    )


MUTATIONS: list[tuple[str, str, Any, str]] = [
    ("aws:ec2/launchTemplate:LaunchTemplate", "instanceType", "t9.huge", "is none of"),
    ("aws:cloudwatch/metricAlarm:MetricAlarm", "treatMissingData", "x" * 300, "characters"),
    ("aws:cloudwatch/metricAlarm:MetricAlarm", "comparisonOperator", "Below", "is none of"),
    ("aws:efs/fileSystem:FileSystem", "throughputMode", "elastik", "is none of"),
    ("aws:ssm/parameter:Parameter", "tier", "Cheap", "is none of"),
    ("aws:autoscaling/group:Group", "minSize", "one", "Invalid type"),
    ("aws:rds/instance:Instance", "allocatedStorage", "twenty", "Invalid type"),
    ("aws:rds/instance:Instance", "storageClass", "gp3", "has no storageClass"),
    ("aws:iam/role:Role", "assumeRolePolicy", "\u4e16", "is not"),
    (
        "aws:rds/parameterGroup:ParameterGroup",
        "parameters",
        [{"name": "a", "value": "1", "applyMethod": "soon"}],
        "is none of",
    ),
    ("aws:cloudwatch/logGroup:LogGroup", "retentionInDays", "a month", "Invalid type"),
    ("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "fromPort", "ssh", "Invalid type"),
    ("aws:ec2/vpc:Vpc", "enableDnsSupport", "yes", "Invalid type"),
]


@pytest.mark.parametrize("kind, key, value, says", MUTATIONS)
def test_what_a_service_refuses_is_seen(kind: str, key: str, value: Any, says: str) -> None:
    resource = next(r for r in stack("image2model").resources if r.type == kind)
    found = judge(kind, resource.name, {**copy.deepcopy(resource.inputs), key: value})
    assert any(says in text for text in found), found


def test_a_name_that_is_too_long_is_seen() -> None:
    resource = next(r for r in stack("image2model").resources if r.type == "aws:iam/role:Role")
    assert judge(resource.type, "a" * 60, resource.inputs) == [f"{'a' * 60}.RoleName: 68 characters"]
