"""How much memory an EC2 instance type has, by the rule of its family."""

from __future__ import annotations

import re

# https://docs.aws.amazon.com/ec2/latest/instancetypes/gp.html, co.html and mo.html.
_BURSTABLE = {
    "nano": 0.5,
    "micro": 1.0,
    "small": 2.0,
    "medium": 4.0,
    "large": 8.0,
    "xlarge": 16.0,
    "2xlarge": 32.0,
}
_PER_CPU = {"c": 2, "m": 4, "r": 8}
_TYPE = re.compile(
    r"(?P<family>[cmr])(?P<generation>\d+)(?P<more>[a-z-]*)\.(?P<size>medium|large|(\d*)xlarge)"
)
_ODD = {"c5n"}  # 2.625 GiB a CPU


def gib(instance_type: str) -> float | None:
    """GiB of memory; None of a type whose family has no rule that is known here."""
    family, _, size = instance_type.partition(".")
    if re.fullmatch(r"t(2|3a?|4g)", family):
        return _BURSTABLE.get(size)
    found = _TYPE.fullmatch(instance_type)
    if not found or family in _ODD or int(found["generation"]) < 5:
        return None
    cpus = {"medium": 1, "large": 2}.get(size) or 4 * int(size.removesuffix("xlarge") or 1)
    return float(cpus * _PER_CPU[found["family"]])
