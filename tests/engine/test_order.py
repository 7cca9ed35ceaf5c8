"""What all machines share changes when the new machines serve and before the old ones go; not at all where they never serve."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .harness import EngineStack, Run
from .stacks import GROUP, release

TUNNEL_CONFIGURATION = "cloudflare:index/zeroTrustTunnelCloudflaredConfig:ZeroTrustTunnelCloudflaredConfig"
RULESET = "cloudflare:index/ruleset:Ruleset"
HIPSTER = "hipster-timer-backend"


def order(run: Run, type_: str, name: str) -> list[str]:
    """What was done, in order, to the group of machines and to one other resource."""
    done = [o for o in run.operations if o.outcome == "ok" and o.op in ("create", "update", "delete")]
    listed = [("machines" if o.type == GROUP else "shared", o) for o in done]
    return [
        f"{o.op} {what}" for what, o in listed if what == "machines" or (o.type == type_ and name in o.name)
    ]


def other_rules(engine: EngineStack) -> None:
    """The connector waits longer for every service: another configuration for all connectors."""

    def edit(config: dict[str, Any]) -> None:
        config.setdefault("drawbridge:tunnel", {})["origin"] = {"connectTimeout": "17s"}

    engine.edit(edit)


def rotate(engine: EngineStack) -> None:
    def edit(config: dict[str, Any]) -> None:
        config["drawbridge:app"]["generate"]["ORIGIN_VERIFY_SECRET"]["rotation"] = "2"

    engine.edit(edit)


def waits(engine: EngineStack) -> set[int]:
    config = engine.cloud.one(TUNNEL_CONFIGURATION).inputs["config"]
    return {rule.get("originRequest", {}).get("connectTimeout") for rule in config["ingresses"][:-1]}


def verified(engine: EngineStack) -> str:
    (rule,) = engine.cloud.one(RULESET, "verify").inputs["rules"]
    (header,) = rule["actionParameters"]["headers"].values()
    return str(header["value"])


def test_rules_change_between_the_new_machines_and_the_end_of_the_old_ones(engine: EngineStack) -> None:
    release(engine)
    other_rules(engine)
    assert order(engine.up(), TUNNEL_CONFIGURATION, "ingress") == [
        "create machines",
        "update shared",
        "delete machines",
    ]
    assert waits(engine) == {17, 30}


def test_rules_alone_wait_for_nothing(engine: EngineStack) -> None:
    other_rules(engine)
    assert order(engine.up(), TUNNEL_CONFIGURATION, "ingress") == ["update shared"]


@pytest.mark.parametrize("again", ["up", "refresh, then up"])
def test_a_release_that_fails_leaves_the_old_machines_their_rules(engine: EngineStack, again: str) -> None:
    before = waits(engine)
    release(engine)
    other_rules(engine)
    engine.cloud.fault("init-failed", op="create", type=GROUP, times=2)
    engine.up(fails=True)
    assert waits(engine) == before
    if again != "up":
        engine.refresh()
    engine.up(fails=True)
    assert waits(engine) == before


@pytest.mark.parametrize("engine", [HIPSTER], indirect=True)
def test_the_edge_goes_over_to_a_rotated_value_with_the_new_machines(engine: EngineStack) -> None:
    value = verified(engine)
    rotate(engine)
    assert order(engine.up(), RULESET, "verify") == ["create machines", "update shared", "delete machines"]
    assert verified(engine) != value
    assert engine.up().planned() == []


@pytest.mark.parametrize("engine", [HIPSTER], indirect=True)
def test_a_rotation_whose_machines_never_serve_leaves_the_value_that_the_old_ones_expect(
    engine: EngineStack,
) -> None:
    value = verified(engine)
    rotate(engine)
    engine.cloud.fault("init-failed", op="create", type=GROUP)
    engine.up(fails=True)
    assert verified(engine) == value


def test_the_first_value_is_sent_before_the_first_machine_expects_it(
    engine: EngineStack, once_up: Callable[[str], EngineStack]
) -> None:
    def edit(config: dict[str, Any]) -> None:
        config["drawbridge:app"].setdefault("generate", {})["ORIGIN_SECRET"] = {"bytes": 32}
        config.setdefault("drawbridge:firewall", {})["originVerify"] = {
            "header": "X-Origin",
            "secret": "ORIGIN_SECRET",
        }

    engine.edit(edit)
    assert order(engine.up(), RULESET, "verify") == ["create shared", "create machines", "delete machines"]
