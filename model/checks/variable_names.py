"""Whether each variable of the app is named once, and none is Drawbridge's own."""

from __future__ import annotations

from ..errors import Finding, problem
from ..machine import database_variables
from ..settings import App, Database
from ..stack import TOKEN


def check(app: App, database: Database | None) -> list[Finding]:
    found: list[Finding] = []
    ours = {TOKEN: "the connector's"}
    if database:
        ours |= dict.fromkeys(
            [*database_variables.variables(database, ""), *database_variables.SECRETS], "the database's"
        )
    seen: dict[str, str] = {}
    for section, names in (
        ("env", app.env),
        ("secrets", app.secrets),
        ("generate", app.generate),
        ("facts", app.facts),
    ):
        for position, name in enumerate(names):
            place = f"app.secrets[{position}]" if section == "secrets" else f"app.{section}.{name}"
            if name.startswith("COMPOSE_"):
                fix = (
                    "switch profiles on by app.profiles"
                    if name == "COMPOSE_PROFILES"
                    else "choose another name"
                )
                found.append(problem(place, "Compose reads COMPOSE_* from .env for itself", fix))
            elif name in ours:
                found.append(
                    problem(place, f"{name} is {ours[name]}, and set by Drawbridge", "choose another name")
                )
            elif name in seen:
                found.append(problem(place, f"{name} is in app.{seen[name]} too", "name it once"))
            seen.setdefault(name, section)
    return found
