"""What a month costs, as tables and sentences."""

from __future__ import annotations

from preview.analysis.cost import Cost, CostChange, Estimate
from preview.report.tables import Row, Table, listed


def cost(spent: Estimate) -> Table:
    """The items with a price; `~` where it rests on an assumption. What is assumed to be nothing is left out."""
    rows = [
        Row((line.resource, line.what, f"{'~' if line.assumed else ''}{line.monthly:.2f}"))
        for line in spent.lines
        if line.monthly is not None and not (line.assumed and line.monthly == 0)
    ]
    return Table("Cost a month", ("resource", "what", "USD"), tuple(rows), frozenset({0}))


def cost_sum(spent: Estimate) -> str:
    least = "at least " if spent.unknown else ""
    given = f"; ~ assumes {'; '.join(spent.assumptions)}" if spent.assumptions else ""
    return f"{least}{spent.total:.2f} USD, list prices of {spent.updated} in {spent.region}{given}"


def cost_short(spent: Estimate, change: CostChange | None = None) -> str:
    """The month in whole dollars, and what a change makes of it."""
    if not spent.lines:
        return ""
    changed = f" ({_start(change)})" if change and change.direction != "same" else ""
    return f"{'At least' if spent.unknown else 'About'} {spent.total:,.0f} USD a month{changed}."


def cost_change(change: CostChange) -> str:
    """By how much a month becomes dearer or cheaper, as far as that is known, and what is unknown on which side.

    What lies on one side of zero for certain is said as such: `at least +12.40 USD; unknown after: NAT gateway`. Otherwise the
    known part decides nothing, and the sentence begins with that.
    """
    sides = [
        f"unknown {side}: {listed(list(names))}"
        for side, names in (("before", change.unknown_before), ("after", change.unknown_after))
        if names
    ]
    return "; ".join([_start(change), *sides])


def _start(change: CostChange) -> str:
    if not change.unknown_before and not change.unknown_after:
        return _signed(change.known)
    if change.direction == "dearer" and change.at_least is not None:
        return f"at least {_signed(change.at_least)}" if change.at_least else "dearer, by an unknown price"
    if change.direction == "cheaper" and change.at_most is not None:
        return f"at most {_signed(change.at_most)}" if change.at_most else "cheaper, by an unknown price"
    return f"dearer or cheaper is not known: {_signed(change.known)} where prices are known"


def _signed(usd: float) -> str:
    return f"{usd:+,.2f} USD".replace("-", "−") if usd else "0.00 USD"


def cost_changes(change: CostChange) -> Table:
    """What a change makes of the month's prices, the largest first."""

    def price(given: Cost) -> str:
        if given is None:
            return "–"
        return given if isinstance(given, str) else f"{given:.2f}"

    rows = tuple(
        Row((delta.resource, delta.what, price(delta.before), price(delta.after))) for delta in change.deltas
    )
    return Table(
        f"What changes in the month's cost: {cost_change(change)}",
        ("resource", "what", "before", "after"),
        rows,
        frozenset({0}),
    )
