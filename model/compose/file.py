"""The app's compose file, read as Compose reads it. The file itself is never edited."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from .. import errors, go_yaml, lines
from ..errors import Finding
from . import answers as merge
from . import casts, interpolation, normal, references, schema, spelling
from .answers import Answers
from .extends import extended


@dataclass(frozen=True, kw_only=True)
class Service:
    """What we need to know of one service, in Compose's long form and with its variables put in; ``body`` is all of it.

    `fixed` are those of `environment` whose values name no variable.
    """

    name: str
    image: str | None
    built: bool
    checked: bool
    one_shot: bool
    restarts: bool
    profiles: tuple[str, ...]
    off: bool
    network_mode: str
    networks: tuple[str, ...]
    depends: Mapping[str, str]
    ports: tuple[Mapping[str, str], ...]
    mounts: tuple[Mapping[str, Any], ...]
    env_files: tuple[Mapping[str, Any], ...]
    environment: Mapping[str, str | None]
    fixed: frozenset[str]
    variables: frozenset[str]
    body: Mapping[str, Any]

    @property
    def host_network(self) -> bool:
        return self.network_mode == "host"

    @property
    def binds(self) -> tuple[str, ...]:
        return tuple(item["source"] for item in self.mounts if item["type"] == "bind")

    @property
    def volumes(self) -> tuple[str, ...]:
        """Named volumes."""
        return tuple(item["source"] for item in self.mounts if item["type"] == "volume" and item["source"])

    @property
    def reads_env_file(self) -> bool:
        """Whether it is given all of .env."""
        return any(item["path"].removeprefix("./") == ".env" for item in self.env_files)


@dataclass(frozen=True, kw_only=True)
class Compose:
    """A parsed compose file. `required` are the variables that it mentions, and that have neither a value nor a default;
    `unneeded` those that nothing running reads, and without which Compose would refuse the file (`${NAME:?}`).
    `answers` are merged into all of it, and are what the overlay has to say to Compose.

    A service that is off has a profile that is not switched on: it is in `services`, and nothing of it runs.
    """

    services: Mapping[str, Service] = field(default_factory=dict)
    networks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    volumes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    secrets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    configs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    mentioned: frozenset[str] = frozenset()
    unneeded: frozenset[str] = frozenset()
    findings: tuple[Finding, ...] = ()
    answers: Answers = field(default_factory=Answers)
    file: str = "compose.yaml"
    text: str = field(default="", repr=False)

    @property
    def running(self) -> Mapping[str, Service]:
        """The services that are not off."""
        return {name: service for name, service in self.services.items() if not service.off}

    @functools.cached_property
    def lines(self) -> dict[str, int]:
        return lines.of_document(self.text, go_yaml.ComposeLoader)

    def finding(self, path: str, expected: str, found: object, fix: str = "") -> Finding:
        """An error of this file, with its line; ``path`` is one of this file's."""
        return self.placed(errors.finding(path, expected, found, fix))

    def problem(self, path: str, text: str, fix: str = "", line: int = 0) -> Finding:
        return self.placed(errors.problem(path, text, fix), line)

    def place(self, path: str) -> str:
        """FILE:LINE path."""
        line = lines.nearest(self.lines, path)
        return f"{self.file}{f':{line}' if line else ''} {path}"

    def line_of_variable(self, name: str) -> int:
        """The first line that mentions ${NAME}; 0 where none does in so many letters."""
        mention = re.compile(rf"\${{?{re.escape(name)}\b")
        return next((n for n, line in enumerate(self.text.splitlines(), 1) if mention.search(line)), 0)

    def placed(self, item: Finding, line: int = 0) -> Finding:
        """An error whose path is one of this file's, with its name and line."""
        return dataclasses.replace(item, file=self.file, line=line or lines.nearest(self.lines, item.path))


def parse(
    text: str,
    file: str = "compose.yaml",
    *,
    env: Mapping[str, str] | None = None,
    hidden: Iterable[str] = (),
    profiles: Collection[str] = (),
    answers: Callable[[Compose], Answers] | None = None,
) -> Compose:
    """Read a compose file's text with the variables of ``env``; ``hidden`` are names of others, whose values nobody may see.

    ``answers`` is asked what counts in place of what the file says, once it is read; what comes back has that merged in.
    What is wrong with the file comes back in `findings`; nothing is raised.
    """
    nothing = Compose(file=file, text=text)

    def broken(*items: Finding) -> Compose:
        return dataclasses.replace(nothing, findings=tuple(map(nothing.placed, items)))

    try:
        node = go_yaml.composed(text, go_yaml.ComposeLoader)
        found = list(spelling.respelled(node))
        document = go_yaml.constructed(node, go_yaml.ComposeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        item = nothing.problem("", f"not valid YAML: {error.problem or error.context}", line=line)
        return dataclasses.replace(nothing, findings=(item,))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        return broken(errors.problem("", f"not valid YAML: {str(error).splitlines()[0]}"))
    if isinstance(document, dict) and "services" not in document:
        return broken(errors.problem("services", "required key is missing", "add it"))
    services = document["services"] if isinstance(document, dict) else document
    if not isinstance(document, dict) or not isinstance(services, dict) or not services:
        return broken(errors.finding("services", "a mapping with at least one service", services))
    bad = next((name for name, body in services.items() if not isinstance(body, dict)), None)
    if bad is not None:
        return broken(errors.finding(lines.step("services", bad), "a mapping", services[bad]))
    found += [
        errors.finding(path, "${NAME} or ${NAME:-default} where a `${` is", words, "write $$ for a dollar")
        for path, words in interpolation.faults(document)
    ]
    if document.get("include"):
        fix = "write what it includes into it"
        found.append(errors.problem("include", "only this one file is put on the machines", fix))
    if found:
        return broken(*found)
    raw, unextendable = extended(services)
    document["services"] = raw
    values = {**{name: interpolation.unknown(name) for name in hidden}, **(env or {})}

    demanded = {name for item in _strings(document) for name in interpolation.demanded(item)}

    def read(document: Any, answered: Answers) -> Compose:
        whole, uncast = casts.cast(interpolation.interpolated(document, values))
        whole["services"] = {name: normal.unique(body) for name, body in whole["services"].items()}
        found = unextendable or uncast or schema.judge(whole) or references.check(whole, profiles)
        if found:
            return broken(*found)
        compose = _compose(document, whole, values, profiles)
        unneeded = frozenset(demanded - values.keys() - compose.required)
        return dataclasses.replace(compose, file=file, text=text, answers=answered, unneeded=unneeded)

    compose = read(document, Answers())
    given = answers(compose) if answers and not compose.findings else Answers()
    return read(merge.answered(document, given), given) if given else compose


def _compose(raw: Any, whole: Any, values: Mapping[str, str], profiles: Collection[str]) -> Compose:
    finished = {
        earlier
        for body in whole["services"].values()
        for earlier, how in normal.depends_on(body.get("depends_on")).items()
        if how["condition"] == "service_completed_successfully"
    }
    services = {
        name: _service(name, body, raw["services"][name], name in finished, profiles)
        for name, body in whole["services"].items()
    }
    rest = {key: value for key, value in raw.items() if key != "services"}
    texts = [
        *_strings(rest),
        *(text for n, s in services.items() if not s.off for text in _strings(raw["services"][n])),
    ]
    sections: dict[str, Any] = {
        key: {
            str(name): body if isinstance(body, dict) else {} for name, body in (whole.get(key) or {}).items()
        }
        for key in ("networks", "volumes", "secrets", "configs")
    }
    passed = {
        str(body["environment"])
        for key in ("secrets", "configs")
        for body in sections[key].values()
        if body.get("environment")
    }
    return Compose(
        services=services,
        **sections,
        required=frozenset(name for text in texts for name in interpolation.missing(text, values.keys()))
        | (passed - values.keys()),
        mentioned=frozenset(name for text in _strings(raw) for name in interpolation.mentioned(text))
        | passed,
    )


def _service(
    name: str, body: Mapping[str, Any], raw: Mapping[str, Any], finished: bool, profiles: Collection[str]
) -> Service:
    restart = body.get("restart")
    never = restart in (None, False, "no", "") or (
        isinstance(restart, str) and restart.startswith("on-failure")
    )
    environment = normal.environment(body.get("environment"))
    written = normal.environment(raw.get("environment"))
    # `- NAME` and `NAME:` without a value take the variable of the same name from .env.
    passed = {key for key, value in written.items() if value is None}
    return Service(
        name=name,
        image=(body["image"] or None) if isinstance(body.get("image"), str) else None,
        built="build" in body,
        checked=_checked(body.get("healthcheck")),
        one_shot=finished,
        restarts=not never,
        profiles=tuple(map(str, body.get("profiles") or ())),
        off=normal.is_off(body, profiles),
        network_mode=str(body.get("network_mode") or ""),
        networks=normal.networks(body.get("networks")),
        depends={key: how["condition"] for key, how in normal.dependencies(body).items()},
        ports=tuple(map(normal.port, body.get("ports") or ())),
        mounts=tuple(map(normal.mount, body.get("volumes") or ())),
        env_files=tuple(normal.env_files(body.get("env_file"))),
        environment=environment,
        fixed=frozenset(
            key
            for key, value in written.items()
            if value not in (None, "") and not any(interpolation.mentioned(value))
        ),
        variables=frozenset(variable for text in _strings(raw) for variable in interpolation.mentioned(text))
        | passed,
        body=body,
    )


def _checked(healthcheck: Any) -> bool:
    """Whether the file says how the service's health is asked; an image's own way is in no file."""
    if not isinstance(healthcheck, dict) or healthcheck.get("disable") in (True, "true"):
        return False
    test = healthcheck.get("test")
    if test is None and healthcheck.get("disable") in (False, "false"):
        return True  # in so many words: the image's own
    return bool(test) and test not in (["NONE"], "NONE")


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)
    elif isinstance(value, str):
        yield value
