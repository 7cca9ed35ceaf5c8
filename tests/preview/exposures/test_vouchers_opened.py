"""Changes of who says who people are, of the team, and of tokens."""

from __future__ import annotations

from typing import Any

import pytest

from tests.preview.exposures.logins import ACCESS_POLICY, PROVIDER, TEAM, TOKEN, policy, said
from tests.preview.opened import edited, opens
from tests.preview.programs import resource

# Who vouches ----------------------------------------------------------------------------------------------------------------


def provider(kind: str = "oidc", **config: Any) -> dict[str, Any]:
    base = {
        "clientId": "c",
        "clientSecret": "s",
        "authUrl": "https://a/auth",
        "tokenUrl": "https://a/token",
        "certsUrl": "https://a/keys",
    }
    return {"name": "ours", "type": kind, "config": {**base, **config}}


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (
            provider(),
            provider(authUrl="https://b"),
            "another party says who people are: https://b (before: https://a/auth)",
        ),
        (
            provider(),
            provider(certsUrl="https://b"),
            "another party's keys vouch for people: https://b (before: https://a/keys)",
        ),
        (provider(), provider(clientId="d"), "people log in by another client: d (before: c)"),
        (
            provider(emailClaimName="email"),
            provider(emailClaimName="upn"),
            "people's addresses are read from another claim: upn (before: email)",
        ),
        (
            provider(claims=["a"]),
            provider(claims=["a", "b"]),
            "other claims of the provider are read: a, b (before: a)",
        ),
        (provider(pkceEnabled=True), provider(pkceEnabled=False), "a stolen code is enough to log in"),
        (
            provider("google-apps", appsDomain="x.io"),
            provider("google-apps", appsDomain="y.io"),
            "people of another domain are vouched for: y.io (before: x.io)",
        ),
        (
            provider("azureAD", directoryId="1"),
            provider("azureAD", directoryId="2"),
            "people of another directory are vouched for: 2 (before: 1)",
        ),
        (
            provider("okta", oktaAccount="https://o"),
            provider("okta", oktaAccount="https://p"),
            "another party says who people are: https://p (before: https://o)",
        ),
        (
            provider("saml", idpPublicCerts=["a"]),
            provider("saml", idpPublicCerts=["b"]),
            "another party's keys vouch for people: b (before: a)",
        ),
        (
            provider("google"),
            provider("github"),
            "another party says who people are: github (before: google)",
        ),
        (provider(), provider(surprise="x"), "surprise is another: x (before: not set)"),
        (
            {**provider(), "scimConfig": {"enabled": True, "userDeprovision": True}},
            {**provider(), "scimConfig": {"enabled": True}},
            "who has left the provider stays logged in",
        ),
    ],
)
def test_another_party_that_says_who_people_are_is_an_exposure(old: Any, new: Any, text: str) -> None:
    assert said(edited(PROVIDER, old, new)) == [f"ours: {text}"]
    assert edited(PROVIDER, new, new) == []


def test_another_secret_or_name_of_a_provider_is_none_and_a_new_provider_is_an_exposure() -> None:
    assert edited(PROVIDER, provider(), {**provider(clientSecret="t"), "name": "others"}) == []
    assert edited(PROVIDER, provider(pkceEnabled=False), provider(pkceEnabled=True)) == []
    assert said(edited(PROVIDER, None, provider("github"))) == [
        "ours: one more party says who people are: github"
    ]
    assert (
        opens([resource(PROVIDER, "a", provider())], [resource(PROVIDER, "b", provider(clientSecret="t"))])
        == []
    )


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (
            {"authDomain": "a.cloudflareaccess.com"},
            {"authDomain": "b.cloudflareaccess.com"},
            "people log in at another domain: b.cloudflareaccess.com (before: a.cloudflareaccess.com)",
        ),
        ({"sessionDuration": "24h"}, {"sessionDuration": "720h"}, "a login lasts longer: 720h (before: 24h)"),
        ({}, {"allowAuthenticateViaWarp": True}, "a device's own login is enough"),
        ({"isUiReadOnly": True}, {"isUiReadOnly": False}, "the dashboard may change what this stack says"),
    ],
)
def test_a_team_that_asks_less_is_an_exposure(old: Any, new: Any, text: str) -> None:
    assert said(edited(TEAM, {"name": "acme", **old}, {"name": "acme", **new})) == [f"acme: {text}"]
    assert edited(TEAM, new, {**new, "loginDesign": {"textColor": "#fff"}}) == []
    assert (
        edited(TEAM, {"sessionDuration": "24h"}, {"sessionDuration": "1h", "autoRedirectToIdentity": True})
        == []
    )


def test_a_service_token_that_lasts_longer_is_an_exposure() -> None:
    year, ever, month = ({"name": "bot", "duration": text} for text in ("8760h", "forever", "720h"))
    assert said(edited(TOKEN, year, ever)) == ["bot: the token lasts forever (before: 8760h)"]
    assert said(edited(TOKEN, month, {"name": "bot"})) == ["bot: the token lasts 8760h (before: 720h)"]
    assert edited(TOKEN, ever, month) == edited(TOKEN, None, year) == []
    every = resource(ACCESS_POLICY, "any", policy({"anyValidServiceToken": {}}, name="robots"))
    assert said(edited(TOKEN, None, year, every)) == ["bot: one more token passes robots"]
