"""The compose files on the machines."""

from __future__ import annotations

import functools
import json
import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from preview.posture.program import Program
from preview.posture.read import Loader, items

COMPOSE_FILE = re.compile(r"/(docker-)?(compose(\.override)?|overlay)\.ya?ml$")
"""The paths of compose files on a machine; `overlay.yaml` is what machines before version 1 have."""


def services(program: Program) -> Iterator[tuple[str, str, dict[str, Any], dict[str, Any]]]:
    """Every service of the compose files on a machine: template, service's name, its definition, the plain variables."""
    for name, document, variables in _documents(program):
        for service, definition in (document.get("services") or {}).items():
            if isinstance(definition, dict):
                yield name, service, definition, variables


def _documents(program: Program) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    for name, document in program.user_data.items():
        files = {
            str(file.get("path")): str(file.get("content", "")) for file in items(document.get("write_files"))
        }
        variables = machine_specification(files).get("env", {})
        for path, content in files.items():
            if not COMPOSE_FILE.search(path):
                continue
            try:
                compose = yaml.load(content, Loader=Loader) or {}
            except (yaml.YAMLError, UnicodeEncodeError):
                continue
            if isinstance(compose, dict):
                yield name, compose, variables


def machine_specification(files: dict[str, str]) -> dict[str, Any]:
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


def host_mounts(program: Program) -> Iterator[tuple[str, str, str, bool]]:
    """Every path of the machine that a service mounts: template, service, the path, whether it is read-only.

    Named volumes that are bound to a path, and the files of compose's `configs` and `secrets`, are such paths too.
    """
    for name, document, variables in _documents(program):
        bound = dict(_bound(document))
        for service, definition in (document.get("services") or {}).items():
            if not isinstance(definition, dict):
                continue
            for source, read_only in [*_volumes(definition), *_files(definition)]:
                written = _VARIABLE.sub(functools.partial(_value_of, variables), bound.get(source, source))
                if written.startswith("/"):
                    # `/./etc` and `//etc` are /etc.
                    yield name, service, "/" + posixpath.normpath(written).lstrip("/"), read_only


def _volumes(definition: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    for volume in definition.get("volumes") or ():
        if isinstance(volume, dict):
            yield str(volume.get("source", "")), volume.get("read_only") is True
        else:
            source, _, rest = str(volume).partition(":")
            # The colon of a default, as in ${DIR:-/etc}:/etc, is none that separates.
            if source.count("{") > source.count("}"):
                more, _, rest = rest.partition("}")
                source, rest = f"{source}:{more}}}", rest.removeprefix(":")
            yield source, "ro" in rest.partition(":")[2].split(",")


def _files(definition: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    for key in ("configs", "secrets"):
        for given in definition.get(key) or ():
            name = given.get("source") if isinstance(given, dict) else given
            yield f"{key}.{name}", True


def _bound(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The names of the compose file that stand for paths of the machine."""
    for name, volume in (document.get("volumes") or {}).items():
        options = volume.get("driver_opts") if isinstance(volume, dict) else None
        if isinstance(options, dict) and "bind" in str(options.get("o", "")):
            yield str(name), str(options.get("device", ""))
    for key in ("configs", "secrets"):
        for name, given in (document.get(key) or {}).items():
            if isinstance(given, dict) and given.get("file"):
                yield f"{key}.{name}", str(given["file"])
