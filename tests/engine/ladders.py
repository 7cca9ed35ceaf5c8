"""What tests of faults share: running until all is well, and what must hold then.

A ladder covers all operations of a run at once: every object's first operation fails, and `up` is repeated until it ends
well. Each `up` gets one step further: it does what failed the last time, and fails at all that stands on it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from . import refusals
from .cloud import Thing
from .harness import EngineStack, Run
from .stacks import GROUP

UP = ("up", "--yes", "--skip-preview", "--continue-on-error")
DESTROY = ("destroy", "--yes", "--skip-preview", "--continue-on-error")
SMALL = "maycast-recorder"  # for what takes long
FULL = "image2model"  # database, files, parameters, logins, alarms: all that there is


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


def assert_settled(engine: EngineStack) -> None:
    """State and clouds hold the same objects, each once; nothing is left over or to do."""
    if engine.export().get("pending_operations"):
        engine.cli("refresh", "--yes", "--skip-preview", "--clear-pending-creates")
    state = engine.export()
    known = [
        (r["type"], r["urn"], r["id"])
        for r in state["resources"]
        if r.get("custom") and "pulumi:providers" not in r["type"]
    ]
    living = [(t.type, t.urn, t.id) for t in engine.cloud.live() if not t.type.startswith("standin:")]
    assert sorted(known) == sorted(living)  # nothing orphaned, nothing forgotten
    assert [
        urn for urn, times in Counter(urn for _, urn, _ in living).items() if times > 1
    ] == []  # nothing twice
    assert not state.get("pending_operations")
    again = engine.up()
    assert (again.planned(), [o for o in again.operations if o.op not in ("invoke", "read")]) == ([], [])


def created(runs: list[Run]) -> Counter[tuple[str, str]]:
    """How many objects came into being, by type and name."""
    return Counter(
        (o.type, o.name)
        for run in runs
        for o in run.operations
        if o.op == "create" and o.outcome in ("ok", "init-failed")
    )


def orphans(engine: EngineStack) -> list[Thing]:
    """What lives in the clouds and in no state, oldest first; random values live in the state alone."""
    known = {(r["type"], r.get("id")) for r in engine.export()["resources"]}
    living = [thing for thing in engine.cloud.live() if not thing.type.startswith(("random:", "standin:"))]
    return [thing for thing in living if (thing.type, thing.id) not in known]


def discard(engine: EngineStack, thing: Thing) -> None:
    """Delete it in its cloud by hand, which refuses what is in use; a database's own protection is switched off first."""
    thing.outputs.pop("deletionProtection", None)
    with engine.cloud.transaction() as contents:
        assert refusals.refuse_delete(thing, contents) is None
    engine.cloud.remove(thing.type, thing.id)
