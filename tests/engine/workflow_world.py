"""What stands around the workflows in tests: a repository with commits, a machine with the usual tools, and GitHub."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from .github_double import GitHub, serving
from .workflow_hub import Hub

_CONFIG = """
[user]
name = tests
email = tests@example.com
[uploadpack]
allowAnySHA1InWant = true
[gc]
auto = 0
"""


class Repository:
    """A git repository; its `.git` is what GitHub has."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.origin = folder / ".git"
        folder.mkdir(parents=True, exist_ok=True)
        if not self.origin.exists():
            self.git("init", "--quiet", "--initial-branch=main")
            with (self.origin / "config").open("a") as config:
                config.write(_CONFIG)

    def git(self, *arguments: str) -> str:
        environment = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": "/dev/null"}
        command = ["git", "-C", str(self.folder), *arguments]
        return subprocess.run(
            command, check=True, capture_output=True, text=True, env=environment
        ).stdout.strip()

    def commit(
        self,
        changes: Mapping[str, str | None] | None = None,
        *,
        branch: str = "main",
        message: str = "change",
    ) -> str:
        """Commit the working tree with these files changed (None: deleted) on a branch, made from main where it is new."""
        if branch != self.git("symbolic-ref", "--short", "HEAD"):
            exists = self.git("branch", "--list", branch)
            self.git(
                "checkout", "--quiet", *([] if exists else ["-b"]), branch, *([] if exists else ["main"])
            )
        for name, text in (changes or {}).items():
            file = self.folder / name
            if text is None:
                file.unlink()
                continue
            file.parent.mkdir(parents=True, exist_ok=True)
            mode = file.stat().st_mode if file.exists() else None
            file.write_text(text, encoding="utf-8")
            if mode is not None:
                file.chmod(mode)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")


@contextmanager
def hub_of(repository: Repository, place: Path, bin_: Path) -> Iterator[Hub]:
    """GitHub with this repository, its machines' tools in `bin_`."""
    with serving(GitHub()) as github:
        yield Hub(
            origin=repository.origin,
            place=place,
            github=github,
            environment={"PATH": str(bin_), "LANG": "C.UTF-8"},
        )
