"""The texts of a project's files, for the program that reads them: regular files below the project, of a size that texts have."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

from model.errors import UnreadableFile
from model.limits import PROJECT_FILE_BYTES


def reader(project: Path) -> Callable[[str], str]:
    """A function that gives the text of a file by its path below ``project``.

    It raises FileNotFoundError for what is not there, UnreadableFile for what is no such file, and UnicodeDecodeError for what
    is not UTF-8. A symbolic link is followed as far as it stays in the project: one that leaves it would carry a file of the
    machine that evaluates, its environment for one, into reports.
    """
    root = project.resolve()

    def read(path: str) -> str:
        place = root / path
        try:
            target = place.resolve(strict=True)
            if not target.is_relative_to(root):
                raise UnreadableFile("a file of the project, not a link that leads out of it")
            if ".git" in target.relative_to(root).parts:
                raise UnreadableFile("a file of the project, not one of git's own")
            return _text(target)
        except UnreadableFile:
            raise
        except (OSError, RuntimeError, ValueError) as error:
            if isinstance(error, UnicodeDecodeError):
                raise
            if isinstance(error, FileNotFoundError):
                raise
            raise UnreadableFile("a file of the project") from error

    return read


def _text(place: Path) -> str:
    # A FIFO's open() waits for a writer unless told not to; what it is, is asked of the open file, so nothing can be exchanged.
    descriptor = os.open(place, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
    with open(descriptor, "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise UnreadableFile("a regular file, not a folder, a device or a pipe")
        content = file.read(PROJECT_FILE_BYTES + 1)
    if len(content) > PROJECT_FILE_BYTES:
        raise UnreadableFile("a text of at most 1 MiB")
    return content.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
