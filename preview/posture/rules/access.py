"""Logins: Access applications, policies, identity providers and service tokens."""

from __future__ import annotations

import re
from typing import Any

from model import durations
from preview.posture.program import Program
from preview.posture.read import destinations, guard, items, open_texts
from preview.posture.rule import Broken, rule
from preview.resource_types.type_names import (
    ACCESS_APPLICATION,
    ACCESS_POLICY,
    IDENTITY_PROVIDER,
    SERVICE_TOKEN,
)
from preview.resources import Resource


@rule(
    id="access-decision",
    severity="critical",
    title="Access and the connector do not check the same login",
    promise="What Access protects, the connector checks too",
    why="An application alone guards its own spelling of host and path; the connector's check of the token holds for any.",
    fix="Let both come from the route's `access`: an application whose destinations cover it and `originRequest.access`.",
)
def access_decision(program: Program) -> Broken:
    with_paths = {uri.partition("/")[0] for uri in program.covered if "/" in uri}
    for config, entry in program.ingress:
        login, host, path = guard(entry), entry["hostname"], entry.get("path")
        place = f"{host} {path or ''}".rstrip()
        if login:
            if not (login.get("required") is True and login.get("audTags") and login.get("teamName")):
                yield config.name, f"{place}: the connector does not insist on the login"
            if host not in program.covered and not (path and host in with_paths):
                yield config.name, f"{place}: no application covers it"
        elif host in program.covered and not path:
            yield config.name, f"{place}: an application covers it, and the connector does not check"


@rule(
    id="application-policy",
    severity="critical",
    title="An Access application has no policy, or no definite order of policies",
    promise="Every Access application has a policy, in a definite order",
    why="Without a policy of its own an application refuses everyone or takes what the account's defaults say.",
    fix="Attach policies with the precedences 1, 2, 3 …",
)
def application_policy(program: Program) -> Broken:
    for application in program.of(ACCESS_APPLICATION):
        policies = items(application.inputs.get("policies"))
        order = [policy.get("precedence") for policy in policies]
        if not policies:
            yield application.name, "no policy"
        elif order != list(range(1, len(policies) + 1)):
            yield application.name, f"precedences {order}"


def _kinds(policy: Resource, key: str) -> list[str]:
    return [kind for rule in items(policy.inputs.get(key)) for kind in rule]


@rule(
    id="access-everyone",
    severity="high",
    title="A login lets in everyone who has an account",
    promise="A login lets in named people, not everyone who has one",
    why="With one-time PIN or a public provider, anybody with a mail address can log in.",
    fix="Name emails, domains, groups or claims under `allow`; add what must also hold under `require`.",
)
def access_everyone(program: Program) -> Broken:
    for policy in program.of(ACCESS_POLICY):
        asked = set(_kinds(policy, "requires")) - {"authMethod", "geo", "ip"}
        if (
            policy.inputs.get("decision") == "allow"
            and "everyone" in _kinds(policy, "includes")
            and not asked
        ):
            yield policy.name, "anyone who can log in at all"


@rule(
    id="access-by-address",
    severity="high",
    title="An address or a country alone grants access",
    promise="An address or a country alone opens no door",
    why="Addresses are shared, spoofed by proxies and reassigned; nobody is identified or recorded.",
    fix="Name people under `allow` and put addresses under `require`.",
)
def access_by_address(program: Program) -> Broken:
    for policy in program.of(ACCESS_POLICY):
        kinds = set(_kinds(policy, "includes"))
        if policy.inputs.get("decision") == "deny" or not kinds & {"ip", "ipList", "geo"}:
            continue
        identified = set(_kinds(policy, "requires")) - {"ip", "ipList", "geo", "everyone"}
        if not identified:
            yield policy.name, f"lets in by {', '.join(sorted(kinds & {'ip', 'ipList', 'geo'}))} alone"


_ADMIN = {
    "admin",
    "admins",
    "administration",
    "administrator",
    "administrators",
    "internal",
    "manage",
    "management",
    "ops",
    "operators",
    "root",
    "sudo",
    "superuser",
}


@rule(
    id="admin-mfa",
    severity="medium",
    title="Administration needs no second factor",
    promise="Administration needs a second factor",
    why="One stolen mailbox or session is otherwise enough to administer the app.",
    fix="`mfa: true` on the entry of `access` that the route names.",
)
def admin_mfa(program: Program) -> Broken:
    for application in program.of(ACCESS_APPLICATION):
        policies = program.policies_of(application)
        words = re.split(
            r"[^a-z]+", " ".join([*destinations(application), str(application.inputs.get("name"))]).lower()
        )
        if not _ADMIN & set(words):
            continue
        for policy in policies:
            factor = policy.inputs.get("mfaConfig") or application.inputs.get("mfaConfig") or {}
            own = bool(factor) and factor.get("mfaDisabled") is not True
            if (
                policy.inputs.get("decision") == "allow"
                and not own
                and "authMethod" not in _kinds(policy, "requires")
            ):
                yield (
                    application.name,
                    f"{', '.join(destinations(application))}: {policy.name} asks for no second factor",
                )


DAY = 86_400


def _longer(duration: Any, than: float) -> bool:
    """What cannot be read, as `forever` and what is known only after `up`, may be longer."""
    if duration is None:
        return False
    found = durations.read(str(duration))
    return found is None or found > than


@rule(
    id="session-long",
    severity="low",
    title="A login lasts longer than a day",
    promise="A login lasts a day at most",
    why="Until it ends, a stolen session works and a person who left still gets in.",
    fix="Shorten `session`.",
)
def session_long(program: Program) -> Broken:
    for resource in program.of(ACCESS_POLICY, ACCESS_APPLICATION):
        duration = resource.inputs.get("sessionDuration")
        if resource.inputs.get("decision", "allow") == "allow" and _longer(duration, DAY):
            yield resource.name, f"session {resource.inputs['sessionDuration']}"


@rule(
    id="service-token-long",
    severity="low",
    title="A service token lasts longer than a year",
    promise="A service token lasts a year at most",
    why="A credential that never ends is never replaced, and nobody notices where it is used.",
    fix="Give the token a duration of 8760h or less.",
)
def service_token_long(program: Program) -> Broken:
    for token in program.of(SERVICE_TOKEN):
        duration = token.inputs.get("duration", "8760h")
        if _longer(duration, 366 * DAY):
            yield token.name, f"duration {duration}"


@rule(
    id="login-cookie",
    severity="medium",
    title="Scripts can read the login cookie, or other sites can send it",
    promise="The login's cookie is out of reach of scripts and other sites",
    why="A script or a foreign form could otherwise use a visitor's session.",
    fix="`http_only_cookie_attribute` true, `same_site_cookie_attribute` lax or strict.",
)
def login_cookie(program: Program) -> Broken:
    for application in program.of(ACCESS_APPLICATION):
        data = application.inputs
        if data.get("httpOnlyCookieAttribute") is False:
            yield application.name, "scripts can read the cookie"
        if data.get("sameSiteCookieAttribute") == "none":
            yield application.name, "other sites may send the cookie"


@rule(
    id="access-any-token",
    severity="high",
    title="Any service token of the account is let in",
    promise="Service tokens are let in by name",
    why="A token made for another system, by another team, opens this one too.",
    fix="Name the tokens in the policy.",
)
def access_any_token(program: Program) -> Broken:
    for policy in program.of(ACCESS_POLICY):
        if policy.inputs.get("decision") != "deny" and "anyValidServiceToken" in _kinds(policy, "includes"):
            yield policy.name, "every service token of the account"


@rule(
    id="access-cors",
    severity="medium",
    title="Any site may use a visitor's login",
    promise="Other sites may use a login only where they are named",
    why="With every origin and credentials allowed, a page that a visitor opens can read the app in their name.",
    fix="List the origins under `allowed_origins`.",
)
def access_cors(program: Program) -> Broken:
    for application in program.of(ACCESS_APPLICATION):
        headers = application.inputs.get("corsHeaders") or {}
        everyone = headers.get("allowAllOrigins") is True or "*" in items(headers.get("allowedOrigins"))
        if everyone and headers.get("allowCredentials") is True:
            yield application.name, "every origin, with credentials"


@rule(
    id="identity-provider-http",
    severity="high",
    title="An identity provider is asked over plain HTTP",
    promise="Identity providers are asked over HTTPS",
    why="Whoever sits on the way can answer in its place, and so log in as anyone.",
    fix="Give https:// addresses.",
)
def identity_provider_http(program: Program) -> Broken:
    for provider in program.of(IDENTITY_PROVIDER):
        for place, text in open_texts(provider.raw.get("config") or {}):
            if text.lower().startswith("http://"):
                yield provider.name, f"{place.removeprefix('.')}: {text}"
