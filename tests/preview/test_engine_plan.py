"""The engine's own plan says what changes that is no resource's input: providers, options, marks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from preview.analysis.verdict import compare_plan
from preview.changes import Comparison, Consequence
from preview.resources import MASK, Resource, Secret
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


# Outputs -----------------------------------------------------------------------------------------------------------------


def with_outputs(
    place: Path, old: dict[str, Any] | None, new: dict[str, Any], op: str = "same", **state: Any
) -> Comparison:
    """The plan of a stack with one bucket, whose outputs were ``old`` (None: it is the first deployment)."""
    bucket = resource(BUCKET, "b", {})
    known = {"arn": "arn:aws:s3:::b-1a2b", "bucket": "b-1a2b", **state}
    whole: dict[str, Any] = {
        "op": "same",
        "urn": "urn:pulumi:prod::drawbridge::pulumi:pulumi:Stack::drawbridge-prod",
    }
    if old is not None:
        whole["oldState"] = {"type": "pulumi:pulumi:Stack", "outputs": old}
    steps = [whole, step(op, bucket, {}, {}, outputs=known)]
    if op == "create":
        steps[1].pop("oldState")
    file = place / "plan.json"
    file.write_text(
        json.dumps({"steps": steps, "changeSummary": {"same": sum(s["op"] == "same" for s in steps)}})
    )
    return compare_plan(str(file), program(bucket, outputs=new))


def test_outputs_that_stay_are_known_again_by_what_the_state_has(tmp_path: Path) -> None:
    found = with_outputs(
        tmp_path,
        {
            "arn": "arn:aws:s3:::b-1a2b",
            "urls": {"a": "https://b-1a2b.example.com"},
            "key": MASK,
            "limit": 100,
        },
        {"arn": "«b.arn»", "urls": {"a": "https://«b.bucket».example.com"}, "key": Secret("x"), "limit": 100},
    )
    assert (found.contract, found.outputs) == ((), ())


@pytest.mark.parametrize(
    ("old", "new", "kind", "text"),
    [
        ({"urls": {"a": "https://a"}}, {"urls": {}}, "gone", "urls.a: goes; it was https://a"),
        ({"database": "a"}, {}, "gone", "database: goes; it was a"),
        ({"database": "a"}, {"database": "b"}, "value", "database: was a, and is b now"),
        ({"database": "a"}, {"database": ["a"]}, "type", "database: was a string, and is a list now"),
        ({"key": MASK}, {"key": "x"}, "plain", "key: was a secret, and is plain now"),
        ({"key": "x"}, {"key": Secret("x")}, "secret", "key: was plain, and is a secret now"),
        (
            {"arn": "arn:aws:s3:::another"},
            {"arn": "«b.arn»"},
            "value",
            "arn: was arn:aws:s3:::another, and is «b.arn» now",
        ),
    ],
)
def test_what_breaks_for_readers_of_the_outputs_is_judged_from_the_state(
    old: dict[str, Any], new: dict[str, Any], kind: str, text: str, tmp_path: Path
) -> None:
    found = with_outputs(tmp_path, old, new)
    assert (kind, text) in [(item.kind, item.text) for item in found.contract]
    assert [change.name for change in found.outputs] == [*old]


def test_an_output_of_a_resource_that_is_replaced_gets_another_value(tmp_path: Path) -> None:
    found = with_outputs(tmp_path, {"arn": "arn:aws:s3:::b-1a2b"}, {"arn": "«b.arn»"}, op="replace")
    assert [item.text for item in found.contract] == ["arn: gets another value, because b is replaced"]


def test_a_stack_that_has_no_outputs_yet_breaks_none(tmp_path: Path) -> None:
    found = with_outputs(tmp_path, None, {"arn": "«b.arn»"}, op="create")
    assert (found.contract, [change.action for change in found.outputs]) == ((), ["added"])
