"""Which services use the database, and whether they can."""

from __future__ import annotations

from ..compose import services
from ..compose.file import Compose
from ..errors import Finding, finding
from ..machine import app_variables
from ..settings import App, Database
from .compose_file import own_database


def check(compose: Compose, app: App, database: Database, warnings: list[str]) -> list[Finding]:
    have = ", ".join(sorted(compose.services))
    found = [
        finding(f"database.services[{i}]", f"a service of {compose.file} ({have})", name)
        for i, name in enumerate(database.services or ())
        if name not in compose.services
    ]
    readers = () if found else services.database_services(compose, database, app_variables.aliases(app))
    found += own_database(compose, readers)
    if not found and not readers:
        warnings.append(
            f"database: no service of {compose.file} mentions DATABASE_URL or a PG* variable; name them in database.services"
        )
    return found
