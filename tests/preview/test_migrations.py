"""What a release means for a database that an earlier one has migrated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from preview.analysis.consequences.migrations import _back, _forward
from preview.analysis.consequences.services import _DEMANDS, _DESTROYS, _only_adds, _sql
from preview.analysis.verdict import compare
from preview.changes import Consequence
from tests.evaluations import ROOT, deployed
from tests.preview.test_app_consequences import COMPOSE, after_edits, effects

IMAGE = "ghcr.io/casecheck/backend"


def _app(example: str, release: str) -> dict[str, Any]:
    config = yaml.safe_load((ROOT / "examples" / example / "Pulumi.prod.yaml").read_text())["config"]
    app: dict[str, Any] = config["drawbridge:app"]
    return {**app, "env": {**app["env"], "RELEASE": release}}


def _release(example: str, was: str, now: str) -> tuple[Consequence, list[str]]:
    """The whole comparison's consequence, and what is said of the group."""
    change = compare(
        deployed(example, app=_app(example, was)),
        deployed(example, app=_app(example, now)),
    )
    said = [e.why for c in change.changed for e in c.effects if c.type.endswith(":Group")]
    return change.consequence, said


def test_an_earlier_release_of_an_app_that_migrates_is_not_called_rolling() -> None:
    consequence, said = _release("casecheck", "v1.8.0", "v1.7.4")
    assert consequence == Consequence.UNKNOWN
    assert (
        f"migrate goes back from {IMAGE}:v1.8.0 to {IMAGE}:v1.7.4: whether that works on a database that {IMAGE}:v1.8.0 has "
        "migrated is not known here; if it ends with an error, no new machine serves and the old ones go on"
    ) in said


def test_a_later_release_says_that_its_migration_is_not_judged() -> None:
    consequence, said = _release("casecheck", "v1.8.0", "v1.9.0")
    assert consequence == Consequence.ROLLING
    assert (
        f"migrate runs {IMAGE}:v1.9.0 on the database while the old machines still serve; what it changes in the schema is "
        "not judged here, nor whether there is a way back"
    ) in said


def test_tags_without_an_order_are_said_to_have_none() -> None:
    consequence, said = _release("casecheck", "4f3ac21", "sha-90bbde1")
    assert consequence == Consequence.ROLLING
    assert (
        f"migrate runs {IMAGE}:sha-90bbde1 (before: {IMAGE}:4f3ac21) on the same database: which one is the earlier is not to "
        "be seen, and an earlier one may not know the schema"
    ) in said


@pytest.mark.slow
def test_an_app_that_goes_back_without_its_migration_meets_a_later_schema() -> None:
    consequence, said = _release("memberapi", "v0.4.0", "v0.3.9")
    assert consequence == Consequence.UNKNOWN
    assert [why for why in said if why.startswith("api goes back")] == [
        "api goes back from ghcr.io/ose-tw/memberapi:v0.4.0 to ghcr.io/ose-tw/memberapi:v0.3.9, and the database's schema does "
        "not: whether ghcr.io/ose-tw/memberapi:v0.3.9 works on what the release of ghcr.io/ose-tw/memberapi:v0.4.0 has left is "
        "not known here"
    ]


@pytest.mark.slow
def test_another_command_of_a_migration_is_said(clone: Path) -> None:
    change = after_edits(
        clone, "casecheck", ("[alembic, upgrade, head]", "[alembic, upgrade, a1b2c3]", COMPOSE)
    )
    assert (
        "migrate runs another command on the database while the old machines still serve; what it changes in the schema is not "
        "judged here, nor whether there is a way back"
    ) in effects(change, Consequence.ROLLING)


@pytest.mark.parametrize(
    "was, now, back, forward",
    [
        ("a:v1.8.0", "a:v1.7.9", True, False),
        ("a:1.10", "a:1.9", True, False),
        ("a:1.9-alpine", "a:1.10-alpine", False, True),
        ("r:5000/a:2", "r:5000/a:1", True, False),
        ("a:2@sha256:00", "a:1@sha256:11", True, False),
        ("a:2", "b:1", False, False),
        ("a@sha256:00", "a@sha256:11", False, False),
        ("r:5000/a", "r:5000/a", False, False),
        ("a:4f3ac21", "a:3", False, False),
        ("a:1.0-rc1", "a:1.0", False, False),
        ("a:${TAG}", "a:1", False, False),
    ],
)
def test_which_of_two_images_is_the_earlier(was: str, now: str, back: bool, forward: bool) -> None:
    assert (_back(was, now), _forward(was, now)) == (back, forward)


VERSIONS = st.lists(st.integers(0, 10**6), min_size=1, max_size=4).map(tuple)


@given(VERSIONS, VERSIONS)
def test_back_and_forward_are_the_order_of_the_numbers(was: tuple[int, ...], now: tuple[int, ...]) -> None:
    images = ["app:" + ".".join(map(str, numbers)) for numbers in (was, now)]
    assert (_back(*images), _forward(*images)) == (now < was, was < now)


MIGRATIONS = yaml.safe_load((ROOT / "tests/preview/migrations.yaml").read_text())


def _calm(migration: str) -> bool:
    return all(_only_adds(s) and not _DESTROYS.search(s) and not _DEMANDS.search(s) for s in _sql(migration))


def test_there_are_twenty_migrations_of_each_kind() -> None:
    assert {kind: len(set(listed)) for kind, listed in MIGRATIONS.items()} == {"harmful": 20, "harmless": 20}


@pytest.mark.parametrize("migration", MIGRATIONS["harmful"])
def test_no_harmful_migration_is_calm(migration: str) -> None:
    assert not _calm(migration)


@pytest.mark.parametrize("migration", MIGRATIONS["harmless"])
def test_a_migration_that_only_adds_is_calm(migration: str) -> None:
    assert _calm(migration)
