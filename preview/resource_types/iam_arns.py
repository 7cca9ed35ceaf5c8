"""On what a deployer needs each IAM action: the ARNs of a stack's own things, as narrow as their names allow.

Pulumi calls what it makes after the logical name with letters behind it (model/physical_names.py), and every logical name begins
with the stack's own. EC2's things, file systems and keys have no names: their ARNs end in `*`, of that type, in that region.
Source of the forms, and of which action takes which: the Service Authorization Reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

ANY = "*"


@dataclass(frozen=True, kw_only=True)
class Scope:
    """``prefix``: of the stack's names; ``account`` may be `*`, which in an ARN of one's own account is that account."""

    prefix: str
    region: str
    account: str
    partition: str

    def arn(self, form: str) -> str:
        return form.format(
            prefix=self.prefix, region=self.region, account=self.account, partition=self.partition
        )


def _ec2(*kinds: str) -> tuple[str, ...]:
    return tuple(f"arn:{{partition}}:ec2:{{region}}:{{account}}:{kind}/*" for kind in kinds)


def _regional(service: str, *names: str) -> tuple[str, ...]:
    return tuple(f"arn:{{partition}}:{service}:{{region}}:{{account}}:{name}" for name in names)


_ROLE = ("arn:{partition}:iam::{account}:role/{prefix}-*",)
_PROFILE = ("arn:{partition}:iam::{account}:instance-profile/{prefix}-*",)
_IMAGE = ("arn:{partition}:ec2:{region}::image/*",)
_MADE = _ec2(
    "vpc",
    "subnet",
    "security-group",
    "security-group-rule",
    "internet-gateway",
    "route-table",
    "instance-connect-endpoint",
    "launch-template",
    "instance",
    "volume",
    "network-interface",
)
_RDS = _regional("rds", "db:{prefix}-*", "pg:{prefix}-*", "subgrp:{prefix}-*", "snapshot:{prefix}-*", "og:*")
"""An instance is made in a subnet group, with a parameter group, and in AWS's own default option group."""
_RDS_ALL = _regional("rds", "db:*", "pg:*", "subgrp:*", "snapshot:*")
"""For looking: the provider asks for an instance by its resource id, which RDS holds against all of them."""

ARNS: Mapping[str, tuple[str, ...]] = {
    "autoscaling": _regional("autoscaling", "autoScalingGroup:*:autoScalingGroupName/{prefix}-*"),
    "backup": _regional("backup", "backup-plan:*", "backup-vault:*"),
    "cloudwatch": _regional("cloudwatch", "alarm:{prefix}-*"),
    "cloudwatch:DescribeAlarms": _regional("cloudwatch", "alarm:*"),
    # An action is held against the types that it takes, so all of them together allow no more than each one's own.
    "ec2": _MADE,
    "ec2:DescribeVpcAttribute": _ec2("vpc"),
    "ec2:RunInstances": (
        *_ec2("instance", "volume", "network-interface", "security-group", "subnet", "launch-template"),
        *_IMAGE,
    ),
    "elasticfilesystem": _regional("elasticfilesystem", "file-system/*"),
    "iam": (*_ROLE, *_PROFILE),
    "iam:CreateServiceLinkedRole": ("arn:{partition}:iam::{account}:role/aws-service-role/*",),
    "iam:PassRole": _ROLE,
    "kms": _regional("kms", "key/*"),
    "logs": _regional("logs", "log-group:{prefix}-*"),
    "rds": _RDS,
    "rds:DescribeDBInstances": _RDS_ALL,
    "rds:DescribeDBParameterGroups": _RDS_ALL,
    "rds:DescribeDBParameters": _RDS_ALL,
    "rds:DescribeDBSnapshots": _RDS_ALL,
    "rds:DescribeDBSubnetGroups": _RDS_ALL,
    "rds:ListTagsForResource": _RDS_ALL,
    "secretsmanager": _regional("secretsmanager", "secret:rds!db-*"),
    "sns": _regional("sns", "{prefix}-*"),
    "ssm": (
        *_regional("ssm", "parameter/drawbridge/{prefix}/*"),
        # Canonical's own, which tell the image.
        "arn:{partition}:ssm:{region}::parameter/aws/service/canonical/*",
    ),
}
"""By action, or by service for the actions of it that are not named."""

WITHOUT = frozenset(
    {
        "autoscaling:DescribeAutoScalingGroups",
        "autoscaling:DescribeLifecycleHooks",
        "autoscaling:DescribeScalingActivities",
        "autoscaling:DescribeWarmPool",
        "backup-storage:MountCapsule",
        "elasticfilesystem:CreateFileSystem",
        "logs:DescribeLogGroups",
        "sns:GetSubscriptionAttributes",
        "sns:SetSubscriptionAttributes",
        "sns:Unsubscribe",
        "ssm:DescribeParameters",
        "sts:GetCallerIdentity",
    }
)
"""Actions for which AWS has no ARN; and of EC2, all of its `Describe`s but the one that is named above."""


def arns(action: str, scope: Scope) -> tuple[str, ...]:
    """Raises KeyError for an action whose ARNs nobody has looked up: it must not become `*` by being forgotten."""
    service = action.partition(":")[0]
    if action in WITHOUT or (service == "ec2" and action.startswith("ec2:Describe") and action not in ARNS):
        return (ANY,)
    return tuple(scope.arn(form) for form in ARNS.get(action) or ARNS[service])


_SERVICES = ("rds", "secretsmanager", "ssm", "elasticfilesystem")
_LINKED = ("autoscaling", "rds", "elasticfilesystem", "ec2-instance-connect", "backup")


def condition(action: str, scope: Scope) -> dict[str, dict[str, object]]:
    """What else must hold: a key by a service alone, a role for machines alone, a service's own role for these services."""
    if action.startswith("kms:"):
        return {
            "StringLike": {"kms:ViaService": [f"{name}.{scope.region}.amazonaws.com*" for name in _SERVICES]}
        }
    if action == "iam:PassRole":
        return {"StringLike": {"iam:PassedToService": "ec2.amazonaws.com*"}}
    if action == "iam:CreateServiceLinkedRole":
        return {"StringEquals": {"iam:AWSServiceName": [f"{name}.amazonaws.com" for name in _LINKED]}}
    return {}
