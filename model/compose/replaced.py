"""`database.replaces`: the compose file's own PostgreSQL is not started, and what names it is told the stack's database."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import Finding
from ..lines import step
from .answers import OFF, Answers, Instead, Nothing, both, waits_without
from .file import Compose, Service
from .interpolation import shown
from .normal import shared
from .replaced_variables import hidden, in_command, mention_of, of_service

EXTENSIONS = {
    "timescaledb": "TimescaleDB",
    "timescaledb-ha": "TimescaleDB",
    "citus": "Citus",
    "pgvecto-rs": "pgvecto.rs",
    "vchord-postgres": "VectorChord",
    "vchord-suite": "VectorChord",
    "cloudnative-vectorchord": "VectorChord",
    "immich-app/postgres": "VectorChord",
}
"""Images of PostgreSQL with an extension that RDS does not have."""

_MYSQL = ("mysql", "mariadb", "percona")

_FORM = "an address of the replaced server in a form that can be rewritten"

_INIT = "/docker-entrypoint-initdb.d"


@dataclass(frozen=True, kw_only=True)
class Replaced:
    """``answers`` to the file; ``findings`` name each place that has no answer, ``warnings`` what a person has to look at."""

    answers: Answers = field(default_factory=Answers)
    findings: tuple[Finding, ...] = ()
    warnings: tuple[str, ...] = ()


def replaced(
    compose: Compose,
    server: str,
    said: Mapping[str, Mapping[str, str]],
    without: Collection[str] = (),
    env: Mapping[str, str] | None = None,
) -> Replaced:
    """``said`` are variables of services that the stack file gives by itself (`app.environment`): nobody rewrites them;
    ``without`` are services that are not started either, ``env`` what .env says."""
    service = compose.services[server]
    found = list(_impossible(compose, service))
    warnings = list(_lost(compose, service))
    answers: dict[str, Any] = {server: {"profiles": Instead([OFF]), "volumes": Nothing()}}
    if not service.body.get("volumes"):
        del answers[server]["volumes"]
    databases: dict[str, str] = {}
    default = service.environment.get("POSTGRES_DB") or service.environment.get("POSTGRES_USER") or ""
    for name in compose.services:
        if name == server:
            continue
        answer, more = _of_service(
            compose, name, service, said.get(name, {}), databases, warnings, without, env or {}
        )
        if answer:
            answers = both(answers, {name: answer})
        found += more
    meant = {database for database in databases.values() if database and not database.startswith("$")}
    for place, database in databases.items():
        if len(meant) > 1 and database in meant and database != (default or min(meant)):
            found.append(
                compose.finding(
                    place,
                    f"one database ({default or min(meant)}), for drawbridge:database has one",
                    shown(database),
                    "give this service the same database in app.environment, or keep its server (app.allow.ownDatabase)",
                )
            )
    return Replaced(
        answers=Answers(services=answers, gone=_unmounted(compose, server)),
        findings=tuple(found),
        warnings=tuple(warnings),
    )


def names_of(service: Service) -> set[str]:
    """What others call the server, in small letters."""
    own = service.name
    names = {own, *(str(service.body.get(key) or own) for key in ("container_name", "hostname"))}
    networks = service.body.get("networks")
    for body in networks.values() if isinstance(networks, dict) else ():
        names |= {str(alias) for alias in (body or {}).get("aliases") or ()}
    return {name.lower() for name in names}


def has_extension(image: str | None) -> str | None:
    """The name in `EXTENSIONS` of an image of PostgreSQL that RDS cannot take the place of."""
    path, _, last = (image or "").partition("@")[0].lower().rpartition("/")
    last = last.partition(":")[0]
    return next((name for name in (f"{path.rpartition('/')[2]}/{last}", last) if name in EXTENSIONS), None)


def _impossible(compose: Compose, service: Service) -> Iterator[Finding]:
    place = f"{step('services', service.name)}.image"
    last = (service.image or "").partition("@")[0].rpartition("/")[2].partition(":")[0].lower()
    known = has_extension(service.image)
    if known:
        extension = EXTENSIONS[known]
        fix = (
            f"take `replaces` out, keep '{service.name}' as a container, and list it in app.allow.ownDatabase"
        )
        yield compose.finding(
            place, f"a PostgreSQL that RDS can replace; it has no {extension}", service.image, fix
        )
    if last.startswith(_MYSQL):
        fix = "choose the app's PostgreSQL, if it has one"
        yield compose.finding(place, "a PostgreSQL, which drawbridge:database is", service.image, fix)


def _lost(compose: Compose, service: Service) -> Iterator[str]:
    place = compose.place(f"{step('services', service.name)}.volumes")
    for mount in service.mounts:
        if mount["target"].startswith(_INIT):
            yield (
                f"{place}: what {shown(mount['source'])} does at the first start of '{service.name}' is not done in "
                "drawbridge:database; let a service of app.once do it"
            )
    image = (service.image or "").lower()
    for word, extension in (("postgis", "postgis"), ("pgvector", "vector")):
        if word in image:
            yield (
                f"{compose.place(step('services', service.name) + '.image')}: the app needs the extension {extension}, which RDS "
                "has; where the app's role may not make it, its migrations say so"
            )


def _unmounted(compose: Compose, server: str) -> tuple[str, ...]:
    """The volumes that nobody but the server mounts."""
    others = {v for name, service in compose.services.items() if name != server for v in service.volumes}
    return tuple(
        volume
        for volume in dict.fromkeys(compose.services[server].volumes)
        if volume not in others and volume in compose.volumes
    )


def _of_service(
    compose: Compose,
    name: str,
    server: Service,
    said: Mapping[str, str],
    databases: dict[str, str],
    warnings: list[str],
    without: Collection[str],
    env: Mapping[str, str],
) -> tuple[dict[str, Any], list[Finding]]:
    service = compose.services[name]
    names = names_of(server)
    answer = dict(waits_without(service.body, {server.name, *without}))
    found: list[Finding] = []
    place = step("services", name)
    if server.name in (other for key, other in shared(service.body) if key != "links"):
        fix = "take this service out, or keep the server (app.allow.ownDatabase)"
        said_here = f"it lives in the container of '{server.name}', which is not started"
        found.append(compose.problem(place, said_here, fix))
    variables = of_service(service, names, server.environment, said, env)
    found += [
        compose.finding(step(f"{place}.environment", variable), _FORM, text, fix)
        for variable, text, fix in variables.refused
    ]
    databases |= {step(f"{place}.environment", key): text for key, text in variables.databases.items()}
    if variables.changed:
        answer["environment"] = variables.changed
    mention = mention_of(names)
    for key in ("command", "entrypoint"):
        value = service.body.get(key)
        words = [value] if isinstance(value, str) else [str(word) for word in value or ()]
        if not any(map(mention.search, words)):
            continue
        changed = [in_command(word, names) for word in words]
        left = next((word for word in changed if mention.search(word)), None)
        if left is not None:
            fix = "let the app read the address from a variable, such as PGHOST or DATABASE_URL"
            found.append(compose.finding(f"{place}.{key}", _FORM, hidden(left), fix))
        else:
            answer[key] = Instead(changed[0] if isinstance(value, str) else changed)
    if service.off or name in without:
        return answer, []
    if variables.apart:
        warnings.append(
            f"{compose.place(place)}: it is told the database's address in parts, and TLS is verified where its driver reads "
            "PGSSLMODE and PGSSLROOTCERT (libpq, psycopg, pgx) or NODE_EXTRA_CA_CERTS; for another, say so in "
            f"app.environment.{name}"
        )
    if (
        server.name in service.depends
        and not found
        and not {"environment", "command", "entrypoint"} & answer.keys()
        and not said
    ):
        warnings.append(
            f"{compose.place(place)}: it waits for '{server.name}', and nothing here tells it where its database is; say so in "
            f"app.environment.{name} with ${{PGHOST}}, ${{PGUSER}} and the others"
        )
    return answer, found
