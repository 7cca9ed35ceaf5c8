"""The CLI is interrupted or killed while operations hang: what is left, and what settles it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from signal import SIGINT, SIGKILL, Signals

import pytest

from .harness import EngineStack, Run
from .ladders import DESTROY, SMALL, UP, assert_settled, created, discard, orphans
from .stacks import FILE_SYSTEM, TUNNEL

VPC = "aws:ec2/vpc:Vpc"
QUIET = 1.5  # seconds without an answer from any cloud: what can go on has gone on

Prepared = Callable[[str], EngineStack]


def standing(engine: EngineStack) -> Callable[[], bool]:
    """True once operations hang and nothing else goes on."""
    seen, since = len(engine.cloud.operations()), time.monotonic()
    before = seen

    def check() -> bool:
        nonlocal seen, since
        operations = engine.cloud.operations()
        if len(operations) != seen:
            seen, since = len(operations), time.monotonic()
        hangs = any(operation.outcome == "hanging" for operation in operations[before:])
        return hangs and time.monotonic() - since > QUIET

    return check


def unlock(engine: EngineStack) -> None:
    """What a killed CLI asks of the user first."""
    assert "the stack is currently locked by 1 lock(s)" in engine.cli(*UP, fails=True).output
    engine.cli("cancel", "--yes")


@pytest.mark.sweep
@pytest.mark.parametrize("signals", [(SIGINT, SIGINT), (SIGKILL,)], ids=["interrupted-twice", "killed"])
def test_a_first_up_that_hangs_at_every_operation_in_turn_converges(
    signals: Sequence[Signals], prepared: Prepared, tmp_path: Path
) -> None:
    engine = prepared(SMALL).fork(tmp_path)
    engine.cloud.fault("hang", op="create", each=True)
    runs: list[Run] = []
    while not runs or not runs[-1].ok:
        assert len(runs) < 60, runs[-1].output
        runs.append(engine.interrupted(*UP, when=standing(engine), signals=signals))
        assert len(runs) == 1 or "pending operations from previous deployment" in runs[-1].output
        if not runs[-1].ok and SIGKILL in signals:
            unlock(engine)
    made = created(runs)
    assert engine.cloud.struck() == {
        ("create", type_, name) for type_, name in made
    }  # every single one was struck
    assert set(made.values()) == {1}
    assert [o for run in runs for o in run.operations if o.op == "delete"] == []
    assert_settled(engine)


@pytest.mark.sweep
def test_a_destroy_that_hangs_at_every_object_and_is_interrupted_twice_ends_with_nothing_left(
    prepared: Prepared, tmp_path: Path
) -> None:
    engine = prepared(SMALL).fork(tmp_path)
    engine.configure(**{"drawbridge:protect": "false"})
    engine.up()
    objects = {("delete", thing.type, thing.name) for thing in engine.cloud.live()}
    engine.cloud.fault("hang", op="delete", each=True)
    runs: list[Run] = []
    while not runs or not runs[-1].ok:
        assert len(runs) < 60, runs[-1].output
        runs.append(engine.interrupted(*DESTROY, when=standing(engine), signals=(SIGINT, SIGINT)))
    assert engine.cloud.struck() == objects  # every single one was struck
    assert (engine.cloud.live(), engine.export().get("resources", [])) == ([], [])


def test_a_cli_that_is_interrupted_once_waits_for_what_is_under_way_and_leaves_nothing_pending(
    prepared: Prepared, tmp_path: Path
) -> None:
    engine = prepared(SMALL).fork(tmp_path)
    engine.cloud.fault("slow", op="create", type=VPC, each=True, seconds=4)
    cut = engine.interrupted(*UP, when=lambda: bool(engine.cloud.struck()), signals=(SIGINT,))
    assert (cut.ok, len(cut.done("create", VPC))) == (False, 1)
    assert (orphans(engine), engine.export().get("pending_operations")) == ([], None)
    assert engine.cli(*UP).done("create", VPC) == []
    assert_settled(engine)


# A CLI that was killed after the cloud had made the object, before anybody wrote it down -----------------------------------


@pytest.fixture
def killed(prepared: Prepared, tmp_path: Path) -> EngineStack:
    """Its tunnel and its file system exist; the state has them as pending."""
    engine = prepared(SMALL).fork(tmp_path)
    for type_ in (TUNNEL, FILE_SYSTEM):
        engine.cloud.fault("hang-after", op="create", type=type_)
    engine.interrupted(*UP, when=standing(engine), signals=(SIGKILL,))
    unlock(engine)
    assert {thing.type for thing in orphans(engine)} == {TUNNEL, FILE_SYSTEM}
    assert {p["resource"]["urn"] for p in engine.export()["pending_operations"]} == {
        thing.urn for thing in orphans(engine)
    }
    return engine


def test_pulumi_import_takes_in_what_a_killed_cli_had_made(killed: EngineStack) -> None:
    before = {(thing.type, thing.id) for thing in killed.cloud.live(TUNNEL, FILE_SYSTEM)}
    parents = {p["resource"]["urn"]: p["resource"]["parent"] for p in killed.export()["pending_operations"]}
    for thing in orphans(killed):
        options = ("--parent", f"parent={parents[thing.urn]}", "--protect=false", "--generate-code=false")
        killed.cli("import", thing.type, thing.name, thing.id, *options, "--yes", "--skip-preview")
    killed.cli("refresh", "--yes", "--skip-preview", "--clear-pending-creates")
    finished = killed.cli(*UP)
    assert finished.done("create", TUNNEL) + finished.done("create", FILE_SYSTEM) == []
    assert {(thing.type, thing.id) for thing in killed.cloud.live(TUNNEL, FILE_SYSTEM)} == before
    assert_settled(killed)


def test_an_up_after_a_killed_cli_makes_a_second_of_what_has_no_fixed_name(killed: EngineStack) -> None:
    again = killed.cli(*UP, fails=True)
    assert "You already have a tunnel with this name" in again.output
    assert len(killed.cloud.live(FILE_SYSTEM)) == 2
    for thing in orphans(killed):
        discard(killed, thing)
    killed.cli(*UP)
    assert_settled(killed)


def test_the_clis_own_import_of_pending_creates_forgets_the_object(killed: EngineStack) -> None:
    """Why the documentation tells of `pulumi import`: a CLI in which this test fails can be told of instead."""
    known = [word for thing in orphans(killed) for word in (thing.urn, thing.id)]
    killed.cli("refresh", "--yes", "--skip-preview", *(f"--import-pending-creates={word}" for word in known))
    assert killed.export().get("pending_operations") is None
    assert {thing.type for thing in orphans(killed)} == {TUNNEL, FILE_SYSTEM}
