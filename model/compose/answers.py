"""What the stack file says in place of the app's compose file: the same answers for our reader and for Compose (the overlay)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..settings import App
from . import normal
from .normal import mount

OFF = "off-by-drawbridge"
"""The profile of a service that is not started; nobody switches it on."""

LOOPBACK = ("127.0.0.1", "::1")


@dataclass(frozen=True)
class Instead:
    """What counts in place of all that the app's file says at this key: Compose's `!override`."""

    value: Any


class Nothing:
    """What the app's file says at this key does not count: Compose's `!reset`."""


Body = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Answers:
    """``services`` are merged into those of the app's file, as Compose does; ``volumes`` are made, those in ``gone`` are not."""

    services: Mapping[str, Body] = field(default_factory=dict)
    volumes: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.services or self.volumes or self.gone)


def of_settings(services: Mapping[str, Mapping[str, Any]], volumes: Any, app: App) -> Answers:
    """The answers of `app` alone, to the ``services`` and ``volumes`` of a file with its variables put in."""
    found: dict[str, Body] = {}
    for name, body in services.items():
        answer = dict(_of_service(name, body, app))
        if answer:
            found[name] = answer
    named = dict.fromkeys(app.mounts.values())
    return Answers(services=found, volumes=tuple(name for name in named if name not in (volumes or {})))


def _of_service(name: str, body: Mapping[str, Any], app: App) -> Iterator[tuple[str, Any]]:
    if name in app.without:
        yield "profiles", Instead([OFF])
    yield from waits_without(body, app.without)
    if name in app.images:
        yield "image", app.images[name]
        if "build" in body:
            yield "build", Nothing()
    if name in app.healthchecks:
        yield "healthcheck", Instead(_healthcheck(app, name))
    if name in app.restart:
        yield "restart", "unless-stopped"
    if name in app.environment:
        yield "environment", dict(app.environment[name])
    mounts = [
        {"type": "volume", "source": volume, "target": place.partition(":")[2]}
        for place, volume in app.mounts.items()
        if place.partition(":")[0] == name
    ]
    if mounts:
        yield "volumes", mounts
    published = [normal.port(item) for item in body.get("ports") or ()]
    kept = [port for port in published if port["host_ip"] in LOOPBACK]
    if len(kept) < len(published):
        written = [{key: value for key, value in port.items() if value} for port in kept]
        yield "ports", Instead(written) if kept else Nothing()


def waits_without(body: Mapping[str, Any], gone: Collection[str]) -> Iterator[tuple[str, Any]]:
    """`depends_on` and `links` without services that are not started."""
    for key in ("depends_on", "links"):
        value = body.get(key)
        if isinstance(value, dict) and set(gone) & value.keys():
            rest: Any = {other: how for other, how in value.items() if other not in gone}
        elif isinstance(value, list) and any(str(item).partition(":")[0] in gone for item in value):
            rest = [item for item in value if str(item).partition(":")[0] not in gone]
        else:
            continue
        yield key, Instead(rest) if rest else Nothing()


def _healthcheck(app: App, name: str) -> Body:
    check = app.healthchecks[name]
    if check.test == ("image",):
        return {"disable": False}
    return {
        "test": list(check.test),
        "interval": f"{check.interval}s",
        "timeout": f"{check.timeout}s",
        "retries": check.retries,
        "start_period": f"{check.start_period}s",
    }


def answered(document: Mapping[str, Any], answers: Answers) -> dict[str, Any]:
    """A compose file's document with the answers merged into it, as Compose merges the overlay."""
    services = {
        name: merged(body, answers.services.get(name, {})) for name, body in document["services"].items()
    }
    declared = document.get("volumes")
    volumes = {name: body for name, body in (declared or {}).items() if name not in answers.gone}
    volumes |= {name: None for name in answers.volumes}
    whole = {**document, "services": services}
    if volumes or declared is not None:
        whole["volumes"] = volumes
    return whole


def merged(body: Mapping[str, Any], answer: Mapping[str, Any]) -> Body:
    found = dict(body)
    for key, value in answer.items():
        if isinstance(value, Nothing):
            found.pop(key, None)
        elif isinstance(value, Instead):
            found[key] = value.value
        elif key == "environment":
            found[key] = {**normal.environment(found.get(key)), **value}
        elif key == "volumes":
            targets = {item["target"] for item in value}
            kept = [item for item in found.get(key) or () if mount(item)["target"].rstrip("/") not in targets]
            found[key] = [*kept, *value]
        else:
            found[key] = value
    return found


def both(first: Mapping[str, Body], second: Mapping[str, Body]) -> dict[str, Body]:
    """Two sets of answers; of two to one question the second counts, variables apart."""
    found = {name: dict(body) for name, body in first.items()}
    for name, body in second.items():
        own = found.setdefault(name, {})
        for key, value in body.items():
            joins = key == "environment" and isinstance(value, dict)
            own[key] = {**own.get(key, {}), **value} if joins else value
    return found
