"""Where the settings of a stack stand: each path of a stack file with its line."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from model import go_yaml
from preview.property_paths import step


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
    """By a setting's path as reports write it (`app.env.RELEASE`, `routes[0].hostname`, `aws:region`): its line, from 1 on.

    Empty where the file is not there or is no YAML.
    """
    try:
        node = yaml.compose(file.read_text(encoding="utf-8-sig"), Loader=go_yaml.Loader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return {}
    config = next((value for key, value in _pairs(node) if key.value == "config"), None)
    found: dict[str, int] = {}
    for key, value in _pairs(config):
        path = str(key.value).removeprefix("drawbridge:")
        found[path] = key.start_mark.line + 1
        found.update(_below(path, value))
    return found


def of_repository(root: Path, place: Path) -> str:
    """A path as seen from the repository that the project at ``root`` lies in, else from the project: "" for it itself."""
    root = root.resolve()
    top = next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), root)
    text = os.path.relpath(place.resolve(), top).replace(os.sep, "/")
    return "" if text == "." else text


def _below(path: str, node: yaml.Node) -> Iterator[tuple[str, int]]:
    for key, value in _pairs(node):
        inner = step(path, str(key.value))
        yield inner, key.start_mark.line + 1
        yield from _below(inner, value)
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield f"{path}[{index}]", item.start_mark.line + 1
            yield from _below(f"{path}[{index}]", item)


def _pairs(node: yaml.Node | None) -> list[tuple[yaml.Node, yaml.Node]]:
    return list(node.value) if isinstance(node, yaml.MappingNode) else []
