"""What the stand-in's AWS says to inputs that are wrong by themselves; the program's own checks come before it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from .aws_rules import POLICY_CHARACTERS, ROLE_POLICY, refused
from .cloud_types import DATABASE, EGRESS_RULE, MOUNT_TARGET, ROLE, SECURITY_GROUP, SUBNET
from .standin_engine import DATABASE_INPUTS, Engine, refusal, serving


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with serving(tmp_path / "cloud") as there:
        yield there


BAD: list[tuple[str, dict[str, Any], str]] = [
    (DATABASE, {**DATABASE_INPUTS, "identifier": "a" * 64}, "Invalid database identifier"),
    (DATABASE, {**DATABASE_INPUTS, "identifier": "my--app"}, "Invalid database identifier"),
    (
        DATABASE,
        {**DATABASE_INPUTS, "blueGreenUpdate": {"enabled": True}, "manageMasterUserPassword": True},
        "Blue/green deployments are not supported",
    ),
    (SECURITY_GROUP, {"vpcId": "vpc-1", "name": "sg-tools"}, "may not be in the format sg-*"),
    (ROLE, {"name": "a" * 65}, "less than or equal to 64"),
    (EGRESS_RULE, {"securityGroupId": "sg-1", "description": "the bank's"}, "Invalid rule description"),
    (ROLE_POLICY, {"role": "r", "policy": "x" * (POLICY_CHARACTERS + 1)}, "Maximum policy size"),
]


@pytest.mark.parametrize(("type_", "inputs", "text"), BAD, ids=range(len(BAD)))
def test_what_is_wrong_by_itself_is_refused(
    engine: Engine, type_: str, inputs: dict[str, Any], text: str
) -> None:
    with pytest.raises(grpc.RpcError) as error:
        engine.make(type_, "a", **inputs)
    assert text in refusal(error)
    assert engine.cloud.live() == []


def test_a_class_that_the_region_lacks_is_refused_there_alone() -> None:
    inputs = {**DATABASE_INPUTS, "instanceClass": "db.t4g.micro"}
    assert "in ca-west-1" in str(refused(DATABASE, inputs, "ca-west-1"))
    assert refused(DATABASE, inputs, "eu-west-1") is None


def test_files_have_one_mount_target_a_zone(engine: Engine) -> None:
    for name, zone in (("a", "a"), ("b", "a"), ("c", "b")):
        engine.make(
            SUBNET,
            name,
            vpcId="vpc-1",
            cidrBlock=f"10.0.{ord(name)}.0/24",
            availabilityZone=f"eu-west-1{zone}",
        )
    ids = {name: engine.held[engine.urn(SUBNET, name)][0] for name in "abc"}
    engine.make(MOUNT_TARGET, "a", fileSystemId="fs-1", subnetId=ids["a"])
    engine.make(MOUNT_TARGET, "c", fileSystemId="fs-1", subnetId=ids["c"])
    engine.make(MOUNT_TARGET, "d", fileSystemId="fs-2", subnetId=ids["a"])
    with pytest.raises(grpc.RpcError) as error:
        engine.make(MOUNT_TARGET, "b", fileSystemId="fs-1", subnetId=ids["b"])
    assert "MountTargetConflict" in refusal(error)


def test_a_rule_may_not_be_changed_into_one_that_is_refused(engine: Engine) -> None:
    engine.make(EGRESS_RULE, "a", securityGroupId="sg-1", description="mail")
    with pytest.raises(grpc.RpcError) as error:
        engine.update(EGRESS_RULE, "a", securityGroupId="sg-1", description="the bank's")
    assert "Invalid rule description" in refusal(error)
