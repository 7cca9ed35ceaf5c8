from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.durations import go_duration, read, seconds


@pytest.mark.parametrize(
    "text, value", [("30s", 30), ("1m30s", 90), ("24h", 86400), ("7d", 604800), ("2000ms", 2)]
)
def test_durations_as_people_write_them(text: str, value: int) -> None:
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["", "30", "s", "1.5h", "-1s", "500ms", "1h 30m", "30S"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        seconds(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [("1.5h", 5400), ("0", 0), ("500ms", 0.5), ("1h0.5s", 3600.5), ("3µs", 3e-6), ("2d", 172800)],
)
def test_what_a_provider_may_have_is_read_to_the_fraction(text: str, value: float) -> None:
    assert read(text) == pytest.approx(value)


@pytest.mark.parametrize("text", ["", "30", "forever", "«token.duration»", "24h or so", "-1h"])
def test_what_is_no_duration_is_not_taken_for_a_short_one(text: str) -> None:
    assert read(text) is None


@given(st.integers(0, 10**7))
def test_printing_and_reading_agree(value: int) -> None:
    assert seconds(go_duration(value)) == value
