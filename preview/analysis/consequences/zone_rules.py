"""The zone's rules and settings, where they refuse more: whose ordinary requests a rule stops, and what Cloudflare takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from model.naming import is_path_guard
from model.rule_language import fault
from preview.analysis.consequences.context import (
    Context,
    at,
    downtime,
    in_place,
    new_inputs,
    number,
    objects,
    old_inputs,
    refused,
    unknown,
)
from preview.analysis.consequences.ordinary import stopped
from preview.analysis.exposures.expressions import Expression, parse
from preview.changes import Change, Effect
from preview.resource_types import type_names

_CHALLENGES = ("managed_challenge", "js_challenge", "challenge")


def rules(context: Context, change: Change) -> Iterator[Effect]:
    if change.type == type_names.ZONE_SETTING and change.action in ("updated", "created"):
        yield from _setting(change)
    if change.type != type_names.RULESET or change.action not in ("updated", "created", "replaced"):
        return
    old = {rule.get("ref"): rule for rule in objects(old_inputs(change).get("rules"))}
    acting = [rule for rule in old.values() if rule.get("enabled") is not False and not rule.get("ratelimit")]
    for rule in objects(new_inputs(change).get("rules")):
        was = old.get(rule.get("ref"))
        if was == rule:
            continue
        yield from _language(rule)
        if rule.get("enabled") is False:
            continue
        name = rule.get("description") or rule.get("ref")
        if rule.get("ratelimit"):
            yield from _limit(name, was, rule)
        elif rule.get("action") in ("block", *_CHALLENGES):
            already = ("block",) if rule.get("action") == "block" else ("block", *_CHALLENGES)
            before = [parse(str(item.get("expression"))) for item in acting if item.get("action") in already]
            yield from _stops(context, name, rule, before)


def _stops(context: Context, name: Any, rule: dict[str, Any], before: list[Expression]) -> Iterator[Effect]:
    text = str(rule.get("expression"))
    guard = is_path_guard(str(rule.get("ref")))
    hosts = sorted({host for reach in context.reach for host in reach.hostnames})
    hit = [host for host in hosts if stopped(parse(text), host, context.reach[1], before, guard=guard)]
    where = text if len(text) <= 120 else f"{text[:120]}…"
    if not hit:
        yield in_place(f"{name}: {_done(rule)} where {where}")
    elif hit == hosts and text.strip("() ") == "true":
        yield downtime(f"{name}: every request is {_done(rule)}")
    else:
        yield downtime(f"{name}: requests to {', '.join(hit)} are {_done(rule)} where {where}")


def _language(rule: dict[str, Any]) -> Iterator[Effect]:
    """What the rules language does not take: Cloudflare then refuses the whole ruleset."""
    for text in (rule.get("expression"), at(rule, "ratelimit", "countingExpression")):
        found = fault(text) if isinstance(text, str) and "«" not in text else None
        if found:
            say = refused if found.sure else unknown
            yield say(f"{rule.get('description') or rule.get('ref')}: {found.text}")


def _done(rule: dict[str, Any]) -> str:
    return "refused" if rule.get("action") == "block" else "asked to prove a browser, which machines cannot"


def _limit(name: Any, was: dict[str, Any] | None, rule: dict[str, Any]) -> Iterator[Effect]:
    rates = [_rate(item) for item in (was, rule)]
    limit = rule["ratelimit"]
    if was is not None and was.get("enabled") is not False and rates[1] < rates[0] / 2:
        yield unknown(
            f"{name}: {at(limit, 'requestsPerPeriod')} requests in {at(limit, 'period')} s from one visitor, less than half of "
            "what was allowed: whether ordinary visitors stay below it is not known here"
        )
    elif was is None or rates[1] < rates[0] or was.get("enabled") is False:
        yield in_place(
            f"{name}: who asks more than {at(limit, 'requestsPerPeriod')} times in {at(limit, 'period')} s is refused for a while"
        )


def _rate(rule: dict[str, Any] | None) -> float:
    limit = at(rule, "ratelimit")
    return number(at(limit, "requestsPerPeriod")) / (number(at(limit, "period")) or 1)


def _setting(change: Change) -> Iterator[Effect]:
    old, new = old_inputs(change), new_inputs(change)
    setting, value = new.get("settingId"), new.get("value")
    if setting == "websockets" and value == "off":
        yield downtime("the edge refuses websockets")
    elif setting == "min_tls_version" and str(value) > str(old.get("value") or "1.0"):
        yield in_place(f"visitors with TLS older than {value} are refused")
    elif setting == "ssl" and value == "strict" and old.get("value") != "strict":
        yield in_place(
            "origins of the zone outside the tunnel whose certificate cannot be verified answer 526"
        )
    elif setting == "always_use_https" and value == "on":
        yield in_place("requests by plain HTTP are redirected")
    elif setting == "security_level" and value == "under_attack":
        yield downtime("every visitor must prove a browser first, which machines cannot")
