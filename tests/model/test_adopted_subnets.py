"""Subnets of an adopted VPC: which the stack can stand in."""

from __future__ import annotations

import pytest

from model.adopted_subnets import Subnet, problems

HERE = "vpc-0a"


def lying(**zones: str) -> list[Subnet]:
    """Subnets by the letters of their ids, each with its zone."""
    return [Subnet(id=f"subnet-{key}", vpc_id=HERE, zone=f"eu-west-1{zone}") for key, zone in zones.items()]


def texts(
    public: list[Subnet], private: list[Subnet], files: bool = True, database: bool = True
) -> list[str]:
    return [str(p) for p in problems(HERE, public, private, files=files, database=database)]


def test_one_private_subnet_in_each_zone_of_the_public_ones_fits() -> None:
    assert texts(lying(a="a", b="b"), lying(c="a", d="b")) == []
    assert texts(lying(a="a"), lying(c="a", d="b", e="c")) == []


@pytest.mark.parametrize(
    "public, private, text",
    [
        (
            lying(a="a", b="c"),
            lying(c="a", d="b"),
            'network.privateSubnetIds: expected a subnet in eu-west-1c too, for the machines of subnet-b find the files only there, found ["eu-west-1a", "eu-west-1b"]; add one, or take subnet-b out of publicSubnetIds',
        ),
        (
            lying(a="a", b="b"),
            lying(c="a", d="b", e="b"),
            'network.privateSubnetIds: expected one subnet a zone, for EFS takes one mount target in each, found ["subnet-d in eu-west-1b", "subnet-e in eu-west-1b"]; leave out all but one of each zone',
        ),
    ],
)
def test_what_efs_refuses_or_does_not_resolve_is_told(
    public: list[Subnet], private: list[Subnet], text: str
) -> None:
    assert texts(public, private) == [text]
    assert texts(public, private, files=False) == []


def test_a_database_wants_two_zones() -> None:
    expected = 'network.privateSubnetIds: expected subnets in two zones, for the database, found ["subnet-c in eu-west-1a", "subnet-d in eu-west-1a"]'
    private = lying(c="a", d="a")
    assert texts(lying(a="a", b="a"), private, files=False) == [expected]
    assert texts(lying(a="a", b="a"), private, files=False, database=False) == []


def test_a_subnet_of_another_vpc_is_told() -> None:
    stranger = Subnet(id="subnet-x", vpc_id="vpc-0b", zone="eu-west-1a")
    assert texts([*lying(a="a", b="b"), stranger], lying(c="a", d="b")) == [
        'network.publicSubnetIds: expected subnets of vpc-0a, found "subnet-x of vpc-0b"'
    ]
