"""The double refuses what AWS refuses, where moto takes it."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .test_aws_double import Client, client, code, vpc

__all__ = ["client", "vpc"]  # fixtures

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}
        ],
    }
)
DATABASE: dict[str, Any] = {
    "Engine": "postgres",
    "DBInstanceClass": "db.t4g.micro",
    "AllocatedStorage": 20,
    "MasterUsername": "drawbridge_admin",
    "ManageMasterUserPassword": True,
}


def refused(call: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as error:
        call()
    return code(error)


def policy(resources: int) -> str:
    arns = [
        f"arn:aws:ssm:eu-west-1:*:parameter/drawbridge/some-stack/VARIABLE_{n:04}" for n in range(resources)
    ]
    statement = {"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": arns}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.mark.parametrize("name", ["a" * 64, "my--app"])
def test_identifiers_of_a_database(client: Client, name: str) -> None:
    made = partial(client("rds").create_db_instance, DBInstanceIdentifier=name, **DATABASE)
    assert refused(made) == "InvalidParameterValue"


def test_a_database_goes_with_a_final_snapshot_or_by_name_without(client: Client) -> None:
    rds = client("rds")
    rds.create_db_instance(DBInstanceIdentifier="leaving", **DATABASE)
    gone = partial(rds.delete_db_instance, DBInstanceIdentifier="leaving", SkipFinalSnapshot=False)
    assert refused(gone) == "InvalidParameterCombination"
    rds.create_db_snapshot(DBInstanceIdentifier="leaving", DBSnapshotIdentifier="taken")
    assert refused(partial(gone, FinalDBSnapshotIdentifier="taken")) == "DBSnapshotAlreadyExists"
    gone(FinalDBSnapshotIdentifier="free")


def test_names_and_descriptions_of_security_groups(client: Client, vpc: tuple[str, str]) -> None:
    ec2 = client("ec2")
    made = partial(ec2.create_security_group, Description="d", VpcId=vpc[0])
    assert refused(partial(made, GroupName="sg-tools")) == "InvalidParameterValue"
    group = made(GroupName="tools")["GroupId"]
    rule = {"IpProtocol": "tcp", "FromPort": 587, "ToPort": 587}

    def rules(description: str) -> list[Callable[[], Any]]:
        by_group = {**rule, "UserIdGroupPairs": [{"GroupId": group, "Description": description}]}
        by_range = {**rule, "IpRanges": [{"CidrIp": "203.0.113.0/24", "Description": description}]}
        return [
            partial(ec2.authorize_security_group_ingress, GroupId=group, IpPermissions=[by_group]),
            partial(ec2.authorize_security_group_egress, GroupId=group, IpPermissions=[by_range]),
        ]

    assert [refused(call) for call in rules("the bank's")] == ["InvalidParameterValue"] * 2
    assert [call()["Return"] for call in rules("Mail, by the book")] == [True, True]


def test_a_roles_name_and_what_its_policies_hold(client: Client) -> None:
    iam = client("iam")
    made = partial(iam.create_role, AssumeRolePolicyDocument=TRUST)
    assert refused(partial(made, RoleName="a" * 65)) == "ValidationError"
    made(RoleName="a" * 64)
    put = partial(iam.put_role_policy, RoleName="a" * 64)
    put(PolicyName="one", PolicyDocument=policy(100))
    put(PolicyName="one", PolicyDocument=policy(120))  # in place of the first
    assert refused(partial(put, PolicyName="two", PolicyDocument=policy(60))) == "LimitExceeded"


def test_files_have_one_mount_target_a_zone(client: Client, vpc: tuple[str, str]) -> None:
    ec2, efs = client("ec2"), client("efs")
    zone = ec2.describe_subnets(SubnetIds=[vpc[1]])["Subnets"][0]["AvailabilityZone"]
    other = ec2.create_subnet(VpcId=vpc[0], CidrBlock="10.80.7.0/24", AvailabilityZone=zone)["Subnet"]
    files = efs.create_file_system(CreationToken="one-a-zone")["FileSystemId"]
    efs.create_mount_target(FileSystemId=files, SubnetId=vpc[1])
    second = partial(efs.create_mount_target, FileSystemId=files, SubnetId=other["SubnetId"])
    assert refused(second) == "MountTargetConflict"
