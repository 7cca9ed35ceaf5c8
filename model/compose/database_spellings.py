"""The address of a PostgreSQL as apps write it, rewritten to the stack's own database with verified TLS.

Each function takes a text with its variables put in and the server's names, and gives the text that takes its place, in
variables that a machine has (`${PGHOST}`; the password has letters and digits alone, so no URL has to quote it), with the name
of the database that was meant. It is None where the text is of another form.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from .interpolation import UNKNOWN

CA_FILE = "/etc/drawbridge/rds-ca.pem"
"""The certificates that sign the database's, on a machine and in each container that uses it."""

LIBPQ = (("sslmode", "verify-full"), ("sslrootcert", CA_FILE))

# Ecto's `ssl` is a switch; Prisma's engine takes sslmode=require, sslaccept and, for the authority, sslcert.
PRISMA = (("sslmode", "require"), ("sslaccept", "strict"), ("sslcert", CA_FILE))
SCHEMES: dict[str, tuple[tuple[str, str], ...]] = {
    "postgres": LIBPQ,
    "postgresql": LIBPQ,
    "postgis": LIBPQ,
    "timescale": LIBPQ,
    "pgsql": LIBPQ,
    "pgx5": LIBPQ,
    "jdbc:postgresql": LIBPQ,
    "postgresql+psycopg": LIBPQ,
    "postgresql+psycopg2": LIBPQ,
    "postgresql+psycopg_async": LIBPQ,
    "postgresql+psycopg2cffi": LIBPQ,
    "postgres+psycopg2": LIBPQ,
    # SQLAlchemy passes the query to asyncpg as keyword arguments; the root certificate comes from PGSSLROOTCERT.
    "postgresql+asyncpg": (("ssl", "verify-full"),),
    "postgres+asyncpg": (("ssl", "verify-full"),),
    "ecto": (("ssl", "true"),),
}
"""The schemes of URLs, each with the words for verified TLS that go into the query."""


@dataclass(frozen=True)
class Rewritten:
    """``database`` is the name of the database that stood there; "" where none did."""

    text: str
    database: str


_URL = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+_]*(?::[a-z]+)?)://(?:(?P<login>[^/\s]*)@)?(?P<host>[^/?#\s:@,]+)(?::(?P<port>[^/?#\s:@]*))?"
    r"(?:/(?P<database>[^?#\s]*))?(?:\?(?P<query>[^#\s]*))?",
)


def url(
    text: str, names: Collection[str], tls: tuple[tuple[str, str], ...] | None = None
) -> Rewritten | None:
    match = _URL.fullmatch(text)
    if not match or match["host"].lower() not in names or match["scheme"].lower() not in SCHEMES:
        return None
    scheme = match["scheme"]
    jdbc = scheme.lower().startswith("jdbc:")
    words = tls if tls and not jdbc else SCHEMES[scheme.lower()]
    kept: list[str] = []
    for part in filter(None, (match["query"] or "").split("&")):
        key = part.partition("=")[0].lower()
        if jdbc and key in ("user", "password"):
            kept.append(f"{key}=${{PG{key.upper()}}}")
        elif not key.startswith("ssl"):
            kept.append(written(part))
    login = "${PGUSER}:${PGPASSWORD}@" if match["login"] or not jdbc else ""
    query = "&".join([*kept, *(f"{key}={value}" for key, value in words)])
    return Rewritten(
        f"{scheme}://{login}${{PGHOST}}:${{PGPORT}}/${{PGDATABASE}}?{query}", match["database"] or ""
    )


_ROLES = {
    "host": "PGHOST",
    "server": "PGHOST",
    "datasource": "PGHOST",
    "hostaddr": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "username": "PGUSER",
    "userid": "PGUSER",
    "uid": "PGUSER",
    "password": "PGPASSWORD",
    "pwd": "PGPASSWORD",
    "psw": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "database": "PGDATABASE",
    "db": "PGDATABASE",
    "initialcatalog": "PGDATABASE",
}


def dsn(text: str, names: Collection[str]) -> Rewritten | None:
    """libpq's `host=db user=app password=… dbname=app`."""
    words = re.findall(r"(\w+)\s*=\s*('(?:[^'\\]|\\.)*'|[^\s']*)(?:\s+|$)", text)
    if not words or re.sub(r"(\w+)\s*=\s*('(?:[^'\\]|\\.)*'|[^\s']*)(?:\s+|$)", "", text).strip():
        return None
    found = {key: value.strip("'") for key, value in words}
    if len(found) < 2 or found.get("host", "").lower() not in names:
        return None
    said = [
        f"{key}=${{{_ROLES[key]}}}" if key in _ROLES else f"{key}={written(value)}"
        for key, value in found.items()
        if not key.startswith("ssl")
    ]
    missing = [
        f"{key}=${{{_ROLES[key]}}}" for key in ("port", "user", "password", "dbname") if key not in found
    ]
    tls = [f"{key}={value}" for key, value in LIBPQ]
    return Rewritten(" ".join([*said, *missing, *tls]), found.get("dbname", ""))


def dotnet(text: str, names: Collection[str]) -> Rewritten | None:
    """Npgsql's `Host=db;Database=app;Username=app;Password=…`."""
    parts = [part.partition("=") for part in text.split(";") if part.strip()]
    if len(parts) < 2 or not all(equals for _, equals, _ in parts):
        return None
    keys = [key.strip().lower().replace(" ", "") for key, _, _ in parts]
    named = {key: value.strip() for key, (_, _, value) in zip(keys, parts, strict=True)}
    host = next((named[key] for key in ("host", "server", "datasource") if key in named), "").lower()
    if host not in names:
        return None
    said = [
        f"{word.strip()}=${{{_ROLES[key]}}}" if key in _ROLES else f"{word.strip()}={written(value)}"
        for key, (word, _, value) in zip(keys, parts, strict=True)
        if key not in ("sslmode", "rootcertificate", "trustservercertificate")
    ]
    missing = [] if {"port"} & set(keys) else ["Port=${PGPORT}"]
    database = next((named[key] for key in ("database", "db", "initialcatalog") if key in named), "")
    return Rewritten(
        ";".join([*said, *missing, "SSL Mode=VerifyFull", f"Root Certificate={CA_FILE}"]), database
    )


def nocodb(text: str, names: Collection[str]) -> Rewritten | None:
    """NocoDB's `pg://db:5432?u=app&p=…&d=app`."""
    match = re.fullmatch(r"pg://([^/?#:]+)(?::[^/?#]*)?/?\?([^#\s]*)", text)
    if not match or match[1].lower() not in names:
        return None
    query = dict(part.partition("=")[::2] for part in match[2].split("&"))
    rest = "".join(
        f"&{key}={written(value)}" for key, value in query.items() if key not in ("u", "p", "d", "ssl")
    )
    return Rewritten(
        f"pg://${{PGHOST}}:${{PGPORT}}?u=${{PGUSER}}&p=${{PGPASSWORD}}&d=${{PGDATABASE}}{rest}&ssl=true",
        query.get("d", ""),
    )


def address(text: str, names: Collection[str]) -> Rewritten | None:
    """The server's name alone, or with a port."""
    host, colon, port = text.partition(":")
    if host.lower() not in names or (colon and not re.fullmatch(rf"\d+|{UNKNOWN}\w+{UNKNOWN}|", port)):
        return None
    return Rewritten("${PGHOST}:${PGPORT}" if colon else "${PGHOST}", "")


FORMS = (url, dsn, dotnet, nocodb, address)


def rewritten(
    text: str, names: Collection[str], tls: tuple[tuple[str, str], ...] | None = None
) -> Rewritten | None:
    """The text with the stack's database in place of the server; None where its form is not known."""
    plain = text.strip()
    forms: Iterator[Rewritten | None] = (
        url(plain, names, tls) if form is url else form(plain, names) for form in FORMS
    )
    return next((found for found in forms if found), None)


def written(value: str) -> str:
    """A text with its variables put in, as it has to stand in a compose file."""
    return re.sub(f"{UNKNOWN}([^{UNKNOWN}]*){UNKNOWN}", r"${\1}", value.replace("$", "$$"))
