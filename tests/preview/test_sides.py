"""What is compared with what: refs, commits, days, files, stacks and versions of both sides."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from preview.changes import Side
from preview.evaluate import sides
from preview.evaluate.against import Earlier, earlier
from tests.evaluations import ROOT

WHEN = "2026-11-21T10:00:00+00:00"


def git(place: Path, *arguments: str) -> str:
    who = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
    days = {"GIT_COMMITTER_DATE": WHEN, "GIT_AUTHOR_DATE": WHEN}
    command = ["git", *who, *arguments]
    done = subprocess.run(
        command, cwd=place, check=True, capture_output=True, text=True, env={**os.environ, **days}
    )
    return done.stdout.strip()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A repository with a program of version 1.4.0 and one stack file, committed on `main`."""
    shutil.copy(ROOT / "Pulumi.prod.yaml", tmp_path / "Pulumi.prod.yaml")
    (tmp_path / "Pulumi.yaml").write_text("name: drawbridge\nruntime: python\n")
    (tmp_path / "__main__.py").write_text("")
    (tmp_path / "VERSION").write_text("1.4.0\n")
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "as it is")
    return tmp_path


def test_a_clean_tree_is_its_branch_and_a_changed_one_says_so(place: Path) -> None:
    file, commit = place / "Pulumi.prod.yaml", git(place, "rev-parse", "HEAD")
    expected = Side(
        ref="main", commit=commit, date=WHEN, file="Pulumi.prod.yaml", stack="prod", version="1.4.0"
    )
    assert sides.present(place, file, "prod") == expected
    (place / "VERSION").write_text("1.5.0\n")
    now = sides.present(place, file, "prod")
    assert (now.ref, now.commit, now.version) == ("working tree", commit, "1.5.0")


def test_a_ref_has_its_own_version_file_and_commit(place: Path) -> None:
    commit = git(place, "rev-parse", "HEAD")
    (place / "VERSION").write_text("1.5.0\n")
    with earlier(place, "main", stack="prod", config_file=None) as there:
        assert sides.earlier(place, "main", there, "prod") == Side(
            ref="main", commit=commit, date=WHEN, file="Pulumi.prod.yaml", stack="prod", version="1.4.0"
        )
    with earlier(place, "main", stack="new", config_file=None) as there:
        found = sides.earlier(place, "main", there, "new")
        assert (found.file, found.stack, str(found)) == (
            "",
            "",
            f"main ({commit[:12]} of 2026-11-21), no such stack file, Drawbridge 1.4.0",
        )


def test_another_stack_file_has_no_commit_of_its_own(place: Path) -> None:
    other = place / "Pulumi.before.yaml"
    shutil.copy(place / "Pulumi.prod.yaml", other)
    there = Earlier(root=place, file=other, program=place, borrowed=True)
    assert sides.earlier(place, "Pulumi.before.yaml", there, "prod") == Side(
        ref="Pulumi.before.yaml", file="Pulumi.before.yaml", stack="prod", version="1.4.0"
    )


def test_outside_of_a_repository_nothing_is_made_up(place: Path) -> None:
    shutil.rmtree(place / ".git")
    found = sides.present(place, place / "Pulumi.prod.yaml", "prod")
    assert (found.ref, found.commit, found.date) == ("working tree", "", "")
    assert str(found) == "working tree, Pulumi.prod.yaml, stack prod, Drawbridge 1.4.0"
