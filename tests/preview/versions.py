"""Two versions of the real program and its stack file, evaluated and compared as the command line does it."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from preview.aliases import former_resources, renamed
from preview.analysis.verdict import compare
from preview.changes import Change, Comparison
from preview.evaluate.program import evaluate, probed
from preview.resources import Evaluation
from tests.evaluations import ROOT, example_file

Config = dict[str, Any]
PREFIX = "drawbridge-prod-"


def stack_file(place: Path, example: str, edit: Callable[[Config], object] = lambda _: None) -> Path:
    """An example's stack file with its `config` edited."""
    document = yaml.safe_load(example_file(example).read_text())
    edit(document["config"])
    file = place / "Pulumi.prod.yaml"
    file.write_text(yaml.safe_dump(document, sort_keys=False))
    return file


@functools.cache
def _as_it_is(example: str) -> Evaluation:
    return probed(evaluate(ROOT, config_file=example_file(example)), ROOT)


def program_with(place: Path, *edits: tuple[str, str, str]) -> Path:
    """A copy of the program with texts of its files replaced: (file, old, new) each."""
    for part in ("model", "components", "cloud-init", "examples"):
        shutil.copytree(ROOT / part, place / part, ignore=shutil.ignore_patterns("__pycache__"))
    for part in ("__main__.py", "Pulumi.yaml"):
        shutil.copy(ROOT / part, place / part)
    for file, old, new in edits:
        text = (place / file).read_text()
        assert old in text, f"{file} no longer has the text that this change edits"
        (place / file).write_text(text.replace(old, new))
    return place


def settings_changed(place: Path, example: str, edit: Callable[[Config], object]) -> Comparison:
    """The example as it is, and with its settings edited."""
    later = evaluate(ROOT, config_file=stack_file(place, example, edit))
    return compare(_as_it_is(example), probed(later, ROOT))


def program_changed(place: Path, example: str, *edits: tuple[str, str, str]) -> Comparison:
    """The example under the program as it is, and under the program edited."""
    root = program_with(place / "program", *edits)
    after = evaluate(root, config_file=example_file(example))
    before = evaluate(ROOT, config_file=example_file(example))
    before = probed(before, ROOT, renamed(former_resources(before, after), after))
    return compare(before, probed(after, root))


def paths(comparison: Comparison) -> dict[str, list[str]]:
    """The paths that differ by the changed resource's name without its prefix."""
    return {c.name.removeprefix(PREFIX): [d.path for d in c.differences] for c in comparison.changed}


def named(comparison: Comparison, name: str) -> Change:
    (found,) = [change for change in comparison.changes if change.name == PREFIX + name]
    return found
