"""The template's workflows: Drawbridge's own, for a repository that has Drawbridge in a folder."""

from __future__ import annotations

import re
from pathlib import Path

NAMES = ("preview.yml", "comment.yml", "up.yml", "drift.yml")
_FOLDER = "drawbridge"
_RULES = (
    (r"run: make \.venv/\.installed", f"run: make -C {_FOLDER} install"),
    (r"^(\s*)sparse-checkout: \.github/scripts$", r"\1submodules: true"),
    (r"(?<![\w./-])\.github/scripts/", f"{_FOLDER}/.github/scripts/"),
    (r"pulumi-version-file: ", f"pulumi-version-file: {_FOLDER}/"),
    (r"--noise drift-noise\.yaml", f"--noise {_FOLDER}/drift-noise.yaml"),
    (r"\.venv/bin/python -m", f"{_FOLDER}/bin/python -m"),
)


def workflow(own: str) -> str:
    """A workflow of the template, made of Drawbridge's own."""
    for pattern, replacement in _RULES:
        own = re.sub(pattern, replacement, own, flags=re.MULTILINE)
    steps = re.split(r"(?m)^(?=      - )", own)
    return "# Made from Drawbridge's own workflow of this name.\n" + "".join(map(_with_submodules, steps))


def _with_submodules(step: str) -> str:
    if "uses: actions/checkout@" not in step or "submodules:" in step:
        return step
    assert "        with:\n" in step, step
    return step.replace("        with:\n", "        with:\n          submodules: true\n", 1)


def workflows(root: Path) -> dict[Path, str]:
    """Path and whole text of each."""
    return {
        root / "template/.github/workflows" / name: workflow(
            (root / ".github/workflows" / name).read_text(encoding="utf-8")
        )
        for name in NAMES
    }
