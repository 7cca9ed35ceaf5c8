"""A release whose machines never became ready must not count as done."""

from __future__ import annotations

import pulumi
import pytest

from components.host import _require_ready


def test_a_group_with_a_ready_machine_gives_its_name() -> None:
    assert _require_ready("group-1", ["i-1"]) == "group-1"


def test_a_group_without_a_ready_machine_stops_the_update() -> None:
    with pytest.raises(
        pulumi.RunError, match=r"^no machine of group-1 is ready: its release failed\. The earlier group"
    ):
        _require_ready("group-1", [])
