"""YAML files of a project, read as the Pulumi engine reads them, with errors that name the file as its author does."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from model import go_yaml
from model.limits import PROJECT_FILE_BYTES


class StackFileError(ValueError):
    """A file of the project cannot be read; the text names the file, what was expected and the fix."""


def shown(path: Path, root: Path) -> str:
    """A path as the project's author writes it: relative to the project, or as it was given."""
    resolved = path.resolve()
    return str(resolved.relative_to(root.resolve())) if resolved.is_relative_to(root.resolve()) else str(path)


def place_of(path: Path, root: Path, key: str) -> str:
    """FILE:LINE KEY of the last place where a file has a key, however deep, or FILE KEY."""
    written = re.compile(rf"(?:^|[\s{{,])([\"']?){re.escape(key)}\1\s*:(?:\s|$)")
    lines = path.read_text(encoding="utf-8-sig").splitlines() if path.is_file() else []
    found = [number for number, text in enumerate(lines, 1) if written.search(text)]
    return f"{shown(path, root)}{f':{found[-1]}' if found else ''} {key}"


def load_yaml(path: Path, root: Path) -> Any:
    """The document of a YAML file of the project at ``root``. Raises StackFileError with file, line and fix."""
    return construct_yaml(compose_yaml(path, root), path, root)


def compose_yaml(path: Path, root: Path) -> yaml.Node | None:
    """The nodes of such a file. Raises StackFileError."""
    name = shown(path, root)
    if path.exists() and not (path.is_file() and path.stat().st_size <= PROJECT_FILE_BYTES):
        found = "more than 1 MiB" if path.is_file() else "a folder, a device or a pipe"
        raise StackFileError(
            f"{name}: expected a text file of at most 1 MiB, found {found}; give another file"
        )
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        if path.name == "Pulumi.yaml":
            raise StackFileError(
                f"file not found: {path}; give --project the folder of your Pulumi.yaml"
            ) from None
        folder = path.parent.resolve()
        there = sorted(p.name for p in folder.glob("Pulumi.*.yaml")) if folder.is_dir() else []
        have = f"{folder} has {', '.join(there)}" if there else f"{folder} has no stack file"
        raise StackFileError(
            f"file not found: {name}; {have}: give --stack NAME or --config-file FILE"
        ) from None
    except UnicodeDecodeError as error:
        raise StackFileError(
            f"{name}: expected text in UTF-8, found byte {error.start}: {error.reason}"
        ) from None
    except OSError as error:
        raise StackFileError(f"{name}: file cannot be read: {error.strerror}") from None
    with _named(name):
        return go_yaml.composed(text)


def construct_yaml(node: yaml.Node | None, path: Path, root: Path) -> Any:
    """The document that these nodes of a file are. Raises StackFileError."""
    with _named(shown(path, root)):
        return go_yaml.constructed(node)


@contextlib.contextmanager
def _named(name: str) -> Iterator[None]:
    """YAML's errors as StackFileErrors of the file called so."""
    try:
        yield
    except RecursionError:
        raise StackFileError(f"{name}: not valid YAML: its values lie too deep in each other") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise StackFileError(f"{name}:{line}: not valid YAML: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise StackFileError(f"{name}: not valid YAML: {str(error).splitlines()[0]}") from None
