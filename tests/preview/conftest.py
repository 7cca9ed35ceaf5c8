"""Fixtures that several files of the preview's tests use."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.evaluations import ROOT
from tests.preview.clones import commit, git


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project in a repository of its own, with its files as they are now, committed."""
    place = tmp_path_factory.mktemp("clone")
    for part in ("model", "components", "cloud-init", "examples", "preview"):
        shutil.copytree(ROOT / part, place / part, ignore=shutil.ignore_patterns("__pycache__"))
    for part in ("__main__.py", "Pulumi.yaml", "Pulumi.prod.yaml"):
        shutil.copy(ROOT / part, place / part)
    git(place, "init", "-q", "-b", "main")
    commit(place, "as it is")
    return place


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project without a stack file."""
    (tmp_path / "Pulumi.yaml").write_text("name: drawbridge\nruntime: python\n")
    return tmp_path
