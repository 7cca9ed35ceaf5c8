"""Which of a service's variables name the replaced database, and what they say in its place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from . import database_spellings as spellings
from .database_tls import tls_of, words_of
from .file import Service
from .interpolation import shown


@dataclass(kw_only=True)
class Variables:
    """``changed`` are new values; `databases` the names of databases that stood there; `refused` those that nobody can rewrite,
    each with what stood there and what is to be done; `apart` that the address is given in parts, with no words for TLS."""

    changed: dict[str, str] = field(default_factory=dict)
    databases: dict[str, str] = field(default_factory=dict)
    refused: list[tuple[str, str, str]] = field(default_factory=list)
    names_it: bool = False
    apart: bool = False


def mention_of(names: set[str]) -> re.Pattern[str]:
    """Where a text names the server: as a host, alone or in a URL or a list of words; a scheme is none."""
    return re.compile(
        rf"(?:^|[@/,=;: \"'\[])(?:{'|'.join(map(re.escape, sorted(names)))})(?=$|:(?!//)|[/?, ;\"'\]])",
        re.IGNORECASE,
    )


_HOST = re.compile(
    r"(?P<prefix>.*?)(?:url_+|uri_+)?(?:host(?:_?name|_?port)?|server(?:name)?|addr(?:ess)?|url|uri|dsn|endpoint|"
    r"connection_?string|datasource|database|conn(?:ection)?|db|)\Z",
    re.IGNORECASE,
)
_NAMES_A_HOST = re.compile(
    r"(?:host(?:s|_?name|_?port)?|server(?:_?name)?|addr(?:ess)?|endpoint|_?url|wait_?for|depends?)\Z",
    re.IGNORECASE,
)
_KINDS = ("postgres", "postgresql", "pgsql", "pg", "database", "db", "postgis", "sql", "app", "data")
"""Words that are as often the kind of a database, its user or its name as a server's name."""

_ROLES = (
    ("PGUSER", re.compile(r"(?:url_?)?(?:user(?:_?name)?|login|role|uid)", re.IGNORECASE)),
    ("PGPASSWORD", re.compile(r"pass(?:wd|word)?|pwd", re.IGNORECASE)),
    ("PGDATABASE", re.compile(r"(?:url_?)?(?:db|database|name|db_?name|database_?name)", re.IGNORECASE)),
    ("PGPORT", re.compile(r"(?:url_?)?port(?:_?number)?", re.IGNORECASE)),
)
_TLS = (
    (re.compile(r"(?:ssl|tls)_?mode", re.IGNORECASE), "verify-full"),
    (re.compile(r"ssl_?root_?cert", re.IGNORECASE), spellings.CA_FILE),
)
_FILE = re.compile(r"pass(?:wd|word)?_*file", re.IGNORECASE)
_OF_A_DATABASE = re.compile(r"db|database|postgres|^pg|sql|datasource", re.IGNORECASE)
_SERVERS = {
    "PGUSER": ("POSTGRES_USER", "POSTGRESQL_USERNAME", "POSTGRESQL_USER"),
    "PGPASSWORD": ("POSTGRES_PASSWORD", "POSTGRESQL_PASSWORD"),
    "PGDATABASE": ("POSTGRES_DB", "POSTGRESQL_DATABASE"),
}


def of_service(
    service: Service,
    names: set[str],
    server: Mapping[str, str | None],
    said: Mapping[str, str],
    env: Mapping[str, str],
) -> Variables:
    """``server`` are the variables of the replaced server, ``said`` those of the service that the stack file gives itself;
    ``env`` the values of those that the service takes from .env by their names (`- NAME`)."""
    found = Variables()
    mention = mention_of(names)
    prefixes: set[str] = set()
    values = {key: env.get(key) if value is None else value for key, value in service.environment.items()}
    for variable, value in values.items():
        if not value or not mention.search(value):
            continue
        bare = value.strip().lower() in names
        if bare and not _NAMES_A_HOST.search(variable):
            if value.strip().lower() not in _KINDS:
                found.refused.append((variable, hidden(value), _say(service.name, variable)))
            continue
        found.names_it = True
        done = spellings.rewritten(value, names, tls_of(service.image))
        if done is None and re.fullmatch(r"[\w.:-]+(?:[,\s]+[\w.:-]+)+", value):
            done = spellings.Rewritten(in_command(value, names), "")
        in_parts = spellings.address(value.strip(), names) is not None
        if in_parts or value.startswith("jdbc:"):
            prefixes.add(_prefix(variable))
            found.apart = found.apart or in_parts
        if variable in said:
            continue
        if done is None or mention.search(done.text):
            found.refused.append((variable, hidden(value), _say(service.name, variable)))
            continue
        found.changed[variable] = done.text
        if done.database:
            found.databases[variable] = done.database
    for variable, value in values.items():
        if variable not in found.changed and variable not in said:
            _beside(found, service.name, variable, value, prefixes, server)
    if found.names_it:
        words = {name: text for name, text in words_of(service.image).items() if name not in said}
        found.changed |= words
        told = any(
            re.search("ssl|tls", f"{name}={text}", re.IGNORECASE)
            for name, text in (*found.changed.items(), *said.items())
        )
        found.apart = found.apart and not told
    return found


def _beside(
    found: Variables,
    service: str,
    variable: str,
    value: str | None,
    prefixes: set[str],
    server: Mapping[str, str | None],
) -> None:
    """User, password, name and port, which stand in variables beside that of the host."""
    for prefix in sorted(prefixes):
        rest = variable[len(prefix) :].lstrip("_")
        if not variable.lower().startswith(prefix.lower()) or not rest:
            continue
        if _FILE.fullmatch(rest):
            plain = re.sub("_+file$", "", variable, flags=re.IGNORECASE)
            fix = f'say in app.environment.{service} `{plain}: ${{PGPASSWORD}}` and `{variable}: ""`'
            found.refused.append((variable, hidden(value or ""), fix))
            return
        for form, text in _TLS:
            if form.fullmatch(rest):
                found.changed[variable] = text
                return
        role = next((name for name, form in _ROLES if form.fullmatch(rest)), None)
        if role is None:
            continue
        known = {server.get(name) for name in _SERVERS.get(role, ())} if role != "PGPORT" else {"5432"}
        if _OF_A_DATABASE.search(prefix) or (value and value in known):
            found.changed[variable] = f"${{{role}}}"
            if role == "PGDATABASE" and value:
                found.databases[variable] = value
            return
    password = next((server[name] for name in _SERVERS["PGPASSWORD"] if server.get(name)), None)
    if (
        found.names_it
        and value
        and value == password
        and _OF_A_DATABASE.search(variable)
        and re.search("pass|pwd", variable, re.IGNORECASE)
    ):
        found.changed[variable] = "${PGPASSWORD}"


def _prefix(variable: str) -> str:
    match = _HOST.fullmatch(variable)
    return match["prefix"] if match else variable


def _say(service: str, variable: str) -> str:
    return (
        f"say in app.environment.{service}.{variable} what it is with ${{PGHOST}}, ${{PGUSER}} and the others"
    )


_WORD = re.compile(r"[^\s\"'=,]*://[^\s\"',]+|[^\s\"'=,]+")


def in_command(text: str, names: set[str]) -> str:
    """A command's words: an address with its port and a URL are rewritten, the rest stays as it is."""
    parts: list[str] = []
    at = 0
    for match in _WORD.finditer(text):
        done = spellings.rewritten(match[0], names) if ":" in match[0] else None
        parts += [
            spellings.written(text[at : match.start()]),
            done.text if done else spellings.written(match[0]),
        ]
        at = match.end()
    return "".join([*parts, spellings.written(text[at:])])


def hidden(value: str) -> str:
    """The value as its author wrote it, without what stands as a password in it."""
    text = re.sub(r"(://[^:/@\s]*:)[^@\s]*@", r"\1…@", shown(value))
    return re.sub(r"(?i)\b(pass\w*|pwd|p)=[^;\s&]*", r"\1=…", text)
