"""Why no machine was launched, in what a failed `pulumi up` says; with the real Pulumi CLI and a stand-in for AWS's."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from .harness import EngineStack
from .stacks import GROUP, changes, release

FULL = (
    "We currently do not have sufficient t3.small capacity in the Availability Zone you requested "
    "(ap-northeast-1a). Launching EC2 instance failed."
)
ACTIVITIES = {
    "Activities": [
        {"StatusCode": "Failed", "Description": "Launching a new EC2 instance", "StatusMessage": FULL},
        {"StatusCode": "Failed", "Description": "Launching a new EC2 instance", "StatusMessage": FULL},
        {"StatusCode": "Successful", "Description": "Terminating an EC2 instance"},
    ]
}


def first_on_the_path(place: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `aws` be this shell script."""
    program = place / "aws"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{place}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Lets `aws` tell of a zone without capacity; what it was asked, a line a call."""
    place, log = tmp_path / "bin", tmp_path / "asked"
    place.mkdir()
    (place / "activities.json").write_text(json.dumps(ACTIVITIES))
    first_on_the_path(place, f'echo "$@" >>{log}; exec cat {place}/activities.json', monkeypatch)
    return log


def test_a_release_without_a_machine_says_what_the_group_was_told(engine: EngineStack, asked: Path) -> None:
    release(engine)
    engine.cloud.fault("init-failed", op="create", type=GROUP)
    failed = engine.up(fails=True)
    healthy, broken = engine.cloud.live(GROUP)
    name = broken.outputs["name"]
    assert failed.output.count(f"what {name} tells of its launches:\n") >= 1
    assert f"  Failed: {FULL}" in failed.output
    assert asked.read_text().splitlines() == [
        f"autoscaling describe-scaling-activities --auto-scaling-group-name {name} --region ap-northeast-1 "
        "--max-items 50 --output json"
    ]
    # The hook changes nothing of what a failed release leaves, nor of what the next `up` makes of it.
    assert (healthy.ready, broken.ready, failed.done("delete")) == (True, False, [])
    engine.up()
    (group,) = engine.cloud.live(GROUP)
    assert group.ready and group.id not in (healthy.id, broken.id)
    assert changes(engine.up()) == []


def test_a_group_that_a_refresh_took_for_done_says_it_too(engine: EngineStack, asked: Path) -> None:
    release(engine)
    engine.cloud.fault("init-failed", op="create", type=GROUP)
    engine.up(fails=True)
    engine.refresh()
    refused = engine.up(fails=True)
    assert "is ready: its release failed" in refused.output
    assert f"Failed: {FULL}" in refused.output


def test_where_the_aws_cli_cannot_ask_the_command_is_named(
    engine: EngineStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first_on_the_path(tmp_path, "echo Unable to locate credentials >&2; exit 253", monkeypatch)
    release(engine)
    engine.cloud.fault("init-failed", op="create", type=GROUP)
    failed = engine.up(fails=True)
    assert "could not be read (Unable to locate credentials)" in failed.output
    assert "aws autoscaling describe-scaling-activities --auto-scaling-group-name" in failed.output


def test_a_destroy_and_a_plan_need_no_hook(engine: EngineStack, tmp_path: Path) -> None:
    plan = str(tmp_path / "plan.json")
    release(engine)
    engine.preview(plan=plan)
    assert ("create", GROUP) in changes(engine.up(plan=plan))
    engine.configure(**{"drawbridge:protect": "false"})
    engine.up()
    engine.cloud.fault("fail", op="delete", type=GROUP)
    assert "refused on demand" in engine.destroy(fails=True).output
    engine.destroy()
    assert engine.cloud.live(GROUP) == []
