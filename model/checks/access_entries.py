"""Whether routes and entries of access name each other."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import Finding, did_you_mean, finding, problem
from ..settings import AccessPolicy, Route


def check(
    routes: tuple[Route, ...], access: Mapping[str, AccessPolicy], warnings: list[str]
) -> list[Finding]:
    found: list[Finding] = []
    names = ", ".join(["public", *sorted(access)])
    if "public" in access:
        found.append(
            problem("access.public", "`public` is reserved for routes without a login", "choose another name")
        )
    for position, route in enumerate(routes):
        if not route.public and route.access not in access:
            found.append(
                finding(
                    f"routes[{position}].access",
                    f"an entry of access ({names})",
                    route.access,
                    did_you_mean(route.access, [*access, "public"]),
                )
            )
    warnings += [
        f"access.{name}: no route uses it"
        for name in sorted(set(access) - {r.access for r in routes} - {"public"})
    ]
    warnings += [
        f"access.{name}.serviceTokens: a token ends {entry.token_days} days after it was made, and nothing renews it; note the "
        "day, and write access.NAME.tokenDays to say that you know"
        for name, entry in sorted(access.items())
        if entry.service_tokens and "token_days" not in entry.model_fields_set
    ]
    return found
