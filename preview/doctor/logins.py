"""Logins: the Zero Trust organisation, Access's own second factor, and the identity providers with their callback."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Iterator
from typing import Any

from preview.doctor import http
from preview.doctor.answers import Answer, Unasked
from preview.doctor.context import Context, question
from preview.resource_types import type_names as types

_REGISTER = {
    "google": "Google Cloud console › APIs & Services › Credentials › the OAuth client › Authorized redirect URIs",
    "google-apps": "Google Cloud console › APIs & Services › Credentials › the OAuth client › Authorized redirect URIs",
    "github": "GitHub › Settings › Developer settings › OAuth Apps › the app › Authorization callback URL",
    "oidc": "the provider's own settings of the client: redirect URIs",
}
_AUTHORIZE = {
    "google": "https://accounts.google.com/o/oauth2/v2/auth",
    "google-apps": "https://accounts.google.com/o/oauth2/v2/auth",
}


@question("access.organisation")
def organisation(context: Context) -> Iterator[Answer]:
    wanted, name = context.wanted, "access.organisation"
    needs_own_factor = any(one.inputs.get("mfaConfig") for one in wanted.of(types.ACCESS_POLICY))
    if not wanted.of(types.ACCESS_APPLICATION):
        return
    try:
        found = context.cloudflare.get(f"accounts/{wanted.account}/access/organizations")
    except Unasked as reason:
        if reason.status != 404:
            raise
        yield Answer(
            check=name,
            status="refused",
            text="the account has no Zero Trust organisation, so no Access",
            fix=f"one.dash.cloudflare.com: choose the team name {wanted.team} and a plan (Free will do)",
        )
        return
    domain = str(found.get("auth_domain"))
    if domain != f"{wanted.team}.cloudflareaccess.com":
        yield Answer(
            check=name,
            status="refused",
            text=f"the account's team is {domain}, and the stack file says {wanted.team}: the connector would refuse every login",
            fix=f"cloudflare.team: {domain.removesuffix('.cloudflareaccess.com')}",
        )
    else:
        yield Answer(check=name, status="fine", text=f"the account's team is {wanted.team}")
    if needs_own_factor:
        yield _factor(found)


def _factor(found: dict[str, Any]) -> Answer:
    check = "access.second-factor"
    click = "Zero Trust › Access controls › Access settings › Multi-factor authentication: allow it"
    allowed, config = found.get("mfa_configuration_allowed"), found.get("mfa_config")
    factors = config.get("allowed_authenticators") if isinstance(config, dict) else None
    if allowed is None:
        return Answer(
            check=check,
            status="unknown",
            text="an entry of the stack asks for Access's own second factor (mfa: true), and Cloudflare does not say whether it "
            "is switched on",
            fix=click,
        )
    if allowed is not True or factors == []:
        return Answer(
            check=check,
            status="refused",
            text="an entry of the stack asks for Access's own second factor (mfa: true), which is not switched on",
            fix=f"{click}; or mfa: provider, if your provider reports its own",
        )
    return Answer(
        check=check,
        status="fine",
        text="Access's own second factor is switched on" + (f": {', '.join(factors)}" if factors else ""),
    )


@question("access.providers")
def providers(context: Context) -> Iterator[Answer]:
    """An account has one one-time PIN provider; and those that the stack file names by their id must be there."""
    account, name = context.wanted.account, "access.providers"
    given = context.wanted.section("identityProviders")
    if not given:
        return
    found = {
        str(one["id"]): one for one in context.cloudflare.all(f"accounts/{account}/access/identity_providers")
    }
    wrong = False
    for key, settings in sorted(given.items()):
        if identifier := settings.get("id"):
            there = found.get(identifier)
            if there is None or there.get("type") != settings.get("type"):
                wrong = True
                listed = ", ".join(
                    f"{one.get('name')} ({one.get('type')}): {number}"
                    for number, one in sorted(found.items())
                )
                yield Answer(
                    check=name,
                    status="refused",
                    text=f"identityProviders.{key}: the account has no provider {identifier} of type {settings.get('type')}",
                    fix=f"an id of these: {listed or 'it has none'}",
                )
        elif settings.get("type") == "onetimepin":
            for number, one in found.items():
                if one.get("type") == "onetimepin" and not context.state.has(number):
                    wrong = True
                    yield Answer(
                        check=name,
                        status="refused",
                        text=f"identityProviders.{key}: the account has a one-time PIN provider already, and one is all",
                        fix=f"identityProviders: {{{key}: {{type: onetimepin, id: {number}}}}}",
                    )
    if not wrong:
        yield Answer(check=name, status="fine", text="the identity providers can be made, or are there")


@question("access.callback")
def callback(context: Context) -> Iterator[Answer]:
    """No API says what an OAuth client allows; its provider does, to a login that asks for what it must not have."""
    for key, settings in sorted(context.wanted.section("identityProviders").items()):
        kind = str(settings.get("type"))
        if settings.get("id") or kind == "onetimepin":
            continue
        try:
            yield _callback(context.wanted.callback, key, kind, settings)
            if kind == "oidc":
                yield _keys(key, str(settings.get("certsUrl")))
        except Unasked as reason:
            yield Answer(
                check="access.callback",
                status="unknown",
                text=f"identityProviders.{key}: {reason}",
                fix=f"{_REGISTER.get(kind, _REGISTER['oidc'])}: {context.wanted.callback}",
            )


def _callback(url: str, key: str, kind: str, settings: dict[str, Any]) -> Answer:
    check = "access.callback"
    fix = f"{_REGISTER.get(kind, _REGISTER['oidc'])}: {url}"
    authorize = settings.get("authUrl") or _AUTHORIZE.get(kind)
    if not authorize:
        return Answer(
            check=check,
            status="unknown",
            text=f"identityProviders.{key}: whether {kind} lets {url} be logged in to, it tells nobody",
            fix=fix,
        )
    query = {
        "client_id": str(settings.get("clientId")),
        "redirect_uri": url,
        "response_type": "code",
        "scope": "openid",
        "state": "doctor",
    }
    joint = "&" if "?" in authorize else "?"
    reply = http.ask(f"{authorize}{joint}{urllib.parse.urlencode(query)}")
    place = reply.headers.get("location", "")
    # RFC 6749, 4.1.2.1: with a redirect URI that is not registered, the provider must not redirect to it, and tells the person.
    if 400 <= reply.status < 500 or re.search(r"/error\b|redirect_uri_mismatch", place):
        return Answer(
            check=check,
            status="refused",
            text=f"identityProviders.{key}: the provider refuses client {settings.get('clientId')} logins that return to {url}",
            fix=fix,
        )
    # Some providers look at the redirect URI after the login alone, so going on to it proves nothing.
    return Answer(
        check=check,
        status="unknown",
        text=f"identityProviders.{key}: the provider does not refuse a login that comes back to {url}; whether it lets one "
        "through, it tells after the login alone",
        fix=fix,
    )


def _keys(key: str, url: str) -> Answer:
    check, name = "access.callback", f"identityProviders.{key}.certsUrl"
    document = http.ask(url).json()
    if isinstance(document, dict) and document.get("keys"):
        return Answer(check=check, status="fine", text=f"{name}: the provider's keys are there")
    return Answer(
        check=check,
        status="refused",
        text=f"{name}: expected a JSON Web Key Set, found none at {url}",
        fix="the `jwks_uri` of the provider's /.well-known/openid-configuration",
    )


QUESTIONS = (organisation, providers, callback)
