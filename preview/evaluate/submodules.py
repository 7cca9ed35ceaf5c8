"""Git submodules of another commit. `git archive` leaves their folders empty: their files are in repositories of their own."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Pin:
    """A submodule at ``path`` of a repository, and the commit that it is held at."""

    path: str
    commit: str


def pins(top: Path, commit: str) -> list[Pin]:
    """The submodules of a commit of the repository at ``top``."""
    listed = _git(top, "ls-tree", "-r", "-z", "--full-tree", commit) or b""
    entries = [
        entry.partition("\t") for entry in listed.decode(errors="surrogateescape").split("\0") if entry
    ]
    return [Pin(path, about.split()[2]) for about, _, path in entries if about.startswith("160000 ")]


def archive(top: Path, pin: Pin) -> bytes | None:
    """What a submodule holds at its pin, as a tar archive; None where no repository at hand has that commit."""
    for place in _repositories(top, pin):
        if _git(place, "cat-file", "-e", f"{pin.commit}^{{commit}}") is not None:
            return _git(place, "archive", "--format=tar", pin.commit)
    return None


def _repositories(top: Path, pin: Pin) -> Iterator[Path]:
    """Where the commit may be: the submodule's checkout, and what git keeps of all submodules, the moved and removed ones too."""
    if (top / pin.path / ".git").exists():
        yield top / pin.path
    common = _git(top, "rev-parse", "--path-format=absolute", "--git-common-dir")
    modules = Path(common.decode().strip()) / "modules" if common else None
    if modules and modules.is_dir():
        yield from (
            file.parent for file in sorted(modules.rglob("HEAD")) if (file.parent / "objects").is_dir()
        )


def _git(folder: Path, *arguments: str) -> bytes | None:
    done = subprocess.run(["git", "-C", str(folder), *arguments], check=False, capture_output=True)
    return done.stdout if done.returncode == 0 else None
