"""Git repositories with the project in them, and the command run there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def git(place: Path, *arguments: str) -> None:
    who = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, *arguments], cwd=place, check=True, capture_output=True)


def commit(place: Path, message: str) -> None:
    git(place, "add", "-A")
    git(place, "commit", "-qm", message)


def preview(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "preview", *arguments]
    return subprocess.run(command, cwd=place, capture_output=True, text=True, encoding="utf-8", check=False)


def edited(place: Path, old: str, new: str, file: str = "Pulumi.prod.yaml") -> None:
    text = (place / file).read_text()
    assert old in text
    (place / file).write_text(text.replace(old, new))
