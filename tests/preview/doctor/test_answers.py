"""The doctor without a cloud: its exit code, its text, the state, token policies, quotas' families, and reading alone."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from preview import __main__ as preview
from preview.doctor import render, state
from preview.doctor.answers import Answer, Diagnosis, Status
from preview.doctor.aws import Aws
from preview.doctor.quotas import family, quota_of
from preview.doctor.token import Scope, granted
from preview.resource_types.iam_actions import IAM_ACTIONS, actions
from tests.evaluations import EXAMPLES, ROOT, deployed


def answer(check: str, status: Status, text: str = "t", fix: str = "f") -> Answer:
    return Answer(check=check, status=status, text=text, fix=fix)


@pytest.mark.parametrize(
    ("statuses", "code"),
    [
        (["fine", "warned"], 0),
        (["fine", "unknown"], 3),
        (["unknown", "refused"], 2),
        ([], 0),
    ],
)
def test_the_exit_code_says_the_worst(statuses: list[Status], code: int) -> None:
    answers = tuple(answer("x", status) for status in statuses)
    assert Diagnosis(project="p", stack="s", answers=answers).exit_code == code


def test_the_text_groups_what_says_the_same_and_gives_each_fix() -> None:
    answers = (
        answer("a", "unknown", "no credentials", "log in"),
        answer("b", "unknown", "no credentials", "log in"),
        answer("c", "fine", "all right\x1b[2J"),
    )
    assert render.to_text(Diagnosis(project="shop", stack="prod", answers=answers)) == (
        "shop / prod\n\n"
        "UNKNOWN: could not be asked, so look yourself (2)\n"
        "  a, b: no credentials\n"
        "      fix: log in\n\n"
        "FINE (1)\n"
        "  c: all right\\u001b[2J\n\n"
        "0 refused, 2 unknown, 0 warned, 1 fine\n"
    )


def test_without_credentials_nothing_of_the_clouds_is_fine(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Any
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "CLOUDFLARE_API_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("DRAWBRIDGE_HUB", "http://127.0.0.1:9")
    monkeypatch.setenv("PATH", str(tmp_path))
    example = "examples/casecheck/Pulumi.prod.yaml"
    assert preview.main(["doctor", "--config-file", example, "--format", "json"]) == 2
    found = json.loads(capsys.readouterr().out)
    refused = [one["check"] for one in found["answers"] if one["status"] == "refused"]
    assert refused == ["tools.pulumi", "aws.credentials", "cloudflare.token"]
    assert [one["check"] for one in found["answers"] if one["status"] == "fine"] == ["aws.endpoint"]


@pytest.mark.parametrize(
    "operation", ["CreateVpc", "DeleteVpc", "PutParameter", "ModifyVpc", "GetSessionToken", "Describe"]
)
def test_an_operation_that_would_change_something_is_refused_before_it_is_asked(operation: str) -> None:
    with pytest.raises(ValueError, match="does not read"):
        Aws("eu-central-1").call("ec2", operation)


def test_a_state_is_the_ids_of_what_was_made() -> None:
    document = {
        "deployment": {
            "resources": [
                {"type": "pulumi:pulumi:Stack"},
                {"type": "aws:ec2/vpc:Vpc", "id": "vpc-1"},
            ]
        }
    }
    found = state.read(json.dumps(document))
    assert (found.deployed, found.has("vpc-1"), found.has("vpc-2")) == (True, True, False)
    assert found.count("aws:ec2/vpc:Vpc", "aws:ec2/eip:Eip") == 1
    with pytest.raises(ValueError, match="found no `deployment`"):
        state.read("[]")


SCOPE = Scope("zone", ("DNS Write",), "")


@pytest.mark.parametrize(
    ("resources", "effect", "allowed"),
    [
        ({"com.cloudflare.api.account.zone.Z": "*"}, "allow", True),
        ({"com.cloudflare.api.account.zone.*": "*"}, "allow", True),
        ({"com.cloudflare.api.account.A": {"com.cloudflare.api.account.zone.*": "*"}}, "allow", True),
        ('{"com.cloudflare.api.account.zone.Z": "*"}', "allow", True),
        ({"com.cloudflare.api.account.zone.Y": "*"}, "allow", False),
        ({"com.cloudflare.api.account.B": {"com.cloudflare.api.account.zone.*": "*"}}, "allow", False),
        ({"com.cloudflare.api.account.A": "*"}, "allow", False),
        ({"com.cloudflare.api.account.zone.Z": "*"}, "deny", False),
        ("no JSON", "allow", False),
    ],
)
def test_a_tokens_policy_counts_for_the_zone_that_it_names(
    resources: Any, effect: str, allowed: bool
) -> None:
    policies = [
        {"effect": effect, "permission_groups": [{"name": "DNS Write"}], "resources": resources},
        {"effect": "allow", "permission_groups": [{"name": "DNS Read"}], "resources": {"*": "*"}},
    ]
    assert granted(policies, SCOPE, "A", "Z") is allowed


@pytest.mark.parametrize(
    ("kind", "letters", "quota"),
    [
        ("t3.small", "t", "L-1216C47A"),
        ("m7gd.large", "m", "L-1216C47A"),
        ("inf2.xlarge", "inf", "L-1945791B"),
        ("g5.xlarge", "g", "L-DB2E81BA"),
        ("q1.small", "q", None),
    ],
)
def test_each_family_has_its_quota(kind: str, letters: str, quota: str | None) -> None:
    assert (family(kind), quota_of(kind)) == (letters, quota)


def test_every_aws_type_that_the_examples_register_has_its_actions() -> None:
    kinds = {resource.type for name in EXAMPLES for resource in deployed(name).resources}
    needed, unknown = actions(sorted(kinds))
    assert unknown == []
    assert {kind for kind in kinds if kind.startswith("aws:")} <= IAM_ACTIONS.keys()
    assert not set(needed.reads) & set(needed.writes)


def test_a_type_that_nobody_looked_up_is_named() -> None:
    assert actions(["aws:s3/bucket:Bucket", "random:index/randomId:RandomId"])[1] == ["aws:s3/bucket:Bucket"]


IAM_ALONE = {"iam:PassRole", "backup-storage:MountCapsule"}
"""Permissions that no operation bears the name of."""
CLIENTS = {"elasticfilesystem": "efs", "cloudwatch": "cloudwatch"}


def test_every_action_bears_the_name_of_an_operation_of_aws_own_model() -> None:
    from botocore.session import Session

    session = Session()
    named = {action for one in IAM_ACTIONS.values() for action in (*one.reads, *one.writes)} - IAM_ALONE
    unknown = []
    for action in sorted(named):
        service, _, operation = action.partition(":")
        model = session.get_service_model(CLIENTS.get(service, service))
        if operation not in model.operation_names:
            unknown.append(action)
    assert unknown == []


@pytest.mark.slow
def test_the_preview_itself_loads_no_client_of_a_cloud() -> None:
    code = "import sys, preview.__main__ as m; m.main(['--stack', 'prod', '-o', '/dev/null']); print([n for n in sys.modules if n.startswith(('botocore', 'preview.doctor', 'urllib3'))])"
    done = subprocess.run(
        [ROOT / ".venv/bin/python", "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
