"""Locks: what is installed fits what people wrote, without asking a registry."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.evaluations import ROOT
from tests.project.files import MAKEFILE
from tests.project.locks import INPUTS, locked, misfits


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_lock_fits_its_input(path: Path) -> None:
    assert misfits(path, path.with_suffix(".lock")) == [], "make lock"


@pytest.mark.parametrize(
    ("old", "new", "noticed"),
    [
        ("idna==3", "idna==2", "idna: asked for==2"),
        ("PyYAML==6.0.3\n", "", "pyyaml: not asked for any more"),
        ("PyYAML==6.0.3\n", "PyYAML==6.0.3\nrequests==2.34.2\n", "requests: not locked"),
        ("PyYAML==", "PyYAML>=", "pyyaml: not pinned to one version"),
    ],
)
def test_a_lock_that_does_not_fit_is_noticed(tmp_path: Path, old: str, new: str, noticed: str) -> None:
    text = (ROOT / "requirements.txt").read_text()
    assert old in text
    changed = tmp_path / "requirements.txt"
    changed.write_text(text.replace(old, new))
    assert any(line.startswith(noticed) for line in misfits(changed, ROOT / "requirements.lock"))


def test_a_missing_hash_is_noticed(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text(
        re.sub(r"(idna==\S+) \\\n(?: +--hash.*\n)+", r"\1\n", (ROOT / "requirements.lock").read_text())
    )
    assert misfits(ROOT / "requirements.txt", lock) == ["idna: without a hash"]


def test_what_is_tested_is_what_a_deployment_runs() -> None:
    def versions(lock: str) -> set[tuple[str, str, str]]:
        return {(entry.name, entry.version, entry.marker) for entry in locked(ROOT / lock)}

    assert versions("requirements.lock") - versions("requirements-dev.lock") == set()


def test_make_knows_every_lock() -> None:
    found = re.search(r"^LOCKS := ((?:.|\\\n)*?)$(?<!\\)", MAKEFILE, re.MULTILINE)
    assert found
    assert set(found[1].replace("\\\n", "").split()) == {
        str(path.with_suffix(".lock").relative_to(ROOT)) for path in INPUTS
    }


@pytest.mark.parametrize("file", ["Makefile", ".ci/run"])
def test_nothing_is_installed_past_a_lock(file: str) -> None:
    text = (ROOT / file).read_text().replace("\\\n", " ")
    installs = [line for line in re.findall(r".*(?:pip install|\$\(INSTALL\)).*", text) if ":=" not in line]
    assert installs
    for line in installs:
        assert "--require-hashes" in line.replace("$(INSTALL)", "--require-hashes"), line
        assert re.search(r"-r \S+\.lock$", line), line
    if file == "Makefile":
        assert re.search(r"^INSTALL := .* --require-hashes$", text, re.MULTILINE)
