"""The version, stated once, and the release made from it."""

from __future__ import annotations

import re
import shutil
import tarfile
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.evaluations import ROOT
from tests.processes import run

VERSION = (ROOT / "VERSION").read_text()


def test_the_version_is_stated_once_and_the_changelog_knows_it() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+\n", VERSION)
    versions = re.findall(
        r"^## (\S+) - (unreleased|\d{4}-\d\d-\d\d)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE
    )
    assert versions[0][0] == VERSION.strip()
    assert [version for version, day in versions[1:] if day == "unreleased"] == []
    assert yaml.safe_load((ROOT / "policy/PulumiPolicy.yaml").read_text())["version"] == VERSION.strip()
    assert "version" not in tomllib.loads((ROOT / "pyproject.toml").read_text()).get("project", {})


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository whose commit is complete as version 1.2.3, and tagged."""
    root = tmp_path / "repository"
    (root / ".ci").mkdir(parents=True)
    shutil.copy(ROOT / ".ci/release", root / ".ci")
    (root / "VERSION").write_text("1.2.3\n")
    (root / "CHANGELOG.md").write_text(
        "# Changelog\n\n## 1.2.3 - 2026-01-02\n\nNew.\n\n## 1.2.2 - 2026-01-01\n\nOld.\n"
    )
    run(root, "git", "init", "--quiet")
    for setting in ("user.name=A", "user.email=a@example.com", "commit.gpgsign=false", "tag.gpgsign=false"):
        run(root, "git", "config", *setting.split("="))
    commit(root)
    run(root, "git", "tag", "v1.2.3")
    return root


def commit(root: Path) -> None:
    run(root, "git", "add", "--all")
    assert run(root, "git", "commit", "--quiet", "--message", "x").returncode == 0


def test_a_release_is_the_same_bytes_when_it_is_made_again(repository: Path, tmp_path: Path) -> None:
    assert run(repository, ".ci/release", "check").returncode == 0
    assert run(repository, ".ci/release", "build", tmp_path / "one", TZ="Asia/Tokyo").returncode == 0
    copy = tmp_path / "elsewhere"
    run(tmp_path, "git", "clone", "--quiet", repository, copy)
    build = f"umask 077 && .ci/release build {tmp_path / 'two'}"
    assert run(copy, "bash", "-c", build, TZ="America/Lima").returncode == 0
    for name in ("drawbridge-1.2.3.tar.gz", "drawbridge-1.2.3.zip", "SHA256SUMS"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes(), name
    assert run(tmp_path / "one", "sha256sum", "--check", "SHA256SUMS").returncode == 0
    with tarfile.open(tmp_path / "one/drawbridge-1.2.3.tar.gz") as archive:
        assert "drawbridge-1.2.3/VERSION" in archive.getnames()


def test_a_release_has_its_own_notes(repository: Path) -> None:
    assert run(repository, ".ci/release", "notes").stdout.strip() == "New."


@pytest.mark.parametrize(
    ("file", "text", "committed", "noticed"),
    [
        ("VERSION", "1.2\n", True, "VERSION: expected MAJOR.MINOR.PATCH, got 1.2"),
        ("CHANGELOG.md", "## 1.2.3 - unreleased\n", True, "CHANGELOG.md: no heading '## 1.2.3 - YYYY-MM-DD'"),
        (
            "CHANGELOG.md",
            "## 1.2.3 - 2026-01-02\n\nMore.\n",
            False,
            "there are changes that are not committed",
        ),
        ("new", "", True, "the tag v1.2.3 is not on this commit"),
    ],
    ids=["version", "changelog", "uncommitted", "tag"],
)
def test_what_is_not_a_release_is_refused(
    repository: Path, file: str, text: str, committed: bool, noticed: str
) -> None:
    (repository / file).write_text(text)
    if committed:
        commit(repository)
    refused = run(repository, ".ci/release", "check")
    assert refused.returncode == 1
    assert f"not a release: {noticed}" in refused.stderr
