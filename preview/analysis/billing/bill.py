"""How a line of an estimate is made: an item of a resource, priced in the stack's region."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from preview.posture.program import Program
from preview.resource_types import prices
from preview.resource_types.prices import Price
from preview.resources import Evaluation, Resource


@dataclass(frozen=True, kw_only=True)
class Line:
    """One item of one resource, a month.

    ``item`` stays the same when its size or kind changes, so that two estimates can be compared; ``what`` says it to people.
    ``price`` is for one unit, in USD; None: it is unknown, and ``unknown`` says why.
    """

    resource: str
    item: str
    what: str
    quantity: float
    price: float | None
    unknown: str = ""
    source: str = ""
    assumed: bool = False

    @property
    def monthly(self) -> float | None:
        """USD; None: unknown. Nothing of it costs nothing, whatever the price."""
        if self.price is None:
            return None if self.quantity else 0.0
        return round(self.quantity * self.price, 4)


class Bill:
    """The stack, its region, and how a line is priced there."""

    def __init__(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation
        self.program = Program(evaluation.resources)
        self.region = evaluation.config.get("aws:region", "")
        self.assumed: dict[str, float] = prices.general()["assumptions"]
        self._provided = {
            provider.urn: str(provider.inputs.get("region") or self.region)
            for provider in self.program.of("pulumi:providers:aws")
        }

    def region_of(self, resource: Resource) -> str:
        """Where a resource lies: its own `region`, its provider's, or the stack's."""
        provider = str(resource.options.get("provider") or "").rpartition("::")[0]
        return str(resource.inputs.get("region") or self._provided.get(provider) or self.region)

    def price(self, resource: Resource, service: str, item: str) -> Price | None:
        return prices.price(self.region_of(resource), service, item)

    def line(
        self,
        resource: Resource,
        item: str,
        service: str,
        price: str,
        quantity: float | None,
        *,
        what: str = "",
        per_hour: bool = False,
        assumed: bool = False,
    ) -> Line:
        """``quantity`` None: the program does not say how much, so the line is unknown whatever its price."""
        found = self.price(resource, service, price)
        why = (
            ""
            if found
            else f"{service} {price} in {self.region_of(resource) or 'no region'} is not in the table"
        )
        if quantity is None:
            found, why = None, "how much of it is not known from the program"
        return Line(
            resource=resource.name,
            item=item,
            what=what or item,
            quantity=(1 if quantity is None else quantity) * (prices.general()["hours"] if per_hour else 1),
            price=found.usd if found else None,
            unknown=why,
            source=found.source if found else "",
            assumed=assumed,
        )


def unknown(resource: Resource, item: str, why: str, *, what: str = "") -> Line:
    return Line(resource=resource.name, item=item, what=what or item, quantity=1, price=None, unknown=why)


def counted(what: str, count: float | None, size: str = "") -> str:
    """`disk (2 × 30 GiB gp3)`: what it is comes first and stays the same when there are more of it."""
    inside = " ".join(filter(None, ["" if count in (1, None) else f"{count:g} ×", size]))
    return f"{what} ({inside})" if inside else what


def number(value: Any, default: float) -> float | None:
    """A number as the program or the engine's plan writes it; ``default`` where there is none; None: known only after `up`."""
    if value is None:
        return default
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def times(*factors: float | None) -> float | None:
    """Their product; unknown if one of them is."""
    known = [factor for factor in factors if factor is not None]
    return math.prod(known) if len(known) == len(factors) else None
