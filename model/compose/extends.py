"""`extends` within one file: a service with what another one says put below its own."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from ..errors import Finding, finding, problem
from ..lines import step
from . import normal

_REPLACED = ("command", "entrypoint")
_PAIRS = ("environment", "labels", "annotations", "sysctls", "extra_hosts")


def extended(services: Mapping[str, Any]) -> tuple[dict[str, Any], list[Finding]]:
    """The services without `extends`, and what cannot be extended."""
    done: dict[str, Any] = {}
    found: list[Finding] = []

    def visit(name: str, above: tuple[str, ...]) -> Any:
        if name in done:
            return done[name]
        body = services[name]
        base = body.get("extends") if isinstance(body, dict) else None
        if base is None:
            return done.setdefault(name, body)
        wanted = base.get("service") if isinstance(base, dict) else base
        rest = {key: value for key, value in body.items() if key != "extends"}
        place = step("services", name) + ".extends"
        if isinstance(base, dict) and base.get("file"):
            fix = "write what the service extends into it"
            found.append(problem(place, "only this one file is put on the machines", fix))
        elif not isinstance(wanted, str) or wanted not in services:
            found.append(finding(place, f"a service of this file ({', '.join(map(str, services))})", wanted))
        elif wanted in (name, *above):
            found.append(problem(place, f"'{name}' extends itself, by '{wanted}'", "take it out"))
        else:
            source = visit(wanted, (*above, name))
            if isinstance(source, dict):
                rest = _merged(copy.deepcopy(source), rest)
        return done.setdefault(name, rest)

    for name in services:
        visit(name, ())
    return {name: done[name] for name in services}, found


def _merged(below: Any, over: Any, key: str = "") -> Any:
    if over is None and key:
        return below
    if key in _REPLACED or key == "test":
        return over
    if key in _PAIRS and isinstance(below, list | dict) and isinstance(over, list | dict):
        return {**_pairs(below), **_pairs(over)}
    if key == "depends_on" and isinstance(below, list | dict) and isinstance(over, list | dict):
        return {**_conditions(below), **_conditions(over)}
    if key == "networks" and isinstance(below, list | dict) and isinstance(over, list | dict):
        return {**_named(below), **_named(over)}
    if isinstance(below, dict) and isinstance(over, dict):
        if key == "logging" and "driver" in over and over["driver"] != below.get("driver"):
            return over
        return {
            name: _merged(below[name], over[name], str(name)) if name in below and name in over else value
            for name, value in {**below, **over}.items()
        }
    if isinstance(below, list) and isinstance(over, list):
        joined = [*below, *(item for item in over if item not in below)]
        return _by_target(joined) if key == "volumes" else joined
    return over


def _by_target(volumes: list[Any]) -> list[Any]:
    """The later of two mounts of one place."""
    return list({normal.mount(item).get("target") or str(item): item for item in volumes}.values())


def _pairs(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return dict(value)
    pairs = (str(item).partition("=") for item in value)
    return {name: text if separator else None for name, separator, text in pairs}


def _conditions(value: Any) -> dict[str, Any]:
    return (
        dict(value) if isinstance(value, dict) else {str(n): {"condition": "service_started"} for n in value}
    )


def _named(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, dict) else {str(name): None for name in value}
