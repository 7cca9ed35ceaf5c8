"""Who gets in, by what proof, and who says who people are."""

from __future__ import annotations

from typing import Any

import pytest

from tests.preview.opened import CF, Found, edited, opens
from tests.preview.programs import resource

ACCESS_POLICY = f"{CF}zeroTrustAccessPolicy:ZeroTrustAccessPolicy"
GROUP = f"{CF}zeroTrustAccessGroup:ZeroTrustAccessGroup"
ACCESS_APPLICATION = f"{CF}zeroTrustAccessApplication:ZeroTrustAccessApplication"
PROVIDER = f"{CF}zeroTrustAccessIdentityProvider:ZeroTrustAccessIdentityProvider"
TOKEN = f"{CF}zeroTrustAccessServiceToken:ZeroTrustAccessServiceToken"
TEAM = f"{CF}zeroTrustOrganization:ZeroTrustOrganization"
TUNNEL_CONFIGURATION = f"{CF}zeroTrustTunnelCloudflaredConfig:ZeroTrustTunnelCloudflaredConfig"


def email(name: str) -> dict[str, Any]:
    return {"email": {"email": name}}


def domain(name: str) -> dict[str, Any]:
    return {"emailDomain": {"domain": name}}


def ip(text: str) -> dict[str, Any]:
    return {"ip": {"ip": text}}


def geo(code: str) -> dict[str, Any]:
    return {"geo": {"countryCode": code}}


EVERYONE: dict[str, Any] = {"everyone": {}}
MFA = {"allowedAuthenticators": ["security_key"], "mfaDisabled": False}


def policy(*includes: dict[str, Any], **inputs: Any) -> dict[str, Any]:
    return {
        "name": "staff",
        "decision": "allow",
        "includes": list(includes),
        "sessionDuration": "24h",
        **inputs,
    }


def said(found: Found) -> list[str]:
    assert {kind for kind, *_ in found} <= {"login loosened"}
    return [text for *_, text in found]


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (policy(domain("x.io")), policy(domain("x.io"), domain("y.io")), "also lets in @y.io"),
        (policy(domain("x.io")), policy(email("a@y.io")), "also lets in a@y.io"),
        (policy(email("a@x.io")), policy(domain("x.io")), "also lets in @x.io"),
        (policy(email("a@x.io")), policy(EVERYONE), "also lets in anyone who logs in"),
        (policy({"githubOrganization": {"name": "o", "team": "t", "identityProviderId": "g"}}), policy({"githubOrganization": {"name": "o", "team": "u", "identityProviderId": "g"}}), "also lets in GitHub o/u"),
        (policy({"githubOrganization": {"name": "o", "team": "t", "identityProviderId": "g"}}), policy({"githubOrganization": {"name": "o", "identityProviderId": "g"}}), "also lets in GitHub o"),
        (policy(ip("10.0.0.0/24")), policy(ip("10.0.0.0/8")), "also lets in from 10.0.0.0/8"),
        (policy(EVERYONE, requires=[geo("JP")]), policy(EVERYONE), "no longer requires from JP"),
        (policy(EVERYONE, requires=[ip("10.0.0.0/24")]), policy(EVERYONE, requires=[ip("10.0.0.0/8")]), "no longer requires from 10.0.0.0/24"),
        (policy(EVERYONE, excludes=[email("a@x.io")]), policy(EVERYONE), "no longer keeps out a@x.io"),
        (policy(EVERYONE, mfaConfig=MFA), policy(EVERYONE), "no longer asks for a second factor"),
        (policy(EVERYONE, mfaConfig=MFA), policy(EVERYONE, mfaConfig={**MFA, "mfaDisabled": True}), "no longer asks for a second factor"),
        (policy(EVERYONE, mfaConfig=MFA), policy(EVERYONE, mfaConfig={"allowedAuthenticators": ["security_key", "totp"]}), "takes another second factor: totp"),
        (policy(EVERYONE), policy(EVERYONE, decision="bypass"), "decides bypass (before: allow)"),
        (policy(EVERYONE), policy(EVERYONE, decision="non_identity"), "decides non_identity (before: allow)"),
        (policy(EVERYONE), policy(EVERYONE, sessionDuration="168h"), "a login lasts 168h (before: 24h)"),
        (policy(EVERYONE, approvalRequired=True), policy(EVERYONE), "nobody has to approve a login any longer"),
        (policy(EVERYONE, purposeJustificationRequired=True), policy(EVERYONE, purposeJustificationRequired=False), "nobody has to say what for any longer"),
        (policy(EVERYONE, isolationRequired=True), policy(EVERYONE), "the browser is no longer isolated"),
        (policy(EVERYONE, decision="deny"), policy(domain("x.io"), decision="deny"), "no longer keeps out anyone who logs in"),
    ],
)  # fmt: skip
def test_a_policy_that_lets_in_others_or_asks_less_is_an_exposure(old: Any, new: Any, text: str) -> None:
    assert said(edited(ACCESS_POLICY, old, new)) == [f"staff: {text}"]
    assert edited(ACCESS_POLICY, new, new) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (policy(domain("x.io")), policy(domain("x.io"), email("A@X.io"))),
        (policy(domain("x.io")), policy(email("a@x.io"))),
        (policy(EVERYONE), policy(domain("x.io"))),
        (policy(ip("10.0.0.0/8")), policy(ip("10.1.0.0/16"), ip("10.2.3.4/32"))),
        (policy(EVERYONE, requires=[domain("x.io")]), policy(EVERYONE, requires=[email("a@x.io")])),
        (policy(EVERYONE, excludes=[email("a@x.io")]), policy(EVERYONE, excludes=[domain("x.io")])),
        (policy(EVERYONE), policy(EVERYONE, mfaConfig=MFA, requires=[geo("JP")])),
        (policy(geo("JP"), geo("DE")), policy(geo("JP"))),
        (policy(EVERYONE, decision="bypass"), policy(EVERYONE)),
        (policy(EVERYONE), policy(EVERYONE, decision="deny")),
        (policy(EVERYONE), policy(EVERYONE, sessionDuration="30m", name="people")),
        (policy({"githubOrganization": {"name": "o", "identityProviderId": "g"}}), policy({"githubOrganization": {"name": "o", "team": "t", "identityProviderId": "g"}})),
        (policy(EVERYONE, decision="deny"), policy(EVERYONE, domain("x.io"), decision="deny")),
    ],
)  # fmt: skip
def test_a_policy_that_lets_in_fewer_or_asks_more_is_none(old: Any, new: Any) -> None:
    assert edited(ACCESS_POLICY, old, new) == []


def test_a_group_is_read_as_a_policy_is() -> None:
    old = {"name": "ops", "includes": [email("a@x.io")]}
    assert said(edited(GROUP, old, {**old, "includes": [domain("x.io")]})) == ["ops: also lets in @x.io"]
    assert edited(GROUP, {**old, "includes": [domain("x.io")]}, old) == []


def app(**inputs: Any) -> dict[str, Any]:
    return {
        "name": "site",
        "type": "self_hosted",
        "destinations": [{"uri": "x.io"}],
        "sessionDuration": "24h",
        **inputs,
    }


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (app(httpOnlyCookieAttribute=True), app(httpOnlyCookieAttribute=False), "scripts can read the login's cookie"),
        (app(sameSiteCookieAttribute="strict"), app(sameSiteCookieAttribute="none"), "other sites may send the login's cookie: none (before: strict)"),
        (app(), app(skipInterstitial=True), "nobody is asked before they log in"),
        (app(), app(allowAuthenticateViaWarp=True), "a device's own login is enough"),
        (app(), app(optionsPreflightBypass=True), "preflight requests pass without a login"),
        (app(pathCookieAttribute=True), app(), "the login's cookie counts for other paths of the host"),
        (app(enableBindingCookie=True), app(enableBindingCookie=False), "a stolen cookie is good elsewhere"),
        (app(), app(sessionDuration="72h"), "a login lasts 72h (before: 24h)"),
        (app(allowedIdps=["a"]), app(allowedIdps=["a", "b"]), "people may also log in with b"),
        (app(allowedIdps=["a"]), app(), "people may also log in with every provider of the account"),
        (app(), app(type="ssh"), "it is another kind of application: ssh (before: self_hosted)"),
        (app(), app(corsHeaders={"allowAllOrigins": True}), "pages elsewhere may do more: allowAllOrigins"),
        (app(corsHeaders={"allowedOrigins": ["https://a"]}), app(corsHeaders={"allowedOrigins": ["https://a", "https://b"]}), "pages elsewhere may do more: allowedOrigins has https://b"),
        (app(mfaConfig=MFA), app(), "no longer asks for a second factor"),
        (app(newSwitch=1), app(newSwitch=2), "newSwitch is another: 2 (before: 1)"),
        (app(policies=[{"id": "p", "precedence": 1}, {"id": "q", "precedence": 2}]), app(policies=[{"id": "p", "precedence": 2}, {"id": "q", "precedence": 1}]), "its policies are asked in another order"),
    ],
)  # fmt: skip
def test_an_application_that_asks_less_is_an_exposure(old: Any, new: Any, text: str) -> None:
    assert said(edited(ACCESS_APPLICATION, old, new)) == [f"site: {text}"]
    assert edited(ACCESS_APPLICATION, new, new) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (app(appLauncherVisible=False), app(appLauncherVisible=True)),
        (app(), app(logoUrl="https://x", name="another", tags=["a"], autoRedirectToIdentity=True)),
        (app(allowedIdps=["a", "b"]), app(allowedIdps=["b"])),
        (app(), app(allowedIdps=["a"])),
        (app(sameSiteCookieAttribute="lax"), app(sameSiteCookieAttribute="strict")),
        (app(sessionDuration="24h"), app(sessionDuration="1h30m")),
        (app(corsHeaders={"allowAllOrigins": True}), app(corsHeaders={"allowedOrigins": ["https://a"]})),
        (app(skipInterstitial=True), app(enableBindingCookie=True, httpOnlyCookieAttribute=True)),
    ],
)
def test_an_application_that_asks_more_or_looks_other_is_none(old: Any, new: Any) -> None:
    assert edited(ACCESS_APPLICATION, old, new) == []


def test_an_application_that_asks_nobody_at_another_host_is_an_exposure() -> None:
    bypass = [{"decision": "bypass", "includes": [EVERYONE]}]
    found = edited(ACCESS_APPLICATION, None, app(destinations=[{"uri": "y.io/hook"}], policies=bypass))
    assert said(found) == ["site: nobody is asked for a login at y.io/hook"]
    assert said(edited(ACCESS_APPLICATION, None, app(type="saas"))) == [
        "site: an application of the type saas is offered"
    ]
    assert edited(ACCESS_APPLICATION, None, app(policies=[{"id": "p"}])) == []


def site(*policies: tuple[str, dict[str, Any]], application: str = "app") -> list[Any]:
    made = [resource(ACCESS_POLICY, name, inputs) for name, inputs in policies]
    rules = [{"hostname": "x.io", "service": "http://x:80"}, {"service": "http_status:404"}]
    listed = [{"id": f"«{name}.id»", "precedence": n} for n, (name, _) in enumerate(policies, 1)]
    return [
        *made,
        resource(ACCESS_APPLICATION, application, app(policies=listed)),
        resource(TUNNEL_CONFIGURATION, "ingress", {"config": {"ingresses": rules}}),
    ]


def test_the_same_people_by_other_policies_are_none() -> None:
    whole = site(("staff", policy(domain("x.io"), email("a@y.io"))))
    split = site(("one", policy(domain("x.io"))), ("two", policy(email("a@y.io"))))
    assert opens(whole, split) == opens(split, whole) == []
    assert opens(whole, site(("crew", policy(domain("x.io"), email("a@y.io"))), application="other")) == []
    assert opens(whole, site(("crew", policy(email("b@x.io"), mfaConfig=MFA)))) == []


def test_other_people_by_another_policy_are_an_exposure_of_the_place() -> None:
    whole = site(("staff", policy(domain("x.io"), mfaConfig=MFA)))
    found = opens(whole, site(("crew", policy(domain("x.io"), domain("z.io"), mfaConfig=MFA))))
    text = "x.io is open to others: @x.io, @z.io, second factor, session 24h (before: @x.io, second factor, session 24h)"
    assert found == [("login loosened", "x.io", text)]
    assert [subject for _, subject, _ in opens(whole, site(("crew", policy(domain("x.io")))))] == ["x.io"]
    denying = site(("no", policy(email("a@x.io"), decision="deny")), ("crew", policy(domain("x.io"))))
    assert [subject for _, subject, _ in opens(denying, site(("crew", policy(domain("x.io")))))] == ["x.io"]
    assert opens(site(("crew", policy(domain("x.io")))), denying) == []


def test_a_policy_of_which_only_the_id_is_known_may_let_in_anybody() -> None:
    foreign = site(("staff", policy(domain("x.io"))))
    foreign[1] = resource(ACCESS_APPLICATION, "app", app(policies=[{"id": "0123", "precedence": 1}]))
    text = "x.io is open to others: the policy 0123, session 24h (before: @x.io, session 24h)"
    assert opens(site(("staff", policy(domain("x.io")))), foreign[1:]) == [("login loosened", "x.io", text)]
    assert opens(foreign, foreign) == []


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (
            {"noTlsVerify": False},
            {"noTlsVerify": True},
            "x.io: the certificate of https://x:443 is no longer checked",
        ),
        (
            {},
            {"proxyType": "socks"},
            "x.io: the connector is a proxy (socks) to whatever its machine reaches",
        ),
    ],
)
def test_an_origin_that_is_checked_less_is_an_exposure(old: Any, new: Any, text: str) -> None:
    def version(origin: dict[str, Any]) -> Any:
        rules = [
            {"hostname": "x.io", "service": "https://x:443", "originRequest": origin},
            {"service": "http_status:404"},
        ]
        return [resource(TUNNEL_CONFIGURATION, "ingress", {"config": {"ingresses": rules}})]

    assert opens(version(old), version(new)) == [("check dropped", "x.io", text)]
    assert opens(version(new), version(old)) == []


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
        (provider(), provider(authUrl="https://b"), "another party says who people are: https://b (before: https://a/auth)"),
        (provider(), provider(certsUrl="https://b"), "another party's keys vouch for people: https://b (before: https://a/keys)"),
        (provider(), provider(clientId="d"), "people log in by another client: d (before: c)"),
        (provider(emailClaimName="email"), provider(emailClaimName="upn"), "people's addresses are read from another claim: upn (before: email)"),
        (provider(claims=["a"]), provider(claims=["a", "b"]), "other claims of the provider are read: a, b (before: a)"),
        (provider(pkceEnabled=True), provider(pkceEnabled=False), "a stolen code is enough to log in"),
        (provider("google-apps", appsDomain="x.io"), provider("google-apps", appsDomain="y.io"), "people of another domain are vouched for: y.io (before: x.io)"),
        (provider("azureAD", directoryId="1"), provider("azureAD", directoryId="2"), "people of another directory are vouched for: 2 (before: 1)"),
        (provider("okta", oktaAccount="https://o"), provider("okta", oktaAccount="https://p"), "another party says who people are: https://p (before: https://o)"),
        (provider("saml", idpPublicCerts=["a"]), provider("saml", idpPublicCerts=["b"]), "another party's keys vouch for people: b (before: a)"),
        (provider("google"), provider("github"), "another party says who people are: github (before: google)"),
        (provider(), provider(surprise="x"), "surprise is another: x (before: not set)"),
        ({**provider(), "scimConfig": {"enabled": True, "userDeprovision": True}}, {**provider(), "scimConfig": {"enabled": True}}, "who has left the provider stays logged in"),
    ],
)  # fmt: skip
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
        ({"authDomain": "a.cloudflareaccess.com"}, {"authDomain": "b.cloudflareaccess.com"}, "people log in at another domain: b.cloudflareaccess.com (before: a.cloudflareaccess.com)"),
        ({"sessionDuration": "24h"}, {"sessionDuration": "720h"}, "a login lasts longer: 720h (before: 24h)"),
        ({}, {"allowAuthenticateViaWarp": True}, "a device's own login is enough"),
        ({"isUiReadOnly": True}, {"isUiReadOnly": False}, "the dashboard may change what this stack says"),
    ],
)  # fmt: skip
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
