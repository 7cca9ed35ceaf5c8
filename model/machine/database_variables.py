"""What the app is told of its database."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from ..compose.database_spellings import CA_FILE
from ..settings import Database

PORT = 5432


SECRETS = ("DATABASE_URL", "PGPASSWORD")
"""The variables that hold the app role's password."""


def url(database: Database, host: str, password: str) -> str:
    """`DATABASE_URL` with verified TLS, as the driver that the scheme names takes it.

    SQLAlchemy passes a URL's query to the driver as keyword arguments, and asyncpg has no `sslmode`: there the root
    certificate comes from PGSSLROOTCERT (MagicStack/asyncpg#737). The host is the RDS endpoint itself, because that
    is the name in its certificate.
    """
    driver = database.scheme.partition("+")[2]
    tls = "ssl=verify-full" if driver == "asyncpg" else f"sslmode=verify-full&sslrootcert={CA_FILE}"
    login = f"{database.owner}:{quote(password, safe='')}"
    return f"{database.scheme}://{login}@{host}:{PORT}/{database.name}?{tls}"


def variables(database: Database, host: str, aliases: Mapping[str, str] | None = None) -> dict[str, str]:
    """The plain `PG*` variables, and the ``aliases`` that are other names of theirs; the password is a secret and travels
    as one."""
    ours = {"PGHOST": host, "PGPORT": str(PORT), "PGDATABASE": database.name, "PGUSER": database.owner}
    return ours | {alias: ours[name] for alias, name in (aliases or {}).items() if name in ours}


def parameters(database: Database) -> dict[str, str]:
    """The parameter group's entries. `rds.force_ssl` is AWS's default from version 15 on; listing a default makes the
    provider report a change at every run, so it is left out and guarded in the settings instead."""
    return {name: value for name, value in sorted(database.parameters.items()) if name != "rds.force_ssl"}
