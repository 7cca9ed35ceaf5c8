"""The outputs that a stack has by its state, in the terms of an evaluation; and placeholders of resources whose names hold dots."""

from __future__ import annotations

from typing import Any

import pytest

from preview.diff.leaves import output_of
from preview.diff.planned_outputs import planned_outputs
from tests.preview.programs import program, resource

URN = "urn:pulumi:prod::drawbridge"
APPLICATION = "cloudflare:index/zeroTrustAccessApplication:ZeroTrustAccessApplication"


def state(name: str, **outputs: Any) -> dict[str, Any]:
    return {
        "op": "same",
        "urn": f"{URN}::{APPLICATION}::{name}",
        "oldState": {"id": f"id of {name}", "outputs": outputs},
    }


@pytest.mark.parametrize(
    "name", ["app", "app-rec.example.com", "app-rec.example.com/admin", "app-*.example.com/v1.0"]
)
def test_a_value_of_the_state_is_the_placeholder_of_what_has_it(name: str) -> None:
    whole = {
        "op": "same",
        "urn": f"{URN}::pulumi:pulumi:Stack::drawbridge-prod",
        "oldState": {"outputs": {"audiences": {"here": "f00dfeed", "other": "unlike"}}},
    }
    after = program(
        resource(APPLICATION, name, {}), outputs={"audiences": {"here": f"«{name}.aud»", "other": "unlike"}}
    )
    steps = [whole, state("app-rec", example="f00d"), state(name, aud="f00dfeed")]
    assert planned_outputs(steps, after) == {"audiences": {"here": f"«{name}.aud»", "other": "unlike"}}


@pytest.mark.parametrize(
    "inner, name, output",
    [
        ("db.endpoint", "db", "endpoint"),
        ("db.masterUserSecrets[0].secretArn", "db", "masterUserSecrets"),
        ("app-models.example.com.aud", "app-models.example.com", "aud"),
        ("app-rec.example.com/admin.aud", "app-rec.example.com/admin", "aud"),
        ("app-models.example.com.aud", "app-models.example", "com"),
        ("app-models.example.com.aud", "app-mod", ""),
        ("db.endpoint", "db.endpoint", ""),
    ],
)
def test_an_output_is_told_from_its_resources_name(inner: str, name: str, output: str) -> None:
    assert output_of(inner, name) == output
