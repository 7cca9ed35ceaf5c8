"""The line of a place is found, or is 0: whatever a key is called, the search ends."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from model.lines import nearest, step

LINES = {"app": 2, "app.env": 3, "aws:region": 4, "x": 5}


def test_a_key_with_a_colon_has_the_line_of_what_it_lies_in() -> None:
    assert nearest(LINES, 'app.env["a:b"]') == 3
    assert nearest(LINES, 'app.env["x\n::error::y"]') == 3
    assert nearest(LINES, "aws:region") == 4
    assert nearest(LINES, "project:x") == 5


@given(st.text(), st.text())
def test_the_search_ends(section: str, key: str) -> None:
    nearest(LINES, step(step("app", section), key))
    nearest(LINES, section)
