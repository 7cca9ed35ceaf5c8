"""An adopted VPC with the real Pulumi CLI: `up` asks AWS where its subnets lie before anything stands in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from .harness import EngineStack
from .stacks import GROUP, changes, prepare

NETWORK = {
    "vpcId": "vpc-0123",
    "publicSubnetIds": ["subnet-0a", "subnet-0b"],
    "privateSubnetIds": ["subnet-0c", "subnet-0d"],
}


def adopted(zones: str, tmp_path: Path, plugins: Path) -> EngineStack:
    """The stack in a VPC whose four subnets lie in ``zones``, a letter each."""
    engine = prepare("image2model", tmp_path, plugins)
    engine.configure(**{"drawbridge:network": NETWORK, "drawbridge:protect": "false"})
    ids = [*NETWORK["publicSubnetIds"], *NETWORK["privateSubnetIds"]]
    lie = {id_: {"vpc": "vpc-0123", "zone": zone} for id_, zone in zip(ids, zones, strict=True)}
    engine.cloud.state_fact("subnets", lie)
    return engine


def test_subnets_that_fit_are_used(tmp_path: Path, plugins: Path) -> None:
    engine = adopted("acac", tmp_path, plugins)
    engine.up()
    assert changes(engine.up()) == []


@pytest.mark.parametrize(
    "zones, text",
    [
        (
            "acad",
            "expected a subnet in ap-northeast-1c too, for the machines of subnet-0b find the files only there",
        ),
        ("aaaa", "expected one subnet a zone, for EFS takes one mount target in each"),
    ],
)
def test_subnets_that_do_not_fit_end_the_up_before_machines_are_made(
    zones: str, text: str, tmp_path: Path, plugins: Path
) -> None:
    engine = adopted(zones, tmp_path, plugins)
    failed = engine.up(fails=True)
    assert text in failed.output
    assert "Traceback" not in failed.output
    assert engine.cloud.live(GROUP, "aws:efs/mountTarget:MountTarget") == []
