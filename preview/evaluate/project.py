"""A project as the Pulumi CLI sees it: the folder of a `Pulumi.yaml`, and the program that its `main:` points at.

The program may lie elsewhere than the project: a user's own project holds the user's files, and its `main:` points at a checkout
of Drawbridge (a git submodule, a subtree or an unpacked release).
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from preview.evaluate.yaml_file import StackFileError, load_yaml

FILE = "Pulumi.yaml"


def nearest(folder: Path) -> Path | None:
    """The project that ``folder`` lies in, as the CLI looks for it: upwards; None where there is none."""
    folder = folder.resolve()
    return next((place for place in (folder, *folder.parents) if (place / FILE).is_file()), None)


def read_project(root: Path) -> dict[str, Any]:
    """The document of ``root``'s Pulumi.yaml; `name` is a text. Raises StackFileError."""
    document = load_yaml(root / FILE, root)
    if not isinstance(document, dict) or not isinstance(document.get("name"), str):
        raise StackFileError(f"{FILE} name: required key is missing; add `name: NAME`")
    return document


def program_of(root: Path) -> Path:
    """The folder of the program of the project at ``root``: that of `main:`, or ``root``. Raises StackFileError."""
    main = read_project(root).get("main") or "."
    place = Path(os.path.normpath(root / str(main)))
    place = place.parent if place.is_file() else place
    if (place / "__main__.py").is_file():
        return place.resolve()
    if not place.exists():
        found = "which does not exist"
    else:
        found = (
            "which is empty" if place.is_dir() and not any(place.iterdir()) else "which has no __main__.py"
        )
    raise StackFileError(
        f"{FILE}:{_line(root, 'main')} main: expected the folder of a program, found {main}, {found}; if it is a git "
        f"submodule: `git submodule update --init {main}`; otherwise write the path to your checkout of Drawbridge, relative "
        f"to {FILE}"
    )


def stack_file(root: Path, stack: str | None, config_file: Path | None = None) -> Path:
    """``config_file``, or where the file of a stack (prod) of the project at ``root`` lies. Raises StackFileError."""
    if config_file:
        return config_file
    document = read_project(root)
    older = document.get("config")  # the same key, in older projects
    folder = document.get("stackConfigDir") or (older if isinstance(older, str) else ".")
    return root / str(folder) / f"Pulumi.{stack or 'prod'}.yaml"


def config_of(document: dict[str, Any]) -> dict[str, Any]:
    """The values that a Pulumi.yaml gives all of its stacks, by its own keys: a `value`, a `default`, or plain.

    As the engine merges them (pkg/workspace/config.go in pulumi/pulumi): a stack file's own value goes before.
    """
    given = document.get("config")
    found: dict[str, Any] = {}
    for key, item in (given if isinstance(given, dict) else {}).items():
        if not isinstance(item, dict):
            found[key] = item
        elif "default" in item or "value" in item:
            found[key] = item["default"] if "default" in item else item["value"]
    return found


def _line(root: Path, key: str) -> int:
    """The line of a top-level key of Pulumi.yaml."""
    lines = (root / FILE).read_text(encoding="utf-8-sig").splitlines()
    return next((number for number, text in enumerate(lines, 1) if re.match(rf"{key}\s*:", text)), 1)
