"""What each type opens: every one is known, or said to be unknown."""

from __future__ import annotations

from typing import Any

import pytest

from preview.analysis.exposures.entrances import HARMLESS, JUDGED, RECORDS, is_known_type
from preview.posture.rules.entrances import ENTRANCES
from tests.evaluations import EXAMPLES, deployed
from tests.preview.opened import CF, between, edited
from tests.preview.programs import program


@pytest.mark.parametrize(
    ("token", "short"),
    [
        ("aws:sagemaker/endpoint:Endpoint", "aws:sagemaker:Endpoint"),
        ("cloudflare:index/moqRelay:MoqRelay", "cloudflare:MoqRelay"),
        ("command:local:Command", "command:local:Command"),
        ("gcp:compute/instance:Instance", "gcp:compute:Instance"),
    ],
)
def test_a_type_that_no_record_knows_is_said_to_be_unknown(token: str, short: str) -> None:
    assert edited(token, None, {"a": 1}) == [
        (
            "unknown",
            "it",
            f"it: whether a new {short} can be reached from outside, or opens anything, is not known here",
        )
    ]
    assert edited(token, {"a": 1}, {"a": 2}) == [
        ("unknown", "it", f"it: whether a of a {short} opens anything is not known here")
    ]
    assert edited(token, {"a": 1}, {"a": 1, "tags": {"x": "y"}}) == edited(token, {"a": 1}, None) == []


@pytest.mark.parametrize(
    "token",
    [
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        "aws:guardduty/detector:Detector",
        "aws:dynamodb/table:Table",
        "random:index/randomPassword:RandomPassword",
        "pulumi:providers:aws",
        f"{CF}queue:Queue",
    ],
)
def test_a_type_that_lets_nobody_in_is_none(token: str) -> None:
    assert edited(token, None, {"a": 1}) == edited(token, {"a": 1}, {"a": 2}) == []


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_type_that_the_program_makes_is_known(name: str) -> None:
    evaluation = deployed(name)
    unknown = {r.type for r in evaluation.resources if r.options["custom"] and not is_known_type(r.type)}
    assert unknown == set()
    assert [text for kind, _, text in between(program(), evaluation) if kind == "unknown"] == []


@pytest.mark.parametrize("token", sorted(ENTRANCES))
def test_what_the_posture_calls_an_entrance_is_an_exposure_when_it_opens(token: str) -> None:
    """One of the two alone would be a red finding beside a green verdict, or the other way round."""
    _, is_open = ENTRANCES[token]
    tried: list[dict[str, Any]] = [
        {},
        {"publiclyAccessible": True},
        {"acl": "public-read"},
        {"vpcConfig": {}},
        {"blockPublicAcls": False},
    ]
    wide_open = next(inputs for inputs in tried if is_open(inputs))
    assert [kind for kind, _, _ in edited(token, None, wide_open) if kind != "unknown"], token
    assert is_known_type(token)


def test_no_type_is_both_harmless_and_an_entrance() -> None:
    assert HARMLESS & (JUDGED | set(RECORDS)) == frozenset()


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_stack_that_stays_as_it_is_opens_nothing(name: str) -> None:
    assert between(deployed(name), deployed(name)) == []
    # Of a stack that goes, only what it kept the zone to is left to others.
    assert {kind for kind, *_ in between(deployed(name), program())} <= {"rule weakened"}
