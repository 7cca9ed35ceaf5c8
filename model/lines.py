"""The lines of a YAML file: each path in it, as errors and reports write it, with the line on which it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from . import go_yaml

NAMESPACE = "drawbridge:"


def step(path: str, key: str) -> str:
    """The path of a key below ``path``, in the engine's notation: `app.env`, `app.files["nginx/api.conf"]`."""
    if not key.replace("_", "").replace("-", "").replace("#", "").isalnum():
        return f'{path}["{key}"]'
    return f"{path}.{key}" if path else key


def of_document(text: str, loader: type[go_yaml.Loader] = go_yaml.Loader) -> dict[str, int]:
    """By path (`services.web.ports[0]`): its line, from 1 on. Empty where the text is no YAML."""
    return dict(_below("", _composed(text, loader)))


def of_stack_file(text: str) -> dict[str, int]:
    """Those of the settings, whose paths begin below our namespace: `app.env.RELEASE`, `routes[0].hostname`, `aws:region`."""
    found: dict[str, int] = {}
    for key, config in go_yaml.pairs(_composed(text, go_yaml.Loader)):
        if key.value == "config":
            for name, value in go_yaml.pairs(config):
                path = str(name.value).removeprefix(NAMESPACE).removeprefix("config:")
                found[path] = name.start_mark.line + 1
                found.update(_below(path, value))
    return found


def of_settings(text: str, config: Mapping[str, Any]) -> dict[str, int]:
    """`of_stack_file`, without the lines of sections that say something else in ``config``: they come from another file."""
    found = of_stack_file(text)
    try:
        given = dict(yaml.load(text, Loader=go_yaml.Loader)["config"])
    except (yaml.YAMLError, ValueError, TypeError, KeyError):
        return {}
    strange = {
        section
        for section, value in config.items()
        if not _same(given.get(section, given.get(NAMESPACE + section)), value)
    }
    return {
        path: line for path, line in found.items() if re.split(r"[.\[]", path, maxsplit=1)[0] not in strange
    }


def nearest(lines: Mapping[str, int], path: str) -> int:
    """The line of a path, or of what it lies in; 0 where neither is known. `PROJECT:KEY` may be written as `KEY`."""
    if path not in lines:
        path = re.sub(r"^[^.:\[\]]+:", "", path)
    while path and path not in lines:
        shorter = re.sub(r'(^|\.)[^.\[\]]*$|\[(\d+|".*?")\]$', "", path, flags=re.DOTALL)
        path = shorter if shorter != path else ""
    return lines.get(path, 0)


def _same(written: Any, given: Any) -> bool:
    if isinstance(given, str):
        return not isinstance(written, dict | list) and go_yaml.text(written) == given
    return bool(written == given)


def _composed(text: str, loader: type[go_yaml.Loader]) -> yaml.Node | None:
    try:
        return go_yaml.composed(text, loader)
    except (yaml.YAMLError, RecursionError):
        return None


def _below(path: str, node: yaml.Node | None) -> Iterator[tuple[str, int]]:
    for key, value in go_yaml.pairs(node):
        inner = step(path, str(key.value))
        yield inner, key.start_mark.line + 1
        yield from _below(inner, value)
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield f"{path}[{index}]", item.start_mark.line + 1
            yield from _below(f"{path}[{index}]", item)
