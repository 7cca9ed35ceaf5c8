"""The answers that the stack file gives in place of the compose file: whether each is to something that is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from ..compose import answers as merge
from ..compose.answers import OFF, Answers
from ..compose.file import Compose
from ..compose.replaced import names_of, replaced
from ..compose.replaced_variables import mention_of
from ..errors import Finding, did_you_mean, finding, problem
from ..lines import step
from ..settings import App, Database, Route
from .own_database import is_server


def answers_of(
    app: App, database: Database | None, found: list[Finding], warnings: list[str]
) -> Callable[[Compose], Answers]:
    """What the reader of a compose file asks: the answers of the stack file, with what is wrong with them in ``found``."""

    def ask(compose: Compose) -> Answers:
        wrong = list(_named(compose, app))
        found.extend(wrong)
        if wrong:
            return Answers()
        own = merge.of_settings({name: s.body for name, s in compose.services.items()}, compose.volumes, app)
        server = database.replaces if database else None
        if server is None:
            return own
        wrong = list(_server(compose, server, app))
        found.extend(wrong)
        if wrong:
            return own
        done = replaced(compose, server, app.environment, app.without, app.env)
        found.extend(done.findings)
        warnings.extend(done.warnings)
        return Answers(
            services=merge.both(done.answers.services, own.services),
            volumes=own.volumes,
            gone=tuple(name for name in done.answers.gone if name not in app.mounts.values()),
        )

    return ask


def _named(compose: Compose, app: App) -> Iterator[Finding]:
    have = ", ".join(sorted(compose.services))
    named: list[tuple[str, str]] = [
        *((step("app.images", name), name) for name in app.images),
        *((step("app.healthchecks", name), name) for name in app.healthchecks),
        *((f"app.restart[{i}]", name) for i, name in enumerate(app.restart)),
        *((step("app.environment", name), name) for name in app.environment),
        *((f"app.without[{i}]", name) for i, name in enumerate(app.without)),
    ]
    for place, name in named:
        if name not in compose.services:
            rule = f"a service of {compose.file} ({have})"
            yield finding(place, rule, name, did_you_mean(name, compose.services))
    for mount, volume in app.mounts.items():
        service, colon, target = mount.partition(":")
        place = step("app.mounts", mount)
        if not colon or not target.startswith("/") or service not in compose.services:
            yield finding(place, f"SERVICE:/PLACE of a service of {compose.file} ({have})", mount)
        elif not volume.isascii() or not volume.replace("-", "").replace("_", "").replace(".", "").isalnum():
            yield finding(place, "a volume's name of letters, digits, - and _", volume)


def _server(compose: Compose, server: str, app: App) -> Iterator[Finding]:
    service = compose.services.get(server)
    if service is None:
        have = ", ".join(sorted(compose.services))
        fix = did_you_mean(server, compose.services)
        yield finding("database.replaces", f"a service of {compose.file} ({have})", server, fix)
    elif not is_server(service):
        yield finding("database.replaces", "a service that is a database server", server)
    elif server in app.allow.own_database:
        yield problem(
            "database.replaces", f"'{server}' is in app.allow.ownDatabase too", "keep it in one of them"
        )
    if "*" in app.profiles:
        yield problem(
            "app.profiles",
            f"`*` switches '{server}' on again, which database.replaces takes out",
            "name the profiles",
        )


def routed(routes: tuple[Route, ...], compose: Compose, warnings: list[str]) -> None:
    """A published port of a service that no route leads to: the machine does not open it."""
    reached = {route.target for route in routes}
    for name, answer in compose.answers.services.items():
        service = compose.services[name]
        if "ports" in answer and name not in reached and not service.off:
            place = compose.place(f"{step('services', name)}.ports")
            warnings.append(
                f"{place}: no port of the machine is opened, and no route leads to '{name}'; add one if somebody outside has to "
                "reach it (HTTP and WebSocket alone)"
            )


def left(
    compose: Compose, database: Database, app: App, files: Mapping[str, str], warnings: list[str]
) -> list[Finding]:
    """What names the replaced server outside of the compose file: app.env that a service reads whole, and app.files."""
    server = compose.services.get(database.replaces or "")
    if server is None or OFF not in server.profiles:
        return []
    mention = mention_of(names_of(server))
    fix = "let it say the database's own by app.facts (`databaseHost`, `databaseUrl`)"
    whole = any(service.reads_env_file for service in compose.running.values())
    found = [
        problem(step("app.env", name), f"it names '{server.name}', which is not started", fix)
        for name, value in app.env.items()
        if whole and (":" in value or "host" in name.lower()) and mention.search(value)
    ]
    for name, text in files.items():
        for number, line in enumerate(text.splitlines(), 1):
            if mention.search(line) and not line.lstrip().startswith(("#", "//", ";")):
                warnings.append(
                    f"{app.files[name]}:{number}: it may name '{server.name}', which is not started: its place is taken by "
                    "drawbridge:database"
                )
                break
    return found
