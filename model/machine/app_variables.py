"""What a stack knows and its app wants, under the app's own variable names (`app.facts`)."""

from __future__ import annotations

import json
from collections.abc import Mapping

from ..edge.hosts import hostnames
from ..settings import App, Fact
from ..stack import Stack
from . import database_variables

DATABASE: Mapping[str, str] = {
    "databaseHost": "PGHOST",
    "databasePort": "PGPORT",
    "databaseName": "PGDATABASE",
    "databaseUser": "PGUSER",
    "databasePassword": "PGPASSWORD",
    "databaseUrl": "DATABASE_URL",
}
"""The database's facts, each another name for one of the variables that Drawbridge sets."""


SECRET = frozenset({"databasePassword", "databaseUrl"})


def plain(stack: Stack) -> dict[str, str]:
    """The variables whose values the stack file alone decides."""
    known = _known(stack)
    return {
        variable: _written(fact, [value for name in fact.of for value in known[name]])
        for variable, fact in stack.app.facts.items()
        if not _of_database(fact)
    }


def aliases(app: App) -> dict[str, str]:
    """Variables that are other names of the database's: `{"DB_HOST": "PGHOST"}`."""
    return {variable: DATABASE[fact.of[0]] for variable, fact in app.facts.items() if _of_database(fact)}


def secret_aliases(app: App) -> dict[str, str]:
    """Those of them that are secrets."""
    return {variable: DATABASE[fact.of[0]] for variable, fact in app.facts.items() if fact.of[0] in SECRET}


def _of_database(fact: Fact) -> bool:
    return fact.of[0] in DATABASE


def _known(stack: Stack) -> dict[str, list[str]]:
    hosts = [host for host in hostnames(stack.routes) if not host.startswith("*.")]
    return {
        "connectorNetwork": [stack.tunnel.subnet],
        "hostnames": list(hostnames(stack.routes)),
        "urls": [f"https://{host}" for host in hosts],
        "websocketUrls": [f"wss://{host}" for host in hosts],
        "frontends": list(stack.app.frontends),
        "accessIssuer": [f"https://{stack.cloudflare.team}.cloudflareaccess.com"],
        "region": [stack.region],
    }


def _written(fact: Fact, values: list[str]) -> str:
    unique = list(dict.fromkeys(values))
    if fact.form == "json":
        return json.dumps(unique)
    return {"comma": ",", "space": " "}[fact.form].join(unique)


def secret_names(stack: Stack) -> tuple[str, ...]:
    """Names of all secret variables that reach the machine's .env, sorted."""
    app = stack.app
    made = database_variables.SECRETS if stack.database else ()
    return tuple(sorted({*app.secrets, *app.generate, *made, *secret_aliases(app)}))
