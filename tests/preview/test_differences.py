"""Which leaves of two sets of inputs differ."""

from __future__ import annotations

from typing import Any

import pytest

from preview.diff.differences import differences


def everything(_path: str, _items: list[Any]) -> bool:
    return True


@pytest.mark.parametrize(
    "old, new, found",
    [
        (["a", "b"], ["b", "a"], []),
        (["a", "b"], ["b", "a", "a"], ["x"]),
        ([{"in": ["a", "b"]}, {"in": ["c"]}], [{"in": ["c"]}, {"in": ["b", "a"]}], []),
        ([{"in": ["a", "b"]}], [{"in": ["a", "c"]}], ["x"]),
        ([["b", "a"], ["c"]], [["c"], ["a", "b"]], []),
    ],
)
def test_sets_in_sets_are_equal_in_any_order(old: Any, new: Any, found: list[str]) -> None:
    assert differences({"x": old}, {"x": new}, is_set=everything) == found


def test_in_a_list_the_order_counts_item_by_item() -> None:
    assert differences({"x": ["a", "b"]}, {"x": ["b", "b", "c"]}) == ["x[0]", "x[2]"]
