"""Decision 7: a failed release never costs the healthy group. Each defence by itself, and what happens without it.

The trap: the creation of the new group fails after the engine knows its id. State then says "new group: current, old group:
to be deleted", and the next run that ends without an error deletes the old group, although it alone serves.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from .cloud_types import GROUP
from .harness import EngineStack, Run, copy_project

Fork = Callable[..., EngineStack]
PROGRAM = Path(__file__).parent / "release"


@pytest.fixture(scope="module")
def after_failed_release(tmp_path_factory: pytest.TempPathFactory, plugins: Path) -> Fork:
    """Gives a stack whose release `v1` serves and whose release `v2` never got a healthy machine, `v2` still configured."""
    made: dict[tuple[bool, bool], EngineStack] = {}

    def fork(*, replace: bool, check: bool) -> EngineStack:
        if (replace, check) not in made:
            place = tmp_path_factory.mktemp(f"replace-{replace}-check-{check}".lower())
            engine = EngineStack(copy_project(PROGRAM, place / "project"), "dev", place, plugins)
            defences = {"release:replace": replace, "release:check": check}
            engine.configure(**{"aws:region": "eu-west-1", "release:version": "v1", **defences})
            engine.up()
            engine.cloud.fault("init-failed", op="create", type=GROUP, unready_machines=1)
            engine.configure(**{"release:version": "v2"})
            failed = engine.up(fails=True)
            assert failed.done("delete") == []
            assert "have 0" in failed.output
            made[replace, check] = engine
        return made[replace, check].fork(tmp_path_factory.mktemp("fork"))

    return fork


def groups(engine: EngineStack) -> list[bool]:
    """Of every live group, oldest first: is it ready?"""
    return [group.ready for group in engine.cloud.live(GROUP)]


def go_on(engine: EngineStack, route: str, *, fails: bool) -> Run:
    """What a user does next, without changing anything."""
    if route == "refresh, then up":
        engine.refresh()
    return engine.up(fails=fails, refresh=route == "up --refresh")


ROUTES = ("up", "refresh, then up", "up --refresh")
KEPT = {  # (#initerror, check, route): what the next run leaves alive
    (False, False, "up"): [False],
    (False, False, "refresh, then up"): [False],
    (False, False, "up --refresh"): [False],
    (True, False, "up"): [True],
    (True, False, "refresh, then up"): [False],
    (True, False, "up --refresh"): [False],
    (False, True, "up"): [True, False],
    (False, True, "refresh, then up"): [True, False],
    (False, True, "up --refresh"): [True, False],
    (True, True, "up"): [True],
    (True, True, "refresh, then up"): [True, False],
    (True, True, "up --refresh"): [True, False],
}
UNGUARDED = [key for key, alive in KEPT.items() if alive == [False]]
STOPPED = [key for key, alive in KEPT.items() if alive == [True, False]]


def test_the_table_leaves_no_case_out() -> None:
    assert set(KEPT) == set(itertools.product((False, True), (False, True), ROUTES))


@pytest.mark.parametrize("replace, check, route", UNGUARDED)
def test_the_trap_is_real(after_failed_release: Fork, replace: bool, check: bool, route: str) -> None:
    engine = after_failed_release(replace=replace, check=check)
    healthy, broken = engine.cloud.live(GROUP)
    run = go_on(engine, route, fails=False)
    assert run.done("delete") == [healthy.id]
    assert [group.id for group in engine.cloud.live(GROUP)] == [broken.id]
    assert groups(engine) == [False]


@pytest.mark.parametrize("replace, check, route", STOPPED)
def test_the_check_stops_the_run_and_so_keeps_the_healthy_group(
    after_failed_release: Fork, replace: bool, check: bool, route: str
) -> None:
    engine = after_failed_release(replace=replace, check=check)
    for _ in range(2):  # stubbornness does not help either
        run = go_on(engine, route, fails=True)
        assert "the current group has no ready machine" in run.output
        assert run.done("delete") == []
        assert groups(engine) == [True, False]


@pytest.mark.parametrize("check", [False, True])
def test_initerror_makes_the_next_up_try_a_fresh_group(after_failed_release: Fork, check: bool) -> None:
    engine = after_failed_release(replace=True, check=check)
    healthy, broken = engine.cloud.live(GROUP)
    run = engine.up()
    (fresh,) = engine.cloud.live(GROUP)
    assert fresh.ready
    changes = [(o.op, o.id) for o in run.operations if o.type == GROUP]
    assert changes[0] == ("create", fresh.id)
    assert sorted(changes[1:]) == sorted([("delete", healthy.id), ("delete", broken.id)])


@pytest.mark.parametrize("check", [False, True])
def test_a_release_that_fails_again_and_again_deletes_nothing(
    after_failed_release: Fork, check: bool
) -> None:
    engine = after_failed_release(replace=True, check=check)
    engine.cloud.fault("init-failed", op="create", type=GROUP, times=2)
    for tries in (2, 3):
        run = engine.up(fails=True)
        assert run.done("delete") == []
        assert groups(engine) == [True] + [False] * tries


@pytest.mark.parametrize("route", ROUTES[1:])
def test_a_corrected_release_replaces_both_groups_after_it_serves(
    after_failed_release: Fork, route: str
) -> None:
    engine = after_failed_release(replace=True, check=True)
    earlier = [group.id for group in engine.cloud.live(GROUP)]
    go_on(engine, route, fails=True)
    engine.configure(**{"release:version": "v3"})
    run = engine.up()
    (fresh,) = engine.cloud.live(GROUP)
    assert fresh.ready
    changes = [(o.op, o.id) for o in run.operations if o.type == GROUP and o.op != "read"]
    assert changes[0] == ("create", fresh.id)
    assert sorted(id_ for op, id_ in changes[1:] if op == "delete") == sorted(earlier)


def test_a_preview_after_the_failure_asks_the_cloud_nothing(after_failed_release: Fork) -> None:
    engine = after_failed_release(replace=True, check=True)
    run = engine.preview()
    assert run.operations == ()
    assert [step for step in run.planned(GROUP) if step[0] == "create-replacement"] == [
        ("create-replacement", "app")
    ]


def test_continue_on_error_deletes_nothing_either_while_the_release_fails(after_failed_release: Fork) -> None:
    engine = after_failed_release(replace=True, check=True)
    engine.cloud.fault("init-failed", op="create", type=GROUP)
    run = engine.cli("up", "--yes", "--skip-preview", "--continue-on-error", fails=True)
    assert run.done("delete") == []
    assert groups(engine) == [True, False, False]
