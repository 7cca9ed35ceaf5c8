"""Where the settings of a stack stand: each path of a stack file with its line."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from model import lines


@dataclass(frozen=True, kw_only=True)
class Places:
    """The stack file as seen from the repository, with the line of each setting; ``root`` is the project's folder there."""

    file: str = ""
    root: str = ""
    lines: Mapping[str, int] = field(default_factory=dict)


def places_of(root: Path, file: Path) -> Places:
    """Those of a stack file of the project at ``root``."""
    return Places(file=of_repository(root, file), root=of_repository(root, root), lines=lines_of(file))


def lines_of(file: Path) -> dict[str, int]:
    """By a setting's path: its line. Empty where the file is not there or is no YAML."""
    try:
        found = lines.of_stack_file(file.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError):
        return {}
    return found


def of_repository(root: Path, place: Path) -> str:
    """A path as seen from the repository that the project at ``root`` lies in, else from the project: "" for it itself."""
    root = root.resolve()
    top = next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), root)
    text = os.path.relpath(place.resolve(), top).replace(os.sep, "/")
    return "" if text == "." else text
