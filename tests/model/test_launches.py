"""What a group's activities tell of machines that were not launched."""

from __future__ import annotations

from typing import Any

import botocore.session

from model.machine.launches import MOST, command, told


def activity(
    code: str, message: str = "", description: str = "Launching a new EC2 instance"
) -> dict[str, Any]:
    return {"StatusCode": code, "Description": description, **({"StatusMessage": message} if message else {})}


def test_each_reason_is_told_once_and_the_newest_first() -> None:
    found = [
        activity("InProgress", "waiting"),
        activity("Failed", "no capacity in\n  zone a"),
        activity("Cancelled", "", "Launching a new EC2 instance: i-1"),
        activity("Failed", "no capacity in zone a"),
        activity("Successful"),
    ]
    assert told("group-1", found) == (
        "what group-1 tells of its launches:\n"
        "  Failed: no capacity in zone a\n"
        "  Cancelled: Launching a new EC2 instance: i-1"
    )


def test_of_many_reasons_the_rest_is_counted() -> None:
    found = [activity("Failed", f"reason {n}") for n in range(MOST + 2)]
    text = told("group-1", found)
    assert (f"reason {MOST - 1}" in text, f"reason {MOST}" in text) == (True, False)
    assert text.endswith("\n  and 2 other reasons")


def test_without_a_failed_launch_the_boot_log_is_named() -> None:
    text = told("group-1", [activity("Successful")])
    assert text.startswith("group-1 tells of no failed launch")
    assert "boot log" in text


def test_a_group_that_has_launched_nothing_is_not_said_to_have_machines() -> None:
    expected = "group-1 tells of no launch that has ended"
    assert told("group-1", []) == told("group-1", [activity("InProgress")]) == expected


def test_the_words_are_those_of_the_service() -> None:
    model = botocore.session.get_session().get_service_model("autoscaling")
    operation = model.operation_model("DescribeScalingActivities")
    assert {"Failed", "Cancelled"} <= set(model.shape_for("ScalingActivityStatusCode").enum)
    assert {"StatusCode", "StatusMessage", "Description"} <= model.shape_for("Activity").members.keys()
    assert "Activities" in operation.output_shape.members
    assert "AutoScalingGroupName" in operation.input_shape.members
    asked = command("group-1", "eu-west-1")
    assert asked[1:5] == [
        "autoscaling",
        "describe-scaling-activities",
        "--auto-scaling-group-name",
        "group-1",
    ]
