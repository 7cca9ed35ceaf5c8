"""The calls that the provider makes after a resource's own create call, for the arguments that this one does not take.

Each gives the call's whole input from what is registered; an id that AWS gives is a placeholder, as everywhere.
Source: the provider's `internal/service/*/`, function `resource…Create`, and for the final snapshot `resourceInstanceDelete`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

Inputs = Mapping[str, Any]
OWN = "«id»"


class Further(NamedTuple):
    service: str
    operation: str
    sent: Callable[[Inputs], dict[str, Any]]
    # The arguments that this call sends, by their registered names.
    arguments: frozenset[str]


def _call(service: str, operation: str, sent: Callable[[Inputs], dict[str, Any]], *arguments: str) -> Further:
    return Further(service, operation, sent, frozenset(arguments))


def _rule(inputs: Inputs) -> dict[str, Any]:
    said = {"Description": inputs["description"]}
    permission: dict[str, Any] = {
        "IpProtocol": inputs["ipProtocol"],
        "FromPort": inputs["fromPort"],
        "ToPort": inputs["toPort"],
    }
    if "referencedSecurityGroupId" in inputs:
        permission["UserIdGroupPairs"] = [{"GroupId": inputs["referencedSecurityGroupId"], **said}]
    if "cidrIpv4" in inputs:
        permission["IpRanges"] = [{"CidrIp": inputs["cidrIpv4"], **said}]
    if "cidrIpv6" in inputs:
        permission["Ipv6Ranges"] = [{"CidrIpv6": inputs["cidrIpv6"], **said}]
    return {"GroupId": inputs["securityGroupId"], "IpPermissions": [permission]}


def _tags(inputs: Inputs) -> dict[str, Any]:
    return {
        "Resources": [OWN],
        "Tags": [{"Key": key, "Value": value} for key, value in inputs["tags"].items()],
    }


RULE = (
    "securityGroupId",
    "description",
    "ipProtocol",
    "fromPort",
    "toPort",
    "referencedSecurityGroupId",
    "cidrIpv4",
    "cidrIpv6",
)
CREATE_TAGS = _call("ec2", "CreateTags", _tags, "tags")
FURTHER: dict[str, list[Further]] = {
    "aws:autoscaling/group:Group": [
        _call(
            "autoscaling",
            "EnableMetricsCollection",
            lambda r: {
                "AutoScalingGroupName": OWN,
                "Granularity": "1Minute",
                "Metrics": list(r["enabledMetrics"]),
            },
            "enabledMetrics",
        )
    ],
    "aws:cloudwatch/logGroup:LogGroup": [
        _call(
            "logs",
            "PutRetentionPolicy",
            lambda r: {"logGroupName": OWN, "retentionInDays": r["retentionInDays"]},
            "retentionInDays",
        )
    ],
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": [
        _call(
            "ec2",
            "DescribeSecurityGroups",
            lambda r: {
                "Filters": [
                    {"Name": "group-name", "Values": ["default"]},
                    {"Name": "vpc-id", "Values": [r["vpcId"]]},
                ]
            },
            "vpcId",
            "ingress",
            "egress",
        )
    ],
    "aws:ec2/internetGateway:InternetGateway": [
        _call(
            "ec2",
            "AttachInternetGateway",
            lambda r: {"InternetGatewayId": OWN, "VpcId": r["vpcId"]},
            "vpcId",
        ),
        CREATE_TAGS,
    ],
    "aws:ec2/routeTable:RouteTable": [CREATE_TAGS],
    "aws:ec2/securityGroup:SecurityGroup": [CREATE_TAGS],
    "aws:ec2/subnet:Subnet": [
        _call(
            "ec2",
            "ModifySubnetAttribute",
            lambda r: {"SubnetId": OWN, "MapPublicIpOnLaunch": {"Value": r["mapPublicIpOnLaunch"]}},
            "mapPublicIpOnLaunch",
        ),
        CREATE_TAGS,
    ],
    "aws:ec2/vpc:Vpc": [
        _call(
            "ec2",
            "ModifyVpcAttribute",
            lambda r: {"VpcId": OWN, "EnableDnsHostnames": {"Value": r["enableDnsHostnames"]}},
            "enableDnsHostnames",
        ),
        _call(
            "ec2",
            "ModifyVpcAttribute",
            lambda r: {"VpcId": OWN, "EnableDnsSupport": {"Value": r["enableDnsSupport"]}},
            "enableDnsSupport",
        ),
        CREATE_TAGS,
    ],
    "aws:ec2transitgateway/instanceConnectEndpoint:InstanceConnectEndpoint": [CREATE_TAGS],
    "aws:iam/instanceProfile:InstanceProfile": [
        _call(
            "iam",
            "AddRoleToInstanceProfile",
            lambda r: {"InstanceProfileName": OWN, "RoleName": r["role"]},
            "role",
        )
    ],
    "aws:rds/instance:Instance": [
        _call(
            "rds",
            "DeleteDBInstance",
            lambda r: {
                "DBInstanceIdentifier": OWN,
                "SkipFinalSnapshot": r["skipFinalSnapshot"],
                "DeleteAutomatedBackups": r["deleteAutomatedBackups"],
                **(
                    {}
                    if r["skipFinalSnapshot"]
                    else {"FinalDBSnapshotIdentifier": r["finalSnapshotIdentifier"]}
                ),
            },
            "skipFinalSnapshot",
            "finalSnapshotIdentifier",
            "deleteAutomatedBackups",
        ),
        _call(
            "rds",
            "ModifyDBInstance",
            lambda r: {
                "DBInstanceIdentifier": OWN,
                "AllowMajorVersionUpgrade": r["allowMajorVersionUpgrade"],
                "ApplyImmediately": r["applyImmediately"],
            },
            "allowMajorVersionUpgrade",
            "applyImmediately",
        ),
    ],
    "aws:rds/parameterGroup:ParameterGroup": [
        _call(
            "rds",
            "ModifyDBParameterGroup",
            lambda r: {
                "DBParameterGroupName": OWN,
                "Parameters": [
                    {
                        "ParameterName": item["name"],
                        "ParameterValue": item["value"],
                        "ApplyMethod": item["applyMethod"],
                    }
                    for item in r["parameters"]
                ],
            },
            "parameters",
        )
    ],
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": [
        _call("ec2", "AuthorizeSecurityGroupEgress", _rule, *RULE)
    ],
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": [
        _call("ec2", "AuthorizeSecurityGroupIngress", _rule, *RULE)
    ],
}

# No part of any call: what the provider itself does with a resource.
PROVIDERS_OWN = frozenset(
    {"waitForCapacityTimeout", "ignoreFailedScalingActivities", "updateDefaultVersion", "skipDestroy"}
)


def further(kind: str, inputs: Inputs) -> Iterator[tuple[Further, dict[str, Any]]]:
    """The calls after the create, each with what it sends."""
    for call in FURTHER.get(kind, ()):
        if call.arguments & inputs.keys():
            yield call, call.sent(inputs)
