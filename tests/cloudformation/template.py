"""A CloudFormation template of what a stack registers at AWS: the same values under CloudFormation's names.

What CloudFormation has no word for is left out by name (`Kind.apart`, `WITHOUT_A_TYPE`). A reference to another resource
becomes `Ref` or `Fn::GetAtt`, so cfn-lint also judges whether what is referred to is of the kind that the property takes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from preview.resources import Evaluation, Resource

Properties = dict[str, Any]


def _as_they_are(properties: Properties) -> Properties:
    return properties


def _template_data(properties: Properties) -> Properties:
    outside: Properties = {
        key: properties.pop(key) for key in ("LaunchTemplateName", "VersionDescription") if key in properties
    }
    for mapping in properties["BlockDeviceMappings"]:
        _booleans(mapping["Ebs"], "DeleteOnTermination", "Encrypted")
    for interface in properties["NetworkInterfaces"]:
        interface["Groups"] = interface.pop("SecurityGroups")
        _booleans(interface, "AssociatePublicIpAddress", "DeleteOnTermination")
    for specification in properties["TagSpecifications"]:
        specification["Tags"] = _pairs(specification["Tags"])
    return {**outside, "LaunchTemplateData": properties}


def _group(properties: Properties) -> Properties:
    template = properties["LaunchTemplate"]
    properties["LaunchTemplate"] = {"LaunchTemplateId": template["Id"], "Version": template["Version"]}
    properties["LifecycleHookSpecificationList"] = [
        {("LifecycleHookName" if key == "Name" else key): value for key, value in hook.items()}
        for hook in properties["LifecycleHookSpecificationList"]
    ]
    metrics = {"Granularity": "1Minute", "Metrics": properties.pop("EnabledMetrics")}
    return {**properties, "MetricsCollection": [metrics]}


def _filter(properties: Properties) -> Properties:
    transformation = {
        f"Metric{name}": value for name, value in properties.pop("MetricTransformation").items()
    }
    return {**properties, "MetricTransformations": [transformation]}


def _alarm(properties: Properties) -> Properties:
    dimensions = [{"Name": key, "Value": value} for key, value in properties["Dimensions"].items()]
    return {**properties, "Dimensions": dimensions}


def _parameters(properties: Properties) -> Properties:
    given = {item["Name"]: item["Value"] for item in properties["Parameters"]}
    return {**properties, "Parameters": given}


def _parameter(properties: Properties) -> Properties:
    assert properties["Type"] == "SecureString"  # which CloudFormation cannot make; all else is judged
    return {**properties, "Type": "String"}


def _system(properties: Properties) -> Properties:
    tags = properties.pop("Tags")
    return {**properties, "FileSystemTags": tags}


def _profile(properties: Properties) -> Properties:
    role = properties.pop("Role")
    return {**properties, "Roles": [role]}


def _booleans(properties: Properties, *names: str) -> None:
    for name in names:
        properties[name] = {"true": True, "false": False}[properties[name]]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """``renamed``: Terraform's names (in Pulumi's letters) whose CloudFormation name is not the same with a capital.

    ``apart``: no property of this type. ``named``: the property of the physical name that Pulumi makes. ``identified``: what
    a reference to an attribute reads; all that is not listed is `Ref`. ``shaped``: the rest of the way.
    """

    type: str
    renamed: Mapping[str, str] = field(default_factory=dict)
    apart: frozenset[str] = frozenset()
    named: str = ""
    identified: Mapping[str, str] = field(default_factory=dict)
    shaped: Callable[[Properties], Properties] = _as_they_are


GROUP_RULE = {"securityGroupId": "GroupId", "cidrIpv4": "CidrIp", "cidrIpv6": "CidrIpv6"}
KINDS: dict[str, Kind] = {
    "aws:autoscaling/group:Group": Kind(
        type="AWS::AutoScaling::AutoScalingGroup",
        renamed={
            "vpcZoneIdentifiers": "VPCZoneIdentifier",
            "initialLifecycleHooks": "LifecycleHookSpecificationList",
        },
        apart=frozenset({"waitForCapacityTimeout", "ignoreFailedScalingActivities"}),
        named="AutoScalingGroupName",
        shaped=_group,
    ),
    "aws:cloudwatch/logGroup:LogGroup": Kind(
        type="AWS::Logs::LogGroup", named="LogGroupName", identified={"arn": "Arn"}
    ),
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": Kind(
        type="AWS::Logs::MetricFilter",
        renamed={"pattern": "FilterPattern"},
        named="FilterName",
        shaped=_filter,
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": Kind(
        type="AWS::CloudWatch::Alarm", renamed={"okActions": "OKActions"}, named="AlarmName", shaped=_alarm
    ),
    "aws:ec2/internetGateway:InternetGateway": Kind(
        type="AWS::EC2::InternetGateway",
        apart=frozenset({"vpcId"}),  # an attachment of its own
    ),
    "aws:ec2/launchTemplate:LaunchTemplate": Kind(
        type="AWS::EC2::LaunchTemplate",
        renamed={"description": "VersionDescription"},
        apart=frozenset({"updateDefaultVersion"}),
        named="LaunchTemplateName",
        identified={"latestVersion": "LatestVersionNumber"},
        shaped=_template_data,
    ),
    "aws:ec2/route:Route": Kind(type="AWS::EC2::Route"),
    "aws:ec2/routeTable:RouteTable": Kind(type="AWS::EC2::RouteTable"),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": Kind(type="AWS::EC2::SubnetRouteTableAssociation"),
    "aws:ec2/securityGroup:SecurityGroup": Kind(
        type="AWS::EC2::SecurityGroup",
        renamed={"description": "GroupDescription"},
        named="GroupName",
        identified={"id": "GroupId"},
    ),
    "aws:ec2/subnet:Subnet": Kind(type="AWS::EC2::Subnet"),
    "aws:ec2/vpc:Vpc": Kind(type="AWS::EC2::VPC"),
    "aws:ec2transitgateway/instanceConnectEndpoint:InstanceConnectEndpoint": Kind(
        type="AWS::EC2::InstanceConnectEndpoint"
    ),
    "aws:efs/fileSystem:FileSystem": Kind(type="AWS::EFS::FileSystem", shaped=_system),
    "aws:efs/mountTarget:MountTarget": Kind(type="AWS::EFS::MountTarget"),
    "aws:iam/instanceProfile:InstanceProfile": Kind(
        type="AWS::IAM::InstanceProfile",
        named="InstanceProfileName",
        identified={"arn": "Arn"},
        shaped=_profile,
    ),
    "aws:iam/role:Role": Kind(
        type="AWS::IAM::Role", renamed={"assumeRolePolicy": "AssumeRolePolicyDocument"}, named="RoleName"
    ),
    "aws:iam/rolePolicy:RolePolicy": Kind(
        type="AWS::IAM::RolePolicy",
        renamed={"role": "RoleName", "policy": "PolicyDocument"},
        named="PolicyName",
    ),
    "aws:rds/instance:Instance": Kind(
        type="AWS::RDS::DBInstance",
        renamed={
            "instanceClass": "DBInstanceClass",
            "username": "MasterUsername",
            "dbSubnetGroupName": "DBSubnetGroupName",
            "vpcSecurityGroupIds": "VPCSecurityGroups",
            "parameterGroupName": "DBParameterGroupName",
            "multiAz": "MultiAZ",
            "caCertIdentifier": "CACertificateIdentifier",
            "enabledCloudwatchLogsExports": "EnableCloudwatchLogsExports",
            "maintenanceWindow": "PreferredMaintenanceWindow",
            "backupWindow": "PreferredBackupWindow",
            "performanceInsightsEnabled": "EnablePerformanceInsights",
        },
        apart=frozenset({"skipFinalSnapshot", "finalSnapshotIdentifier"}),  # CloudFormation's deletion policy
        named="DBInstanceIdentifier",
        identified={"masterUserSecrets[0].secretArn": "MasterUserSecret.SecretArn"},
    ),
    "aws:rds/parameterGroup:ParameterGroup": Kind(
        type="AWS::RDS::DBParameterGroup", named="DBParameterGroupName", shaped=_parameters
    ),
    "aws:rds/subnetGroup:SubnetGroup": Kind(
        type="AWS::RDS::DBSubnetGroup",
        renamed={"description": "DBSubnetGroupDescription"},
        named="DBSubnetGroupName",
    ),
    "aws:sns/topic:Topic": Kind(type="AWS::SNS::Topic", named="TopicName"),
    "aws:sns/topicSubscription:TopicSubscription": Kind(
        type="AWS::SNS::Subscription", renamed={"topic": "TopicArn"}
    ),
    "aws:ssm/parameter:Parameter": Kind(type="AWS::SSM::Parameter", shaped=_parameter),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": Kind(
        type="AWS::EC2::SecurityGroupEgress",
        renamed={**GROUP_RULE, "referencedSecurityGroupId": "DestinationSecurityGroupId"},
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": Kind(
        type="AWS::EC2::SecurityGroupIngress",
        renamed={**GROUP_RULE, "referencedSecurityGroupId": "SourceSecurityGroupId"},
    ),
}
WITHOUT_A_TYPE = {
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",  # a group that AWS makes
    "aws:efs/backupPolicy:BackupPolicy",  # a property of the file system's
}
# Two things of one name: nobody refers to these.
NEVER_REFERRED_TO = {
    "aws:ec2/routeTableAssociation:RouteTableAssociation",
    "aws:ec2transitgateway/instanceConnectEndpoint:InstanceConnectEndpoint",
}
DIGITS = "0a1b2c3"  # what Pulumi puts behind a name
REFERENCE = re.compile(r"«([^»]+?)\.((?:[a-zA-Z]+)(?:\[0\])?(?:\.[a-zA-Z]+)?)»")


def template(program: Evaluation, *regions: str) -> dict[str, Any]:
    """The template as a mapping; cfn-lint is told by its metadata to judge it for ``regions``."""
    writer = _Writer(program)
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Metadata": {"cfn-lint": {"config": {"regions": [*regions]}}},
        "Parameters": {
            "Image": {
                "Type": "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>",
                "Default": "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id",
            }
        },
        "Resources": writer.resources(),
    }


class _Writer:
    def __init__(self, program: Evaluation) -> None:
        self._ours = [r for r in program.resources if r.type in KINDS]
        self._named = {r.name: r for r in program.resources if r.type not in NEVER_REFERRED_TO}
        self._backups = {
            r.inputs["fileSystemId"]: r.inputs["backupPolicy"]["status"]
            for r in program.resources
            if r.type == "aws:efs/backupPolicy:BackupPolicy"
        }

    def resources(self) -> dict[str, Any]:
        made = {_logical(r): self._resource(r) for r in self._ours}
        assert len(made) == len(self._ours)
        for launched in (r for r in self._ours if r.type == "aws:ec2/launchTemplate:LaunchTemplate"):
            # A launch template may name any type; the machine that is launched of it may not.
            made[f"{_logical(launched)}Machine"] = {
                "Type": "AWS::EC2::Instance",
                "Properties": {
                    "InstanceType": launched.inputs["instanceType"],
                    "LaunchTemplate": {
                        "LaunchTemplateId": {"Ref": _logical(launched)},
                        "Version": {"Fn::GetAtt": [_logical(launched), "LatestVersionNumber"]},
                    },
                },
            }
        for gateway in (r for r in self._ours if r.type == "aws:ec2/internetGateway:InternetGateway"):
            made[f"{_logical(gateway)}Attachment"] = {
                "Type": "AWS::EC2::VPCGatewayAttachment",
                "Properties": {
                    "VpcId": self._value(gateway.inputs["vpcId"]),
                    "InternetGatewayId": {"Ref": _logical(gateway)},
                },
            }
        return made

    def _resource(self, resource: Resource) -> dict[str, Any]:
        kind = KINDS[resource.type]
        properties = {
            kind.renamed.get(key, _capital(key)): self._input(key, value)
            for key, value in resource.inputs.items()
            if key not in kind.apart
        }
        if kind.named:
            properties[kind.named] = f"{resource.name}-{DIGITS}"
        if isinstance(
            properties.get("Tags"), dict
        ):  # a group's are a list: they say whether its machines get them
            properties["Tags"] = _pairs(properties["Tags"])
        if resource.type == "aws:efs/fileSystem:FileSystem":
            status = self._backups.get(f"«{resource.name}.id»", "DISABLED")
            properties["BackupPolicy"] = {"Status": status}
        written = {"Type": kind.type, "Properties": kind.shaped(properties)}
        if resource.type == "aws:rds/instance:Instance":
            policy = "Delete" if resource.inputs["skipFinalSnapshot"] else "Snapshot"
            written |= {"DeletionPolicy": policy, "UpdateReplacePolicy": policy}
        return written

    def _input(self, key: str, value: Any) -> Any:
        if key in ("policy", "assumeRolePolicy"):
            return self._value(json.loads(value))
        if key in ("tags", "dimensions") and isinstance(value, dict):
            return self._values(value)
        return self._capitals(value)

    def _values(self, value: Mapping[str, Any]) -> dict[str, Any]:
        return {key: self._value(item) for key, item in value.items()}

    def _capitals(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {_capital(key): self._input(key, item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._capitals(item) for item in value]
        return self._value(value)

    def _value(self, value: Any) -> Any:
        """With references in place of placeholders; the keys of mappings stay."""
        if isinstance(value, Mapping):
            return self._values(value)
        if isinstance(value, list):
            return [self._value(item) for item in value]
        if not isinstance(value, str) or "«" not in value:
            return value
        if value.startswith("«getParameter /aws/service/canonical/ubuntu/"):
            return {"Ref": "Image"}
        whole = REFERENCE.fullmatch(value)
        if whole:
            return self._reference(whole)
        text = REFERENCE.sub(lambda found: "${" + self._substituted(found) + "}", value)
        assert "«" not in text, value
        return {"Fn::Sub": text}

    def _target(self, found: re.Match[str]) -> tuple[str, str | None]:
        resource = self._named[found[1]]
        return _logical(resource), KINDS[resource.type].identified.get(found[2])

    def _reference(self, found: re.Match[str]) -> dict[str, Any]:
        name, attribute = self._target(found)
        return {"Fn::GetAtt": [name, attribute]} if attribute else {"Ref": name}

    def _substituted(self, found: re.Match[str]) -> str:
        name, attribute = self._target(found)
        return f"{name}.{attribute}" if attribute else name


def _logical(resource: Resource) -> str:
    """Letters and digits; two types may share a name, so the type's is added."""
    words = [*re.split(r"[^A-Za-z0-9]+", resource.name), resource.type.rpartition(":")[2]]
    return "".join(_capital(word) for word in words)


def _capital(word: str) -> str:
    return word[:1].upper() + word[1:]


def _pairs(tags: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
