"""Scripted changes to the example stacks, each with the verdict that it must get.

A change edits the `config:` mapping of an example's stack file. `verdict` is the consequence of the whole; `changed` names
resources with action, consequence and the inputs that replace them; `says` what must be read of a resource; `opens` are the
exposures' kinds and subjects.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from preview.analysis.verdict import compare
from preview.changes import Comparison, Consequence
from tests.evaluations import deployed

Config = dict[str, Any]
IMAGE2MODEL, MAYCAST = "image2model", "maycast-recorder"


@functools.cache
def large_change() -> Comparison:
    """A stack that is opened, released and loses a hostname."""
    return compare(
        deployed("image2model"),
        deployed(
            "image2model",
            host={"instanceType": "t3.large", "diskGiB": 40, "replicas": 2},
            routes=[{"hostname": "models.example.com", "service": "http://nginx:80", "access": "public"}],
        ),
    )


def unchanged(config: Config) -> None:
    """The example as it is."""


@dataclass(frozen=True, kw_only=True)
class Scripted:
    """``program``: (file, text, other text) of a change to the program itself. ``engine``: the real engine's preview must agree.

    ``probed``: the values that only the clouds know are made up, so that what is made of them in another way differs.
    """

    name: str
    edit: Callable[[Config], None]
    base: Callable[[Config], None] = unchanged
    verdict: Consequence
    example: str = IMAGE2MODEL
    changed: tuple[tuple[str, str, Consequence, tuple[str, ...]], ...] = ()
    opens: tuple[tuple[str, str], ...] = ()
    says: tuple[tuple[str, str], ...] = ()
    program: tuple[str, str, str] | None = None
    engine: bool = False
    probed: bool = False

    def __str__(self) -> str:
        return self.name.replace(" ", "-")


def put(path: str, value: Any) -> Callable[[Config], None]:
    """Set a place such as `host/instanceType`; None removes it."""
    section, *steps = path.split("/")

    def edit(config: Config) -> None:
        keys: list[Any] = [
            f"drawbridge:{section}",
            *(int(step) if step.isdigit() else step for step in steps),
        ]
        place: Any = config
        for key in keys[:-1]:
            place = place[key] if isinstance(place, list) else place.setdefault(key, {})
        if value is None:
            del place[keys[-1]]
        else:
            place[keys[-1]] = value

    return edit


def add_route(**route: Any) -> Callable[[Config], None]:
    return lambda config: config["drawbridge:routes"].append({"service": "http://nginx:80", **route})


def not_there(hostname: str) -> Callable[[Config], None]:
    """The admin API stays away from a further host of its service."""
    return add_route(hostname=hostname, path="/api/v1/admin/*", service="http_status:404", access="public")


def both(*edits: Callable[[Config], None]) -> Callable[[Config], None]:
    def edit(config: Config) -> None:
        for one in edits:
            one(config)

    return edit


def region(name: str) -> Callable[[Config], None]:
    return lambda config: config.update({"aws:region": name})


IN_PLACE, ROLLING, DOWNTIME, LOSS = (
    Consequence.IN_PLACE,
    Consequence.ROLLING,
    Consequence.DOWNTIME,
    Consequence.DATA_LOSS,
)
NONE, REFUSED = Consequence.NONE, Consequence.REFUSED
GROUP = ("host-group", "rolling", ROLLING, ("launchTemplate",))
TEMPLATE = ("host-template", "updated", IN_PLACE, ())
UNKNOWN, AT_RISK = Consequence.UNKNOWN, Consequence.AT_RISK
HIPSTER, MEMBERAPI = "hipster-timer-backend", "memberapi"
NOTHING = put("protect", "true")
"""An edit that changes nothing, for a change of the program."""
