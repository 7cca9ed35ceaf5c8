"""Which version of Drawbridge a project runs, and what the changelog says of those between two of them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from preview.changes import ChangelogEntry, Upgrade, Version
from preview.evaluate.against import Earlier
from preview.evaluate.alone import program_files
from preview.evaluate.project import program_of

UNNUMBERED = "without a number"


def upgrade(there: Earlier, root: Path) -> Upgrade | None:
    """From the Drawbridge of the other version to that of the project at ``root``; None where it is the same.

    In Drawbridge's own repository every commit is another program, so there only the number tells versions apart.
    """
    program = program_of(root)
    if there.file is None or there.borrowed:
        return None
    own = program == root.resolve()
    before = Version(number=number(there.program), commit="" if own else there.pin)
    after = Version(number=number(program), commit="" if own else commit_of(program))
    if before.number == after.number and (own or program_files(there.program) == program_files(program)):
        return None
    older, newer = sorted((before.number, after.number), key=_key)
    changelog = program if newer == after.number else there.program
    return Upgrade(
        before=before, after=after, entries=entries(_text(changelog / "CHANGELOG.md"), older, newer)
    )


def entries(changelog: str, older: str, newer: str) -> tuple[ChangelogEntry, ...]:
    """What a changelog says of the versions after ``older`` up to ``newer``, as it stands there: the newest first."""
    found = []
    for section in re.split(r"^## ", changelog, flags=re.MULTILINE)[1:]:
        heading, _, body = section.partition("\n")
        match = re.match(r"\d+\.\d+\.\d+", heading)
        if match and _key(older) < _key(match[0]) <= _key(newer):
            found.append(ChangelogEntry(version=match[0], text=body.strip()))
    return tuple(found)


def number(program: Path) -> str:
    return _text(program / "VERSION").strip() or UNNUMBERED


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""


def commit_of(program: Path) -> str:
    """The commit that a submodule is at; "" for a folder of the project's own repository."""
    if not (program / ".git").exists():
        return ""
    command = ["git", "-C", str(program), "rev-parse", "HEAD"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else ""


def _key(number: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", number)))
