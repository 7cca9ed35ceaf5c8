"""`drawbridge:host`: the instances."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from ..limits import HEARTBEAT_SECONDS
from .base import Section, duration, pattern


def _ami(value: str) -> str:
    if not re.fullmatch(r"ami-[0-9a-f]{8,17}", value):
        raise ValueError("an image id such as ami-0123456789abcdef0")
    return value


class Host(Section):
    """The machines."""

    instance_type: Annotated[
        str, pattern(r"[a-z][a-z0-9-]*\.[a-z0-9]+", "an instance type such as t3.small")
    ] = Field(default="t3.small", description="The EC2 instance type.")
    disk_gib: Annotated[int, Field(ge=8, le=16384)] = Field(
        default=30, alias="diskGiB", description="The root disk (gp3, encrypted)."
    )
    replicas: Annotated[int, Field(ge=1, le=12)] = Field(
        default=1,
        description="How many machines. A release doubles them for a while, and a tunnel takes 25 connectors.",
    )
    image: Annotated[str, AfterValidator(_ami)] | None = Field(
        default=None,
        description="An Ubuntu 24.04 image; none: Canonical's current one when the stack is made, kept since.",
    )
    readiness: Literal["hook", "running"] = Field(
        default="hook",
        description="`running` takes a machine for ready as soon as it runs: only to look for a fault.",
    )
    boot_timeout: duration(*HEARTBEAT_SECONDS, "bootTimeout") = Field(  # type: ignore[valid-type]
        default=900, description="How long a machine may take until its stack is healthy."
    )
    stop_timeout: duration(30, 900, "stopTimeout") = Field(  # type: ignore[valid-type]
        default=120, description="How long a machine's stack may take to stop."
    )
    logs: Literal["cloudwatch", "journald"] = Field(
        default="cloudwatch", description="Where containers' logs go."
    )
    log_days: Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731] = Field(
        default=30, description="How long CloudWatch keeps them."
    )

    @property
    def architecture(self) -> Literal["amd64", "arm64"]:
        """Graviton families carry a `g` after the generation's digit: t4g, m7gd, c8gn. The first one, a1, does not yet."""
        return "arm64" if re.match(r"a1\.|[a-z]+\d+g", self.instance_type) else "amd64"
