"""What the services of a compose file are for: which run once, which read what."""

from __future__ import annotations

from collections.abc import Iterable

from ..settings import App, Database
from .file import Compose


def read_by_services(compose: Compose) -> frozenset[str]:
    return compose.mentioned.union(*(service.variables for service in compose.services.values()))


def registry_passwords(app: App) -> set[str]:
    return {registry.password for registry in app.registries if registry.password}


def login_only(compose: Compose, app: App) -> tuple[str, ...]:
    """Registries' passwords that no service asks for by name: they are not for containers to read."""
    return tuple(sorted(registry_passwords(app) - read_by_services(compose)))


def run_once(compose: Compose, app: App) -> tuple[str, ...]:
    """The services that run to their end before the others start, in an order in which each finds its predecessors done."""
    chosen = (
        app.once
        if app.once is not None
        else tuple(n for n, s in compose.services.items() if s.one_shot and not s.off)
    )
    ordered: list[str] = []

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in ordered or name in path:
            return
        for earlier in sorted(set(compose.services[name].depends) & set(chosen)):
            visit(earlier, (*path, name))
        ordered.append(name)

    for name in chosen:
        if name in compose.services:
            visit(name, ())
    return tuple(ordered)


def database_services(compose: Compose, database: Database, aliases: Iterable[str] = ()) -> tuple[str, ...]:
    """The services that get the database's variables: those named, or those that mention one (or an alias of one) or
    read all of .env."""
    if database.services is not None:
        return database.services
    ours = {"DATABASE_URL", "PGHOST", "PGPORT", "PGDATABASE", "PGUSER", "PGPASSWORD", *aliases}
    return tuple(
        name
        for name, service in compose.running.items()
        if service.variables & ours or service.reads_env_file
    )
