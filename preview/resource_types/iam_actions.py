"""Which IAM actions a deployer needs for each AWS type: to look at it, and to make, change and delete it.

Sources: the calls in terraform-provider-aws's `internal/service/*` for the types' create, read, update and delete, and the names
of their actions in the Service Authorization Reference. A second action that a call needs (`iam:PassRole` for a machine's role)
stands with the type whose making needs it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Actions:
    """``reads`` suffice for `pulumi preview` and `pulumi refresh`; `pulumi up` and `pulumi destroy` need ``writes``, too."""

    reads: tuple[str, ...]
    writes: tuple[str, ...]


def _of(service: str, reads: str, writes: str, more: str = "") -> Actions:
    """Operations' names without their service; ``more``: actions of other services, with theirs, that writing needs."""
    return Actions(
        tuple(f"{service}:{name}" for name in reads.split()),
        (*(f"{service}:{name}" for name in writes.split()), *more.split()),
    )


_EC2_TAGS = "CreateTags DeleteTags"

IAM_ACTIONS: Mapping[str, Actions] = {
    "aws:ec2/vpc:Vpc": _of(
        "ec2",
        "DescribeVpcs DescribeVpcAttribute DescribeNetworkAcls DescribeRouteTables DescribeSecurityGroups",
        f"CreateVpc ModifyVpcAttribute DeleteVpc {_EC2_TAGS}",
    ),
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": _of(
        "ec2",
        "DescribeSecurityGroups DescribeSecurityGroupRules",
        f"RevokeSecurityGroupIngress RevokeSecurityGroupEgress {_EC2_TAGS}",
    ),
    "aws:ec2/securityGroup:SecurityGroup": _of(
        "ec2",
        "DescribeSecurityGroups DescribeNetworkInterfaces",
        f"CreateSecurityGroup DeleteSecurityGroup RevokeSecurityGroupEgress {_EC2_TAGS}",
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _of(
        "ec2",
        "DescribeSecurityGroupRules",
        f"AuthorizeSecurityGroupIngress RevokeSecurityGroupIngress ModifySecurityGroupRules {_EC2_TAGS}",
    ),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _of(
        "ec2",
        "DescribeSecurityGroupRules",
        f"AuthorizeSecurityGroupEgress RevokeSecurityGroupEgress ModifySecurityGroupRules {_EC2_TAGS}",
    ),
    "aws:ec2/internetGateway:InternetGateway": _of(
        "ec2",
        "DescribeInternetGateways",
        f"CreateInternetGateway AttachInternetGateway DetachInternetGateway DeleteInternetGateway {_EC2_TAGS}",
    ),
    "aws:ec2/subnet:Subnet": _of(
        "ec2",
        "DescribeSubnets DescribeNetworkInterfaces",
        f"CreateSubnet ModifySubnetAttribute DeleteSubnet {_EC2_TAGS}",
    ),
    "aws:ec2/routeTable:RouteTable": _of(
        "ec2", "DescribeRouteTables", f"CreateRouteTable DeleteRouteTable DisassociateRouteTable {_EC2_TAGS}"
    ),
    "aws:ec2/route:Route": _of("ec2", "DescribeRouteTables", "CreateRoute ReplaceRoute DeleteRoute"),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": _of(
        "ec2",
        "DescribeRouteTables",
        "AssociateRouteTable ReplaceRouteTableAssociation DisassociateRouteTable",
    ),
    "aws:ec2transitgateway/instanceConnectEndpoint:InstanceConnectEndpoint": _of(
        "ec2",
        "DescribeInstanceConnectEndpoints",
        f"CreateInstanceConnectEndpoint DeleteInstanceConnectEndpoint CreateNetworkInterface {_EC2_TAGS}",
        "iam:CreateServiceLinkedRole",
    ),
    "aws:ec2/launchTemplate:LaunchTemplate": _of(
        "ec2",
        "DescribeLaunchTemplates DescribeLaunchTemplateVersions",
        f"CreateLaunchTemplate CreateLaunchTemplateVersion ModifyLaunchTemplate DeleteLaunchTemplate {_EC2_TAGS}",
    ),
    "aws:autoscaling/group:Group": Actions(
        (
            "autoscaling:DescribeAutoScalingGroups",
            "autoscaling:DescribeScalingActivities",
            "autoscaling:DescribeLifecycleHooks",
            "autoscaling:DescribeWarmPool",
            "ec2:DescribeInstances",  # the program's own look for a ready machine
        ),
        (
            *_of(
                "autoscaling",
                "",
                "CreateAutoScalingGroup UpdateAutoScalingGroup DeleteAutoScalingGroup PutLifecycleHook DeleteLifecycleHook "
                "CreateOrUpdateTags DeleteTags EnableMetricsCollection DisableMetricsCollection SetInstanceProtection",
            ).writes,
            # Asked of the caller when a group starts machines of a launch template with a role.
            "ec2:RunInstances",
            "iam:PassRole",
            "iam:CreateServiceLinkedRole",
        ),
    ),
    "aws:iam/role:Role": _of(
        "iam",
        "GetRole ListRolePolicies ListAttachedRolePolicies ListInstanceProfilesForRole",
        "CreateRole UpdateRole UpdateRoleDescription UpdateAssumeRolePolicy DeleteRole TagRole UntagRole",
    ),
    "aws:iam/rolePolicy:RolePolicy": _of("iam", "GetRolePolicy", "PutRolePolicy DeleteRolePolicy"),
    "aws:iam/instanceProfile:InstanceProfile": _of(
        "iam",
        "GetInstanceProfile",
        "CreateInstanceProfile DeleteInstanceProfile AddRoleToInstanceProfile RemoveRoleFromInstanceProfile "
        "TagInstanceProfile UntagInstanceProfile",
        "iam:PassRole",
    ),
    "aws:cloudwatch/logGroup:LogGroup": _of(
        "logs",
        "DescribeLogGroups ListTagsForResource",
        "CreateLogGroup PutRetentionPolicy DeleteRetentionPolicy DeleteLogGroup TagResource UntagResource",
    ),
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": _of(
        "logs", "DescribeMetricFilters", "PutMetricFilter DeleteMetricFilter"
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": _of(
        "cloudwatch",
        "DescribeAlarms ListTagsForResource",
        "PutMetricAlarm DeleteAlarms TagResource UntagResource",
    ),
    "aws:efs/fileSystem:FileSystem": _of(
        "elasticfilesystem",
        "DescribeFileSystems DescribeLifecycleConfiguration",
        "CreateFileSystem UpdateFileSystem PutLifecycleConfiguration DeleteFileSystem TagResource UntagResource",
        "kms:DescribeKey kms:CreateGrant kms:GenerateDataKeyWithoutPlaintext",
    ),
    "aws:efs/backupPolicy:BackupPolicy": _of(
        "elasticfilesystem",
        "DescribeBackupPolicy",
        "PutBackupPolicy",
        "iam:CreateServiceLinkedRole backup:CreateBackupPlan backup:CreateBackupSelection backup:CreateBackupVault "
        "backup-storage:MountCapsule",
    ),
    "aws:efs/mountTarget:MountTarget": _of(
        "elasticfilesystem",
        "DescribeMountTargets DescribeMountTargetSecurityGroups",
        "CreateMountTarget ModifyMountTargetSecurityGroups DeleteMountTarget",
        "ec2:DescribeSubnets ec2:DescribeNetworkInterfaces ec2:CreateNetworkInterface ec2:DeleteNetworkInterface",
    ),
    "aws:rds/instance:Instance": _of(
        "rds",
        "DescribeDBInstances ListTagsForResource DescribeDBSnapshots",
        "CreateDBInstance ModifyDBInstance RebootDBInstance DeleteDBInstance CreateDBSnapshot AddTagsToResource "
        "RemoveTagsFromResource",
        # RDS keeps the master's password in Secrets Manager, by keys of the account, in the caller's name.
        "iam:CreateServiceLinkedRole secretsmanager:CreateSecret secretsmanager:TagResource secretsmanager:RotateSecret "
        "secretsmanager:DeleteSecret kms:DescribeKey kms:CreateGrant kms:Decrypt kms:GenerateDataKey ec2:DescribeSecurityGroups "
        "ec2:DescribeSubnets ec2:DescribeVpcs ec2:DescribeAvailabilityZones",
    ),
    "aws:rds/parameterGroup:ParameterGroup": _of(
        "rds",
        "DescribeDBParameterGroups DescribeDBParameters ListTagsForResource",
        "CreateDBParameterGroup ModifyDBParameterGroup ResetDBParameterGroup DeleteDBParameterGroup AddTagsToResource "
        "RemoveTagsFromResource",
    ),
    "aws:rds/subnetGroup:SubnetGroup": _of(
        "rds",
        "DescribeDBSubnetGroups ListTagsForResource",
        "CreateDBSubnetGroup ModifyDBSubnetGroup DeleteDBSubnetGroup AddTagsToResource RemoveTagsFromResource",
    ),
    "aws:sns/topic:Topic": _of(
        "sns",
        "GetTopicAttributes ListTagsForResource",
        "CreateTopic SetTopicAttributes DeleteTopic TagResource UntagResource",
    ),
    "aws:sns/topicSubscription:TopicSubscription": _of(
        "sns",
        "GetSubscriptionAttributes ListSubscriptionsByTopic",
        "Subscribe SetSubscriptionAttributes Unsubscribe",
    ),
    "aws:ssm/parameter:Parameter": _of(
        "ssm",
        "DescribeParameters GetParameter GetParameters ListTagsForResource",
        "PutParameter DeleteParameter AddTagsToResource RemoveTagsFromResource",
        "kms:Encrypt kms:Decrypt",
    ),
}

ALWAYS = Actions(("sts:GetCallerIdentity", "ssm:GetParameter"), ())
"""What the provider asks for itself, and the public parameter with Ubuntu's image."""


def actions(types: Iterable[str]) -> tuple[Actions, list[str]]:
    """What a deployer of resources of these types needs, sorted; and the AWS types of which nobody has looked that up."""
    known = [ALWAYS, *(IAM_ACTIONS[name] for name in types if name in IAM_ACTIONS)]
    reads = {action for one in known for action in one.reads}
    writes = {action for one in known for action in one.writes} - reads
    unknown = {name for name in types if name.startswith("aws:") and name not in IAM_ACTIONS}
    return Actions(tuple(sorted(reads)), tuple(sorted(writes))), sorted(unknown)
