"""Whether the stack has what `app.facts` asks of it, and front ends where they are needed."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import Finding, finding
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
                    f"app/facts/{variable}",
                    "a stack with a database",
                    fact.of[0],
                    "Add the section database.",
                )
            )
        if "frontends" in fact.of and not app.frontends:
            found.append(finding(f"app/facts/{variable}", "front ends in app.frontends", list(fact.of)))
    if app.frontends and "frontends" not in used:
        warnings.append(
            "app/frontends: no fact hands them to the app, which has to allow them (CORS): app.facts: {CORS_ORIGINS: frontends}"
        )
    for name, policy in (access or {}).items():
        if policy.cross_site and not app.frontends:
            rule = "front ends in app.frontends: they are the origins that may send the login along"
            found.append(finding(f"access/{name}/crossSite", rule, True))
    return found
