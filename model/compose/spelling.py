"""Variables of a compose file that YAML spells otherwise than their author: `RELEASE: 1.10` reaches the container as 1.1."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from .. import go_yaml
from ..errors import Finding, finding
from ..lines import step
from ..printable import seen


def respelled(document: yaml.Node | None) -> Iterator[Finding]:
    visited: set[int] = set()
    yield from _keys(document, "", visited)
    for name, service in go_yaml.pairs(_value(document, "services")):
        for key, value in go_yaml.pairs(_value(service, "environment")):
            becomes = go_yaml.respelled(value)
            if becomes is not None:
                place = step(step("services", str(name.value)) + ".environment", str(key.value))
                rule = f"text as it is to stay; YAML turns it into {becomes[:40]}"
                yield finding(place, rule, str(value.value)[:40], "write it in quotes")


def _keys(node: yaml.Node | None, path: str, visited: set[int]) -> Iterator[Finding]:
    """Keys that are numbers, days, true or nothing to YAML: Compose takes none."""
    if node is None or id(node) in visited:  # an alias, whose keys have been looked at
        return
    visited.add(id(node))
    for key, value in go_yaml.pairs(node):
        if isinstance(key, yaml.ScalarNode) and not go_yaml.is_text(key):
            yield finding(path, "keys that are text", str(key.value)[:40], "write it in quotes")
        elif not all(map(seen, str(key.value))):
            yield finding(path, "keys of characters that can be seen", str(key.value)[:40])
        yield from _keys(value, step(path, str(key.value)), visited)
    if isinstance(node, yaml.SequenceNode):
        for position, item in enumerate(node.value):
            yield from _keys(item, f"{path}[{position}]", visited)


def _value(node: yaml.Node | None, key: str) -> yaml.Node | None:
    return next((value for name, value in go_yaml.pairs(node) if name.value == key), None)
