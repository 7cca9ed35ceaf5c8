"""checkov, the real one, reads the plans of all examples; what it says is answered, and it does see what is wrong."""

from __future__ import annotations

import dataclasses
import runpy
import subprocess
from typing import Any

import pytest

from preview.evaluate.program import evaluate
from preview.report.terraform import to_terraform
from preview.resources import Evaluation
from tests.evaluations import DELIVERIES, EXAMPLES, ROOT, deployed, example_file

checkov: dict[str, Any] = runpy.run_path(str(ROOT / "docs" / "checkov.py"))

pytestmark = pytest.mark.skipif(not checkov["program"](), reason="checkov is not installed (make checkov)")


def with_inputs(program: Evaluation, name: str, **inputs: Any) -> Evaluation:
    """The program with some inputs of one resource replaced."""
    changed = [
        dataclasses.replace(r, inputs={**r.inputs, **inputs}, raw={**r.raw, **inputs})
        if r.name == name
        else r
        for r in program.resources
    ]
    assert changed != list(program.resources)
    return dataclasses.replace(program, resources=tuple(changed))


def bad() -> Evaluation:
    program = deployed("image2model", secretDelivery="parameter-store")
    program = with_inputs(
        program, "drawbridge-prod-database-postgres", publiclyAccessible=True, storageEncrypted=False
    )
    program = with_inputs(program, "drawbridge-prod-network-ssh-in", cidrIpv4="0.0.0.0/0")
    wide = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
    return with_inputs(program, "drawbridge-prod-host-policy", policy=wide)


@pytest.fixture(scope="module")
def result() -> Any:
    plans = {
        f"{name}.{way}": to_terraform(deployed(name, secretDelivery=way))
        for name in EXAMPLES
        for way in DELIVERIES
    }
    plans |= {name: to_terraform(evaluate(ROOT, config_file=example_file(name))) for name in EXAMPLES}
    plans["commented"] = to_terraform(evaluate(ROOT, config_file=ROOT / "docs" / "Pulumi.example.yaml"))
    return checkov["run"]({**plans, "bad": to_terraform(bad())})


def test_every_failed_check_is_answered_with_a_reason(result: Any) -> None:
    reasons = checkov["answered"]()
    assert [f for f in result.failed if f.plan != "bad" and f.check not in reasons] == []
    assert {f.check for f in result.failed if f.plan != "bad"} == set(reasons), (
        "an answer that is no longer needed"
    )
    assert all(len(reason) > 40 for reason in reasons.values())


def test_checkov_sees_what_is_wrong(result: Any) -> None:
    mine = {
        (f.check, f.resource)
        for f in result.failed
        if f.plan == "bad" and f.check not in checkov["answered"]()
    }
    assert mine >= {
        ("CKV_AWS_17", "aws_db_instance.database_postgres"),  # publicly accessible
        ("CKV_AWS_16", "aws_db_instance.database_postgres"),  # not encrypted
        ("CKV_AWS_24", "aws_vpc_security_group_ingress_rule.network_ssh_in"),  # SSH from anywhere
        ("CKV_AWS_62", "aws_iam_role_policy.host_policy"),  # *:*
    }


def test_the_figures_stand_in_the_page(result: Any) -> None:
    mine = type(result)(
        {name: result.passed[name] for name in EXAMPLES},
        tuple(f for f in result.failed if f.plan in EXAMPLES),
    )
    assert checkov["written"]() == checkov["figures"](mine), "make checkov"


def test_its_own_settings_file_lets_an_example_pass(tmp_path: Any) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(to_terraform(deployed("image2model")))
    command = [checkov["program"](), "--file", str(plan), "--skip-download", "--quiet", "--compact"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
