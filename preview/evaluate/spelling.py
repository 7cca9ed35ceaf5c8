"""Numbers and days that YAML spells otherwise than a stack file does: `RELEASE: 1.10` reaches the program as 1.1."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import yaml

from model import go_yaml
from preview.evaluate.yaml_file import StackFileError, shown
from preview.property_paths import step


def check(file: Path, root: Path) -> None:
    """Raises StackFileError for each value below our namespace that the engine would pass on in another spelling.

    Only whoever sees the file can tell: the engine gives the program what they have become.
    """
    try:
        node = yaml.compose(file.read_text(encoding="utf-8-sig"), Loader=go_yaml.Loader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return
    found = [
        f"{shown(file, root)}:{value.start_mark.line + 1} {place}: expected text as it is to stay, found {value.value[:40]}, "
        f"which YAML turns into {becomes[:40]}; write it in quotes"
        for config in _values(node, "config")
        for key, section in _pairs(config)
        if key.value.partition(":")[0] == "drawbridge"
        for place, value, becomes in _respelled(key.value.rpartition(":")[2], section)
    ]
    if found:
        raise StackFileError("\n".join(found))


def _respelled(place: str, node: yaml.Node) -> Iterator[tuple[str, yaml.ScalarNode, str]]:
    becomes = go_yaml.respelled(node)
    if becomes is not None and isinstance(node, yaml.ScalarNode):
        yield place, node, becomes
    for key, value in _pairs(node):
        yield from _respelled(step(place, key.value), value)
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _respelled(f"{place}[{index}]", item)


def _values(node: yaml.Node | None, name: str) -> Iterator[yaml.Node]:
    return (value for key, value in _pairs(node) if key.value == name)


def _pairs(node: yaml.Node | None) -> list[tuple[yaml.Node, yaml.Node]]:
    return list(node.value) if isinstance(node, yaml.MappingNode) else []
