"""The real engine takes for the same resource what the preview takes for it."""

from __future__ import annotations

import json
from pathlib import Path

from preview.diff.compare import steps
from preview.evaluate.program import evaluate

from .harness import EngineStack, copy_project

PROGRAM = Path(__file__).parent / "renames"


def test_renamed_resources_are_the_same_to_the_engine_and_to_the_preview(
    plugins: Path, tmp_path: Path
) -> None:
    engine = EngineStack(copy_project(PROGRAM, tmp_path / "project"), "dev", tmp_path, plugins)
    engine.configure(**{"aws:region": "eu-west-1", "renames:version": "old"})
    engine.up()
    before = evaluate(engine.project, config_file=engine.file)
    engine.configure(**{"renames:version": "new"})
    after = evaluate(engine.project, config_file=engine.file)
    plan = json.loads(engine.cli("preview", "--json", "--show-sames").output)
    kinds = {"same": "kept", "update": "kept", "create": "created", "delete": "deleted"}
    engines = {
        (step["urn"].rpartition("::")[2], kinds[step["op"]])
        for step in plan["steps"]
        if "sns/topic" in step["urn"]
    }
    words = {"unchanged": "kept", "updated": "kept"}
    ours = {(step.name, words.get(step.action, step.action)) for step in steps(before, after)}
    assert ours == engines
    assert {name for name, what in ours if what != "kept"} == {"without", "nobody", "somebody"}
