"""The workflows' scripts over a stand-in for the Pulumi CLI, which writes down how it is called.

The workflows as a whole are run in `tests/engine/`.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.evaluations import ROOT

pytestmark = pytest.mark.skipif(shutil.which("jq") is None, reason="not on PATH: jq")
SCRIPTS = ROOT / ".github" / "scripts"
STATE = {"deployment": {"resources": [{"custom": True, "type": "aws:ec2/vpc:Vpc", "id": "vpc-1"}]}}


class Pulumi:
    """``answers`` are shell commands by the first words of the call; each call is a line of ``calls``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._cases: list[str] = []
        self._write()

    def answers(self, call: str, command: str) -> None:
        self._cases.append(f"  {call!r}*) {command} ;;".replace("'*)", "'*)"))
        self._write()

    def _write(self) -> None:
        script = self.folder / "pulumi"
        cases = "\n".join(reversed(self._cases))
        script.write_text(f'#!/bin/bash\necho "$*" >>{self.folder}/calls\ncase "$*" in\n{cases}\nesac\n')
        script.chmod(0o755)

    @property
    def calls(self) -> list[str]:
        file = self.folder / "calls"
        return file.read_text().splitlines() if file.exists() else []

    def run(self, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": f"{self.folder}:{os.environ['PATH']}", "CLOUDFLARE_API_TOKEN": "token"}
        return subprocess.run(
            [SCRIPTS / script, *arguments],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def pulumi(tmp_path: Path) -> Pulumi:
    cli = Pulumi(tmp_path)
    (tmp_path / "state.txt").write_text(json.dumps(STATE))
    cli.answers("stack export", f"cat {tmp_path}/state.txt")
    return cli


def test_the_engine_is_asked_for_what_stays_the_same_too(pulumi: Pulumi, tmp_path: Path) -> None:
    pulumi.answers("preview", "echo '{\"steps\": []}'")
    done = pulumi.run("engine", "prod", "found.json", "--save-plan", "plan.json")
    assert (done.returncode, done.stderr) == (0, "")
    assert pulumi.calls == [
        "preview --stack prod --non-interactive --json --show-sames --save-plan plan.json"
    ]
    assert (tmp_path / "found.json").read_text() == '{"steps": []}\n'


def test_an_engine_that_fails_says_why_once_more_for_people(pulumi: Pulumi) -> None:
    said = {
        "diagnostics": [
            {"severity": "error", "message": "no such zone"},
            {"severity": "info", "message": "x"},
        ]
    }
    pulumi.answers("preview", f"echo '{json.dumps(said)}'; exit 255")
    done = pulumi.run("engine", "prod", "found.json")
    assert (done.returncode, done.stderr.splitlines()) == (
        1,
        ["no such zone", "::error::The engine's preview of prod failed."],
    )


def test_a_plan_is_done_on_the_state_that_it_was_made_for_and_no_other(
    pulumi: Pulumi, tmp_path: Path
) -> None:
    pulumi.answers("up", "echo done")
    plan = tmp_path / "plan"
    plan.mkdir()
    (plan / "state").write_text(hashlib.sha256(json.dumps(STATE).encode()).hexdigest() + "\n")
    done = pulumi.run("release", "up", "prod", "plan")
    assert (done.returncode, done.stdout) == (0, "done\n")
    (tmp_path / "state.txt").write_text(json.dumps({**STATE, "version": 3}))
    (tmp_path / "calls").unlink()
    done = pulumi.run("release", "up", "prod", "plan")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("::error::The state of prod has changed since the plan was made")
    assert pulumi.calls == ["stack export --stack prod"]


def test_a_first_plan_and_one_that_changes_nothing_are_told_apart(pulumi: Pulumi, tmp_path: Path) -> None:
    pulumi.answers("preview", 'echo \'{"changeSummary": {"same": 3, "update": 0}}\'')
    assert pulumi.run("release", "plan", "prod", "later").returncode == 0
    assert sorted(file.name for file in (tmp_path / "later").iterdir()) == ["preview.json", "state"]
    (tmp_path / "state.txt").write_text(
        '{"deployment": {"resources": [{"custom": true, "type": "pulumi:providers:aws"}]}}'
    )
    pulumi.answers("preview", 'echo \'{"changeSummary": {"create": 3}}\'')
    assert pulumi.run("release", "plan", "prod", "first").returncode == 0
    assert sorted(file.name for file in (tmp_path / "first").iterdir()) == [
        "changes",
        "first",
        "preview.json",
        "state",
    ]
    assert (tmp_path / "first" / "changes").read_text() == "prod\n"


def test_a_state_that_changes_during_a_look_is_no_drift(pulumi: Pulumi, tmp_path: Path) -> None:
    pulumi.answers("refresh", "echo '{\"steps\": []}'")
    done = pulumi.run("look", "prod", "found")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "found" / "rules.json").read_text() == '{"SecurityGroupRules": []}\n'
    pulumi.answers("refresh", f"echo '{{\"steps\": []}}'; echo ' ' >>{tmp_path}/state.txt")
    done = pulumi.run("look", "prod", "found")
    assert done.returncode == 1
    assert done.stdout.startswith("::error::The state of prod changed during the look")


def test_a_look_asks_the_providers_and_writes_no_state(pulumi: Pulumi) -> None:
    pulumi.answers("refresh", "echo '{\"steps\": []}'")
    pulumi.run("look", "prod", "found")
    assert pulumi.calls == [
        "stack export --stack prod",
        "refresh --stack prod --non-interactive --preview-only --json",
        "stack export --stack prod",
    ]
