"""The final snapshots of databases that take one another's place, with the real Pulumi CLI."""

from __future__ import annotations

from pathlib import Path

import pytest

from .cloud_types import SNAPSHOT
from .harness import EngineStack
from .stacks import DATABASE, changes

with_database = pytest.mark.parametrize("engine", ["image2model"], indirect=True)


def unprotected(engine: EngineStack) -> str:
    """The database's URN, once nothing keeps it."""
    engine.configure(**{"drawbridge:protect": "false"})
    engine.up()
    (database,) = engine.cloud.live(DATABASE)
    return database.urn


@with_database
def test_each_database_that_is_replaced_or_destroyed_leaves_a_snapshot_of_its_own(
    engine: EngineStack,
) -> None:
    urn = unprotected(engine)
    names = [thing.outputs["finalSnapshotIdentifier"] for thing in engine.cloud.live(DATABASE)]
    for _ in range(2):
        assert ("create", DATABASE) in changes(engine.up(replace=[urn]))
        (database,) = engine.cloud.live(DATABASE)
        names.append(database.outputs["finalSnapshotIdentifier"])
    assert changes(engine.up()) == []
    engine.destroy()
    assert sorted(thing.id for thing in engine.cloud.live(SNAPSHOT)) == sorted(set(names))
    assert len(names) == len(set(names)) == 3


@with_database
def test_a_plan_holds_whatever_the_snapshot_will_be_called(engine: EngineStack, tmp_path: Path) -> None:
    urn = unprotected(engine)
    plan = str(tmp_path / "plan.json")
    engine.preview(plan=plan, replace=[urn])
    assert ("create", DATABASE) in changes(engine.up(plan=plan, replace=[urn]))
    engine.preview(plan=plan)
    assert changes(engine.up(plan=plan)) == []
