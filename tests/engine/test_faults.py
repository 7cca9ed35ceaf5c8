"""Faults at every operation: what the next `up` makes of them.

A ladder covers all operations of a run at once: every object's first operation fails, and `up` is repeated until it ends
well. Each `up` gets one step further: it does what failed the last time, and fails at all that stands on it.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .cloud import Action
from .harness import EngineStack, Run
from .stacks import GROUP, LASTING, PARAMETER, STACKS, TEMPLATE, TUNNEL, deploy, prepare, release

UP = ("up", "--yes", "--skip-preview", "--continue-on-error")
FAULTS: tuple[Action, ...] = ("fail", "timeout", "init-failed")
DESTROY = ("destroy", "--yes", "--skip-preview", "--continue-on-error")
SMALL = "maycast-recorder"  # for what takes long
FULL = "image2model"  # database, files, parameters, logins, alarms: all that there is
Home = Path


def stacks_with_faults() -> list[Any]:
    """The full example with every fault; the others, with every fault as well, in the longer run."""
    return [
        pytest.param(stack, fault, id=f"{stack}-{fault}", marks=[] if stack == FULL else [pytest.mark.sweep])
        for stack, fault in itertools.product(STACKS, FAULTS)
    ]


def climb(
    engine: EngineStack,
    *,
    at_most: int,
    command: tuple[str, ...] = UP,
    always: Callable[[], bool] = lambda: True,
) -> list[Run]:
    """Run `up` until it ends well; `always` holds after each run."""
    runs = []
    for _ in range(at_most):
        runs.append(engine.cli(*command, fails=None))
        assert [o for o in runs[-1].operations if o.outcome == "refused"] == [], runs[-1].output
        assert always(), [(o.op, o.id, o.outcome) for run in runs for o in run.operations if o.type == GROUP]
        if runs[-1].ok:
            return runs
    raise AssertionError(f"no end after {at_most} runs\n{runs[-1].output}")


def struck(runs: list[Run]) -> set[tuple[str, str, str]]:
    """(operation, type, name) of all that a fault struck."""
    outcomes = {"failed", "timeout", "init-failed"}
    return {(o.op, o.type, o.name) for run in runs for o in run.operations if o.outcome in outcomes}


def assert_settled(engine: EngineStack) -> None:
    """State and clouds hold the same objects, each once; nothing is left over or to do."""
    if engine.export().get("pending_operations"):
        engine.cli("refresh", "--yes", "--skip-preview", "--clear-pending-creates")
    state = engine.export()
    known = [
        (r["type"], r["urn"], r["id"]) for r in state["resources"] if r.get("custom") and "pulumi:providers" not in r["type"]
    ]
    living = [(t.type, t.urn, t.id) for t in engine.cloud.live() if not t.type.startswith("standin:")]
    assert sorted(known) == sorted(living)  # nothing orphaned, nothing forgotten
    assert [urn for urn, times in Counter(urn for _, urn, _ in living).items() if times > 1] == []  # nothing twice
    assert not state.get("pending_operations")
    again = engine.up()
    assert (again.planned(), [o for o in again.operations if o.op not in ("invoke", "read")]) == ([], [])


def created(runs: list[Run]) -> Counter[tuple[str, str]]:
    """How many objects came into being, by type and name."""
    return Counter(
        (o.type, o.name) for run in runs for o in run.operations if o.op == "create" and o.outcome in ("ok", "init-failed")
    )


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory, standin_only: Home) -> Callable[[str], EngineStack]:
    """Stacks that nothing is deployed of, each to be forked."""
    made: dict[str, EngineStack] = {}

    def get(stack: str) -> EngineStack:
        if stack not in made:
            made[stack] = prepare(stack, tmp_path_factory.mktemp(stack), standin_only)
        return made[stack]

    return get


@pytest.mark.parametrize(("stack", "fault"), stacks_with_faults())
def test_a_first_up_that_fails_at_every_resource_in_turn_converges(
    stack: str, fault: Action, prepared: Callable[[str], EngineStack], tmp_path: Path
) -> None:
    engine = prepared(stack).fork(tmp_path)
    engine.cloud.fault(fault, op="create", each=True)
    runs = climb(engine, at_most=60)
    made = created(runs)
    assert struck(runs) == {("create", type_, name) for type_, name in made}  # every single one was struck
    # A group whose machines never came up is replaced (decision 7); everything else is made exactly once.
    twice = {type_ for (type_, _), times in made.items() if times > 1}
    assert twice == ({GROUP} if fault == "init-failed" else set())
    assert [o.type for run in runs for o in run.operations if o.op == "delete"] == ([GROUP] if fault == "init-failed" else [])
    assert_settled(engine)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, standin_only: Home) -> EngineStack:
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
    "fault", ["fail", pytest.param("timeout", marks=pytest.mark.sweep), pytest.param("init-failed", marks=pytest.mark.sweep)]
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
    assert struck(runs) == done  # every single one was struck
    assert {("update", TUNNEL), ("update", TEMPLATE), ("create", GROUP), ("update", PARAMETER)} <= {hit[:2] for hit in done}
    assert fault == "init-failed" or ("delete", GROUP) in {hit[:2] for hit in done}
    # No run deletes the healthy group before another one is ready.
    for number, run in enumerate(runs):
        if healthy.id in run.done("delete", GROUP):
            assert any(
                o.op == "create" and o.type == GROUP and o.outcome == "ok" for r in runs[: number + 1] for o in r.operations
            )
    (fresh,) = engine.cloud.live(GROUP)
    assert (fresh.id != healthy.id, fresh.ready) == (True, True)
    assert [(thing.type, thing.id) for thing in engine.cloud.live(*LASTING)] == lasting
    assert_settled(engine)


@pytest.mark.parametrize(
    ("stack", "fault"),
    [
        (FULL, "fail"),
        pytest.param(FULL, "timeout", marks=pytest.mark.sweep),
        pytest.param(SMALL, "die-before", marks=pytest.mark.sweep),
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
    deleted = Counter((o.op, o.type, o.name) for run in runs for o in run.operations if o.op == "delete" and o.outcome == "ok")
    assert deleted == Counter(standing)
    assert (engine.cloud.live(), engine.export().get("resources", [])) == ([], [])


# A process that died after the effect: the one thing that the engine cannot put right by itself ------------------------


def test_a_plugin_that_dies_after_the_effect_leaves_an_object_that_only_the_user_can_settle(
    prepared: Callable[[str], EngineStack], tmp_path: Path
) -> None:
    engine = prepared(SMALL).fork(tmp_path)
    engine.cloud.fault("die-after", op="create", type=TUNNEL)
    assert "error reading from server: EOF" in engine.cli(*UP, fails=True).output
    orphan = engine.cloud.one(TUNNEL)
    assert orphan.urn not in {resource["urn"] for resource in engine.export()["resources"]}
    # What has a name of its own is not made twice: the API refuses it, and says what is in the way.
    assert "You already have a tunnel with this name" in engine.cli(*UP, fails=True).output
    engine.cloud.remove(TUNNEL, orphan.id)  # in Cloudflare's dashboard; nothing is connected to it
    engine.cli(*UP)
    assert_settled(engine)
