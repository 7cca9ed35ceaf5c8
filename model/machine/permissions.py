"""What a machine may do by itself: finish its own group's hooks, tag itself, send its figures, pull its images.

What it may do with another component's resource is that component's to grant.
"""

from __future__ import annotations

from .. import limits
from ..iam import Statement, allow
from ..naming import Host
from .figures import NAMESPACE
from .specification import Machine

READY_TAG = "drawbridge:ready"


def permissions(names: Host, region: str, machine: Machine) -> list[Statement]:
    prefix = f"arn:{limits.partition(region)}"
    groups = f"{prefix}:autoscaling:{region}:*:autoScalingGroup:*:autoScalingGroupName"
    statements = [
        allow(
            "FinishHooks",
            ["autoscaling:CompleteLifecycleAction", "autoscaling:RecordLifecycleActionHeartbeat"],
            # The group's name begins so, and the role must exist before the group.
            f"{groups}/{names.any_group}",
        ),
        allow(
            "TagItself",
            "ec2:CreateTags",
            f"{prefix}:ec2:{region}:*:instance/*",
            {
                "StringEquals": {"ec2:ResourceTag/drawbridge:stack": names.name},
                "ForAllValues:StringEquals": {"aws:TagKeys": [READY_TAG]},
            },
        ),
    ]
    if machine.metrics:
        only_ours = {"StringEquals": {"cloudwatch:namespace": NAMESPACE}}
        statements.append(allow("PutMetrics", "cloudwatch:PutMetricData", "*", only_ours))
    if any(registry.ecr for registry in machine.registries):
        pull = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
        statements += [
            allow("PullImages", pull, f"{prefix}:ecr:*:*:repository/*"),
            allow("LogIn", "ecr:GetAuthorizationToken", "*"),
        ]
    return statements
