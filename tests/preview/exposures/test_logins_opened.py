"""Who gets in, by what proof, and who says who people are."""

from __future__ import annotations

from typing import Any

import pytest

from tests.preview.exposures.logins import ACCESS_POLICY, policy, said
from tests.preview.opened import CF, edited, opens
from tests.preview.programs import resource

GROUP = f"{CF}zeroTrustAccessGroup:ZeroTrustAccessGroup"
ACCESS_APPLICATION = f"{CF}zeroTrustAccessApplication:ZeroTrustAccessApplication"
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


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (policy(domain("x.io")), policy(domain("x.io"), domain("y.io")), "also lets in @y.io"),
        (policy(domain("x.io")), policy(email("a@y.io")), "also lets in a@y.io"),
        (policy(email("a@x.io")), policy(domain("x.io")), "also lets in @x.io"),
        (policy(email("a@x.io")), policy(EVERYONE), "also lets in anyone who logs in"),
        (
            policy({"githubOrganization": {"name": "o", "team": "t", "identityProviderId": "g"}}),
            policy({"githubOrganization": {"name": "o", "team": "u", "identityProviderId": "g"}}),
            "also lets in GitHub o/u",
        ),
        (
            policy({"githubOrganization": {"name": "o", "team": "t", "identityProviderId": "g"}}),
            policy({"githubOrganization": {"name": "o", "identityProviderId": "g"}}),
            "also lets in GitHub o",
        ),
        (policy(ip("10.0.0.0/24")), policy(ip("10.0.0.0/8")), "also lets in from 10.0.0.0/8"),
        (policy(EVERYONE, requires=[geo("JP")]), policy(EVERYONE), "no longer requires from JP"),
        (
            policy(EVERYONE, requires=[ip("10.0.0.0/24")]),
            policy(EVERYONE, requires=[ip("10.0.0.0/8")]),
            "no longer requires from 10.0.0.0/24",
        ),
        (policy(EVERYONE, excludes=[email("a@x.io")]), policy(EVERYONE), "no longer keeps out a@x.io"),
        (policy(EVERYONE, mfaConfig=MFA), policy(EVERYONE), "no longer asks for a second factor"),
        (
            policy(EVERYONE, mfaConfig=MFA),
            policy(EVERYONE, mfaConfig={**MFA, "mfaDisabled": True}),
            "no longer asks for a second factor",
        ),
        (
            policy(EVERYONE, mfaConfig=MFA),
            policy(EVERYONE, mfaConfig={"allowedAuthenticators": ["security_key", "totp"]}),
            "takes another second factor: totp",
        ),
        (policy(EVERYONE), policy(EVERYONE, decision="bypass"), "decides bypass (before: allow)"),
        (policy(EVERYONE), policy(EVERYONE, decision="non_identity"), "decides non_identity (before: allow)"),
        (policy(EVERYONE), policy(EVERYONE, sessionDuration="168h"), "a login lasts 168h (before: 24h)"),
        (
            policy(EVERYONE, approvalRequired=True),
            policy(EVERYONE),
            "nobody has to approve a login any longer",
        ),
        (
            policy(EVERYONE, purposeJustificationRequired=True),
            policy(EVERYONE, purposeJustificationRequired=False),
            "nobody has to say what for any longer",
        ),
        (policy(EVERYONE, isolationRequired=True), policy(EVERYONE), "the browser is no longer isolated"),
        (
            policy(EVERYONE, decision="deny"),
            policy(domain("x.io"), decision="deny"),
            "no longer keeps out anyone who logs in",
        ),
    ],
)
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
        (
            policy({"githubOrganization": {"name": "o", "identityProviderId": "g"}}),
            policy({"githubOrganization": {"name": "o", "team": "t", "identityProviderId": "g"}}),
        ),
        (policy(EVERYONE, decision="deny"), policy(EVERYONE, domain("x.io"), decision="deny")),
    ],
)
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
        (
            app(httpOnlyCookieAttribute=True),
            app(httpOnlyCookieAttribute=False),
            "scripts can read the login's cookie",
        ),
        (
            app(sameSiteCookieAttribute="strict"),
            app(sameSiteCookieAttribute="none"),
            "other sites may send the login's cookie: none (before: strict)",
        ),
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
        (
            app(corsHeaders={"allowedOrigins": ["https://a"]}),
            app(corsHeaders={"allowedOrigins": ["https://a", "https://b"]}),
            "pages elsewhere may do more: allowedOrigins has https://b",
        ),
        (app(mfaConfig=MFA), app(), "no longer asks for a second factor"),
        (app(newSwitch=1), app(newSwitch=2), "newSwitch is another: 2 (before: 1)"),
        (
            app(policies=[{"id": "p", "precedence": 1}, {"id": "q", "precedence": 2}]),
            app(policies=[{"id": "p", "precedence": 2}, {"id": "q", "precedence": 1}]),
            "its policies are asked in another order",
        ),
    ],
)
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
