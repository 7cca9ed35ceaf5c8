"""Faults at every operation (`ladders.py`): what the next `up` makes of them."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .cloud import Action
from .cloud_types import SNAPSHOT
from .harness import EngineStack, Run
from .ladders import DESTROY, FULL, SMALL, UP, assert_settled, climb, created, discard, orphans
from .refusals import OVERWRITTEN
from .stacks import (
    ACCESS_APPLICATION,
    ACCESS_POLICY,
    ALARM,
    DATABASE,
    DNS_RECORD,
    FILE_SYSTEM,
    GROUP,
    LASTING,
    LAUNCH_TEMPLATE,
    PARAMETER,
    STACKS,
    TUNNEL,
    deploy,
    release,
)

FAULTS: tuple[Action, ...] = ("fail", "timeout", "init-failed")


def stacks_with_faults() -> list[Any]:
    """The full example with every fault; the others, with every fault as well, in the longer run."""
    return [
        pytest.param(stack, fault, id=f"{stack}-{fault}", marks=[] if stack == FULL else [pytest.mark.sweep])
        for stack, fault in itertools.product(STACKS, FAULTS)
    ]


@pytest.mark.parametrize(("stack", "fault"), stacks_with_faults())
def test_a_first_up_that_fails_at_every_resource_in_turn_converges(
    stack: str, fault: Action, prepared: Callable[[str], EngineStack], tmp_path: Path
) -> None:
    engine = prepared(stack).fork(tmp_path)
    engine.cloud.fault(fault, op="create", each=True)
    runs = climb(engine, at_most=60)
    made = created(runs)
    assert engine.cloud.struck() == {
        ("create", type_, name) for type_, name in made
    }  # every single one was struck
    # A group whose machines never came up is replaced (decision 7); everything else is made exactly once.
    twice = {type_ for (type_, _), times in made.items() if times > 1}
    assert twice == ({GROUP} if fault == "init-failed" else set())
    assert [o.type for run in runs for o in run.operations if o.op == "delete"] == (
        [GROUP] if fault == "init-failed" else []
    )
    assert_settled(engine)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, standin_only: Path) -> EngineStack:
    """The full example, deployed."""
    return deploy(FULL, tmp_path_factory.mktemp("running"), standin_only)


@pytest.mark.sweep
def test_a_first_up_whose_plugins_die_at_every_resource_in_turn_converges(
    prepared: Callable[[str], EngineStack], tmp_path: Path
) -> None:
    engine = prepared(SMALL).fork(tmp_path)
    engine.cloud.fault("die-before", op="create", each=True)
    runs = climb(engine, at_most=60)
    made = created(runs)
    assert engine.cloud.struck() == {("create", type_, name) for type_, name in made}
    assert set(made.values()) == {1}
    assert [o for run in runs for o in run.operations if o.op == "delete"] == []
    assert_settled(engine)


@pytest.mark.parametrize(
    "fault",
    [
        "fail",
        *(
            pytest.param(f, marks=pytest.mark.sweep)
            for f in ("timeout", "init-failed", "die-before", "die-after")
        ),
    ],
)
def test_a_release_that_fails_at_every_operation_in_turn_converges_and_somebody_always_serves(
    running: EngineStack, fault: Action, tmp_path: Path
) -> None:
    engine = running.fork(tmp_path)
    (healthy,) = engine.cloud.live(GROUP)
    lasting = [(thing.type, thing.id) for thing in engine.cloud.live(*LASTING)]
    engine.edit(lambda config: config.setdefault("drawbridge:tunnel", {}).update(rotation="rehearsal"))
    release(engine)
    ops = ("create", "update") if fault == "init-failed" else ("create", "update", "delete")
    for op in ops:
        engine.cloud.fault(fault, op=op, each=True)
    runs = climb(
        engine,
        at_most=40,
        command=("up", "--yes", "--skip-preview"),
        always=lambda: any(group.ready for group in engine.cloud.live(GROUP)),
    )
    done = {(o.op, o.type, o.name) for run in runs for o in run.operations if o.op in ops}
    assert engine.cloud.struck() == done  # every single one was struck
    assert {("update", TUNNEL), ("update", LAUNCH_TEMPLATE), ("create", GROUP), ("update", PARAMETER)} <= {
        hit[:2] for hit in done
    }
    assert fault == "init-failed" or ("delete", GROUP) in {hit[:2] for hit in done}
    if (
        fault == "die-after"
    ):  # nobody knows of the first new group; one that replaces it is ready before the old one goes
        (left,) = orphans(engine)
        assert left.type == GROUP
        discard(engine, left)
    # No run deletes the healthy group before another one is ready.
    for number, run in enumerate(runs):
        if healthy.id in run.done("delete", GROUP):
            assert any(
                o.op == "create" and o.type == GROUP and o.outcome == "ok"
                for r in runs[: number + 1]
                for o in r.operations
            )
    (fresh,) = engine.cloud.live(GROUP)
    assert (fresh.id != healthy.id, fresh.ready) == (True, True)
    assert [(thing.type, thing.id) for thing in engine.cloud.live(*LASTING)] == lasting
    forget_random_values(engine)
    assert_settled(engine)


@pytest.mark.parametrize(
    ("stack", "fault"),
    [
        (FULL, "fail"),
        pytest.param(FULL, "timeout", marks=pytest.mark.sweep),
        pytest.param(SMALL, "die-before", marks=pytest.mark.sweep),
        pytest.param(SMALL, "die-after", marks=pytest.mark.sweep),
    ],
)
def test_a_destroy_that_fails_at_every_object_in_turn_ends_with_nothing_left(
    stack: str, fault: Action, prepared: Callable[[str], EngineStack], tmp_path: Path
) -> None:
    engine = prepared(stack).fork(tmp_path)
    engine.configure(**{"drawbridge:protect": "false"})
    engine.up()
    standing = {("delete", thing.type, thing.name) for thing in engine.cloud.live()}
    engine.cloud.fault(fault, op="delete", each=True)
    runs = climb(engine, at_most=60, command=DESTROY)
    assert engine.cloud.struck() == standing  # every single one was struck
    ended = "died" if fault == "die-after" else "ok"
    deleted = Counter(
        (o.op, o.type, o.name)
        for run in runs
        for o in run.operations
        if o.op == "delete" and o.outcome == ended
    )
    assert deleted == Counter(standing)
    # Of each database its final snapshot stays: database.finalSnapshot.
    snapshots = [SNAPSHOT for _, kind, _ in standing if kind == DATABASE]
    assert [thing.type for thing in engine.cloud.live()] == snapshots
    assert engine.export().get("resources", []) == []


# Plugins that die after the effect: the one thing that the engine cannot put right by itself ----------------------------

REFUSED = {  # there can be one of it, or its name is fixed: the second creation is refused, and says why
    "aws:ec2/internetGateway:InternetGateway",
    "aws:ec2/route:Route",
    "aws:ec2/routeTableAssociation:RouteTableAssociation",
    "aws:ec2/subnet:Subnet",
    "aws:ec2transitgateway/instanceConnectEndpoint:InstanceConnectEndpoint",
    "aws:efs/mountTarget:MountTarget",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    "cloudflare:index/ruleset:Ruleset",
    PARAMETER,
    DNS_RECORD,
    ACCESS_APPLICATION,
    TUNNEL,
}
DOUBLED = {  # it gets an id or a name of its own, so the next `up` makes another one
    "aws:cloudwatch/logGroup:LogGroup",
    "aws:cloudwatch/logMetricFilter:LogMetricFilter",
    "aws:ec2/routeTable:RouteTable",
    "aws:ec2/securityGroup:SecurityGroup",
    "aws:ec2/vpc:Vpc",
    "aws:iam/instanceProfile:InstanceProfile",
    "aws:iam/role:Role",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:rds/parameterGroup:ParameterGroup",
    "aws:rds/subnetGroup:SubnetGroup",
    "aws:sns/topic:Topic",
    "cloudflare:index/notificationPolicy:NotificationPolicy",
    GROUP,
    LAUNCH_TEMPLATE,
    ALARM,
    DATABASE,
    FILE_SYSTEM,
    ACCESS_POLICY,
}
LOGIN = "cloudflare:index/zeroTrustAccessIdentityProvider:ZeroTrustAccessIdentityProvider"  # one one-time PIN, any of others


@pytest.mark.sweep
def test_a_first_up_whose_plugins_die_after_every_effect_doubles_what_has_no_fixed_name_and_nothing_else(
    prepared: Callable[[str], EngineStack], tmp_path: Path
) -> None:
    engine = prepared(FULL).fork(tmp_path)
    engine.cloud.fault("die-after", op="create", each=True)
    runs: list[Run] = []
    refused: set[str] = set()
    while not runs or not runs[-1].ok:
        assert len(runs) < 80, runs[-1].output
        runs.append(engine.cli(*UP, fails=None))
        for operation in {o.urn: o for o in runs[-1].operations if o.outcome == "refused"}.values():
            refused.add(operation.type)
            (in_the_way,) = [thing for thing in orphans(engine) if thing.urn == operation.urn]
            discard(engine, in_the_way)  # as the documentation says; nothing uses it yet
    made = created(runs)
    assert engine.cloud.struck() == {
        ("create", type_, name) for type_, name in made
    }  # every single one was struck
    assert [o for run in runs for o in run.operations if o.op == "delete"] == []
    left = orphans(engine)
    assert (refused, {thing.type for thing in left}) == (REFUSED | {LOGIN}, DOUBLED | {LOGIN})
    kinds = {type_ for type_, _ in made if not type_.startswith("random:")}
    assert kinds - REFUSED - DOUBLED - {LOGIN} == kinds & set(OVERWRITTEN)  # the rest is set again
    # The user's part: what the state does not know is deleted by hand, the newest first. None of it is in use.
    for thing in reversed(left):
        discard(engine, thing)
    forget_random_values(engine)
    assert_settled(engine)


def forget_random_values(engine: EngineStack) -> None:
    """A random value lives in the state alone: the stand-in forgets those that a plugin drew and never handed over."""
    newest = {thing.urn: thing for thing in engine.cloud.live() if thing.type.startswith("random:")}
    with engine.cloud.transaction() as contents:
        contents.things = [t for t in contents.things if t.urn not in newest or t == newest[t.urn]]


def test_a_tunnel_whose_plugin_died_after_making_it_is_refused_until_the_user_settles_it(
    prepared: Callable[[str], EngineStack], tmp_path: Path
) -> None:
    engine = prepared(SMALL).fork(tmp_path)
    engine.cloud.fault("die-after", op="create", type=TUNNEL)
    assert "error reading from server: EOF" in engine.cli(*UP, fails=True).output
    (orphan,) = orphans(engine)
    assert "You already have a tunnel with this name" in engine.cli(*UP, fails=True).output
    discard(engine, orphan)  # in Cloudflare's dashboard; nothing is connected to it
    engine.cli(*UP)
    assert_settled(engine)
