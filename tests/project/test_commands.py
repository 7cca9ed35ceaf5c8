"""Commands: what is named anywhere can be run, and git's hooks run what is locked."""

from __future__ import annotations

import re
import shutil
import sys
from importlib import metadata
from pathlib import Path

import yaml

from tests.evaluations import ROOT
from tests.processes import run
from tests.project.files import MAKEFILE, PAGES

RULES = dict(re.findall(r"^([\w$()./-]+):(?!=)(.*)$", MAKEFILE, re.MULTILINE))
TARGETS = {name.replace("$(VENV)", ".venv"): rest for name, rest in RULES.items()}
PHONY = set(re.findall(r"[\w-]+", re.search(r"^\.PHONY: ((?:.|\\\n)*?)$(?<!\\)", MAKEFILE, re.MULTILINE)[1]))  # type: ignore[index]


def test_help_lists_every_target_with_its_text() -> None:
    assert {name for name in TARGETS if "." not in name} == PHONY
    assert [name for name in sorted(PHONY) if not re.search(r" ## \S.{10,}", TARGETS[name])] == []
    listed = run(ROOT, "make", "help").stdout
    assert set(re.findall(r"^make ([\w-]+) +\S", listed, re.MULTILINE)) == PHONY


def test_the_first_target_stays_the_preview() -> None:
    assert next(name for name in TARGETS if name != ".PHONY") == "preview"


def named_targets(path: Path) -> set[str]:
    """The targets that a page's code, or a script's lines, call make with."""
    text = path.read_text()
    if path.suffix == ".md":
        blocks = re.findall(r"^ *```.*?^ *```", text, re.MULTILINE | re.DOTALL)
        text = "\n".join([*re.findall(r"`([^`\n]+)`", text), *blocks])
    return set(re.findall(r"""(?:^ *(?:sudo )?|&& |")make ([a-z][\w-]*)(?=[" \n]|$)""", text, re.MULTILINE))


def test_every_target_that_is_named_exists() -> None:
    others = [".ci/run", ".pre-commit-config.yaml", ".devcontainer/devcontainer.json", "mkdocs.yml"]
    named = {
        (str(path.relative_to(ROOT)), target)
        for path in [*PAGES, *(ROOT / other for other in others)]
        for target in named_targets(path)
    }
    assert {"preview", "test", "lint", "hooks"} <= {target for _, target in named}
    assert {(file, target) for file, target in named if target not in PHONY} == set()


def test_check_is_what_ci_does() -> None:
    assert {"test", "lint", "docs", "sbom", "emulated", "walk"} <= named_targets(ROOT / ".ci/run")
    planned = run(ROOT, "make", "--dry-run", "check").stdout.splitlines()
    assert ".ci/run" in planned
    jobs = yaml.safe_load((ROOT / ".github/workflows/check.yml").read_text())["jobs"]
    commands = {step["run"] for job in jobs.values() for step in job["steps"] if "run" in step}
    assert {"sudo .ci/run", "make rehearse"} <= commands


HOOKS = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]


def test_hooks_download_nothing_and_run_what_is_locked() -> None:
    assert [source["repo"] for source in HOOKS] == ["local"]
    scripts = {
        file.name
        for item in metadata.distributions()
        for file in item.files or []
        if file.parent.name == "bin"
    }
    for hook in HOOKS[0]["hooks"]:
        assert hook["language"] == "system", hook["id"]
        program = hook["entry"].split()[0]
        assert program.startswith(".venv/bin/"), hook["id"]
        assert Path(program).name in {*scripts, "python"}, hook["id"]


def test_hooks_stop_a_commit(tmp_path: Path) -> None:
    """The style hook on a file with an import that nothing uses, with pre-commit itself."""
    root = tmp_path / "repository"
    root.mkdir()
    run(root, "git", "init", "--quiet")
    for name in (".pre-commit-config.yaml", "pyproject.toml"):
        shutil.copy(ROOT / name, root)
    (root / ".venv").symlink_to(Path(sys.prefix))
    (root / "fault.py").write_text("import json\nprint(undefined)\n")
    (root / "sound.py").write_text("print(1)\n")
    run(root, "git", "add", "--all", "--", ":!.venv")
    hook = (sys.executable, "-m", "pre_commit", "run", "ruff-check", "--files")
    home = {"PRE_COMMIT_HOME": str(tmp_path / "home")}
    passed, stopped = run(root, *hook, "sound.py", **home), run(root, *hook, "fault.py", **home)
    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert stopped.returncode == 1
    assert "F821" in stopped.stdout
