"""The app's compose file, read. The file itself is never edited."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from .. import errors, go_yaml, lines
from ..errors import Finding
from .interpolation import variables


@dataclass(frozen=True, kw_only=True)
class Service:
    """What we need to know of one service. `fixed` are those of `environment` whose values name no variable."""

    name: str
    image: str | None
    built: bool
    checked: bool
    one_shot: bool
    restarts: bool
    profiles: bool
    network_mode: str
    networks: tuple[str, ...]
    depends: Mapping[str, str]
    ports: tuple[str | Mapping[str, Any], ...]
    binds: tuple[str, ...]
    volumes: tuple[str, ...]
    env_files: tuple[str, ...]
    environment: frozenset[str]
    fixed: frozenset[str]
    variables: frozenset[str]

    @property
    def host_network(self) -> bool:
        return self.network_mode == "host"


@dataclass(frozen=True, kw_only=True)
class Compose:
    """A parsed compose file. `required` are the variables that have no default in it."""

    services: Mapping[str, Service]
    networks: frozenset[str]
    volumes: Mapping[str, Mapping[str, Any]]
    required: frozenset[str]
    mentioned: frozenset[str]
    findings: tuple[Finding, ...] = field(default=())
    file: str = "compose.yaml"
    text: str = field(default="", repr=False)

    @functools.cached_property
    def lines(self) -> dict[str, int]:
        return lines.of_document(self.text, go_yaml.ComposeLoader)

    def finding(self, path: str, expected: str, found: object, fix: str = "") -> Finding:
        """An error of this file, with its line; ``path`` is one of this file's."""
        return self._placed(errors.finding(path, expected, found, fix))

    def problem(self, path: str, text: str, fix: str = "", line: int = 0) -> Finding:
        return self._placed(errors.problem(path, text, fix), line)

    def place(self, path: str) -> str:
        """FILE:LINE path."""
        line = lines.nearest(self.lines, path)
        return f"{self.file}{f':{line}' if line else ''} {path}"

    def line_of_variable(self, name: str) -> int:
        """The first line that mentions ${NAME}; 0 where none does in so many letters."""
        mention = re.compile(rf"\${{?{re.escape(name)}\b")
        return next((n for n, line in enumerate(self.text.splitlines(), 1) if mention.search(line)), 0)

    def _placed(self, item: Finding, line: int = 0) -> Finding:
        return dataclasses.replace(item, file=self.file, line=line or lines.nearest(self.lines, item.path))


def parse(text: str, file: str = "compose.yaml") -> Compose:
    """Read a compose file's text. What is wrong with its form comes back in `findings`; nothing is raised."""
    nothing = Compose(
        services={},
        networks=frozenset(),
        volumes={},
        required=frozenset(),
        mentioned=frozenset(),
        file=file,
        text=text,
    )

    def broken(item: Finding) -> Compose:
        return dataclasses.replace(nothing, findings=(item,))

    try:
        document = yaml.load(text, Loader=go_yaml.ComposeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        return broken(nothing.problem("", f"not valid YAML: {error.problem or error.context}", line=line))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        return broken(nothing.problem("", f"not valid YAML: {str(error).splitlines()[0]}"))
    if (
        not isinstance(document, dict)
        or not isinstance(document.get("services"), dict)
        or not document["services"]
    ):
        if isinstance(document, dict) and "services" not in document:
            return broken(nothing.problem("services", "required key is missing", "add it"))
        shape = document["services"] if isinstance(document, dict) else document
        return broken(nothing.finding("services", "a mapping with at least one service", shape))
    services = document["services"]
    bad = [name for name, body in services.items() if not isinstance(name, str) or not isinstance(body, dict)]
    if bad:
        return broken(nothing.finding(f"services.{bad[0]}", "a mapping", services[bad[0]]))
    found: list[Finding] = []
    if document.get("include"):
        found.append(
            nothing.problem(
                "include", "only this one file is put on the machines", "write what it includes into it"
            )
        )
    for name, body in services.items():
        if isinstance(body.get("extends"), dict) and body["extends"].get("file"):
            found.append(
                nothing.problem(
                    f"services.{name}.extends",
                    "only this one file is put on the machines",
                    "write what the service extends into it",
                )
            )
    volumes = document.get("volumes") or {}
    if not isinstance(volumes, dict):
        return broken(nothing.finding("volumes", "a mapping", volumes))
    networks = document.get("networks") or {}
    if not isinstance(networks, dict):
        return broken(nothing.finding("networks", "a mapping", networks))
    finished = {
        dependency
        for body in services.values()
        if isinstance(body.get("depends_on"), dict)
        for dependency, condition in body["depends_on"].items()
        if isinstance(condition, dict) and condition.get("condition") == "service_completed_successfully"
    }
    strings = list(_strings(document))
    return Compose(
        services={name: _service(name, body, name in finished) for name, body in services.items()},
        networks=frozenset(map(str, networks)),
        volumes={str(name): body if isinstance(body, dict) else {} for name, body in volumes.items()},
        required=frozenset(
            name for text in strings for name, has_default in variables(text) if not has_default
        ),
        mentioned=frozenset(name for text in strings for name, _ in variables(text)),
        findings=tuple(found),
        file=file,
        text=text,
    )


def _service(name: str, body: Mapping[str, Any], finished: bool) -> Service:
    healthcheck = body.get("healthcheck")
    checked = (
        isinstance(healthcheck, dict)
        and not healthcheck.get("disable")
        and healthcheck.get("test") not in (["NONE"], "NONE")
    )
    restart = body.get("restart")
    never = restart in (None, False, "no") or (isinstance(restart, str) and restart.startswith("on-failure"))
    networks = body.get("networks")
    mounts = [_mount(item) for item in _items(body.get("volumes"))]
    environment = body.get("environment")
    pairs = (
        environment.items()
        if isinstance(environment, dict)
        else [str(item).partition("=")[::2] for item in _items(environment)]
    )
    # `- NAME` and `NAME:` without a value take the variable of the same name from .env.
    passed = {str(key) for key, value in pairs if value in (None, "") and "=" not in str(key)}
    return Service(
        name=name,
        image=body["image"] if isinstance(body.get("image"), str) else None,
        built="build" in body,
        checked=checked,
        one_shot=finished,
        restarts=not never,
        profiles=bool(body.get("profiles")),
        network_mode=str(body.get("network_mode") or ""),
        networks=tuple(map(str, networks)) if isinstance(networks, list | dict) else (),
        depends=_depends(body.get("depends_on")),
        ports=tuple(item if isinstance(item, dict) else str(item) for item in _items(body.get("ports"))),
        binds=tuple(source for kind, source in mounts if kind == "bind"),
        volumes=tuple(source for kind, source in mounts if kind == "volume"),
        env_files=tuple(
            str(item.get("path") if isinstance(item, dict) else item)
            for item in _items(body.get("env_file"), scalar=True)
        ),
        environment=frozenset(str(key) for key, _ in pairs),
        fixed=frozenset(
            str(key) for key, value in pairs if value not in (None, "") and not any(variables(str(value)))
        ),
        variables=frozenset(variable for text in _strings(body) for variable, _ in variables(text)) | passed,
    )


def _depends(value: Any) -> dict[str, str]:
    """Each service that must come first, and the condition that it must meet."""
    if isinstance(value, list):
        return {str(name): "service_started" for name in value}
    if not isinstance(value, dict):
        return {}
    conditions = {
        str(name): body.get("condition") if isinstance(body, dict) else None for name, body in value.items()
    }
    return {name: str(condition or "service_started") for name, condition in conditions.items()}


def _items(value: Any, scalar: bool = False) -> Sequence[Any]:
    if isinstance(value, list):
        return value
    return [value] if scalar and value is not None else []


def _mount(item: Any) -> tuple[str, str]:
    """('bind' | 'volume' | '', source) of one entry of a service's `volumes`."""
    if isinstance(item, dict):
        return str(item.get("type", "")), str(item.get("source", ""))
    source, separator, _ = str(item).partition(":")
    if not separator:
        return "", ""
    return ("bind" if source.startswith((".", "/", "~")) else "volume"), source


def _strings(value: Any) -> Iterable[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)
    elif isinstance(value, str):
        yield value
