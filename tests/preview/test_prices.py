"""The price table: dated, with a source for every figure, and cheap to load."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest

from preview.resource_types import prices
from preview.resource_types.prices import REGIONS, Price, access, cloudflare, general, price, regional

FILES = sorted(REGIONS.glob("*.json"))


def test_the_general_table_is_dated_and_every_group_names_a_source() -> None:
    table = general()
    assert isinstance(table["updated"], datetime.date)
    for group in (*table["everywhere"].values(), table["cloudflare"], table["access"]):
        assert group["source"] in table["sources"]
    for source in table["sources"].values():
        assert source["url"].startswith("https://") and source["read"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_price_of_a_region_has_one_source_and_is_more_than_nothing(file) -> None:  # type: ignore[no-untyped-def]
    data = json.loads(file.read_text())
    assert data["region"] == file.stem
    used = set()
    for groups in data["prices"].values():
        items = [item for group in groups.values() for item in group]
        assert len(items) == len(set(items))
        assert all(usd > 0 for group in groups.values() for usd in group.values())
        used |= set(groups)
    assert used == set(data["sources"])
    assert all(source["url"].startswith("https://") and source["read"] for source in data["sources"].values())


def test_a_price_comes_with_the_page_that_says_so() -> None:
    assert price("eu-central-1", "ec2", "t4g.small") == Price(
        0.0192, "https://aws.amazon.com/ec2/pricing/on-demand/"
    )
    assert price("eu-central-1", "ipv4", "address") == Price(0.005, "https://aws.amazon.com/vpc/pricing/")
    assert cloudflare("pro") == Price(25, "https://www.cloudflare.com/plans/")
    assert cloudflare("enterprise") is None
    assert access("seat") == Price(7, "https://www.cloudflare.com/plans/zero-trust-services/")


@pytest.mark.parametrize("item", ["alarm", "alarm-high-resolution", "metric", "request"])
def test_what_cloudwatch_asks_is_known_region_by_region_alone(item: str) -> None:
    """AWS's page: "Pricing varies by Region"."""
    assert price("us-east-1", "cloudwatch", item) is not None
    assert price("eu-central-1", "cloudwatch", item) is None
    assert price("eu-central-1", "cloudwatch", "dashboard") is not None


@pytest.mark.parametrize("region", ["us-gov-west-1", "cn-north-1", ""])
def test_what_holds_in_every_commercial_region_is_not_said_of_others(region: str) -> None:
    assert price(region, "kms", "key") is None


def test_a_region_without_a_file_has_what_holds_everywhere_and_no_more() -> None:
    assert price("eu-nowhere-1", "kms", "key") is not None
    assert price("eu-nowhere-1", "ec2", "t3.small") is None
    assert price("../prices/us-east-1", "ec2", "t3.small") is None


@pytest.mark.parametrize(
    "region",
    [
        *(
            "us-east-1",
            "us-east-2",
            "us-west-1",
            "us-west-2",
            "ca-central-1",
            "af-south-1",
            "me-central-1",
            "me-south-1",
        ),
        *(
            "eu-central-1",
            "eu-west-1",
            "eu-west-2",
            "eu-west-3",
            "eu-north-1",
            "eu-south-1",
            "ap-south-1",
            "ap-east-1",
        ),
        *(
            "ap-northeast-1",
            "ap-northeast-2",
            "ap-northeast-3",
            "ap-southeast-1",
            "ap-southeast-2",
            "ap-southeast-3",
        ),
    ],
)
def test_the_smallest_machines_have_a_price_in_every_region_of_old(region: str) -> None:
    for size in ("nano", "micro", "small", "medium"):
        assert price(region, "ec2", f"t3.{size}"), size
        assert price(region, "ec2", f"t4g.{size}"), size


def test_sizes_of_a_family_cost_in_proportion() -> None:
    for file in FILES:
        found = regional(file.stem)["ec2"]
        for family in ("t3", "t4g", "m7g", "c7g", "r7g", "m6i"):
            large, twice = found.get(f"{family}.large"), found.get(f"{family}.2xlarge")
            if large and twice:
                assert twice.usd == pytest.approx(4 * large.usd, rel=0.002), (file.stem, family)


def test_only_the_region_that_is_asked_for_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    real = json.loads

    def loads(text: str) -> Any:
        read.append(text)
        return real(text)

    monkeypatch.setattr(prices.json, "loads", loads)  # type: ignore[attr-defined]
    regional.cache_clear()
    for _ in range(2):
        assert price("us-east-1", "ec2", "t3.small") and price("us-east-1", "nat", "hour")
    assert len(read) == 1
    regional.cache_clear()
