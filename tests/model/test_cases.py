"""Values that went wrong somewhere, as data: each is refused at its place, warned of, or taken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.model.stacks import changed, findings, load_stack

CASES: dict[str, list[dict[str, Any]]] = yaml.load(
    (Path(__file__).parent / "cases/settings.yaml").read_text(encoding="utf-8"), Loader=yaml.SafeLoader
)


def named(case: dict[str, Any]) -> str:
    return ascii(f"{case['place']}: {case['value']}")[1:60]


@pytest.mark.parametrize("case", CASES["refused"], ids=named)
def test_a_value_that_cannot_work_is_refused_at_its_place(case: dict[str, Any]) -> None:
    found = findings(changed(case["place"], case["value"]))
    assert [item.path for item in found if case["says"] in item.text] == [case["at"]], found
    assert {item.path for item in found} == {case["at"]}, found


@pytest.mark.parametrize("case", CASES["warned"], ids=named)
def test_a_value_that_may_be_meant_is_warned_of(case: dict[str, Any]) -> None:
    told = load_stack(changed(case["place"], case["value"])).warnings
    place = case["place"].replace("/", ".")
    assert [text for text in told if case["says"] in text and text.startswith(place)], told


@pytest.mark.parametrize("case", CASES["fine"], ids=named)
def test_a_value_that_works_is_taken(case: dict[str, Any]) -> None:
    before = load_stack(changed("app/env/X", "1")).warnings
    told = load_stack(changed(case["place"], case["value"])).warnings
    assert [
        text
        for text in told
        if case["place"].replace("/", ".") in text and text not in before and "app.env.X" not in text
    ] == []
