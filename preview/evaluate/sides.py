"""What is compared with what: the commit, the day, the stack file and the program's version of each side."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from preview.changes import Side, Version
from preview.evaluate import versions
from preview.evaluate.against import Earlier
from preview.evaluate.project import program_of


def present(root: Path, file: Path, stack: str) -> Side:
    """The working tree: HEAD, and whether something in it is not committed."""
    changed = bool(_git(root, "status", "--porcelain", "--untracked-files=no"))
    branch = _git(root, "rev-parse", "--abbrev-ref", "HEAD")
    return Side(
        ref="working tree" if changed or not branch else branch,
        commit=_git(root, "rev-parse", "--verify", "--quiet", "HEAD"),
        date=_date(root, "HEAD"),
        file=relative(root, file),
        stack=stack,
        version=_version(program_of(root), root),
    )


def earlier(root: Path, reference: str, there: Earlier, stack: str) -> Side:
    """The other version: a git ref, or another stack file with the program of the working tree."""
    file = there.file
    if there.borrowed:
        return Side(
            ref=reference,
            file=relative(root, file) if file else "",
            stack=stack,
            version=_version(program_of(root), root),
        )
    return Side(
        ref=reference,
        commit=_git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{reference}^{{commit}}"),
        date=_date(root, reference),
        file=relative(there.root, file) if file else "",
        stack=stack if file else "",
        version=str(Version(number=versions.number(there.program), commit=there.pin)),
    )


def plan(file: str, stack: str) -> Side:
    """The state of a stack, as an engine's plan found it."""
    return Side(ref=f"the deployed state ({file})", stack=stack)


def _version(program: Path, root: Path) -> str:
    """Drawbridge's, as in `1.2.0`, or `1.2.0 (0123456789ab)` where the program is a submodule of the project at ``root``."""
    commit = "" if program == root.resolve() else versions.commit_of(program)
    return str(Version(number=versions.number(program), commit=commit))


def relative(root: Path, file: Path) -> str:
    """As seen from the project, with slashes."""
    return os.path.relpath(file.resolve(), root.resolve()).replace(os.sep, "/")


def _date(root: Path, reference: str) -> str:
    """The commit's, as in 2026-11-27T08:00:00+00:00."""
    return _git(root, "show", "--no-patch", "--format=%cI", "--end-of-options", f"{reference}^{{commit}}")


def _git(root: Path, *arguments: str) -> str:
    """What git says; "" outside of a repository, and without git."""
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments], check=True, capture_output=True, text=True, encoding="utf-8"
        )
    except (OSError, subprocess.CalledProcessError, UnicodeDecodeError):
        return ""
    return done.stdout.strip()
