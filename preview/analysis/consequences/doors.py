"""Who is shut out: people see an error, programs fail."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

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
    objects,
    old_inputs,
    unknown,
)
from preview.analysis.consequences.decisions import admits, hours, policy, texts
from preview.analysis.reach import Place, destinations
from preview.changes import Change, Consequence, Effect
from preview.resource_types import type_names

_EDGE = (type_names.TUNNEL_CONFIGURATION, type_names.ACCESS_APPLICATION, type_names.ACCESS_POLICY)


def doors(context: Context, change: Change) -> Iterator[Effect]:
    speaker = _speaker(context)
    if speaker and speaker.urn == change.urn:
        yield from _places(context)
    if change.action != "updated":
        return
    if change.type == type_names.TUNNEL_CONFIGURATION:
        yield from _team(change)
    elif change.type == type_names.ACCESS_POLICY:
        yield from policy(change)
    elif change.type == type_names.ACCESS_APPLICATION:
        yield from _application(change)
        yield from _uncovered(context, change)
    elif change.type == type_names.SERVICE_TOKEN:
        yield from _token(change)
    elif change.type == type_names.IDENTITY_PROVIDER:
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
    unchecked: dict[str, None] = {}
    shut: dict[str, None] = {}
    refused_: dict[str, None] = {}
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
        if _vouched(was) and not _vouched(now):
            unchecked[url] = None
        if _admits(was) and not _admits(now):
            shut[url] = None
        fresh = _bypassing(now) - _bypassing(was)
        if fresh and now.entry.checked:
            refused_[f"{', '.join(sorted(fresh))} at {url}"] = None
    if login:
        yield downtime(
            f"asks for a login now, and webhooks, API clients and probes without one are refused: {', '.join(login)}"
        )
    if tokens_:
        yield downtime(f"machines are shut out: {', '.join(tokens_)}")
    if people:
        yield downtime(f"people can no longer log in, machines alone pass: {', '.join(people)}")
    if unchecked:
        yield downtime(
            f"Access asks for no login that the connector takes, which refuses everybody: {', '.join(unchecked)}"
        )
    if shut:
        yield downtime(f"nobody passes any more: {', '.join(shut)}")
    if refused_:
        yield downtime(
            f"who passes Access without a login is refused by the connector: {', '.join(refused_)}"
        )


def _vouched(place: Place) -> bool:
    """Does Access, where the connector demands a login, give one that the connector takes?"""
    if place.entry is None or not place.entry.checked or not place.entry.logins:
        return True
    asked = {application.urn for _, application in place.edge}
    return bool(asked & {application.urn for _, application in place.entry.logins})


def _admits(place: Place) -> bool:
    return not place.guards or any(admits(policy_.inputs) for policy_, _ in place.guards)


def _bypassing(place: Place) -> set[str]:
    return {
        text
        for policy_, _ in place.edge
        for text in texts(policy_, "includes")
        if policy_.inputs.get("decision") == "bypass"
    }


def _tokens(place: Place) -> set[str]:
    return {
        text
        for policy_, _ in place.guards
        for text in texts(policy_, "includes")
        if policy_.inputs.get("decision") == "non_identity"
    }


def _asks_people(place: Place) -> bool:
    return any(policy_.inputs.get("decision") == "allow" for policy_, _ in place.guards)


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
    if hours(new.get("sessionDuration")) < hours(old.get("sessionDuration")):
        yield in_place(
            f"logins end after {new.get('sessionDuration')} (before: {old.get('sessionDuration')})"
        )


def _uncovered(context: Context, change: Change) -> Iterator[Effect]:
    """Destinations that go while the connector still demands a login there: nobody can bring one."""
    assert change.before and change.after
    left = {uri for app in context.after.of_type(type_names.ACCESS_APPLICATION) for uri in destinations(app)}
    shut: dict[str, None] = {}
    for uri in destinations(change.before):
        host, slash, rest = uri.partition("/")
        # Only another wildcard, or the whole host, is sure to take in what lies below a path.
        wide = any(other == host or (other.endswith("*") and uri.startswith(other[:-1])) for other in left)
        if uri in left or wide:
            continue
        path = (slash + rest).replace("*", "below") or "/"
        place = context.reach[1].at(host, path)
        if place.entry and place.entry.checked:
            shut[uri] = None
    if shut:
        yield downtime(
            f"no longer stands before {', '.join(shut)}: Access asks nobody there, and the connector refuses "
            "everybody who comes without a login"
        )


def _token(change: Change) -> Iterator[Effect]:
    old, new = old_inputs(change), new_inputs(change)
    if old.get("enabled", True) and new.get("enabled", True) is False:
        yield downtime("switched off: its clients are refused")
    if "clientSecretVersion" in changed_inputs(change):
        until = new.get("previousClientSecretExpiresAt")
        if not until:
            yield downtime("another secret: its clients are refused until they are given it")
        elif (end := _time(until)) is None:
            yield unknown(f"until when the former secret counts is not known here: {until}")
        elif end <= datetime.now(UTC):
            yield downtime(
                f"another secret, and the former one ended {until}: its clients are refused until they are given it"
            )
        else:
            yield effect(Consequence.ROLLING, f"another secret; the former one counts until {until}")


def _time(text: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
