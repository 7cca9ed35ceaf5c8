"""The compose files on the machines."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from preview.posture.program import Program
from preview.posture.read import Loader, items


def services(program: Program) -> Iterator[tuple[str, str, dict[str, Any], dict[str, Any]]]:
    """Every service of the compose files on a machine: template, service's name, its definition, the plain variables."""
    for name, document in program.user_data.items():
        files = {
            str(file.get("path")): str(file.get("content", "")) for file in items(document.get("write_files"))
        }
        variables = machine_facts(files).get("env", {})
        for path, content in files.items():
            if not re.search(r"/(docker-)?(compose|overlay)\.ya?ml$", path):
                continue
            try:
                services = (yaml.load(content, Loader=Loader) or {}).get("services") or {}
            except (yaml.YAMLError, UnicodeEncodeError, AttributeError):
                continue
            for service, definition in services.items():
                if isinstance(definition, dict):
                    yield name, service, definition, variables


def machine_facts(files: dict[str, str]) -> dict[str, Any]:
    text = next((content for path, content in files.items() if path.endswith("/machine.json")), "{}")
    return dict(json.loads(text))


_VARIABLE = re.compile(r"\$\{?(\w+)(?::?[-?+]([^}]*))?\}?")


def _value_of(variables: Mapping[str, Any], match: re.Match[str]) -> str:
    return str(variables.get(match[1]) or match[2] or "«set elsewhere»")


def images(program: Program) -> Iterator[tuple[str, str, str]]:
    for name, service, definition, variables in services(program):
        image = definition.get("image")
        if isinstance(image, str) and "build" not in definition:
            yield (
                name,
                service,
                _VARIABLE.sub(functools.partial(_value_of, variables), image),
            )
