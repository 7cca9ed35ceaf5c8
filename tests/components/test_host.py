"""A release whose machines never became ready must not count as done."""

from __future__ import annotations

from pathlib import Path

import pulumi
import pytest

from components.host import _require_ready


def test_a_group_with_a_ready_machine_gives_its_name() -> None:
    assert _require_ready("group-1", ["i-1"], "eu-west-1") == "group-1"


def test_a_group_without_a_ready_machine_stops_the_update_with_the_group_s_own_reasons(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "aws"
    program.write_text(
        '#!/bin/sh\necho \'{"Activities": [{"StatusCode": "Failed", "StatusMessage": "no capacity"}]}\'\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(pulumi.RunError, match=r"^no machine of group-1 is ready: .*\n  Failed: no capacity$"):
        _require_ready("group-1", [], "eu-west-1")


def test_without_the_aws_cli_the_command_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(pulumi.RunError, match=r"could not be read \(.*\): aws autoscaling describe-scaling"):
        _require_ready("group-1", [], "eu-west-1")
