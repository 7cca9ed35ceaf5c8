"""The deployer's policies with IAM enforced: a stack's life passes under them, and without any one action its call is denied."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from botocore.config import Config
from botocore.exceptions import ClientError

from preview.analysis.deployer import deployer
from preview.evaluate.program import evaluate
from tests.evaluations import deployed

from .conftest import HERE, double
from .doctor_world import REGION, World, diagnosed, in_order, policy, project

LIFE = yaml.safe_load((HERE / "deployer_life.yaml").read_text())
BY_IAM_S_NAME = {"efs": "elasticfilesystem"}
NOT_CALLED = {
    # Asked of the caller by services, in calls of their own that moto does not make.
    "iam:PassRole",
    "iam:CreateServiceLinkedRole",
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "secretsmanager:CreateSecret",
    "secretsmanager:DeleteSecret",
    "secretsmanager:RotateSecret",
    "secretsmanager:TagResource",
    "backup:CreateBackupPlan",
    "backup:CreateBackupSelection",
    "backup:CreateBackupVault",
    "backup-storage:MountCapsule",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    # moto does not have them.
    "autoscaling:DisableMetricsCollection",
    "elasticfilesystem:UpdateFileSystem",
    "rds:ResetDBParameterGroup",
}


def actions_of_image2model() -> set[str]:
    found = deployer(deployed("image2model"))
    return {
        action
        for half in (found.reading, found.writing)
        for one in half
        for statement in one
        for action in statement["Action"]
    }


class Enforced:
    """moto with IAM enforced: it knows actions and no resource of most services, so the policies are held to their actions."""

    def __init__(self, address: str) -> None:
        self.address = address
        iam = self.client("iam", ("test", "test"))
        self.admin = self.client("iam", self.user(iam, "admin"))
        self.admin_keys = self.user(iam, "deployer")
        iam.put_user_policy(UserName="admin", PolicyName="p", PolicyDocument=json.dumps(policy("*")))
        enforce = urllib.request.Request(
            f"{address}/moto-api/reset-auth", b"0", {"Content-Type": "text/plain"}, method="POST"
        )
        urllib.request.urlopen(enforce, timeout=20).close()

    def user(self, iam: Any, name: str) -> tuple[str, str]:
        iam.create_user(UserName=name)
        keys = iam.create_access_key(UserName=name)["AccessKey"]
        return keys["AccessKeyId"], keys["SecretAccessKey"]

    def client(self, service: str, keys: tuple[str, str]) -> Any:
        once = Config(retries={"total_max_attempts": 1})
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.address,
            aws_access_key_id=keys[0],
            aws_secret_access_key=keys[1],
            config=once,
        )

    def allow(self, actions: set[str]) -> None:
        # moto looks for an action under the name that requests are signed for, which of CloudWatch is another.
        named = sorted(action.replace("cloudwatch:", "monitoring:") for action in actions)
        document = json.dumps(policy(*named))
        self.admin.put_user_policy(UserName="deployer", PolicyName="p", PolicyDocument=document)


@pytest.fixture
def enforced() -> Iterator[Enforced]:
    with double("aws_double", "--region", REGION) as address:
        yield Enforced(address)


def filled(given: Any, made: dict[str, Any]) -> Any:
    """With what earlier calls made in place of `$name`."""
    if isinstance(given, dict):
        return {key: filled(value, made) for key, value in given.items()}
    if isinstance(given, list):
        return [filled(value, made) for value in given]
    return made[given[1:]] if isinstance(given, str) and given.startswith("$") else given


def kept(answer: Any, path: str) -> Any:
    for part in path.split("."):
        answer = answer[int(part)] if part.isdigit() else answer[part]
    return answer


def test_a_life_passes_under_them_and_is_denied_without_any_one_action(enforced: Enforced) -> None:
    wanted = actions_of_image2model()
    made: dict[str, Any] = {}
    clients: dict[str, Any] = {}
    used, silent = set(), []
    for service, operation, *more in LIFE:
        given, keep = (*more, {}, {})[:2]
        client = clients.setdefault(service, enforced.client(service, enforced.admin_keys))
        action = f"{BY_IAM_S_NAME.get(service, service)}:{operation}"
        assert action in wanted, action
        arguments = filled(given, made)
        if action not in used:
            enforced.allow(wanted - {action})
            try:
                client._make_api_call(operation, arguments)
                silent.append(action)  # allowed to everybody, as AWS allows GetCallerIdentity
            except ClientError as error:
                denied = ("not authorized", "AccessDenied", "UnauthorizedOperation")
                assert any(word in str(error) for word in denied), (action, error)
        enforced.allow(wanted)
        answer = client._make_api_call(operation, arguments)
        made |= {name: kept(answer, path) for name, path in keep.items()}
        used.add(action)
    assert silent == ["sts:GetCallerIdentity"]
    assert wanted - used == NOT_CALLED


def test_the_doctor_finds_nothing_missing_in_them_and_names_what_is_taken_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def said(world: World) -> list[tuple[str, str]]:
        _, found, _ = diagnosed(world, monkeypatch, capsys)
        return [(a["status"], a["text"]) for a in found["answers"] if a["check"] == "aws.permissions"]

    for name, without in (("whole", ""), ("less", "rds:CreateDBInstance")):
        (tmp_path / name).mkdir()
        with in_order(tmp_path / name) as world:
            world.policies = [*own_policies(world, without), policy(*LOOKS)]
            ((status, text),) = said(world)
        assert status == ("refused" if without else "fine"), text
        assert text.endswith(f"may not: {without}") is bool(without)


LOOKS = ("iam:SimulatePrincipalPolicy", "service-quotas:*")


def own_policies(world: World, without: str) -> list[dict[str, Any]]:
    """What `--format iam` writes for the world's project, without one action."""
    found = deployer(evaluate(project(world)))
    documents = []
    for one in (*found.reading, *found.writing):
        statements = [
            {**statement, "Action": [action for action in statement["Action"] if action != without]}
            for statement in one
        ]
        documents.append({"Version": "2012-10-17", "Statement": statements})
    return documents
