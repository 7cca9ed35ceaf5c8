"""Inputs that are not known yet, hidden, or of another form: every judge reads on."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from preview.analysis.exposures import exposures
from preview.analysis.reach import Reach
from preview.changes import Exposure
from preview.diff.compare import steps
from preview.resources import Evaluation, mask
from tests.evaluations import deployed
from tests.preview.opened import CF, edited

pytestmark = pytest.mark.slow

ACCESS_POLICY = f"{CF}zeroTrustAccessPolicy:ZeroTrustAccessPolicy"
TUNNEL_CONFIGURATION = f"{CF}zeroTrustTunnelCloudflaredConfig:ZeroTrustTunnelCloudflaredConfig"


def varied(evaluation: Evaluation, token: str, value: Any) -> Evaluation:
    """The same program with every input of the first resource of a type replaced."""
    first = evaluation.of_type(token)[0]
    raw = {key: value for key in first.raw}
    other = dataclasses.replace(first, raw=raw, inputs=mask(raw))
    return dataclasses.replace(
        evaluation,
        resources=tuple(other if resource is first else resource for resource in evaluation.resources),
    )


def judged(before: Evaluation, after: Evaluation) -> tuple[Exposure, ...]:
    return exposures(before, after, steps(before, after), (Reach(before), Reach(after)))


@pytest.mark.parametrize("value", ["«elsewhere.id»", "[secret]", None, [], {}, 7], ids=str)
def test_every_judge_reads_on(value: Any) -> None:
    evaluation = deployed("image2model")
    for token in sorted({resource.type for resource in evaluation.resources if resource.options["custom"]}):
        other = varied(evaluation, token, value)
        judged(evaluation, other)
        assert judged(other, other) == ()


def test_people_who_are_not_known_yet_may_be_anybody() -> None:
    known = {"name": "staff", "decision": "allow", "includes": [{"emailDomain": {"domain": "x.io"}}]}
    assert edited(ACCESS_POLICY, known, {**known, "includes": "«elsewhere.rules»"}) == [
        ("login loosened", "it", "staff: also lets in a rule that cannot be read")
    ]


def test_rules_of_a_tunnel_that_are_not_known_yet_may_open_anything() -> None:
    known = {"tunnelId": "«t.id»", "config": {"ingresses": [{"service": "http_status:404"}]}}
    assert edited(TUNNEL_CONFIGURATION, known, {**known, "config": "«elsewhere.config»"}) == [
        ("unknown", "it", "it: which places its rules open is not known here")
    ]
