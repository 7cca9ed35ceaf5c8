"""What a stack costs a month, and what a change makes of it. A price that nobody knows is unknown, never nothing.

Two estimates are compared like with like: an item counts in the difference only where its price is known on both sides, or
where it comes or goes at a known price. What is unknown on a side is named: it never makes a dearer change look cheaper.
"""

from __future__ import annotations

import collections
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from preview.analysis.billing.bill import Line
from preview.analysis.billing.lines import lines
from preview.resource_types import prices
from preview.resources import Evaluation

LIMITS = (
    "list prices without tax, discounts, credits and free tiers",
    "not included: requests to keys, secrets and parameters, snapshots made by hand, bursts beyond the CPU credits, storage that "
    "grows by itself, traffic between zones, the domain, whatever lies outside the stack",
    "a release runs the machines twice for a while",
    "Cloudflare's plan is the zone's: all stacks of a zone share it; Access is free for teams of up to 50",
)

# What an assumed line rests on, by its item; `{0:g}` is the quantity of `prices.yaml`.
_ASSUMED = {
    "files stored": "{files_gib:g} GiB on each file system",
    "files read": "{files_read_gb:g} GB read and {files_written_gb:g} GB written a month",
    "file backups": "{file_backups_gib:g} GiB kept of a file system with daily backups",
    "logs taken in": "{logs_gb:g} GB of logs a month",
    "data out": "{data_out_gb:g} GB sent to the Internet, Cloudflare's fetches included",
    "data through the NAT gateway": "{nat_gb:g} GB through each NAT gateway",
    "data through the VPC endpoint": "{endpoint_gb:g} GB through each interface endpoint",
    "backups": "{database_backups_gib:g} GiB of database backups beyond the database's size",
    "metric calls": "a machine reports its figures {metric_calls:,.0f} times a month",
    "Access seats": "{access_seats:g} people who log in",
}

Cost = float | Literal["unknown"] | None
"""USD a month of an item on one side of a comparison; None: it is not there."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A month in USD. ``total`` is of what is known; with something ``unknown`` it is the least that the stack costs."""

    region: str
    updated: str
    lines: tuple[Line, ...]
    unknown: tuple[str, ...]
    assumptions: tuple[str, ...]

    @property
    def total(self) -> float:
        return _sum(line.monthly for line in self.lines)


@dataclass(frozen=True, kw_only=True)
class Delta:
    """What a change makes of one item's monthly price."""

    resource: str
    what: str
    before: Cost
    after: Cost

    @property
    def difference(self) -> float | None:
        """USD a month; None: unknown on a side."""
        if isinstance(self.before, str) or isinstance(self.after, str):
            return None
        return _sum([self.after, -(self.before or 0)], places=4)


@dataclass(frozen=True, kw_only=True)
class CostChange:
    """Two estimates, and what differs between them.

    ``known`` is the difference of what has a price on both sides, in USD a month. ``unknown_before`` and ``unknown_after`` name
    what differs and has none on that side. The whole difference lies between ``at_least`` and ``at_most``, None: without end.
    """

    before: Estimate
    after: Estimate
    deltas: tuple[Delta, ...]

    @property
    def known(self) -> float:
        return _sum(delta.difference for delta in self.deltas)

    @property
    def unknown_before(self) -> tuple[str, ...]:
        return _named([delta.what for delta in self.deltas if delta.before == "unknown"])

    @property
    def unknown_after(self) -> tuple[str, ...]:
        return _named([delta.what for delta in self.deltas if delta.after == "unknown"])

    @property
    def at_least(self) -> float | None:
        """What is unknown after costs something, so no more is saved than its known price before; unknown before: no bound."""
        if self.unknown_before:
            return None
        given = [delta.difference for delta in self.deltas]
        return _sum([*given, *(-_number(d.before) for d in self.deltas if d.after == "unknown")])

    @property
    def at_most(self) -> float | None:
        if self.unknown_after:
            return None
        given = [delta.difference for delta in self.deltas]
        return _sum([*given, *(_number(d.after) for d in self.deltas if d.before == "unknown")])

    @property
    def direction(self) -> Literal["dearer", "cheaper", "same", "unknown"]:
        """Where the whole goes, as far as that is certain. An unknown price is more than nothing."""
        least, most = self.at_least, self.at_most
        if least is not None and (least > 0 or (least == 0 and self.unknown_after)):
            return "dearer"
        if most is not None and (most < 0 or (most == 0 and self.unknown_before)):
            return "cheaper"
        return "same" if least == most == 0 else "unknown"


def estimate(evaluation: Evaluation) -> Estimate:
    """The monthly price of an evaluated stack."""
    found = tuple(lines(evaluation))
    items = {line.item for line in found if line.assumed}
    return Estimate(
        region=evaluation.config.get("aws:region", ""),
        updated=str(prices.general()["updated"]),
        lines=found,
        assumptions=tuple(
            text.format(**prices.general()["assumptions"]) for item, text in _ASSUMED.items() if item in items
        ),
        unknown=tuple(
            f"{line.resource}: {line.what} ({line.unknown})" for line in found if line.monthly is None
        ),
    )


def compare(before: Evaluation, after: Evaluation) -> CostChange:
    """What a change makes of a stack's monthly price, the largest known difference first, after it what is unknown."""
    sides = estimate(before), estimate(after)
    old, new = map(_by_item, sides)
    deltas = [
        Delta(
            resource=key[0],
            what=_what(old.get(key), new.get(key)),
            before=_cost(old.get(key)),
            after=_cost(new.get(key)),
        )
        for key in dict.fromkeys([*old, *new])
        if _differs(old.get(key), new.get(key))
    ]
    ordered = sorted(deltas, key=lambda d: (d.difference is None, -abs(d.difference or 0)))
    return CostChange(before=sides[0], after=sides[1], deltas=tuple(ordered))


def _sum(amounts: Iterable[float | None], places: int = 2) -> float:
    """Added as the decimals that the prices are, and rounded once: the same on every Python, in whatever order they come."""
    exact = sum((Decimal(repr(amount)) for amount in amounts if amount is not None), Decimal())
    return float(round(exact, places)) + 0.0


def _number(cost: Cost) -> float:
    return cost if isinstance(cost, float | int) else 0.0


def _by_item(found: Estimate) -> dict[tuple[str, str], list[Line]]:
    """The lines of each item of each resource: one, unless two resources of different types share a name."""
    items: dict[tuple[str, str], list[Line]] = {}
    for line in found.lines:
        items.setdefault((line.resource, line.item), []).append(line)
    return items


def _cost(found: list[Line] | None) -> Cost:
    if found is None:
        return None
    monthly = [line.monthly for line in found]
    known = [each for each in monthly if each is not None]
    return _sum(known, places=4) if len(known) == len(monthly) else "unknown"


def _differs(old: list[Line] | None, new: list[Line] | None) -> bool:
    """Two unknown prices are the same only if they are of the same amount of the same thing."""
    if old is None or new is None or "unknown" not in (_cost(old), _cost(new)):
        return _cost(old) != _cost(new)
    described = [
        [(line.what, line.quantity, line.unknown, line.monthly) for line in side] for side in (old, new)
    ]
    return described[0] != described[1]


def _what(old: list[Line] | None, new: list[Line] | None) -> str:
    """`disk` where only its size changes, `t3.small → t3.medium` where its kind does."""
    names = [
        " and ".join(line.what.partition(" (")[0] for line in side) for side in (old, new) if side is not None
    ]
    return " → ".join(dict.fromkeys(names))


def _named(whats: list[str]) -> tuple[str, ...]:
    """Each once, with how many there are of it."""
    return tuple(
        what if number == 1 else f"{what} ({number} ×)" for what, number in collections.Counter(whats).items()
    )


def to_data(found: Estimate) -> dict[str, Any]:
    """For the JSON report, USD a month."""
    return {
        "currency": "USD",
        "monthly": found.total,
        "complete": not found.unknown,
        "region": found.region,
        "pricesOf": found.updated,
        "lines": [
            {
                "resource": line.resource,
                "item": line.item,
                "what": line.what,
                "quantity": line.quantity,
                "price": line.price,
                "monthly": line.monthly,
                "assumed": line.assumed,
                "source": line.source,
            }
            for line in found.lines
        ],
        "unknown": list(found.unknown),
        "assumptions": list(found.assumptions),
        "limits": list(LIMITS),
    }


def change_to_data(change: CostChange) -> dict[str, Any]:
    """For the JSON report's comparison, USD a month."""
    return {
        "currency": "USD",
        "direction": change.direction,
        "known": change.known,
        "atLeast": change.at_least,
        "atMost": change.at_most,
        "unknownBefore": list(change.unknown_before),
        "unknownAfter": list(change.unknown_after),
        "before": {"monthly": change.before.total, "complete": not change.before.unknown},
        "after": {"monthly": change.after.total, "complete": not change.after.unknown},
        "items": [
            {
                "resource": delta.resource,
                "what": delta.what,
                "before": delta.before,
                "after": delta.after,
                "difference": delta.difference,
            }
            for delta in change.deltas
        ],
    }
