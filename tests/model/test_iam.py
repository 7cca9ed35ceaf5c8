"""IAM statements and documents, and what a machine may do by itself."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from model import iam, naming
from model.machine.permissions import permissions


def machine(metrics: bool = False, *, ecr: list[bool] | None = None) -> Any:
    return SimpleNamespace(metrics=metrics, registries=[SimpleNamespace(ecr=each) for each in ecr or []])


def sids(given: Any) -> list[str]:
    return [statement["Sid"] for statement in permissions(naming.Host("p-s-host"), "eu-central-1", given)]


def test_a_document_holds_the_statements_in_their_order() -> None:
    read = iam.allow("Read", ["s3:GetObject"], "arn:aws:s3:::b/*")
    there = iam.allow("There", "s3:ListBucket", "*", {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}})
    assert json.loads(iam.document([read, there])) == {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "Read", "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": "arn:aws:s3:::b/*"},
            {
                "Sid": "There",
                "Effect": "Allow",
                "Action": "s3:ListBucket",
                "Resource": "*",
                "Condition": {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}},
            },
        ],
    }


def test_a_role_is_assumed_by_one_service() -> None:
    assert iam.assumed_by("ec2.amazonaws.com") == {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": "ec2.amazonaws.com"},
    }


@pytest.mark.parametrize(
    "given, expected",
    [
        (machine(), ["FinishHooks", "TagItself"]),
        (machine(metrics=True), ["FinishHooks", "TagItself", "PutMetrics"]),
        (machine(ecr=[False]), ["FinishHooks", "TagItself"]),
        (machine(ecr=[False, True]), ["FinishHooks", "TagItself", "PullImages", "LogIn"]),
    ],
)
def test_a_machine_may_do_what_its_settings_ask_for(given: Any, expected: list[str]) -> None:
    assert sids(given) == expected


@pytest.mark.parametrize(
    "region, partition",
    [("eu-central-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")],
)
def test_a_machine_finishes_hooks_of_its_own_group_and_tags_itself_with_the_ready_mark_alone(
    region: str, partition: str
) -> None:
    hooks, tag = permissions(naming.Host("p-s-host"), region, machine())
    assert hooks["Resource"] == (
        f"arn:{partition}:autoscaling:{region}:*:autoScalingGroup:*:autoScalingGroupName/p-s-host-group-*"
    )
    assert tag["Resource"] == f"arn:{partition}:ec2:{region}:*:instance/*"
    assert tag["Condition"] == {
        "StringEquals": {"ec2:ResourceTag/drawbridge:stack": "p-s-host"},
        "ForAllValues:StringEquals": {"aws:TagKeys": ["drawbridge:ready"]},
    }
