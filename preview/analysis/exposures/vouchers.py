"""Who vouches for people: identity providers, the organisation's own settings, service tokens.

Whoever runs the endpoint, client or domain that a provider names says who people are. Another one is another party.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from preview.analysis.exposures.settings import Settings, long
from preview.analysis.exposures.versions import Versions
from preview.analysis.people import rules
from preview.changes import Exposure
from preview.resource_types import type_names
from preview.resources import Resource

_ORGANIZATION = "cloudflare:index/zeroTrustOrganization:ZeroTrustOrganization"

_PROVIDER = Settings(
    harmless=frozenset({"clientSecret", "prompt", "redirectUrl", "supportGroups"}),
    open_when={"pkceEnabled": False, "conditionalAccessEnabled": False, "signRequest": False},
    says={
        "appsDomain": "people of another domain are vouched for",
        "attributes": "other claims of the provider are read",
        "authUrl": "another party says who people are",
        "authorizationServerId": "another party says who people are",
        "centrifyAccount": "another party says who people are",
        "centrifyAppId": "another party says who people are",
        "certsUrl": "another party's keys vouch for people",
        "claims": "other claims of the provider are read",
        "clientId": "people log in by another client",
        "conditionalAccessEnabled": "the provider's own conditions no longer count",
        "directoryId": "people of another directory are vouched for",
        "emailAttributeName": "people's addresses are read from another claim",
        "emailClaimName": "people's addresses are read from another claim",
        "headerAttributes": "other claims reach the app",
        "idpPublicCert": "another party's keys vouch for people",
        "idpPublicCerts": "another party's keys vouch for people",
        "issuerUrl": "another party says who people are",
        "oktaAccount": "another party says who people are",
        "oneloginAccount": "another party says who people are",
        "pingEnvId": "another party says who people are",
        "pkceEnabled": "a stolen code is enough to log in",
        "scopes": "other claims are asked of the provider",
        "signRequest": "requests to the provider are no longer signed",
        "ssoTargetUrl": "another party says who people are",
        "tokenUrl": "another party says who people are",
    },
)
_SCIM = Settings(
    harmless=frozenset({"secret", "scimBaseUrl", "groupMemberDeprovision"}),
    open_when={"enabled": False, "seatDeprovision": False, "userDeprovision": False},
    says={
        "enabled": "the provider no longer says who has left",
        "seatDeprovision": "who has left the provider keeps a seat",
        "userDeprovision": "who has left the provider stays logged in",
        "identityUpdateBehavior": "a change at the provider counts otherwise",
    },
)
_TEAM = Settings(
    harmless=frozenset(
        {
            "accountId",
            "autoRedirectToIdentity",
            "customPages",
            "loginDesign",
            "name",
            "uiReadOnlyToggleReason",
            "userSeatExpirationInactiveTime",
            "zoneId",
        }
    ),
    open_when={
        "allowAuthenticateViaWarp": True,
        "denyUnmatchedRequests": False,
        "isUiReadOnly": False,
        "mfaRequiredForAllApps": False,
        "mfaSshPivKeyRequirements": False,
    },
    durations={"sessionDuration": "24h", "warpAuthSessionDuration": "24h"},
    says={
        "allowAuthenticateViaWarp": "a device's own login is enough",
        "authDomain": "people log in at another domain",
        "denyUnmatchedRequests": "what no application names is let through",
        "denyUnmatchedRequestsExemptedZoneNames": "other zones are let through",
        "isUiReadOnly": "the dashboard may change what this stack says",
        "mfaConfig": "second factors are asked for otherwise",
        "mfaRequiredForAllApps": "applications ask for no second factor of themselves",
        "sessionDuration": "a login lasts longer",
        "warpAuthSessionDuration": "a device's login lasts longer",
    },
)


def vouchers(versions: Versions) -> Iterator[Exposure]:
    yield from _providers(versions)
    for old, new in versions.later(_ORGANIZATION):
        for text in _TEAM.opened(old.inputs if old else {}, new.inputs):
            if old is not None or not text.startswith("people log in at"):
                yield _loosened(new, text)
    yield from _tokens(versions)


def _loosened(resource: Resource, text: str) -> Exposure:
    name = resource.inputs.get("name", resource.name)
    return Exposure(kind="login loosened", subject=resource.name, text=f"{name}: {text}")


def _providers(versions: Versions) -> Iterator[Exposure]:
    gone = [_party(old) for old, new in versions.earlier(type_names.IDENTITY_PROVIDER) if new is None]
    for old, new in versions.later(type_names.IDENTITY_PROVIDER):
        if old is None:
            # The same party under another name says no more than before.
            if _party(new) not in gone:
                yield _loosened(new, f"one more party says who people are: {new.inputs.get('type')}")
            continue
        kinds = old.inputs.get("type"), new.inputs.get("type")
        if kinds[0] != kinds[1]:
            yield _loosened(new, f"another party says who people are: {kinds[1]} (before: {kinds[0]})")
        for text in _PROVIDER.opened(_config(old), _config(new)):
            yield _loosened(new, text)
        for text in _SCIM.opened(*(_scim(r) for r in (old, new))):
            yield _loosened(new, text)


def _config(provider: Resource) -> Mapping[str, Any]:
    config = provider.inputs.get("config")
    return config if isinstance(config, dict) else {"config": config} if config is not None else {}


def _scim(provider: Resource) -> Mapping[str, Any]:
    config = provider.inputs.get("scimConfig")
    return config if isinstance(config, dict) else {}


def _party(provider: Resource) -> tuple[Any, ...]:
    config = {key: value for key, value in _config(provider).items() if key not in _PROVIDER.harmless}
    return provider.inputs.get("type"), sorted(map(str, config.items()))


def _tokens(versions: Versions) -> Iterator[Exposure]:
    every = [
        policy
        for policy in versions.after.of(type_names.ACCESS_POLICY)
        if any("anyValidServiceToken" in rule for rule in rules(policy.inputs, "includes"))
    ]
    for old, new in versions.later(type_names.SERVICE_TOKEN):
        if old is None:
            if every:
                names = ", ".join(str(policy.inputs.get("name", policy.name)) for policy in every)
                yield _loosened(new, f"one more token passes {names}")
            continue
        lasts = [long(token.inputs.get("duration"), "8760h") for token in (old, new)]
        if lasts[1] > lasts[0]:
            was, now = (token.inputs.get("duration", "8760h") for token in (old, new))
            yield _loosened(new, f"the token lasts {now} (before: {was})")
