"""The zone's rules as plain data: custom rules, rate limits, the origin-verify header."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import naming
from ..durations import go_duration
from ..limits import Plan
from ..settings import App, Firewall, Generated, OriginVerify, RateLimit, Route
from .hosts import host_expression, hostnames
from .path_guard import guard


def custom_rules(firewall: Firewall, routes: Sequence[Route], names: naming.Firewall) -> list[dict[str, Any]]:
    """Rules of phase http_request_firewall_custom, as the API takes them; `ref` keeps a rule's identity between runs."""
    rules: list[dict[str, Any]] = []
    shield = guard(routes)
    for number, part in enumerate(shield.parts() if shield else (), 1):
        rules.append(
            {
                "ref": names.path_guard(number),
                "description": "Refuse paths that Access, the connector and the app would read differently",
                "expression": part.expression(),
                "action": "block",
                "enabled": True,
            }
        )
    for rule in firewall.rules:
        rules.append(
            {
                "ref": names.rule(rule.name),
                "description": rule.name,
                "expression": rule.expression,
                "action": rule.action,
                "enabled": rule.enabled,
                **({"actionParameters": {"ruleset": "current"}} if rule.action == "skip" else {}),
            }
        )
    return rules


def rate_limits(
    firewall: Firewall, routes: Sequence[Route], plan: Plan, names: naming.Firewall
) -> list[dict[str, Any]]:
    """Rules of phase http_ratelimit. On Free an expression may name the path alone, so it counts for the whole zone."""
    return [
        {
            "ref": names.rule(limit.name),
            "description": f"{limit.name}: {limit.requests} requests in {go_duration(limit.per)} from one address",
            "expression": _limit_expression(limit, routes, plan),
            "action": limit.action,
            "enabled": True,
            "ratelimit": {
                "characteristics": [
                    "cf.colo.id",
                    "ip.src" if limit.by == "address" else "cf.unique_visitor_id",
                ],
                "period": limit.per,
                "requestsPerPeriod": limit.requests,
                # Left out, the API fills it in and every run shows a change.
                "mitigationTimeout": _timeout(limit, plan),
                "requestsToOrigin": False,
            },
        }
        for limit in firewall.rate_limits
    ]


def _timeout(limit: RateLimit, plan: Plan) -> int:
    """How long an address is refused. Whoever has solved a challenge goes on: below Enterprise that has no time."""
    if limit.action != "block" and plan != "enterprise":
        return 0
    return int(limit.block or (10 if plan == "free" else limit.per))


def _limit_expression(limit: RateLimit, routes: Sequence[Route], plan: Plan) -> str:
    if plan == "free":
        return limit.path.expression()
    hosts = (limit.hostname,) if limit.hostname else hostnames(routes)
    return f"{host_expression(hosts)} and {limit.path.expression()}"


def verify_expression(routes: Sequence[Route]) -> str:
    """The requests that get the origin-verify header: those to the stack's own hosts."""
    return host_expression(hostnames(routes))


def may_replace_value(verify: OriginVerify, app: App) -> bool:
    """May earlier machines expect another value of the header? Not where it was made here and never rotated: it is the first."""
    made = app.generate.get(verify.secret)
    return made is None or made.rotation != Generated().rotation
