"""Every scripted change gets its verdict: consequence, what is replaced and why, and what it opens."""

from __future__ import annotations

import functools
import shutil
from pathlib import Path

import pytest
import yaml

from preview.analysis.verdict import compare
from preview.changes import Comparison
from preview.evaluate.program import evaluate, probed
from preview.resources import Evaluation
from tests.evaluations import ROOT, example_file
from tests.preview.scripted import SCRIPTED, Config, Scripted, unchanged

pytestmark = pytest.mark.slow

PREFIX = "drawbridge-prod-"


@functools.cache
def _text(example: str) -> str:
    return example_file(example).read_text()


def _evaluated(root: Path, place: Path, scripted: Scripted, *, changed: bool) -> Evaluation:
    document = yaml.safe_load(_text(scripted.example))
    config: Config = document["config"]
    scripted.base(config)
    if changed:
        scripted.edit(config)
    file = place / "Pulumi.prod.yaml"
    file.write_text(yaml.safe_dump(document, sort_keys=False))
    return evaluate(root, config_file=file)


def program_with(place: Path, file: str, old: str, new: str) -> Path:
    """A copy of the program with one text of one file replaced."""
    for part in ("model", "components", "cloud-init", "examples"):
        shutil.copytree(ROOT / part, place / part, ignore=shutil.ignore_patterns("__pycache__"))
    for part in ("__main__.py", "Pulumi.yaml"):
        shutil.copy(ROOT / part, place / part)
    text = (place / file).read_text()
    assert old in text, f"{file} no longer has the line that this change edits"
    (place / file).write_text(text.replace(old, new))
    return place


_BEFORE: dict[str, Evaluation] = {}


def _compared(scripted: Scripted, place: Path) -> Comparison:
    root = program_with(place / "program", *scripted.program) if scripted.program else ROOT
    # Most changes start from the example as it is.
    key = str(scripted.base) if scripted.base is not unchanged else scripted.example
    if key not in _BEFORE:
        _BEFORE[key] = _evaluated(ROOT, place, scripted, changed=False)
    before, after = _BEFORE[key], _evaluated(root, place, scripted, changed=True)
    if scripted.probed:
        before, after = probed(before, ROOT), probed(after, root)
    return compare(before, after)


@pytest.fixture(params=SCRIPTED, ids=str)
def scripted(request: pytest.FixtureRequest) -> Scripted:
    found: Scripted = request.param
    return found


def test_a_scripted_change_gets_its_verdict(scripted: Scripted, tmp_path: Path) -> None:
    comparison = _compared(scripted, tmp_path)
    assert comparison.consequence == scripted.verdict
    changes = {change.name.removeprefix(PREFIX): change for change in comparison.changed}
    for name, action, consequence, because in scripted.changed:
        change = changes[name]
        assert (change.action, change.consequence, change.because) == (action, consequence, because), change
    for name, text in scripted.says:
        assert text in changes[name].why
    opens = {(item.kind, item.subject.removeprefix(PREFIX)) for item in comparison.exposures}
    assert opens == set(scripted.opens)


def test_there_are_enough_of_them_and_every_grave_one_is_asked_of_the_engine() -> None:
    assert len(SCRIPTED) >= 25
    grave = [change for change in SCRIPTED if change.opens or change.verdict.name == "DATA_LOSS"]
    # Another region moves the providers themselves, which the engine's plan gives no step of its own.
    assert [change.name for change in grave if not change.engine] == [
        "another region",
        "another database name",
        # What the new machines no longer see stands in their cloud-init, and the plan has the earlier one as a secret.
        "another database name and role",
        "a volume gets another name",
        "a host directory in place of the volume",
        "nobody mounts the volume any more",
        # The plan hides values, so another form of one is not seen in it.
        "a generated value in another encoding",
        "a generated value in another encoding by cloud-init",
    ]
