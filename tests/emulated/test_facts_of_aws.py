"""What we say of AWS by rule or by heart, against AWS's own lists, which moto carries (DescribeInstanceTypes and -Offerings)."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from typing import Any

import pytest

from model import limits
from model.machine.instance_memory import gib
from model.settings import Host
from tests.emulated.conftest import PYTHON

READ = """
import gzip, json, pathlib, sys, moto
resources = pathlib.Path(moto.__file__).parent / "ec2" / "resources"
types = json.loads(gzip.open(resources / "instance_types.json.gz").read())
offered = {}
for file in (resources / "instance_type_offerings" / "availability-zone").iterdir():
    found = json.loads(gzip.open(file).read() if file.suffix == ".gz" else file.read_text())
    offered[file.name.split(".")[0]] = [[item["Location"], item["InstanceType"]] for item in found]
json.dump({"memory": {n: t["MemoryInfo"]["SizeInMiB"] for n, t in types.items()}, "offered": offered}, sys.stdout)
"""


@cache
def lists() -> dict[str, Any]:
    done = subprocess.run([PYTHON, "-c", READ], capture_output=True, text=True, check=True, timeout=60)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_memory_of_an_instance_type_is_what_aws_says() -> None:
    memory = lists()["memory"]
    known = {name: gib(name) for name in memory if gib(name) is not None}
    assert len(known) > 900
    assert {n: (said, memory[n] / 1024) for n, said in known.items() if said != memory[n] / 1024} == {}


@pytest.mark.parametrize("instance_type", [Host().instance_type, "t4g.small"])
def test_the_zones_that_are_used_by_default_have_the_machines(instance_type: str) -> None:
    offered = lists()["offered"]
    regions = [region for region in offered if limits.partition(region)]
    assert len(regions) >= 29
    lacking = {
        region
        for region in regions
        for zone in limits.zones(region)
        if [zone, instance_type] not in offered[region]
    }
    assert lacking == {"me-central-1"}  # of which the list has no burstable type at all
    assert not any(name.startswith("t") for _, name in offered["me-central-1"])
