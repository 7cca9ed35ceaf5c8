"""What a change makes of a month's price: like is compared with like, and what is unknown is said on its side."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preview.analysis import cost
from preview.analysis.cost import CostChange, Delta, change_to_data, compare, estimate
from preview.report.cost_tables import cost_change, cost_changes, cost_short
from preview.resources import Evaluation, Resource
from tests.evaluations import deployed

TEMPLATE, FLEET = "aws:ec2/launchTemplate:LaunchTemplate", "aws:autoscaling/group:Group"
NAT, KEY, BALANCER = "aws:ec2/natGateway:NatGateway", "aws:kms/key:Key", "aws:lb/loadBalancer:LoadBalancer"
VOLUME, DATABASE = "aws:ebs/volume:Volume", "aws:rds/instance:Instance"


def resource(token: str, name: str, **inputs: Any) -> Resource:
    return Resource(f"urn:{token}::{name}", token, name, "", inputs, inputs, {"custom": True})


def machines(kind: str, count: int = 1, most: int | None = None) -> tuple[Resource, Resource]:
    disk = {"deviceName": "/dev/sda1", "ebs": {"volumeSize": 30, "volumeType": "gp3"}}
    return (
        resource(TEMPLATE, "template", instanceType=kind, blockDeviceMappings=[disk]),
        resource(
            FLEET,
            "group",
            launchTemplate={"id": "«template.id»"},
            minSize=count,
            maxSize=most or count,
        ),
    )


def database(**inputs: Any) -> Resource:
    given_ = {
        "engine": "postgres",
        "instanceClass": "db.t4g.micro",
        "allocatedStorage": 20,
        "storageType": "gp3",
    }
    return resource(DATABASE, "db", **(given_ | inputs))


def stack(*resources: Resource, region: str = "ap-northeast-1") -> Evaluation:
    return Evaluation("p", "prod", resources, {}, {}, (), {}, {"aws:region": region})


def told(before: Evaluation, after: Evaluation) -> str:
    return cost_change(compare(before, after))


def test_a_dearer_machine_of_a_known_price_is_told_by_its_difference() -> None:
    change = compare(stack(*machines("t3.small")), stack(*machines("t3.medium")))
    assert change.deltas == (
        Delta(resource="group", what="t3.small → t3.medium", before=19.856, after=39.712),
    )
    assert (change.known, change.direction, cost_change(change)) == (19.86, "dearer", "+19.86 USD")


def test_a_machine_of_no_known_price_does_not_make_its_forerunners_price_a_saving() -> None:
    change = compare(stack(*machines("t3.small")), stack(*machines("u7i-12tb.224xlarge")))
    assert change.deltas == (
        Delta(resource="group", what="t3.small → u7i-12tb.224xlarge", before=19.856, after="unknown"),
    )
    assert (change.known, change.at_least, change.at_most) == (0, -19.86, None)
    assert cost_change(change) == (
        "dearer or cheaper is not known: 0.00 USD where prices are known; unknown after: t3.small → u7i-12tb.224xlarge"
    )


def test_a_known_machine_after_an_unknown_one_is_no_increase() -> None:
    change = compare(stack(*machines("u7i-12tb.224xlarge")), stack(*machines("t3.small")))
    assert (change.known, change.unknown_before, change.unknown_after) == (
        0,
        ("u7i-12tb.224xlarge → t3.small",),
        (),
    )
    assert (change.at_least, change.at_most) == (None, 19.86)
    assert cost_change(change) == (
        "dearer or cheaper is not known: 0.00 USD where prices are known; unknown before: u7i-12tb.224xlarge → t3.small"
    )


def test_an_increase_that_outweighs_all_that_an_unknown_price_could_save_is_certain() -> None:
    before = stack(*machines("t3.small"))
    after = stack(*machines("u7i-12tb.224xlarge"), resource(VOLUME, "disk", size=500, type="gp3"))
    change = compare(before, after)
    assert (change.known, change.at_least, change.direction) == (48, 28.14, "dearer")
    assert cost_change(change) == "at least +28.14 USD; unknown after: t3.small → u7i-12tb.224xlarge"


def test_an_unknown_gateway_beside_a_known_key_is_at_least_the_keys_price() -> None:
    before, after = (
        stack(region="eu-north-1"),
        stack(resource(KEY, "key"), resource(NAT, "nat"), region="eu-north-1"),
    )
    assert told(before, after) == (
        "at least +1.00 USD; unknown after: NAT gateway and data through the NAT gateway"
    )
    assert told(after, before) == (
        "at most −1.00 USD; unknown before: NAT gateway and data through the NAT gateway"
    )


def test_a_known_resource_that_goes_for_an_unknown_one_is_not_called_cheaper() -> None:
    before = stack(resource(VOLUME, "disk", size=100, type="gp3"))
    after = stack(resource(BALANCER, "lb"))
    change = compare(before, after)
    assert (change.known, change.direction) == (-9.6, "unknown")
    assert cost_change(change) == (
        "dearer or cheaper is not known: −9.60 USD where prices are known; unknown after: aws:lb:LoadBalancer"
    )
    assert compare(after, before).direction == "unknown"


def test_unknown_on_both_sides_is_named_on_both() -> None:
    before = stack(resource(BALANCER, "lb"), resource(KEY, "key"))
    after = stack(resource("aws:sqs/queue:Queue", "queue"), resource(KEY, "key"), resource(KEY, "key2"))
    assert told(before, after) == (
        "dearer or cheaper is not known: +1.00 USD where prices are known; unknown before: aws:lb:LoadBalancer; "
        "unknown after: aws:sqs:Queue"
    )


def test_what_is_unknown_and_stays_as_it_is_says_nothing_of_the_change() -> None:
    before = stack(resource(BALANCER, "lb"), *machines("t3.small"))
    after = stack(resource(BALANCER, "lb"), *machines("t3.small", 2))
    assert told(before, after) == "+22.74 USD"
    assert compare(before, before).deltas == ()


def test_more_of_something_unknown_is_a_change_that_is_unknown() -> None:
    change = compare(stack(*machines("u7i-12tb.224xlarge")), stack(*machines("u7i-12tb.224xlarge", 2)))
    assert change.unknown_before == change.unknown_after == ("u7i-12tb.224xlarge",)
    assert (change.known, change.direction) == (2.88, "unknown")


def test_several_unknown_resources_of_one_kind_are_counted() -> None:
    after = stack(*(resource(BALANCER, f"lb{n}") for n in range(3)))
    assert compare(stack(), after).unknown_after == ("aws:lb:LoadBalancer (3 ×)",)


def test_a_stack_that_moves_to_a_region_with_fewer_prices_is_compared_by_what_both_have() -> None:
    parts = (*machines("t3.small"), resource(NAT, "nat"), database())
    change = compare(stack(*parts, region="us-east-1"), stack(*parts, region="eu-west-3"))
    assert change.known == round(730 * (0.0236 - 0.0208), 2)
    assert change.unknown_before == ()
    assert set(change.unknown_after) == {
        "disk",
        "NAT gateway",
        "data through the NAT gateway",
        "db.t4g.micro",
        "storage",
        "data out",
    }


@pytest.mark.parametrize(
    ("example", "changes", "expected"),
    [
        ("maycast-recorder", {"host": {"instanceType": "t4g.small", "diskGiB": 30}}, -4.09),
        ("maycast-recorder", {"host": {"instanceType": "t3.small", "diskGiB": 30, "replicas": 2}}, 26.82),
        ("casecheck", {"host": {"instanceType": "t3.small", "diskGiB": 30, "logs": "journald"}}, -1.19),
    ],
)
def test_a_change_of_an_example_comes_to_the_cent(
    example: str, changes: dict[str, Any], expected: float
) -> None:
    assert compare(deployed(example), deployed(example, **changes)).known == expected


_PARTS = st.lists(
    st.one_of(
        st.builds(lambda size: ("volume", size), st.integers(1, 2000)),
        st.just(("key", 0)),
        st.just(("nat", 0)),
        st.just(("balancer", 0)),
        st.builds(lambda size: ("database", size), st.integers(20, 500)),
    ),
    max_size=6,
)


def _built(parts: list[tuple[str, int]], region: str) -> Evaluation:
    found = []
    for place, (kind, size) in enumerate(parts):
        name = f"{kind}{place}"
        if kind == "volume":
            found.append(resource(VOLUME, name, size=size, type="gp3"))
        elif kind == "database":
            found.append(resource(DATABASE, name, **(database(allocatedStorage=size).inputs)))
        else:
            found.append(resource({"key": KEY, "nat": NAT, "balancer": BALANCER}[kind], name))
    return stack(*found, region=region)


_REGIONS = st.sampled_from(["ap-northeast-1", "us-east-1", "eu-north-1", "xx-nowhere-1"])


@given(_PARTS, _PARTS, _REGIONS, _REGIONS)
def test_swapping_the_sides_negates_the_change(
    one: list[tuple[str, int]], other: list[tuple[str, int]], here: str, there: str
) -> None:
    before, after = _built(one, here), _built(other, there)
    forth, back = compare(before, after), compare(after, before)
    assert forth.known == -back.known
    assert sorted(forth.unknown_after) == sorted(_swapped(back.unknown_before))
    assert (forth.at_least is None) == (back.at_most is None)
    if forth.at_least is not None and back.at_most is not None:
        assert forth.at_least == -back.at_most
    opposite = {"dearer": "cheaper", "cheaper": "dearer", "same": "same", "unknown": "unknown"}
    assert back.direction == opposite[forth.direction]
    assert {(d.resource, d.before, d.after) for d in forth.deltas} == {
        (d.resource, d.after, d.before) for d in back.deltas
    }


def _swapped(names: tuple[str, ...]) -> list[str]:
    return [" → ".join(reversed(name.split(" → "))) for name in names]


@given(_PARTS, _PARTS, _REGIONS)
def test_adding_resources_never_lowers_the_known_total(
    one: list[tuple[str, int]], more: list[tuple[str, int]], region: str
) -> None:
    fewer, all_ = estimate(_built(one, region)), estimate(_built([*one, *more], region))
    assert all_.total >= fewer.total
    assert set(fewer.unknown) <= set(all_.unknown)


@given(_PARTS, _PARTS, _REGIONS)
def test_the_known_difference_is_that_of_the_totals_where_everything_has_a_price(
    one: list[tuple[str, int]], other: list[tuple[str, int]], region: str
) -> None:
    change = compare(_built(one, region), _built(other, region))
    if not change.before.unknown and not change.after.unknown:
        assert change.known == pytest.approx(change.after.total - change.before.total, abs=0.011)


def test_a_sum_is_that_of_the_decimals_on_every_python() -> None:
    """Floats added one by one are 0.9999999999999999 before Python 3.12, and 2.67 for what is 2.675."""
    assert cost._sum([0.1] * 10) == 1.0
    assert cost._sum([1e16, 0.1, -1e16]) == 0.1
    assert (cost._sum([2.675, 0.0001]), cost._sum([0.1, 0.2], places=4)) == (2.68, 0.3)
    assert str(cost._sum([-0.001])) == "0.0"


def test_the_reports_say_the_change_beside_the_month() -> None:
    def short(before: Evaluation, after: Evaluation) -> str:
        return cost_short(estimate(after), compare(before, after))

    small, medium = stack(*machines("t3.small")), stack(*machines("t3.medium"))
    assert short(small, medium) == "About 44 USD a month (+19.86 USD)."
    assert short(small, small) == "About 24 USD a month."
    assert short(medium, small) == "About 24 USD a month (−19.86 USD)."
    with_balancer = stack(*machines("t3.small"), resource(BALANCER, "lb"))
    assert short(small, with_balancer) == ("At least 24 USD a month (dearer, by an unknown price).")


def test_the_table_says_unknown_where_there_is_something_and_a_dash_where_there_is_nothing() -> None:
    table = cost_changes(
        compare(stack(*machines("t3.small")), stack(resource(BALANCER, "lb"), *machines("t3.medium")))
    )
    assert table.title == (
        "What changes in the month's cost: at least +19.86 USD; unknown after: aws:lb:LoadBalancer"
    )
    assert [row.cells for row in table.rows] == [
        ("group", "t3.small → t3.medium", "19.86", "39.71"),
        ("lb", "aws:lb:LoadBalancer", "–", "unknown"),
    ]


def test_the_json_form_of_a_change() -> None:
    change: CostChange = compare(
        stack(*machines("t3.small")), stack(resource(BALANCER, "lb"), *machines("t3.medium"))
    )
    assert change_to_data(change) == {
        "currency": "USD",
        "direction": "dearer",
        "known": 19.86,
        "atLeast": 19.86,
        "atMost": None,
        "unknownBefore": [],
        "unknownAfter": ["aws:lb:LoadBalancer"],
        "before": {"monthly": 23.88, "complete": True},
        "after": {"monthly": 43.73, "complete": False},
        "items": [
            {
                "resource": "group",
                "what": "t3.small → t3.medium",
                "before": 19.856,
                "after": 39.712,
                "difference": 19.856,
            },
            {
                "resource": "lb",
                "what": "aws:lb:LoadBalancer",
                "before": None,
                "after": "unknown",
                "difference": None,
            },
        ],
    }
