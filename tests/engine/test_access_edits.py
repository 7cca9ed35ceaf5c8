"""Who may reach a place is changed again and again, with the real CLI: each edit is in force after one `up`.

The stand-in refuses, as Access does, that two applications hold one place, at creation and at every change. The engine creates
and changes first and deletes last.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

from model.edge.access_applications import applications
from model.settings import Route

from .harness import EngineStack
from .stacks import ACCESS_APPLICATION, prepare

Config = dict[str, Any]
HOST = "memberapi.ose.tw"


def route(path: str | None, access: str) -> Config:
    return {
        "hostname": HOST,
        "service": "http://api:8000",
        "access": access,
        **({"path": path} if path else {}),
    }


def at(path: str | None, access: str) -> Callable[[Config], None]:
    """A path gets this access; it is added if it was in no route."""

    def change(config: Config) -> None:
        for one in config["drawbridge:routes"]:
            if one.get("path") == path:
                one["access"] = access
                return
        config["drawbridge:routes"].append(route(path, access))

    return change


def gone(path: str | None) -> Callable[[Config], None]:
    def change(config: Config) -> None:
        config["drawbridge:routes"] = [one for one in config["drawbridge:routes"] if one.get("path") != path]

    return change


def renamed(old: str, new: str) -> Callable[[Config], None]:
    def change(config: Config) -> None:
        config["drawbridge:access"][new] = config["drawbridge:access"].pop(old)
        for one in config["drawbridge:routes"]:
            one["access"] = new if one["access"] == old else one["access"]

    return change


def all_of(*edits: Callable[[Config], None]) -> Callable[[Config], None]:
    def change(config: Config) -> None:
        for edit in edits:
            edit(config)

    return change


def entry(name: str, **settings: Any) -> Callable[[Config], None]:
    return lambda config: config["drawbridge:access"].update({name: settings})


PEOPLE = {"allow": {"domains": ["example.org"]}, "mfa": True}
EDITS: dict[str, Callable[[Config], None]] = {
    "rename the host's entry": renamed("staff", "crew"),
    "rename a path's entry": renamed("clients", "partners"),
    "tighten an entry": lambda config: config["drawbridge:access"]["crew"].update(mfa=True, session="1h"),
    "loosen an entry": lambda config: config["drawbridge:access"]["crew"].update(session="24h"),
    "move a path to another entry": at("/admin/*", "systems"),
    "move it back": at("/admin/*", "partners"),
    "swap two paths' entries": all_of(at("/admin/*", "systems"), at("/internal/*", "partners")),
    "swap and rename at once": all_of(
        at("/admin/*", "partners"), at("/internal/*", "systems"), renamed("systems", "machines")
    ),
    "join all paths under one entry": at("/admin/*", "machines"),
    "split them again": at("/admin/*", "partners"),
    "open a path": at("/internal/*", "public"),
    "close it": at("/internal/*", "machines"),
    "people where machines were": all_of(entry("ops", **PEOPLE), at("/internal/*", "ops")),
    "machines where people were": at("/internal/*", "machines"),
    "a new path below a protected one": at("/internal/jobs/*", "ops"),
    "a public one below that": at("/internal/jobs/logo", "public"),
    "which takes in what lies below it": all_of(
        gone("/internal/jobs/logo"), at("/internal/jobs/logo/*", "public")
    ),
    "and no longer does": all_of(gone("/internal/jobs/logo/*"), at("/internal/jobs/logo", "public")),
    "without the paths below": all_of(gone("/internal/jobs/logo"), gone("/internal/jobs/*")),
    "an exact public path takes in what lies below it": all_of(gone("/healthz"), at("/healthz/*", "public")),
    "and gives it back to the host": all_of(gone("/healthz/*"), at("/healthz", "public")),
    "a path of another entry is split off a public one": all_of(
        gone("/me/*"), at("/me", "public"), at("/me/*", "ops")
    ),
    "the exact one is given to the same entry": at("/me", "ops"),
    "and taken from it": at("/me", "public"),
    "a path of two words and one that begins so": all_of(at("/v1/a/*", "machines"), at("/v1/b*", "partners")),
    "the two change entries": all_of(at("/v1/a/*", "partners"), at("/v1/b*", "machines")),
    "a path goes from one entry to the host": gone("/v1/a/*"),
    "the whole host is open but for its paths": at(None, "public"),
    "the whole host asks for ops": at(None, "ops"),
    "and for its first entry again, under its first name": all_of(at(None, "crew"), renamed("crew", "staff")),
}


def claims(engine: EngineStack) -> dict[str, tuple[str, ...]]:
    return {
        thing.name: tuple(destination["uri"] for destination in thing.inputs["destinations"])
        for thing in engine.cloud.live(ACCESS_APPLICATION)
    }


def test_thirty_edits_of_access_are_each_in_force_after_one_up(tmp_path: Path, plugins: Path) -> None:
    assert len(EDITS) == 30
    engine = prepare("memberapi", tmp_path, plugins)
    engine.up()
    audiences: dict[str, str] = {}
    for name, edit in EDITS.items():
        engine.edit(edit)
        try:
            engine.up()
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from error
        config: Config = {}
        engine.edit(lambda current: config.update(copy.deepcopy(current)))  # noqa: B023
        routes = [Route.model_validate(one) for one in config["drawbridge:routes"]]
        wanted = {f"drawbridge-prod-access-app-{app.key}": app.destinations for app in applications(routes)}
        assert claims(engine) == wanted, name
        # A place keeps its audience, so whoever checks tokens by it goes on.
        for thing in engine.cloud.live(ACCESS_APPLICATION):
            assert audiences.get(thing.name, thing.outputs["aud"]) == thing.outputs["aud"], name
        audiences = {thing.name: thing.outputs["aud"] for thing in engine.cloud.live(ACCESS_APPLICATION)}


def test_stacks_of_an_earlier_version_keep_their_applications(tmp_path: Path, plugins: Path) -> None:
    """Their applications were called after host and entry, and all paths of one entry were one."""
    engine = prepare("memberapi", tmp_path, plugins)
    model = engine.project / "model" / "edge" / "access_applications.py"
    now = model.read_text(encoding="utf-8")
    model.write_text(now + FORMER, encoding="utf-8")
    engine.up()
    before = {thing.id: thing.outputs["aud"] for thing in engine.cloud.live(ACCESS_APPLICATION)}
    assert sorted(claims(engine).values()) == [
        (HOST, f"{HOST}/healthz/*"),
        (f"{HOST}/admin", f"{HOST}/admin/*"),
        (f"{HOST}/healthz", f"{HOST}/me", f"{HOST}/me/*"),
        (f"{HOST}/internal", f"{HOST}/internal/*"),
    ]
    model.write_text(now, encoding="utf-8")
    run = engine.up()
    after = {thing.id: thing.outputs["aud"] for thing in engine.cloud.live(ACCESS_APPLICATION)}
    assert (before.items() <= after.items(), len(after)) == (True, len(before) + 1)
    assert run.done("delete", ACCESS_APPLICATION) == []
    assert [step for step in run.steps if "replace" in step.op] == []


FORMER = '''

_now = applications


def applications(routes):  # type: ignore[no-untyped-def]
    """As the version before had it: one application a host and entry."""
    import dataclasses

    merged = {}
    keys = naming.former_application_keys((route.hostname, route.access) for route in routes)
    for app in _now(routes):
        key = keys[app.hostname, app.access or "public"]
        known = merged.get(key)
        destinations = (known.destinations if known else ()) + app.destinations
        merged[key] = dataclasses.replace(app, key=key, destinations=destinations, after=(), former=None)
    return tuple(merged.values())


def application_of(route, apps):  # type: ignore[no-untyped-def]
    (key,) = naming.former_application_keys([(route.hostname, route.access)]).values()
    return key
'''
