"""The engine's own plan says what changes that is no resource's input: providers, options, marks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from preview.analysis.verdict import compare_plan
from preview.changes import Comparison, Consequence
from preview.resources import Resource, Secret
from tests.preview.programs import BUCKET, PARAMETER, only, program, resource

PROVIDER = "urn:pulumi:prod::drawbridge::pulumi:providers:aws::default_7_51_1"


def plan(place: Path, after: list[Resource], *steps: dict[str, Any]) -> Comparison:
    file = place / "plan.json"
    same = sum(1 for step in steps if step["op"] == "same")
    file.write_text(json.dumps({"steps": list(steps), "changeSummary": {"same": same}}))
    return compare_plan(str(file), program(*after))


def step(op: str, of: Resource, old: dict[str, Any], new: dict[str, Any], **state: Any) -> dict[str, Any]:
    base = {"type": of.type, "custom": True, "id": "x"}
    return {
        "op": op,
        "urn": of.urn,
        "oldState": {**base, "inputs": old, **state},
        "newState": {**base, "inputs": new},
    }


@pytest.mark.parametrize(
    ("old", "new", "consequence"),
    [
        ({"region": "a"}, {"region": "b"}, Consequence.DATA_LOSS),
        ({"profile": "a"}, {"profile": "b"}, Consequence.UNKNOWN),
        ({"defaultTags": '{"tags":{"a":"b"}}'}, {}, Consequence.IN_PLACE),
    ],
)
def test_another_setting_of_a_provider_is_said_though_every_resource_is_the_same(
    old: dict[str, Any], new: dict[str, Any], consequence: Consequence, tmp_path: Path
) -> None:
    bucket = resource(BUCKET, "b", {})
    own = {
        "op": "update",
        "urn": PROVIDER,
        "oldState": {"type": "pulumi:providers:aws", "custom": True, "inputs": {**old, "version": "7.51.0"}},
        "newState": {"type": "pulumi:providers:aws", "custom": True, "inputs": {**new, "version": "7.51.1"}},
    }
    (whole,) = plan(tmp_path, [bucket], step("same", bucket, {}, {}), own).stack_changes
    assert (whole.kind, whole.subject, whole.consequence) == ("provider", "aws", consequence)


@pytest.mark.parametrize(
    ("state", "path"),
    [({"protect": True}, "options.protect"), ({"retainOnDelete": True}, "options.retainOnDelete")],
)
@pytest.mark.parametrize("op", ["same", "update"])
def test_an_option_that_goes_is_said_whatever_else_the_step_does(
    op: str, state: dict[str, Any], path: str, tmp_path: Path
) -> None:
    bucket = resource(BUCKET, "b", {"tags": {"a": "b"}})
    tags = {"tags": {"a": "b" if op == "same" else "c"}}
    change = only(plan(tmp_path, [bucket], step(op, bucket, tags, {"tags": {"a": "b"}}, **state)), "b")
    assert (change.action, change.consequence) == ("updated", Consequence.AT_RISK)
    assert path in [difference.path for difference in change.differences]


def test_a_secret_that_becomes_plain_is_marked_so(tmp_path: Path) -> None:
    parameter = resource(PARAMETER, "p", {"value": "plain"})
    made = step("update", parameter, {"value": "[secret]"}, {"value": "plain"})
    (difference,) = only(plan(tmp_path, [parameter], made), "p").differences
    assert (difference.path, difference.made_plain) == ("value", True)
    kept = resource(PARAMETER, "p", {"value": Secret("s")})
    made = step("same", kept, {"value": "[secret]"}, {"value": "[secret]"})
    assert only(plan(tmp_path, [kept], made), "p").differences == ()


def test_a_program_with_a_provider_of_its_own_has_a_plan_too(tmp_path: Path) -> None:
    provider = resource("pulumi:providers:aws", "own", {"region": "a"})
    bucket = resource(BUCKET, "b", {})
    comparison = plan(tmp_path, [provider, bucket], step("same", bucket, {}, {}))
    assert comparison.count() == {"unchanged": 1}
