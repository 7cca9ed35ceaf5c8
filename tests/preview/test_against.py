"""`--against`: a git ref or a stack file, through the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from preview.__main__ import main
from tests.preview.clones import commit, edited, git, preview

pytestmark = pytest.mark.slow

FORMATS = ("text", "markdown", "html", "terraform")


def test_a_ref_is_compared_with_its_own_program_and_settings(clone: Path) -> None:
    edited(clone, "db.t4g.micro", "db.t4g.small")
    edited(
        clone, '"http_put_response_hop_limit": 1', '"http_put_response_hop_limit": 2', "components/host.py"
    )
    try:
        done = preview(
            clone, "--against", "HEAD", "--format", "json", "--fail-on", "downtime", "--fail-on", "exposure"
        )
    finally:
        git(clone, "checkout", "-q", ".")
    assert (done.returncode, done.stderr) == (2, "")
    found = json.loads(done.stdout)["comparison"]
    assert found["consequence"] == "downtime"
    assert [f["subject"] for f in found["gate"]["closedBy"]] == [
        "drawbridge-prod-database-postgres",
        "drawbridge-prod-host-template",
    ]
    (database,) = [c for c in found["changes"] if c["type"] == "aws:rds/instance:Instance"]
    assert (database["action"], database["why"]) == (
        "updated",
        "instanceClass restarts the database: minutes without it",
    )
    assert database["differences"] == [
        {
            "path": "instanceClass",
            "before": "db.t4g.micro",
            "after": "db.t4g.small",
            "lines": [],
            "replaces": False,
        }
    ]


def test_the_same_version_is_no_change_and_passes(clone: Path) -> None:
    done = preview(clone, "--against", "main", "--fail-on", "all")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Consequence: none" in done.stdout


def test_a_stack_file_is_compared_under_the_same_name(clone: Path) -> None:
    before = clone / "Pulumi.before.yaml"
    before.write_text(
        (clone / "Pulumi.prod.yaml")
        .read_text()
        .replace("mfa: true, ", "session: 1h, ", 1)
        .replace("session: 1h, session: 24h", "session: 1h")
    )
    done = preview(clone, "--against", str(before), "--format", "json")
    before.unlink()
    assert done.returncode == 0
    assert {c["name"] for c in json.loads(done.stdout)["comparison"]["changes"]} == {
        "drawbridge-prod-access-policy-admins",
        "drawbridge-prod-access-app-admin.example.com",
    }


def test_a_stack_that_the_ref_does_not_have_is_new(clone: Path) -> None:
    shutil.copy(clone / "Pulumi.prod.yaml", clone / "Pulumi.new.yaml")
    done = preview(clone, "--stack", "new", "--against", "HEAD", "--format", "json")
    (clone / "Pulumi.new.yaml").unlink()
    counts = json.loads(done.stdout)["comparison"]["counts"]
    assert list(counts) == ["created"]


def test_a_stack_whose_file_is_gone_is_said_and_closes_the_gate(clone: Path) -> None:
    (clone / "Pulumi.prod.yaml").rename(clone / "elsewhere")
    try:
        done = preview(clone, "--against", "HEAD", "--format", "json", "--fail-on", "all")
        shown = [preview(clone, "--against", "HEAD", "--format", form) for form in FORMATS]
    finally:
        (clone / "elsewhere").rename(clone / "Pulumi.prod.yaml")
    assert (done.returncode, done.stderr) == (2, "")
    closed = {(f["ground"], f["subject"]) for f in json.loads(done.stdout)["comparison"]["gate"]["closedBy"]}
    assert closed == {("data-loss", "prod"), ("downtime", "prod")}
    assert [(one.returncode, one.stderr) for one in shown] == [(0, "")] * len(FORMATS)


def test_a_renamed_stack_file_is_a_new_stack_and_the_former_is_left_running(clone: Path) -> None:
    (clone / "Pulumi.prod.yaml").rename(clone / "Pulumi.production.yaml")
    try:
        done = preview(
            clone, "--stack", "production", "--against", "HEAD", "--format", "json", "--fail-on", "data-loss"
        )
    finally:
        (clone / "Pulumi.production.yaml").rename(clone / "Pulumi.prod.yaml")
    assert (done.returncode, done.stderr) == (2, "")
    (finding,) = json.loads(done.stdout)["comparison"]["gate"]["closedBy"]
    assert (finding["ground"], finding["subject"]) == ("data-loss", "prod")
    assert "`pulumi stack rename production` keeps it the same one" in finding["text"]


def test_another_stack_whose_file_is_gone_is_mentioned_and_closes_no_gate(clone: Path) -> None:
    shutil.copy(clone / "Pulumi.prod.yaml", clone / "Pulumi.staging.yaml")
    commit(clone, "staging")
    (clone / "Pulumi.staging.yaml").unlink()
    try:
        done = preview(clone, "--against", "HEAD", "--format", "json", "--fail-on", "all")
        other = preview(clone, "--stack", "staging", "--against", "HEAD", "--fail-on", "downtime")
    finally:
        git(clone, "reset", "-q", "--hard", "HEAD~1")
    assert (done.returncode, json.loads(done.stdout)["comparison"]["consequence"]) == (0, "none")
    assert (other.returncode, other.stderr) == (2, "")


def test_what_the_other_stack_files_acknowledge_counts_for_one_that_is_gone(clone: Path) -> None:
    shutil.copy(clone / "Pulumi.prod.yaml", clone / "Pulumi.staging.yaml")
    commit(clone, "staging")
    (clone / "Pulumi.staging.yaml").unlink()
    edited(
        clone,
        "config:\n",
        "config:\n  drawbridge:acknowledge:\n"
        "    - {change: downtime, of: staging, reason: it was destroyed}\n"
        "    - {change: data-loss, of: staging, reason: it was destroyed}\n",
    )
    try:
        done = preview(clone, "--stack", "staging", "--against", "HEAD", "--fail-on", "all")
    finally:
        git(clone, "reset", "-q", "--hard", "HEAD~1")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_stack_that_neither_version_has_is_an_error(clone: Path) -> None:
    done = preview(clone, "--stack", "nowhere", "--against", "HEAD")
    assert (done.returncode, done.stdout) == (1, "")
    assert "file not found: Pulumi.nowhere.yaml" in done.stderr


def test_links_that_lead_out_of_the_repository_are_left_out(clone: Path) -> None:
    for name, target in (("absolute", "/nowhere/else"), ("upwards", "../../elsewhere")):
        (clone / name).symlink_to(target)
    commit(clone, "links")
    done = preview(clone, "--against", "HEAD")
    git(clone, "reset", "-q", "--hard", "HEAD~1")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (
            ["--against", "nowhere"],
            "--against nowhere: expected a file or a commit of this repository, found neither;",
        ),
        (
            ["--fail-on", "exposure"],
            "--fail-on: expected --against REF_OR_FILE or --engine FILE with it, found neither; add one\n",
        ),
        (
            ["--against", "HEAD", "--fail-on", "everything"],
            "expected one of replace, downtime, exposure, data-loss, refused, posture, contract, unknown, all, found 'everything'",
        ),
        (["--against", "HEAD", "--engine", "-"], "not allowed with argument --against"),
        (["--engine", "no-such-file"], "no-such-file: file cannot be read: No such file or directory"),
    ],
)
def test_a_comparison_that_cannot_be_made_says_why(
    arguments: list[str], error: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert error in printed.err


def test_a_ref_whose_program_stops_says_so(clone: Path) -> None:
    edited(clone, "plan: pro", "plan: gold")
    commit(clone, "broken")
    git(clone, "checkout", "-q", "HEAD~1", "--", "Pulumi.prod.yaml")
    done = preview(clone, "--against", "HEAD")
    git(clone, "reset", "-q", "--hard", "HEAD~1")
    assert done.returncode == 1
    assert "--against HEAD: the program there stops: 1 error in the settings of stack 'prod'" in done.stderr


PLAN: dict[str, Any] = {"steps": [], "changeSummary": {}, "diagnostics": []}


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("not json", "not valid JSON"),
        ("[]", " steps: required key is missing"),
        (
            json.dumps({"diagnostics": [{"message": "no credentials", "severity": "error"}]}),
            "the preview failed before it had a plan: no credentials",
        ),
        (
            json.dumps({**PLAN, "changeSummary": {"same": 3}}),
            "expected a plan with what stays the same, found changes alone; make it with `pulumi preview --json --show-sames`",
        ),
        (json.dumps(PLAN), "expected a plan of this stack and version"),
    ],
)
def test_a_plan_that_is_none_says_what_to_run(
    tmp_path: Path, text: str, error: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "plan.json").write_text(text)
    assert main(["--engine", str(tmp_path / "plan.json")]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert error in printed.err
