"""What `.ci/run` does with a boot that fails at first."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.evaluations import ROOT

BOOTS = (ROOT / ".ci/run").read_text().partition("retried=()")
MAKE = '#!/bin/sh\necho "make $1"\n[ ! -e "fails-$1" ]\n'
# Stands for pytest: names the tests that failed, and runs them again.
PYTHON = """#!/bin/sh
case "$*" in
  *--collect-only*) cat failed 2>/dev/null; echo "2 tests collected" ;;
  *) echo "again $*"; [ ! -e fails-again ] ;;
esac
"""


def boots(folder: Path, *present: str, failed: str = "") -> tuple[int, list[str]]:
    (folder / ".venv/bin").mkdir(parents=True)
    for path, text in (("make", MAKE), (".venv/bin/python", PYTHON)):
        (folder / path).write_text(text)
        (folder / path).chmod(0o755)
    for name in present:
        (folder / name).touch()
    if failed:
        (folder / "failed").write_text(failed)
    script = "set -euo pipefail\nPATH=.:$PATH\n" + BOOTS[1] + BOOTS[2]
    done = subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout.splitlines()


def test_boots_that_pass_are_not_run_again(tmp_path: Path) -> None:
    assert boots(tmp_path) == (0, ["make boot", "make boot-release"])


def test_what_passed_only_when_booted_once_more_is_counted_and_named(tmp_path: Path) -> None:
    code, lines = boots(
        tmp_path, "fails-boot", failed="tests/boot/test_life.py::a[x]\ntests/boot/test_life.py::b\n"
    )
    assert code == 0
    assert lines == [
        "make boot",
        "again -m pytest -m boot tests/boot/test_life.py -rs --last-failed",
        "make boot-release",
        "Failed at first and passed when booted once more: 2",
        "  tests/boot/test_life.py::a[x]",
        "  tests/boot/test_life.py::b",
    ]


def test_what_fails_again_fails_the_check(tmp_path: Path) -> None:
    code, lines = boots(tmp_path, "fails-boot", "fails-again", failed="tests/boot/test_life.py::b\n")
    assert (code, lines[-1][:5]) == (1, "again")


@pytest.mark.parametrize("target", ["boot", "boot-release"])
def test_a_run_that_ended_without_a_failed_test_fails_the_check(tmp_path: Path, target: str) -> None:
    code, lines = boots(tmp_path, f"fails-{target}")
    assert (code, lines[-1]) == (1, f"make {target}")
