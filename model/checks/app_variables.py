"""Whether the stack has what `app.facts` asks of it, and front ends where they are needed."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import Finding, finding, problem
from ..machine import app_variables
from ..settings import AccessPolicy, App, Database


def check(
    app: App, database: Database | None, access: Mapping[str, AccessPolicy] | None, warnings: list[str]
) -> list[Finding]:
    found: list[Finding] = []
    used = {name for fact in app.facts.values() for name in fact.of}
    for variable, fact in app.facts.items():
        if fact.of[0] in app_variables.DATABASE and database is None:
            found.append(
                finding(
                    f"app.facts.{variable}",
                    "a value of this stack, which has no database",
                    fact.of[0],
                    "add the section database",
                )
            )
        if "frontends" in fact.of and not app.frontends:
            found.append(
                problem(f"app.facts.{variable}", "app.frontends is empty", "list the front ends there")
            )
    if app.frontends and "frontends" not in used:
        warnings.append(
            "app.frontends: no variable tells the app which origins to allow (CORS): app.facts: {CORS_ORIGINS: frontends}"
        )
    for name, policy in (access or {}).items():
        if policy.cross_site and not app.frontends:
            fix = "list there the origins that may send the login along, or leave crossSite out"
            found.append(problem(f"access.{name}.crossSite", "app.frontends is empty", fix))
    return found
