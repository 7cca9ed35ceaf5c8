"""The steps that up.yml and drift.yml run, run with the real engine: a plan is applied as it was reviewed, a look leaves no trace."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from preview import drift
from tests.evaluations import ROOT, canary, example_file, secret_names

from .harness import EngineStack, copy_project

EXAMPLE = "maycast-recorder"
DNS_RECORD = "cloudflare:index/dnsRecord:DnsRecord"
GROUP = "aws:autoscaling/group:Group"
LOGS = "aws:cloudwatch/logGroup:LogGroup"

pytestmark = pytest.mark.skipif(shutil.which("jq") is None, reason="not on PATH: jq")


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory, plugins: Path) -> EngineStack:
    """An example, deployed by the workflow's own two steps, from nothing."""
    place = tmp_path_factory.mktemp("workflow")
    project = copy_project(ROOT, place / "project")
    shutil.copy(example_file(EXAMPLE), project / "Pulumi.prod.yaml")
    engine = EngineStack(project, "prod", place, plugins)
    for name in secret_names(EXAMPLE):
        engine.secret(f"drawbridge:secrets.{name}", canary(name))
    for half in ("plan", "up"):
        code, said = step(engine, "release", half, "prod", "first")
        assert code == 0, said
    return engine


@pytest.fixture
def engine(deployed: EngineStack, tmp_path: Path) -> EngineStack:
    return deployed.fork(tmp_path)


def step(
    engine: EngineStack, script: str, *arguments: str, rules: list[dict[str, Any]] | None = None
) -> tuple[int, str]:
    """A script of the workflows, in the project, with a double of the AWS CLI that knows one command."""
    tools = engine.place / "tools"
    tools.mkdir(exist_ok=True)
    (engine.place / "rules.json").write_text(json.dumps({"SecurityGroupRules": rules or []}))
    (tools / "aws").write_text(
        "#!/bin/sh\n"
        'case "$*" in "ec2 describe-security-group-rules --filters Name=group-id,Values="*" --output json") ;; *) exit 9;; esac\n'
        f"cat '{engine.place}/rules.json'\n"
    )
    (tools / "aws").chmod(0o755)
    done = subprocess.run(
        [engine.project / ".github" / "scripts" / script, *arguments],
        cwd=engine.project,
        check=False,
        encoding="utf-8",
        env={
            **os.environ,
            **engine.environment,
            "CLOUDFLARE_API_TOKEN": "a-token",
            "PATH": f"{tools}:{os.environ['PATH']}",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    return done.returncode, done.stdout


def backend(engine: EngineStack) -> dict[str, str]:
    """Every file of the backend with its digest."""
    root = engine.place / "backend"
    return {
        str(file.relative_to(root)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in root.rglob("*")
        if file.is_file()
    }


def test_a_stack_is_made_by_its_first_plan_and_then_has_nothing_to_do(engine: EngineStack) -> None:
    first = engine.project / "first"
    assert (first / "changes").exists()
    planned = json.loads((first / "plan.json").read_text())["resourcePlans"]
    assert sorted(thing.urn for thing in engine.cloud.live() if of_a_cloud(thing.urn)) == sorted(
        filter(of_a_cloud, planned)
    )
    before = backend(engine)
    assert step(engine, "release", "plan", "prod", "again")[0] == 0
    assert not (engine.project / "again" / "changes").exists()
    assert backend(engine) == before


def test_every_later_plan_can_be_shown(engine: EngineStack) -> None:
    """The one of an unchanged stack as the one of a release: each lists what stays the same, which the judgement needs."""
    for replicas, said in (
        (1, "59 unchanged of 59 resources"),
        (2, "2 updated and 57 unchanged of 59 resources"),
    ):

        def scaled(config: dict[str, Any], replicas: int = replicas) -> None:
            config["drawbridge:host"].update(replicas=replicas)

        engine.edit(scaled)
        assert step(engine, "release", "plan", "prod", "plan")[0] == 0
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "preview",
                "--stack",
                "prod",
                "--engine",
                "plan/preview.json",
                "--format",
                "markdown",
            ],
            cwd=engine.project,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert said in done.stdout


def of_a_cloud(urn: str) -> bool:
    return urn.split("::")[2].rpartition("$")[2].startswith(("aws:", "cloudflare:"))


def test_a_plan_holds_secrets_only_encrypted(engine: EngineStack) -> None:
    """So the artefact, which whoever may read the repository can read, gives nothing away that the state's key does not."""
    engine.configure(**{"drawbridge:tunnel": {"rotation": "2"}})
    assert step(engine, "release", "plan", "prod", "plan")[0] == 0
    for folder in ("first", "plan"):
        for file in (engine.project / folder).iterdir():
            assert "canary-" not in file.read_text(), file
    plan = (engine.project / "first" / "plan.json").read_text()
    secret = engine.cloud.one(
        "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared"
    ).inputs["tunnelSecret"]
    assert (plan.count('"ciphertext"') > 0, plan.count('"plaintext"'), secret in plan) == (True, 0, False)


def test_what_was_reviewed_is_what_is_done(engine: EngineStack) -> None:
    engine.edit(lambda config: config["drawbridge:host"].update(replicas=2))
    assert step(engine, "release", "plan", "prod", "plan")[0] == 0
    code, said = step(engine, "release", "up", "prod", "plan")
    assert code == 0, said
    assert engine.cloud.one(GROUP).inputs["desiredCapacity"] == 2


def test_up_refuses_a_plan_that_the_program_has_outgrown(engine: EngineStack) -> None:
    engine.edit(lambda config: config["drawbridge:host"].update(replicas=2))
    assert step(engine, "release", "plan", "prod", "plan")[0] == 0
    route = {"hostname": "new.example.com", "service": "http://nginx:80", "access": "admins"}
    engine.edit(lambda config: config["drawbridge:routes"].append(route))
    code, said = step(engine, "release", "up", "prod", "plan")
    assert (code != 0, "violates plan" in said) == (True, True), said
    assert [record.inputs["name"] for record in engine.cloud.live(DNS_RECORD)] == ["rec.example.com"]


def test_a_refused_plan_does_not_print_the_secret_that_it_was_refused_for(engine: EngineStack) -> None:
    """The CLI itself prints it: here the machine's user data, which holds the app's secrets."""
    engine.edit(lambda config: config["drawbridge:host"].update(replicas=2))
    assert step(engine, "release", "plan", "prod", "plan")[0] == 0
    engine.secret("drawbridge:secrets.SESSION_SECRET", "canary-another")
    other = engine.fork(engine.place / "unfiltered")
    gzip = "H4sI"  # how base64 of gzip begins
    assert gzip in other.cli("up", "--yes", "--skip-preview", "--plan", "plan/plan.json", fails=True).output
    code, said = step(engine, "release", "up", "prod", "plan")
    assert (code != 0, gzip in said, "canary-" in said) == (True, False, False), said
    assert "drawbridge-prod-host-template violates plan (values withheld: they may be secret)\n" in said


def test_up_refuses_a_plan_that_the_state_has_moved_away_from(engine: EngineStack) -> None:
    engine.edit(lambda config: config["drawbridge:host"].update(replicas=2))
    assert step(engine, "release", "plan", "prod", "plan")[0] == 0
    group = engine.cloud.one(GROUP)
    engine.cloud.change(GROUP, group.id, maxSize=7)
    engine.refresh()  # somebody takes drift into the state between plan and approval
    operations = len(engine.cloud.operations())
    code, said = step(engine, "release", "up", "prod", "plan")
    assert (code, "::error::The state of prod has changed since the plan was made" in said) == (1, True), said
    assert len(engine.cloud.operations()) == operations


def judged(engine: EngineStack, **options: Any) -> tuple[int, list[tuple[str, str, str, str]]]:
    """The look and its judgement, as drift.yml makes them; exit code, and (kind, name, property, after) of each change."""
    code, said = step(engine, "look", "prod", "look", **options)
    assert code == 0, said
    look = engine.project / "look"
    files = [
        str(look / "found.json"),
        "--state",
        str(look / "state.json"),
        "--rules",
        str(look / "rules.json"),
    ]
    report = engine.place / "report.json"
    code = drift.main(
        [*files, "--noise", str(ROOT / "drift-noise.yaml"), "--format", "json", "-o", str(report)]
    )
    changes = json.loads(report.read_text())["changes"]
    return code, [(change["kind"], change["name"], change["property"], change["after"]) for change in changes]


def test_a_look_at_a_stack_as_deployed_finds_nothing_and_leaves_no_trace(engine: EngineStack) -> None:
    before, cloud = backend(engine), engine.cloud.live()
    assert judged(engine) == (0, [])
    assert (backend(engine), engine.cloud.live()) == (before, cloud)
    assert {operation.op for operation in engine.cloud.operations()[-3:]} == {"read"}


def test_a_look_finds_every_kind_of_drift_and_leaves_no_trace(engine: EngineStack) -> None:
    group, record, logs = (engine.cloud.one(kind) for kind in (GROUP, DNS_RECORD, LOGS))
    engine.cloud.change(GROUP, group.id, desiredCapacity=3)
    engine.cloud.change(DNS_RECORD, record.id, proxied=False, modifiedOn="2026-11-21T00:00:00Z")
    engine.cloud.remove(LOGS, logs.id)
    (workload,) = [
        g for g in engine.cloud.live("aws:ec2/securityGroup:SecurityGroup") if g.name.endswith("-workload")
    ]
    ours = [r for r in engine.cloud.live("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule")]
    listed = [
        {"SecurityGroupRuleId": r.id, "GroupId": workload.id, "IsEgress": True, "IpProtocol": "tcp"}
        for r in ours
    ]
    opened = {
        "SecurityGroupRuleId": "sgr-byhand",
        "GroupId": workload.id,
        "IsEgress": False,
        "IpProtocol": "tcp",
        "FromPort": 22,
        "ToPort": 22,
        "CidrIpv4": "0.0.0.0/0",
    }
    before = backend(engine)
    assert judged(engine, rules=[*listed, opened]) == (
        2,
        [
            ("added", "drawbridge-prod-network-workload", "sgr-byhand", "inbound tcp/22 from 0.0.0.0/0"),
            ("gone", logs.name, "", ""),
            ("changed", group.name, "desiredCapacity", "3"),
            ("changed", record.name, "proxied", "false"),
        ],
    )
    assert backend(engine) == before
    # The same drift, the day after: it is still there, for nothing took it into the state.
    assert judged(engine, rules=listed)[1] == judged(engine, rules=listed)[1] != []


def test_a_release_that_is_not_deployed_yet_is_no_drift(engine: EngineStack) -> None:
    engine.edit(lambda config: config["drawbridge:host"].update(replicas=2))
    assert judged(engine) == (0, [])


def test_a_look_that_fails_says_so(engine: EngineStack) -> None:
    engine.cloud.fault("fail", op="read", type=GROUP, message="Throttling: rate exceeded")
    code, said = step(engine, "look", "prod", "look")
    assert (
        code != 0,
        "Throttling" in said or "Throttling" in (engine.project / "look/found.json").read_text(),
    ) == (True, True)
