"""Who is shut out: people are told of it in words, machines cannot do anything about it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from model.naming import Names
from preview.analysis import people as persons
from preview.analysis.consequences.ahead import places
from preview.analysis.consequences.context import (
    Context,
    at,
    changed_inputs,
    downtime,
    effect,
    in_place,
    listed,
    new_inputs,
    number,
    objects,
    old_inputs,
)
from preview.analysis.reach import Place
from preview.changes import Change, Consequence, Effect
from preview.resource_types import tokens
from preview.resources import Resource

_EDGE = (tokens.INGRESS, tokens.APPLICATION, tokens.POLICY)


def doors(context: Context, change: Change) -> Iterator[Effect]:
    speaker = _speaker(context)
    if speaker and speaker.urn == change.urn:
        yield from _places(context)
    if change.action != "updated":
        return
    if change.type == tokens.INGRESS:
        yield from _team(change)
    elif change.type == tokens.POLICY:
        yield from _policy(change)
    elif change.type == tokens.APPLICATION:
        yield from _application(change)
    elif change.type == tokens.SERVICE_TOKEN:
        yield from _token(change)
    elif change.type == tokens.IDENTITY_PROVIDER:
        yield in_place("people log in by another client or claim; sessions stay until they end")


def _speaker(context: Context) -> Change | None:
    """The one step that speaks of places: the rules where they change, else what changes of Access."""
    for type_ in _EDGE:
        for step in context.of(type_):
            return step
    return None


def _places(context: Context) -> Iterator[Effect]:
    old, new = context.reach
    login: dict[str, None] = {}
    tokens_: dict[str, None] = {}
    people: dict[str, None] = {}
    for hostname, path in places(old, new):
        was, now = old.at(hostname, path), new.at(hostname, path)
        if was.entry is None or now.entry is None:
            continue
        url = was.url.removesuffix("/below")
        if not was.guards and now.guards:
            login[f"{url} ({now.who})"] = None
        lost_tokens = _tokens(was) - _tokens(now)
        if lost_tokens and was.guards and now.guards:
            tokens_[f"{', '.join(sorted(lost_tokens))} at {url}"] = None
        if _asks_people(was) and now.guards and not _asks_people(now):
            people[url] = None
    if login:
        yield downtime(
            f"asks for a login now, and webhooks, API clients and probes without one are refused: {', '.join(login)}"
        )
    if tokens_:
        yield downtime(f"machines are shut out: {', '.join(tokens_)}")
    if people:
        yield downtime(f"people can no longer log in, machines alone pass: {', '.join(people)}")


def _texts(policy: Resource, key: str) -> set[str]:
    """The rules under `includes`, `requires` or `excludes`, each in words."""
    names = Names.of_urn(policy.urn)
    return {persons.words(rule, names) for rule in persons.rules(policy.inputs, key)}


def _tokens(place: Place) -> set[str]:
    return {
        text
        for policy, _ in place.guards
        for text in _texts(policy, "includes")
        if policy.inputs.get("decision") == "non_identity"
    }


def _asks_people(place: Place) -> bool:
    return any(policy.inputs.get("decision") == "allow" for policy, _ in place.guards)


def _team(change: Change) -> Iterator[Effect]:
    teams = [
        {
            at(rule, "originRequest", "access", "teamName")
            for rule in objects(at(inputs, "config", "ingresses"))
        }
        - {None}
        for inputs in (old_inputs(change), new_inputs(change))
    ]
    if teams[0] and teams[1] and teams[0] != teams[1]:
        yield downtime(
            f"every login is checked against the team {', '.join(sorted(teams[1]))}: people and tokens of "
            f"{', '.join(sorted(teams[0]))} are refused, and every login address changes"
        )


def _policy(change: Change) -> Iterator[Effect]:
    assert change.before and change.after
    old, new = old_inputs(change), new_inputs(change)
    out = _texts(change.before, "includes") - _texts(change.after, "includes")
    machines = sorted(text for text in out if text.startswith("service token"))
    people = sorted(out - set(machines))
    if machines:
        yield downtime(f"no longer let in: {', '.join(machines)}")
    if people:
        yield in_place(f"no longer let in: {', '.join(people)}")
    required = sorted(_texts(change.after, "requires") - _texts(change.before, "requires"))
    if required:
        yield in_place(f"everybody must also be: {', '.join(required)}")
    if _nobody(new) and not _nobody(old):
        yield downtime("nobody can be all that it requires at once: everybody is shut out")
    excluded = sorted(_texts(change.after, "excludes") - _texts(change.before, "excludes"))
    if excluded:
        yield in_place(f"shut out: {', '.join(excluded)}")
    if new.get("mfaConfig") and not old.get("mfaConfig"):
        yield in_place("everybody is asked for a second factor, and who has enrolled none must do so first")
    if new.get("decision") != old.get("decision"):
        words = {
            "allow": "people who log in",
            "non_identity": "machines with a token",
            "bypass": "everyone",
            "deny": "nobody",
        }
        say = downtime if new.get("decision") in ("deny", "non_identity") else in_place
        yield say(f"lets in {words.get(str(new.get('decision')), new.get('decision'))} now")
    if _hours(new.get("sessionDuration")) < _hours(old.get("sessionDuration")):
        yield in_place(
            f"logins end after {new.get('sessionDuration')} (before: {old.get('sessionDuration')})"
        )
    if new.get("approvalRequired") and not old.get("approvalRequired"):
        yield in_place("somebody must approve each login")


_SINGLE = ("email", "emailDomain", "geo")


def _nobody(inputs: dict[str, Any]) -> bool:
    """Every line of `requires` must fit, and one person has one address, one domain and one country."""
    kinds = [next(iter(rule), "") for rule in objects(inputs.get("requires"))]
    return any(kinds.count(kind) > 1 for kind in _SINGLE)


def _hours(text: Any) -> float:
    units = {"h": 1.0, "m": 1 / 60, "s": 1 / 3600}
    return sum(float(n) * units[u] for n, u in re.findall(r"([\d.]+)(h|m|s)", str(text or "24h")))


def _application(change: Change) -> Iterator[Effect]:
    old, new = old_inputs(change), new_inputs(change)
    origins = [set(listed(at(inputs, "corsHeaders", "allowedOrigins"))) for inputs in (old, new)]
    shut = origins[0] - origins[1]
    if shut and "*" not in origins[1]:
        yield downtime(f"browsers refuse what these front ends ask: {', '.join(sorted(map(str, shut)))}")
    cookies = old.get("sameSiteCookieAttribute"), new.get("sameSiteCookieAttribute")
    if cookies[0] == "none" and cookies[1] != "none":
        yield downtime("front ends on other domains no longer send the login along")
    idps = set(map(str, listed(old.get("allowedIdps")))), set(map(str, listed(new.get("allowedIdps"))))
    if idps[1] and (not idps[0] or idps[0] - idps[1]):
        gone = ", ".join(sorted(re.sub(r"^«.*-login-(.*)\.id»$", r"\1", name) for name in idps[0] - idps[1]))
        yield in_place(f"who logs in by {gone or 'another provider'} is shut out")
    if _hours(new.get("sessionDuration")) < _hours(old.get("sessionDuration")):
        yield in_place(
            f"logins end after {new.get('sessionDuration')} (before: {old.get('sessionDuration')})"
        )


def _token(change: Change) -> Iterator[Effect]:
    old, new = old_inputs(change), new_inputs(change)
    if old.get("enabled", True) and new.get("enabled", True) is False:
        yield downtime("switched off: its clients are refused")
    if "clientSecretVersion" in changed_inputs(change):
        if new.get("previousClientSecretExpiresAt"):
            yield effect(
                Consequence.ROLLING,
                f"another secret; the former one counts until {new['previousClientSecretExpiresAt']}",
            )
        else:
            yield downtime("another secret: its clients are refused until they are given it")


def rules(context: Context, change: Change) -> Iterator[Effect]:
    """The zone's rules and settings, where they refuse more."""
    if change.type == tokens.ZONE_SETTING and change.action in ("updated", "created"):
        yield from _setting(change)
    if change.type != tokens.RULESET or change.action not in ("updated", "created"):
        return
    old = {rule.get("ref"): rule for rule in _rules(old_inputs(change))}
    hosts = {host for reach in context.reach for host in reach.hostnames}
    for rule in _rules(new_inputs(change)):
        was = old.get(rule.get("ref"))
        if was == rule or rule.get("enabled") is False:
            continue
        name, expression = rule.get("description") or rule.get("ref"), str(rule.get("expression"))
        if rule.get("ratelimit"):
            yield from _limit(name, was, rule)
        elif rule.get("action") in ("block", "managed_challenge", "js_challenge", "challenge"):
            acted = (
                was is not None
                and was.get("enabled") is not False
                and was.get("action") == rule.get("action")
            )
            if acted and was and was.get("expression") == rule.get("expression"):
                continue
            if _everything(expression, hosts):
                yield downtime(f"{name}: every request is {_done(rule)}")
            else:
                yield in_place(f"{name}: {_done(rule)} where {expression[:120]}")


def _rules(inputs: dict[str, Any]) -> list[dict[str, Any]]:
    return objects(inputs.get("rules"))


def _done(rule: dict[str, Any]) -> str:
    return "refused" if rule.get("action") == "block" else "asked to prove a browser, which machines cannot"


def _limit(name: Any, was: dict[str, Any] | None, rule: dict[str, Any]) -> Iterator[Effect]:
    rates = [_rate(item) for item in (was, rule)]
    if was is None or rates[1] < rates[0] or was.get("enabled") is False:
        limit = rule["ratelimit"]
        yield in_place(
            f"{name}: who asks more than {limit.get('requestsPerPeriod')} times in {limit.get('period')} s is refused for a while"
        )


def _rate(rule: dict[str, Any] | None) -> float:
    limit = at(rule, "ratelimit")
    return number(at(limit, "requestsPerPeriod")) / (number(at(limit, "period")) or 1)


def _everything(expression: str, hosts: set[str]) -> bool:
    """Does an expression fit every request, or every one to a host of the stack?"""
    text = expression.strip().strip("()").strip()
    if text in (
        "true",
        'starts_with(http.request.uri.path, "/")',
        'http.request.uri.path contains "/"',
        "ssl",
        "not cf.client.bot",
    ):
        return True
    match = re.fullmatch(r'http\.host (?:eq|in|contains) (\{[^}]*\}|"[^"]*")', text)
    return bool(match) and bool(set(re.findall(r'"([^"]*)"', match[1])) & hosts) if match else False


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
