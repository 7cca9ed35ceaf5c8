"""What a change of the database means."""

from __future__ import annotations

import pytest

from preview.analysis.verdict import compare
from preview.changes import Consequence
from tests.evaluations import deployed
from tests.preview.test_consequences import database


@pytest.mark.parametrize(
    "old, new, refused",
    [
        ("16.4", "16", False),
        ("16", "16.4", False),
        ("16.4", "16.3", True),
        ("16.4", "15", True),
        ("16", "16", False),
    ],
)
def test_a_version_without_its_minor_part_is_no_earlier_one(old: str, new: str, refused: bool) -> None:
    change = database({"engineVersion": old}, {"engineVersion": new})
    assert any(effect.consequence == Consequence.REFUSED for effect in change.effects) is refused


def test_a_first_database_takes_nothing_from_the_app() -> None:
    sections = {"version": "17", "name": "rec", "services": ["server"]}
    before, after = deployed("maycast-recorder"), deployed("maycast-recorder", database=sections)
    whys = [effect.why for change in compare(before, after).changes for effect in change.effects]
    assert [why for why in whys if "which is empty" in why] == []
