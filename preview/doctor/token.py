"""Cloudflare's API token: is it valid, and does it have the permissions that the stack's resources need?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from preview.doctor.answers import Answer, Unasked
from preview.doctor.context import Context, question
from preview.resource_types import type_names as types
from preview.resources import Resource

MAKE = "https://dash.cloudflare.com/profile/api-tokens"


@dataclass(frozen=True)
class Scope:
    """``names``: the permission groups, any of which will do, as the API calls them; ``probe``: what only its readers may GET."""

    level: Literal["account", "zone"]
    names: tuple[str, ...]
    probe: str


_APPS = Scope("account", ("Access: Apps and Policies Write",), "accounts/{account}/access/apps")
_RULES = Scope("zone", ("Zone WAF Write", "Firewall Services Write"), "zones/{zone}/rulesets")
_TRANSFORM = Scope(
    "zone", ("Transform Rules Write", "Zone Transform Rules Write"), "zones/{zone}/url_normalization"
)
SCOPES: dict[str, Scope] = {
    types.TUNNEL: Scope(
        "account", ("Cloudflare Tunnel Write", "Argo Tunnel Write"), "accounts/{account}/cfd_tunnel"
    ),
    types.ACCESS_APPLICATION: _APPS,
    types.ACCESS_POLICY: _APPS,
    types.SERVICE_TOKEN: Scope(
        "account", ("Access: Service Tokens Write",), "accounts/{account}/access/service_tokens"
    ),
    types.IDENTITY_PROVIDER: Scope(
        "account",
        ("Access: Organizations, Identity Providers, and Groups Write",),
        "accounts/{account}/access/identity_providers",
    ),
    "cloudflare:index/notificationPolicy:NotificationPolicy": Scope(
        "account", ("Notifications Write",), "accounts/{account}/alerting/v3/policies"
    ),
    types.DNS_RECORD: Scope("zone", ("DNS Write",), "zones/{zone}/dns_records"),
    types.ZONE_SETTING: Scope("zone", ("Zone Settings Write",), "zones/{zone}/settings/min_tls_version"),
    types.URL_NORMALIZATION: _TRANSFORM,
}
SCOPES[types.TUNNEL_CONFIGURATION] = SCOPES[types.TUNNEL]
"""By the type that needs it. A ruleset's depends on its phase: see `scope_of`."""


def scope_of(resource: Resource) -> Scope | None:
    if resource.type == types.RULESET:
        return _TRANSFORM if "transform" in str(resource.inputs.get("phase")) else _RULES
    return SCOPES.get(resource.type)


def wanted(context: Context) -> list[Scope]:
    found: list[Scope] = []
    for resource in context.wanted.evaluation.resources:
        scope = scope_of(resource)
        if scope and scope not in found:
            found.append(scope)
    return sorted(found, key=lambda scope: (scope.level, scope.names))


def _verified(context: Context) -> tuple[dict[str, Any], str]:
    """The token's own record, and the path of the collection that it is in: a user's, or an account's. Raises Unasked."""
    try:
        return context.cloudflare.get("user/tokens/verify"), "user/tokens"
    except Unasked as reason:
        if not reason.status:
            raise
        path = f"accounts/{context.wanted.account}/tokens"
        try:
            return context.cloudflare.get(f"{path}/verify"), path
        except Unasked:
            raise reason from None


@question("cloudflare.token")
def token(context: Context) -> Iterator[Answer]:
    name = "cloudflare.token"
    try:
        record, _ = _verified(context)
    except Unasked as reason:
        if not reason.status and "no Cloudflare API token" not in str(reason):
            raise
        encrypted = "cloudflare:apiToken" in context.wanted.evaluation.config
        yield Answer(
            check=name,
            status="unknown" if encrypted and not reason.status else "refused",
            text="the token stands encrypted in the stack file, and nothing is decrypted here"
            if encrypted and not reason.status
            else f"no valid token: {reason}",
            fix=f"export CLOUDFLARE_API_TOKEN=…, of a token made at {MAKE}",
        )
        return
    status = str(record.get("status"))
    if status != "active":
        yield Answer(
            check=name,
            status="refused",
            text=f"the token is {status}",
            fix=f"make another, or roll it: {MAKE}",
        )
        return
    until = record.get("expires_on")
    yield Answer(
        check=name, status="fine", text="the token is active" + (f", until {until}" if until else "")
    )


@question("cloudflare.scopes")
def scopes(context: Context) -> Iterator[Answer]:
    """By the token's own policies where it may read them; else by reading, which can show a lack and never prove a right."""
    name = "cloudflare.scopes"
    record, path = _verified(context)
    try:
        policies = context.cloudflare.get(f"{path}/{record['id']}").get("policies")
    except Unasked:
        policies = None
    places = {"account": context.wanted.account, "zone": context.wanted.zone}
    for scope in wanted(context):
        label = f"{scope.level}: {scope.names[0]}"
        fix = f"add it to the token ({MAKE}): {scope.level} {scope.names[0].removesuffix(' Write')}, Edit"
        if isinstance(policies, list):
            if granted(policies, scope, context.wanted.account, context.wanted.zone):
                yield Answer(check=name, status="fine", text=f"{label}: the token has it")
            else:
                yield Answer(check=name, status="refused", text=f"{label}: the token lacks it", fix=fix)
            continue
        try:
            context.cloudflare.get(scope.probe.format(**places))
        except Unasked as reason:
            if reason.denied:
                yield Answer(
                    check=name, status="refused", text=f"{label}: the token may not even read there", fix=fix
                )
            else:
                yield Answer(check=name, status="unknown", text=f"{label}: {reason}", fix=fix)
            continue
        yield Answer(
            check=name,
            status="unknown",
            text=f"{label}: the token may read there; whether it may write, it may not tell",
            fix="look at its permissions at "
            f"{MAKE}, or ask with a token that also has user: API Tokens Read (an account's token: Account API Tokens Read)",
        )


def granted(policies: list[Any], scope: Scope, account: str, zone: str) -> bool:
    """Do a token's policies allow the scope in this account, or zone, and does none of them deny it?"""
    found = False
    for policy in policies:
        groups = {str(group.get("name")) for group in policy.get("permission_groups") or ()}
        if not groups & set(scope.names) or not _covers(policy.get("resources"), scope.level, account, zone):
            continue
        if policy.get("effect") != "allow":
            return False
        found = True
    return found


def _covers(resources: Any, level: str, account: str, zone: str) -> bool:
    """`{"com.cloudflare.api.account.A": "*"}`, or nested: an account's name, with zones' names and `*` in its place."""
    if isinstance(resources, str):  # some clients keep it as JSON
        try:
            resources = json.loads(resources)
        except ValueError:
            return False
    prefix = "com.cloudflare.api.account"
    accounts = {f"{prefix}.{account}", f"{prefix}.*"}
    zones = {f"{prefix}.zone.{zone}", f"{prefix}.zone.*"}
    for key, value in (resources if isinstance(resources, dict) else {}).items():
        if isinstance(value, dict):
            if level == "zone" and key in accounts and zones & value.keys():
                return True
        elif key in (zones if level == "zone" else accounts):
            return True
    return False


QUESTIONS = (token, scopes)
