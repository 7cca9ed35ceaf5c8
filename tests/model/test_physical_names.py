"""What AWS calls our resources, at the longest names that a stack may have."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest

from model import naming
from model.limits import partition
from model.machine import figures
from model.physical_names import (
    DATABASE_MASTER,
    FINAL_SNAPSHOT,
    METRIC,
    NAME_RULES,
    PARAMETER,
    NameRule,
)
from model.settings import MASTER
from preview.evaluate.program import evaluate
from preview.resources import Evaluation
from tests import invariants
from tests.engine import rules
from tests.engine.shapes import shape, snake
from tests.evaluations import EXAMPLES, ROOT, deployed
from tests.model.stacks import STACK, changed, findings

PREFIX = "drawbridge-prod"
STACKS = [*EXAMPLES, "every-setting"]


def program(name: str) -> Evaluation:
    if name == "every-setting":
        return evaluate(ROOT, config_file=ROOT / "docs" / "Pulumi.example.yaml")
    return deployed(name, secretDelivery="parameter-store")


def longest(name: str) -> str:
    """The longest stack name that is allowed where there is a database (or none)."""
    sections = {**STACK} if program(name).of_type(invariants.DATABASE) else changed("database")
    if "database" not in sections:
        sections["app"] = {**sections["app"], "env": {"TAG": "v1", "DATABASE_URL": "x"}}
    fits = [
        n
        for n in range(30, 60)
        if not [f for f in findings(sections, project="a" * (n - 5), stack="prod") if f.path == "name"]
    ]
    return "a" * (fits[-1] - 5) + "-prod"


def named_by_pulumi(kind: str, inputs: dict[str, Any]) -> bool:
    """Whether the bridge makes this resource's name: its type has one, and the program gives none."""
    if not kind.startswith("aws:") or kind in rules.NOT_AUTONAMED:
        return False
    key = rules.AUTONAMED.get(kind, "name")
    return snake(key) in shape(kind).optional_inputs and key not in inputs


@pytest.mark.slow
@pytest.mark.parametrize("name", STACKS)
def test_every_name_fits_its_service_at_the_longest_stack_name(name: str) -> None:
    long = longest(name)
    made = [r for r in program(name).resources if named_by_pulumi(r.type, r.inputs)]
    assert {r.type for r in made} - set(NAME_RULES) == set()
    wrong = {}
    for resource in made:
        rule = NAME_RULES[resource.type]
        wrong[resource.name] = rule.broken(rule.physical(resource.name.replace(PREFIX, long, 1)))
    assert len(made) > 15 and {key: text for key, text in wrong.items() if text} == {}


@pytest.mark.slow
def test_the_table_has_no_type_that_no_stack_has() -> None:
    seen = {r.type for name in STACKS for r in program(name).resources}
    assert set(NAME_RULES) - seen == set()


@pytest.mark.slow
def test_the_database_decides_how_long_a_stack_name_may_be() -> None:
    assert len(longest("image2model")) == 38
    assert len(longest("maycast-recorder")) == 41


@pytest.mark.parametrize(
    "project, stack, database, text",
    [
        ("a" * 34, "prod", True, "an RDS instance's identifier of at most 63 characters"),
        ("my--app", "prod", True, "an RDS instance's identifier of letters, digits and single dashes"),
        ("app", "prod-", True, "an RDS instance's identifier of letters, digits and single dashes"),
        (
            "sg-tools",
            "prod",
            True,
            "a security group's name of letters that EC2 lists, without `sg-`",
        ),
        ("sg-tools", "prod", False, "a security group's name of letters that EC2 lists"),
        ("a" * 34, "prod", False, ""),
        ("my--app", "prod", False, ""),
    ],
)
def test_names_that_a_service_refuses_are_refused_first(
    project: str, stack: str, database: bool, text: str
) -> None:
    config = STACK if database else changed("database")
    found = [str(f) for f in findings(config, project=project, stack=stack) if f.path == "name"]
    assert [line.startswith(f"Pulumi.yaml name: expected {text}") for line in found] == [True] * bool(text)


def test_the_error_says_how_much_room_there_is() -> None:
    (found,) = (f for f in findings(STACK, project="a" * 34, stack="prod") if f.path == "name")
    assert "of their 39 characters there is room for 38" in str(found)


@pytest.mark.slow
@pytest.mark.parametrize("name", STACKS)
def test_names_of_our_own_fit_too(name: str) -> None:
    long, made = longest(name), program(name)
    for parameter in made.of_type(invariants.PARAMETER):
        assert PARAMETER.broken(parameter.inputs["name"].replace(PREFIX, long)) == ""
    assert METRIC.broken(figures.errors(long)) == ""
    assert FINAL_SNAPSHOT.broken(naming.Names(*long.rsplit("-", 1)).database.final_snapshot("0a1b2c3d")) == ""
    for database in made.of_type(invariants.DATABASE):
        assert database.inputs["username"] == MASTER
        assert DATABASE_MASTER.broken(MASTER) == ""


MODELS = {
    "aws:iam/role:Role": ("iam", "CreateRole", "RoleName"),
    "aws:iam/rolePolicy:RolePolicy": ("iam", "PutRolePolicy", "PolicyName"),
    "aws:iam/instanceProfile:InstanceProfile": ("iam", "CreateInstanceProfile", "InstanceProfileName"),
    "aws:ec2/launchTemplate:LaunchTemplate": ("ec2", "ModifyLaunchTemplate", "LaunchTemplateName"),
    "aws:autoscaling/group:Group": ("autoscaling", "CreateAutoScalingGroup", "AutoScalingGroupName"),
    "aws:cloudwatch/logGroup:LogGroup": ("logs", "CreateLogGroup", "logGroupName"),
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": ("logs", "PutMetricFilter", "filterName"),
    "aws:cloudwatch/metricAlarm:MetricAlarm": ("cloudwatch", "PutMetricAlarm", "AlarmName"),
}
IN_WORDS = {
    "aws:rds/instance:Instance": ("rds", "CreateDBInstance", "DBInstanceIdentifier", "from 1 to 63 letters"),
    "aws:rds/parameterGroup:ParameterGroup": (
        "rds",
        "CreateDBParameterGroup",
        "DBParameterGroupName",
        "1 to 255",
    ),
    "aws:rds/subnetGroup:SubnetGroup": (
        "rds",
        "CreateDBSubnetGroup",
        "DBSubnetGroupName",
        "no more than 255",
    ),
    "aws:ec2/securityGroup:SecurityGroup": (
        "ec2",
        "CreateSecurityGroup",
        "GroupName",
        "Up to 255 characters",
    ),
    "aws:sns/topic:Topic": ("sns", "CreateTopic", "Name", "between 1 and 256 characters"),
}


def member(service: str, operation: str, name: str) -> Any:
    model = botocore.session.get_session().get_service_model(service)
    return model.operation_model(operation).input_shape.members[name]


@pytest.mark.slow
def test_each_limit_is_the_one_of_the_service_model() -> None:
    """botocore's models, which are AWS's own: by length where they have one, by their words where they do not."""
    for kind, (service, operation, name) in MODELS.items():
        assert member(service, operation, name).metadata["max"] == NAME_RULES[kind].longest, kind
    for kind, (service, operation, name, words) in IN_WORDS.items():
        assert words in member(service, operation, name).documentation, kind
        assert str(NAME_RULES[kind].longest) in words
    assert MODELS.keys() | IN_WORDS.keys() == NAME_RULES.keys()
    assert "1 to 16 letters" in member("rds", "CreateDBInstance", "MasterUsername").documentation


def test_a_rule_sees_each_of_its_faults() -> None:
    def broken(kind: str, name: str) -> str:
        return NAME_RULES[kind].broken(name)

    assert broken("aws:rds/instance:Instance", "a" * 63) == ""
    for name in ("a" * 64, "a--b", "a-", "1a", "a_b"):
        assert broken("aws:rds/instance:Instance", name) != "", name
    assert broken("aws:ec2/securityGroup:SecurityGroup", "sg-a") != ""
    assert broken("aws:iam/role:Role", "a" * 65) != ""
    assert PARAMETER.broken("/aws/x") != "" and PARAMETER.broken("/drawbridge/a-b/AWS_KEY") == ""
    assert isinstance(DATABASE_MASTER, NameRule) and DATABASE_MASTER.broken("a" * 17) != ""


def test_regions_are_told_apart_as_botocore_does() -> None:
    known = {"aws", "aws-cn", "aws-us-gov"}
    partitions = botocore.session.get_session().get_data("partitions")["partitions"]
    seen = 0
    for one in partitions:
        for region in one["regions"]:
            if region.endswith("global"):
                continue
            seen += 1
            assert partition(region) == (one["id"] if one["id"] in known else None), region
            found = [f for f in findings(STACK, region=region) if f.path == "aws:region"]
            assert bool(found) == (one["id"] not in known), region
    assert seen > 40
