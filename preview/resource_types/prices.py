"""The price table: `prices.yaml` for what holds everywhere, `prices/REGION.json` for what differs by region.

A region's file is read when a stack of that region is priced, so that the table may grow without slowing a preview. Its form:

    {"region": "eu-central-1",
     "sources": {"NAME": {"url": "https://…", "read": "2026-11-21"}},
     "prices": {"SERVICE": {"NAME": {"ITEM": 0.024}}}}

``NAME`` is a source, so each figure says where it is from. Prices are USD for one unit: an hour of an instance, a GiB a month,
a GB.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

GENERAL = Path(__file__).with_name("prices.yaml")
REGIONS = Path(__file__).with_name("prices")

# Partitions with prices of their own: what holds everywhere else does not hold there.
_APART = ("us-gov-", "cn-", "us-iso", "eu-isoe", "eusc-")


@dataclass(frozen=True)
class Price:
    """USD for one unit, and the page or price list that says so."""

    usd: float
    source: str


@functools.cache
def general() -> dict[str, Any]:
    """`prices.yaml`."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return dict(yaml.load(GENERAL.read_text(encoding="utf-8"), Loader=loader))


@functools.cache
def regional(region: str) -> dict[str, dict[str, Price]]:
    """A region's prices by service and item; empty for a region without a file."""
    file = REGIONS / f"{region}.json"
    found = dict(_everywhere()) if region and not region.startswith(_APART) else {}
    if not region or "/" in region or not file.is_file():
        return found
    data = json.loads(file.read_text(encoding="utf-8"))
    for service, groups in data["prices"].items():
        prices = dict(found.get(service, {}))
        for source, items in groups.items():
            url = data["sources"][source]["url"]
            prices |= {item: Price(usd, url) for item, usd in items.items()}
        found[service] = prices
    return found


@functools.cache
def _everywhere() -> dict[str, dict[str, Price]]:
    table = general()
    return {
        service: {
            item: Price(usd, table["sources"][group["source"]]["url"])
            for item, usd in group.items()
            if item != "source"
        }
        for service, group in table["everywhere"].items()
    }


def price(region: str, service: str, item: str) -> Price | None:
    """The price of an item in a region; None: the table has none, and none is derived from another region or size."""
    return regional(region).get(service, {}).get(item)


def cloudflare(item: str) -> Price | None:
    """The price of a zone's plan, billed monthly."""
    return _general("cloudflare", item)


def access(item: str) -> Price | None:
    """The price of an Access seat, and how many a team has for nothing."""
    return _general("access", item)


def _general(group: str, item: str) -> Price | None:
    given = general()[group]
    return Price(given[item], general()["sources"][given["source"]]["url"]) if item in given else None
