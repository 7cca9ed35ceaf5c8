"""Sizes as Docker reads them, and the memory of instance types by rule (against AWS's list: tests/emulated)."""

from __future__ import annotations

import pytest

from model.checks.compose_capacity import size
from model.compose.interpolation import unknown
from model.machine.instance_memory import gib


@pytest.mark.parametrize(
    "text, wanted",
    [
        (1024, 1024),
        ("512m", 512 * 1024**2),
        ("1.5gb", 1.5 * 1024**3),
        ("2GiB", 2 * 1024**3),
        ("100", 100),
        ("10 k", 10 * 1024),
        ("", None),
        ("much", None),
        (None, None),
        (unknown("M"), None),
    ],
)
def test_a_size_is_read_as_docker_reads_it(text: object, wanted: float | None) -> None:
    assert size(text) == wanted


@pytest.mark.parametrize(
    "instance_type, wanted",
    [
        ("t3.small", 2),
        ("t4g.nano", 0.5),
        ("m7g.medium", 4),
        ("c7i.large", 4),
        ("r6gd.4xlarge", 128),
        ("c5n.large", None),
        ("m4.large", None),
        ("x1e.xlarge", None),
        ("m7g.metal", None),
    ],
)
def test_a_type_whose_family_has_a_rule_has_its_memory(instance_type: str, wanted: float | None) -> None:
    assert gib(instance_type) == wanted
