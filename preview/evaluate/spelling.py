"""Numbers and days that YAML spells otherwise than a stack file does: `RELEASE: 1.10` reaches the program as 1.1."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from model import go_yaml
from preview.property_paths import step


def respelled(node: yaml.Node | None, called: str) -> tuple[str, ...]:
    """An error for each value below our namespace that the engine passes on in another spelling; ``called``: the file.

    Only whoever sees the file can tell: the engine gives the program what they have become.
    """
    return tuple(
        f"{called}:{value.start_mark.line + 1} {place}: expected text as it is to stay, found {value.value[:40]}, "
        f"which YAML turns into {becomes[:40]}; write it in quotes"
        for name, config in go_yaml.pairs(node)
        if name.value == "config"
        for key, section in go_yaml.pairs(config)
        # A key that is a list or a mapping is an error of its own, when the nodes become values.
        if str(key.value).partition(":")[0] == "drawbridge"
        for place, value, becomes in _respelled(key.value.rpartition(":")[2], section)
    )


def _respelled(place: str, node: yaml.Node) -> Iterator[tuple[str, yaml.ScalarNode, str]]:
    becomes = go_yaml.respelled(node)
    if becomes is not None and isinstance(node, yaml.ScalarNode):
        yield place, node, becomes
    for key, value in go_yaml.pairs(node):
        yield from _respelled(step(place, str(key.value)), value)
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _respelled(f"{place}[{index}]", item)
