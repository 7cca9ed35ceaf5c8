from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.durations import go_duration, seconds


@pytest.mark.parametrize(
    "text, value", [("30s", 30), ("1m30s", 90), ("24h", 86400), ("7d", 604800), ("2000ms", 2)]
)
def test_durations_as_people_write_them(text: str, value: int) -> None:
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["", "30", "s", "1.5h", "-1s", "500ms", "1h 30m", "30S"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        seconds(text)


@given(st.integers(0, 10**7))
def test_printing_and_reading_agree(value: int) -> None:
    assert seconds(go_duration(value)) == value
