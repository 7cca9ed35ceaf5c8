"""The grave ones of the scripted changes, judged from the real engine's preview: it must come to the same."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from preview.analysis.verdict import compare_plan
from preview.changes import Consequence
from preview.evaluate.program import evaluate
from tests.evaluations import ROOT, canary, example_file, secret_names
from tests.preview.scripted import SCRIPTED, Scripted

from .harness import EngineStack, copy_project

PREFIX = "drawbridge-prod-"
ASKED = [change for change in SCRIPTED if change.engine]


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory, plugins: Path) -> dict[tuple[str, str], EngineStack]:
    """Every example that a change starts from, once `up`."""
    made: dict[tuple[str, str], EngineStack] = {}
    for change in ASKED:
        key = change.example, str(change.base)
        if key not in made:
            place = tmp_path_factory.mktemp("deployed")
            project = copy_project(ROOT, place / "project")
            shutil.copy(example_file(change.example), project / "Pulumi.prod.yaml")
            engine = EngineStack(project, "prod", place, plugins)
            engine.edit(change.base)
            for name in secret_names(change.example):
                engine.secret(f"drawbridge:secrets.{name}", canary(name))
            engine.up()
            made[key] = engine
    return made


@pytest.mark.parametrize("change", ASKED, ids=str)
def test_the_engines_preview_is_judged_the_same(
    change: Scripted, deployed: dict[tuple[str, str], EngineStack], tmp_path: Path
) -> None:
    engine = deployed[change.example, str(change.base)].fork(tmp_path)
    engine.edit(change.edit)
    if change.program:
        file, old, new = change.program
        text = (engine.project / file).read_text()
        assert old in text
        (engine.project / file).write_text(text.replace(old, new))
    # A protected database makes the preview itself fail: its plan is judged as far as it goes.
    fails = change.verdict is Consequence.DATA_LOSS and _touches_protected(change)
    (tmp_path / "plan.json").write_text(engine.cli("preview", "--json", "--show-sames", fails=fails).output)
    comparison = compare_plan(str(tmp_path / "plan.json"), evaluate(engine.project, config_file=engine.file))
    assert "canary-" not in (tmp_path / "plan.json").read_text()
    assert bool(comparison.errors) is fails
    assert comparison.consequence == change.verdict
    changes = {found.name.removeprefix(PREFIX): found for found in comparison.changed}
    for name, action, consequence, because in change.changed:
        assert (changes[name].action, changes[name].consequence, changes[name].because) == (
            action,
            consequence,
            because,
        )
    opens = {(item.kind, item.subject.removeprefix(PREFIX)) for item in comparison.exposures}
    assert opens == set(change.opens)


@pytest.mark.parametrize("engine", ["image2model"], indirect=True)
def test_outputs_are_judged_from_the_engines_plan(engine: EngineStack, tmp_path: Path) -> None:
    """The state has real ids and masks secrets: what stays is known again, and what another hostname breaks is said."""

    def judged() -> list[str]:
        (tmp_path / "plan.json").write_text(engine.cli("preview", "--json", "--show-sames").output)
        comparison = compare_plan(
            str(tmp_path / "plan.json"), evaluate(engine.project, config_file=engine.file)
        )
        return [item.output for item in comparison.contract]

    assert judged() == []

    def rename(config: dict[str, Any]) -> None:
        config["drawbridge:routes"][2]["hostname"] = "office.example.com"

    engine.edit(rename)
    assert {"urls.admin.example.com", "websocketUrls.admin.example.com"} <= set(judged())


def _touches_protected(change: Scripted) -> bool:
    return any(
        name in ("database-postgres", "storage-files") and action in ("deleted", "replaced")
        for name, action, *_ in change.changed
    )
