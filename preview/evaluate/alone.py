"""The earlier version of a stack with some edits of the later one and none of the others."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from preview.evaluate.against import Earlier
from preview.evaluate.program import ProgramError, evaluate_settings
from preview.evaluate.stackfile import StackFile, StackFileError
from preview.resources import Evaluation

PROGRAM = ("__main__.py", "cloud-init", "components", "model", "requirements.txt")
"""What of a project is the program itself."""


def evaluate_alone(
    root: Path,
    before: Evaluation,
    config: Mapping[str, str],
    secret_keys: frozenset[str],
    program: Path | None = None,
) -> Evaluation | None:
    """The program of the project at ``root``, or another, with another configuration; None where it stops."""
    settings = StackFile(
        project=before.project, stack=before.stack, config=dict(config), secret_keys=secret_keys
    )
    try:
        return evaluate_settings(root, settings, program)
    except (ProgramError, StackFileError):
        return None


def text_of(root: Path, name: str) -> bytes | None:
    """A file of a project; None where there is no such regular file."""
    try:
        file = root / name
        return file.read_bytes() if file.is_file() else None
    except OSError:
        return None


def program_files(program: Path) -> dict[str, bytes]:
    """The files of a program by their paths below its folder."""
    found: dict[str, bytes] = {}
    for part in PROGRAM:
        place = program / part
        files = [place] if place.is_file() else sorted(place.rglob("*")) if place.is_dir() else []
        for file in files:
            if file.is_file() and "__pycache__" not in file.parts:
                found[file.relative_to(program).as_posix()] = file.read_bytes()
    return found


@contextlib.contextmanager
def with_file(there: Earlier, name: str, content: bytes | None) -> Iterator[Path]:
    """The earlier version's folder with one file exchanged."""
    assert not there.borrowed
    file = there.root / name
    old = text_of(there.root, name)
    try:
        _write(file, content)
        yield there.root
    finally:
        _write(file, old)


def _write(file: Path, content: bytes | None) -> None:
    if content is None:
        file.unlink(missing_ok=True)
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
