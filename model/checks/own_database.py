"""A database server of the compose file beside the stack's own database: seen by image, host name and port."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..compose.file import Compose, Service
from ..compose.interpolation import shown
from ..errors import Finding
from ..lines import step
from ..settings import App

ENGINES = frozenset(
    [
        "postgres",
        "postgresql",
        "postgis",
        "pgvector",
        "timescaledb",
        "timescaledb-ha",
        "postgresql-repmgr",
        "citus",
        "spilo",
        "spilo-15",
        "spilo-16",
        "spilo-17",
        "crunchy-postgres",
        "pgvecto-rs",
        "vchord-postgres",
        "vchord-suite",
        "cloudnative-vectorchord",
        "edb-postgres",
        "percona-postgresql",
        "mysql",
        "mysql-server",
        "mariadb",
        "mariadb-galera",
        "percona",
        "percona-server",
    ]
)
"""The last part of an image's name, of servers that do what the stack's database does."""


def check(compose: Compose, app: App) -> list[Finding]:
    found: list[Finding] = []
    for name, service in compose.running.items():
        if name in (*app.allow.own_database, *(app.once or ())) or not is_server(service):
            continue
        place = step("services", name)
        rule = "no other database beside drawbridge:database, which lives and dies with its machine"
        fix = (
            f"write `replaces: {name}` in drawbridge:database, which takes its place without a change of this file; or list "
            f"'{name}' in app.allow.ownDatabase if both are meant"
        )
        found.append(compose.finding(f"{place}.image", rule, shown(service.image or ""), fix))
        for path, value in _mentions(name, service, compose):
            rule = f"the stack's database; this names '{name}', the other one"
            found.append(compose.finding(path, rule, shown(value)))
    return found


def is_server(service: Service) -> bool:
    """By its image's name; where that says nothing, by what only such a server is told."""
    if not service.image or service.one_shot or not _starts_it(service):
        return False
    last = service.image.partition("@")[0].rpartition("/")[2].partition(":")[0].lower()
    told = {
        "POSTGRES_PASSWORD",
        "POSTGRES_HOST_AUTH_METHOD",
        "PGDATA",
        "MYSQL_ROOT_PASSWORD",
        "MARIADB_ROOT_PASSWORD",
    }
    keeps = any(re.match(r"/var/lib/(postgresql|mysql)(/|$)", mount["target"]) for mount in service.mounts)
    return (
        last in ENGINES
        or (last.startswith(("postgres", "mysql", "mariadb")) and not last.endswith("exporter"))
        or (keeps and bool(told & service.environment.keys()))
    )


_PROGRAMS = ("postgres", "mysqld", "mariadbd", "docker-entrypoint.sh", "docker-ensure-initdb.sh")


def _starts_it(service: Service) -> bool:
    """Whether the image's own program runs: `psql` of the same image, or a script, is a client."""
    command = service.body.get("entrypoint") or service.body.get("command") or ()
    words = command.split() if isinstance(command, str) else list(map(str, command))
    return not words or words[0].startswith("-") or words[0].rpartition("/")[2] in _PROGRAMS


def _mentions(name: str, service: Service, compose: Compose) -> Iterator[tuple[str, str]]:
    """Where other services name it, whatever the variable is called: as a host, alone or in a URL, or in depends_on."""
    names = {name, str(service.body.get("container_name") or name), str(service.body.get("hostname") or name)}
    networks = service.body.get("networks")
    for body in networks.values() if isinstance(networks, dict) else ():
        names |= {str(alias) for alias in (body or {}).get("aliases") or ()}
    host = re.compile(rf"(?:^|[@/,= ])(?:{'|'.join(map(re.escape, sorted(names)))})(?:$|[:/?, ;])")
    for other, body in compose.running.items():
        if other == name:
            continue
        place = step("services", other)
        for variable, value in body.environment.items():
            if value and host.search(value):
                yield step(f"{place}.environment", variable), value
        command = body.body.get("command")
        for text in [command] if isinstance(command, str) else map(str, command or ()):
            if host.search(text):
                yield f"{place}.command", text
        if name in body.depends:
            yield f"{place}.depends_on", name
