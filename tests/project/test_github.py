"""What GitHub reads of a repository."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
import yaml

from tests.evaluations import ROOT
from tests.processes import run
from tests.project.locks import INPUTS


@pytest.mark.parametrize(
    ("schema", "pattern"),
    [
        ("github-issue-forms", ".github/ISSUE_TEMPLATE/[!c]*.yml"),
        ("github-issue-config", ".github/ISSUE_TEMPLATE/config.yml"),
        ("dependabot", ".github/dependabot.yml"),
    ],
)
def test_what_github_reads_fits_its_schema(schema: str, pattern: str) -> None:
    files = sorted(ROOT.glob(pattern))
    assert files
    checker = Path(sys.executable).parent / "check-jsonschema"
    done = run(ROOT, checker, "--builtin-schema", f"vendor.{schema}", *files)
    assert done.returncode == 0, done.stdout


def test_dependabot_looks_where_requirements_are() -> None:
    updates = yaml.safe_load((ROOT / ".github/dependabot.yml").read_text())["updates"]
    (pip,) = (update for update in updates if update["package-ecosystem"] == "pip")
    assert {ROOT / folder.strip("/") for folder in pip["directories"]} == {path.parent for path in INPUTS}


def test_every_line_of_the_code_owners_owns_something() -> None:
    lines = (ROOT / ".github/CODEOWNERS").read_text().splitlines()
    rules = [line.split() for line in lines if line and not line.startswith("#")]
    assert rules[0][0] == "*"  # nothing is without an owner
    for pattern, *owners in rules:
        assert list(ROOT.glob(pattern.strip("/"))), pattern
        assert owners and all(re.fullmatch(r"@[\w-]+(/[\w-]+)?", owner) for owner in owners), pattern


def test_the_licence_is_whole() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert "Apache License\n" in text and "END OF TERMS AND CONDITIONS" in text
    assert "Copyright 2026 The Drawbridge authors" in text
