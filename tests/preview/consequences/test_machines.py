"""What a change of the machines' group means."""

from __future__ import annotations

from typing import Any

import pytest

from preview.changes import Consequence
from preview.resource_types import type_names
from tests.preview.test_consequences import step

LAUNCHING = "autoscaling:EC2_INSTANCE_LAUNCHING"


def group(**hook: Any) -> dict[str, Any]:
    return {
        "launchTemplate": {"version": "1"},
        "initialLifecycleHooks": [{"lifecycleTransition": LAUNCHING, "name": "ready", **hook}],
    }


@pytest.mark.parametrize(
    "hook, passes",
    [
        ({"defaultResult": "ABANDON"}, False),
        ({"defaultResult": "CONTINUE"}, True),
        ({"defaultResult": "«x»"}, True),
    ],
)
def test_a_launch_hook_abandons_what_never_became_healthy(hook: dict[str, Any], passes: bool) -> None:
    old = group(defaultResult="ABANDON")
    new = {**group(**hook), "launchTemplate": {"version": "2"}}
    options = {"replaceOnChanges": ["launchTemplate"]}
    change = step(type_names.AUTO_SCALING_GROUP, old, new, **options)
    said = "its launch hook lets machines pass that never became healthy"
    assert (said in [effect.why for effect in change.effects]) is passes
    assert change.consequence == (Consequence.DOWNTIME if passes else change.consequence)
