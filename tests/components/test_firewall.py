"""Rules that other stacks publish, merged into the zone's."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.firewall import _merged


def rules(*names: str) -> list[dict[str, Any]]:
    return [{"ref": name} for name in names]


class Known:
    """Outputs whose values are there: `Output.all(...).apply(f)` is `f` of them."""

    def __init__(self, *values: Any) -> None:
        self._values = list(values)

    def apply(self, function: Any) -> Any:
        return function(self._values)


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulumi.Output, "all", Known)


def test_our_rules_come_before_those_of_the_others() -> None:
    others = [{"custom": rules("b"), "rateLimits": rules("x")}, {"custom": rules("c")}]
    assert _merged(rules("a"), others, "custom", 3) == rules("a", "b", "c")  # type: ignore[arg-type]


def test_the_guards_of_all_stacks_come_before_a_rule_that_skips_the_rest() -> None:
    others = [
        {"custom": rules("b-firewall-path-guard", "b")},
        {"custom": rules("c", "c-firewall-path-guard")},
    ]
    own = rules("a-firewall-path-guard", "skip")
    assert [rule["ref"] for rule in _merged(own, others, "custom", 9)] == [  # type: ignore[arg-type, union-attr]
        "a-firewall-path-guard",
        "b-firewall-path-guard",
        "c-firewall-path-guard",
        "skip",
        "b",
        "c",
    ]


def test_a_stack_that_publishes_nothing_adds_nothing() -> None:
    assert _merged(rules("a"), [None, {"rateLimits": []}], "custom", 1) == rules("a")  # type: ignore[list-item]


def test_more_rules_than_the_plan_allows_are_refused_with_both_numbers() -> None:
    message = (
        "firewall.merge: expected at most 2 custom rules in the zone, as many as its plan allows, found 3"
    )
    with pytest.raises(pulumi.RunError, match=message):
        _merged(rules("a"), [{"custom": rules("b", "c")}], "custom", 2)  # type: ignore[list-item]
