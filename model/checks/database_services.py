"""Which services use the database, and whether they can."""

from __future__ import annotations

from collections.abc import Iterable

from ..compose import services
from ..compose.file import Compose
from ..errors import Finding, finding
from ..machine import app_variables
from ..settings import App, Database


def check(compose: Compose, app: App, database: Database, warnings: list[str]) -> list[Finding]:
    have = ", ".join(sorted(compose.services))
    found = [
        finding(f"database.services[{i}]", f"a service of {compose.file} ({have})", name)
        for i, name in enumerate(database.services or ())
        if name not in compose.services
    ]
    readers = () if found else services.database_services(compose, database, app_variables.aliases(app))
    found += _another_address(compose, readers)
    if not found and not readers:
        warnings.append(
            f"database: no service of {compose.file} mentions DATABASE_URL or a PG* variable; name them in database.services"
        )
    return found


def _another_address(compose: Compose, readers: Iterable[str]) -> list[Finding]:
    """Services that are given the database and have the address of another one written into the compose file, which wins."""
    return [
        compose.problem(
            f"services.{name}.environment.{variable}",
            f"the service gets the stack's database, and this value of {variable} would win",
            f"write ${{{variable}}} for its value, or leave it out; or list in database.services who does use the database",
        )
        for name in readers
        for variable in ("DATABASE_URL", "PGHOST")
        if variable in compose.services[name].fixed
    ]
