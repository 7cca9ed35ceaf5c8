"""What AWS calls our resources: the logical name, and the letters that Pulumi adds; each service has its own limit for it.

Pulumi adds a dash and seven hexadecimal digits (pulumi-terraform-bridge, `AutoName`), so that a new resource can come before
the one that it replaces goes. To an RDS instance's name it adds the digits alone, and knows no limit shorter than 255
(pulumi-aws, `provider/resource_overrides.go`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_API = "https://docs.aws.amazon.com"


@dataclass(frozen=True, kw_only=True)
class NameRule:
    """``what``: whose name it is. ``letters``: in words, what ``pattern`` asks. ``source``: where the service says so."""

    what: str
    longest: int
    pattern: str
    letters: str
    source: str
    suffix: str = "-0a1b2c3"

    def physical(self, logical: str) -> str:
        """A name as the service gets it, with digits like those that Pulumi draws."""
        return logical + self.suffix

    def broken(self, name: str) -> str:
        """What is wrong with a name; empty if the service takes it."""
        if len(name) > self.longest:
            return f"{self.what} of at most {self.longest} characters"
        return "" if re.fullmatch(self.pattern, name) else f"{self.what} of {self.letters}"


_RDS_NAME = r"[A-Za-z](-?[A-Za-z0-9]+)*"
_RDS_LETTERS = "letters, digits and single dashes, a letter first and no dash at the end"
_IAM_NAME = r"[\w+=,.@-]+"

NAME_RULES: Mapping[str, NameRule] = {
    "aws:rds/instance:Instance": NameRule(
        what="an RDS instance's identifier",
        longest=63,
        pattern=_RDS_NAME,
        letters=_RDS_LETTERS,
        suffix="0a1b2c3",
        source=f"{_API}/AmazonRDS/latest/APIReference/API_CreateDBInstance.html",
    ),
    "aws:rds/parameterGroup:ParameterGroup": NameRule(
        what="an RDS parameter group's name",
        longest=255,
        pattern=_RDS_NAME,
        letters=_RDS_LETTERS,
        source=f"{_API}/AmazonRDS/latest/APIReference/API_CreateDBParameterGroup.html",
    ),
    "aws:rds/subnetGroup:SubnetGroup": NameRule(
        what="an RDS subnet group's name",
        longest=255,
        pattern=r"(?!default$)[a-z][a-z0-9._ -]*",
        letters="letters, digits, spaces, dots, dashes and underscores, a letter first, and not `default`",
        source=f"{_API}/AmazonRDS/latest/APIReference/API_CreateDBSubnetGroup.html",
    ),
    "aws:ec2/securityGroup:SecurityGroup": NameRule(
        what="a security group's name",
        longest=255,
        pattern=r"(?!sg-)[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]+",
        letters="letters that EC2 lists, without `sg-` at the beginning",
        source=f"{_API}/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html",
    ),
    "aws:ec2/launchTemplate:LaunchTemplate": NameRule(
        what="a launch template's name",
        longest=128,
        pattern=r"[a-zA-Z0-9().\-/_]{3,}",
        letters="at least three letters, digits and ().-/_",
        source=f"{_API}/AWSEC2/latest/APIReference/API_CreateLaunchTemplate.html",
    ),
    "aws:autoscaling/group:Group": NameRule(
        what="an Auto Scaling group's name",
        longest=255,
        pattern=r"[^:]+",
        letters="letters other than colons",
        source=f"{_API}/autoscaling/ec2/APIReference/API_CreateAutoScalingGroup.html",
    ),
    "aws:iam/role:Role": NameRule(
        what="an IAM role's name",
        longest=64,
        pattern=_IAM_NAME,
        letters="letters, digits and _+=,.@-",
        source=f"{_API}/IAM/latest/APIReference/API_CreateRole.html",
    ),
    "aws:iam/rolePolicy:RolePolicy": NameRule(
        what="a role policy's name",
        longest=128,
        pattern=_IAM_NAME,
        letters="letters, digits and _+=,.@-",
        source=f"{_API}/IAM/latest/APIReference/API_PutRolePolicy.html",
    ),
    "aws:iam/instanceProfile:InstanceProfile": NameRule(
        what="an instance profile's name",
        longest=128,
        pattern=_IAM_NAME,
        letters="letters, digits and _+=,.@-",
        source=f"{_API}/IAM/latest/APIReference/API_CreateInstanceProfile.html",
    ),
    "aws:cloudwatch/logGroup:LogGroup": NameRule(
        what="a log group's name",
        longest=512,
        pattern=r"(?!aws/)[.\-_/#A-Za-z0-9]+",
        letters="letters, digits and ._-/#",
        source=f"{_API}/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html",
    ),
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": NameRule(
        what="a metric filter's name",
        longest=512,
        pattern=r"[^:*]+",
        letters="letters other than colons and asterisks",
        source=f"{_API}/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html",
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": NameRule(
        what="an alarm's name",
        longest=255,
        pattern=r"[^\x00-\x1f]+",
        letters="letters other than control characters",
        source=f"{_API}/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html",
    ),
    "aws:sns/topic:Topic": NameRule(
        what="a topic's name",
        longest=256,
        pattern=r"[A-Za-z0-9_-]+",
        letters="letters, digits, dashes and underscores",
        source=f"{_API}/sns/latest/api/API_CreateTopic.html",
    ),
}
"""By resource type: every type of ours whose name Pulumi makes."""

# What the stack file or the program names by itself, without letters of Pulumi's.
FINAL_SNAPSHOT = NameRule(
    what="a final snapshot's identifier",
    longest=255,
    pattern=_RDS_NAME,
    letters=_RDS_LETTERS,
    suffix="",
    source=f"{_API}/AmazonRDS/latest/APIReference/API_DeleteDBInstance.html",
)
PARAMETER = NameRule(
    what="a parameter's name",
    longest=1011,
    pattern=r"/(?!aws|ssm)[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+){0,14}",
    letters="letters, digits and _.- between at most 15 slashes, and neither `aws` nor `ssm` first",
    suffix="",
    source=f"{_API}/systems-manager/latest/APIReference/API_PutParameter.html",
)
METRIC = NameRule(
    what="a metric's name",
    longest=255,
    pattern=r"[^:\x00-\x1f]+",
    letters="letters other than colons",
    suffix="",
    source=f"{_API}/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html",
)
DATABASE_MASTER = NameRule(
    what="a database's master user",
    longest=16,
    pattern=r"[A-Za-z][A-Za-z0-9_]*",
    letters="letters, digits and _, a letter first",
    suffix="",
    source=f"{_API}/AmazonRDS/latest/APIReference/API_CreateDBInstance.html",
)
