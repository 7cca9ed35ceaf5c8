"""What a month costs, as tables and sentences."""

from __future__ import annotations

from collections.abc import Sequence

from preview.analysis.cost import Delta, Estimate
from preview.report.tables import Row, Table


def cost(spent: Estimate) -> Table:
    """The items with a price; `~` where it rests on an assumption."""
    rows = [
        Row((line.resource, line.what, f"{'~' if line.assumed else ''}{line.monthly:.2f}"))
        for line in spent.lines
        if line.monthly is not None
    ]
    return Table("Cost a month", ("resource", "what", "USD"), tuple(rows), frozenset({0}))


def cost_sum(spent: Estimate) -> str:
    least = "at least " if spent.unknown else ""
    given = f"; ~ assumes {'; '.join(spent.assumptions)}" if spent.assumptions else ""
    return f"{least}{spent.total:.2f} USD, list prices of {spent.updated} in {spent.region}{given}"


def cost_short(spent: Estimate, before: Estimate | None = None) -> str:
    if not spent.lines:
        return ""
    changed = (
        f" (before: {before.total:,.0f})"
        if before and before.lines and round(before.total) != round(spent.total)
        else ""
    )
    return f"{'At least' if spent.unknown else 'About'} {spent.total:,.0f} USD a month{changed}."


def cost_changes(deltas: Sequence[Delta]) -> Table:
    """What a change makes of the month's prices, the largest first."""

    def price(given: float | None) -> str:
        return "–" if given is None else f"{given:.2f}"

    rows = tuple(
        Row((delta.resource, delta.what, price(delta.before), price(delta.after))) for delta in deltas
    )
    return Table(
        "What changes in the month's cost, in USD",
        ("resource", "what", "before", "after"),
        rows,
        frozenset({0}),
    )
