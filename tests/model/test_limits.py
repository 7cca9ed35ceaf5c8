"""What a plan does not allow is refused by name, with what it allows and the nearest thing that works."""

from __future__ import annotations

import itertools
from dataclasses import fields
from typing import Any

import pytest

from model import naming
from model.checks.edge_plan import check
from model.edge.rules import rate_limits
from model.limits import PLANS, SOURCES, PlanLimits, plan_for
from model.settings import Cloudflare, Firewall, Route
from tests.model.stacks import changed, findings, load_stack

RULE = {"name": "a", "expression": "true"}
ROUTE = Route.model_validate({"hostname": "a.x.io", "service": "http://web:80", "access": "public"})
LIMIT = {"name": "a", "path": "/a", "requests": 10, "per": "10s"}


def lines(plan: str, **firewall: Any) -> list[str]:
    cloudflare = Cloudflare.model_validate(
        {"accountId": "0" * 32, "zoneId": "f" * 32, "zone": "x.io", "plan": plan, "team": "acme"}
    )
    return [str(item) for item in check(Firewall.model_validate(firewall), cloudflare, (ROUTE,))[0]]


def rules(count: int) -> list[dict[str, Any]]:
    return [{**RULE, "name": f"r{i}"} for i in range(count)]


def limits(count: int) -> list[dict[str, Any]]:
    return [{**LIMIT, "name": f"r{i}"} for i in range(count)]


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    (
        "free",
        {"rules": rules(6)},
        "firewall.rules: expected at most 5 custom rules on the free plan, found 6; join rules with `or`",
    ),
    (
        "pro",
        {"rules": rules(21)},
        "firewall.rules: expected at most 20 custom rules on the pro plan, found 21; join rules with `or`",
    ),
    (
        "business",
        {"rules": rules(101)},
        "firewall.rules: expected at most 100 custom rules on the business plan, found 101; join rules with `or`",
    ),
    (
        "free",
        {"rateLimits": limits(2)},
        "firewall.rateLimits: expected at most 1 rate limits on the free plan, found 2; join paths under a common prefix, or leave the rest to the app",
    ),
    (
        "business",
        {"rateLimits": limits(6)},
        "firewall.rateLimits: expected at most 5 rate limits on the business plan, found 6; join paths under a common prefix, or leave the rest to the app",
    ),
    (
        "free",
        {"rateLimits": [{**LIMIT, "per": "1m"}]},
        'firewall.rateLimits[0].per: expected a window of the free plan (10s), found "1m"; the nearest is 10s; longer windows are for the app to count',
    ),
    # Image2Model's 100 requests an hour.
    (
        "pro",
        {"rateLimits": [{**LIMIT, "requests": 100, "per": "1h"}]},
        'firewall.rateLimits[0].per: expected a window of the pro plan (10s, 15s, 20s, 30s, 40s, 45s, 1m), found "1h"; the nearest is 1m; longer windows are for the app to count',
    ),
    (
        "pro",
        {"rateLimits": [{**LIMIT, "block": "2h"}]},
        'firewall.rateLimits[0].block: expected at most 1h on the pro plan, found "2h"; write 1h: who continues is blocked again',
    ),
    (
        "pro",
        {"rateLimits": [{**LIMIT, "block": "7m"}]},
        "firewall.rateLimits[0].block: expected a time of the pro plan (10s, 15s, 20s, 30s, 40s, 45s, 1m, 90s, 2m, 3m, 4m, 5m, 8m, "
        '10m, 15m, 20m, 30m, 40m, 1h), found "7m"; the nearest is 8m',
    ),
    (
        "free",
        {"rateLimits": [{**LIMIT, "block": "5s"}]},
        'firewall.rateLimits[0].block: expected a time of the free plan (10s), found "5s"; the nearest is 10s',
    ),
    (
        "business",
        {"rateLimits": [{**LIMIT, "action": "managed_challenge", "block": "1m"}]},
        "firewall.rateLimits[0].block: expected no block beside managed_challenge: below enterprise it has no time, who solves it goes "
        'on at once, found "1m"; leave out `block`',
    ),
    (
        "free",
        {"rateLimits": [{**LIMIT, "hostname": "a.x.io"}]},
        'firewall.rateLimits[0].hostname: expected no hostname: a rate limit of the free plan names the path alone, found "a.x.io"; leave it out; the limit then counts for the whole zone',
    ),
    (
        "free",
        {"rateLimits": [{**LIMIT, "action": "managed_challenge"}]},
        'firewall.rateLimits[0].action: expected block, the only one on the free plan, found "managed_challenge"',
    ),
    (
        "pro",
        {"rateLimits": [{**LIMIT, "by": "visitor"}]},
        'firewall.rateLimits[0].by: expected address, by which alone the pro plan counts; `visitor` needs business, found "visitor"; write `address`; visitors behind a shared one then share its limit',
    ),
    (
        "pro",
        {"rules": [{**RULE, "expression": 'http.request.uri.path matches "^/a"'}]},
        "firewall.rules[0].expression: regular expressions (`matches`) need the business plan, and the zone's is pro; use `wildcard` (with *), starts_with(), ends_with() or contains",
    ),
    (
        "free",
        {"rules": [{**RULE, "expression": 'http.host ~ "x"'}]},
        "firewall.rules[0].expression: regular expressions (`matches`) need the business plan, and the zone's is free; use `wildcard` (with *), starts_with(), ends_with() or contains",
    ),
    (
        "pro",
        {"rules": [{**RULE, "expression": "cf.bot_management.score lt 30"}]},
        "firewall.rules[0].expression: the field cf.bot_management.score needs the enterprise plan, and the zone's is pro; cf.client.bot knows verified bots, on every plan",
    ),
    (
        "pro",
        {"rules": [{**RULE, "expression": "not ip.src.is_in_european_union"}]},
        "firewall.rules[0].expression: the field ip.src.is_in_european_union needs the business plan, and the zone's is pro; ip.src.country names countries, on every plan",
    ),
    (
        "free",
        {"rules": [{**RULE, "expression": 'any(http.request.cookies["a"][*] == "b")'}]},
        'firewall.rules[0].expression: the field http.request.cookies needs the pro plan, and the zone\'s is free; http.cookie contains "NAME=value" reads the whole header, on every plan',
    ),
    (
        "business",
        {"rules": [{**RULE, "expression": "cf.waf.score lt 20"}]},
        "firewall.rules[0].expression: the field cf.waf.score needs the enterprise plan, and the zone's is business; firewall.managed: true judges requests by Cloudflare's managed rules, from pro on",
    ),
    (
        "business",
        {"rules": [{**RULE, "action": "log"}]},
        'firewall.rules[0].action: expected an action of the business plan; `log` needs enterprise, found "log"; use managed_challenge or block',
    ),
    (
        "pro",
        {"owner": False, "originVerify": {"header": "X-V", "secret": "S"}},
        "firewall.originVerify: only the zone's owner sets headers: the edge would not set this one, and the app would refuse every request; set firewall.owner: true, or leave originVerify to the owner's stack",
    ),
]


@pytest.mark.parametrize("plan, firewall, line", REFUSED, ids=range(len(REFUSED)))
def test_what_the_plan_lacks_is_refused(plan: str, firewall: dict[str, Any], line: str) -> None:
    assert lines(plan, **firewall) == [line]


TAKEN: list[tuple[str, dict[str, Any]]] = [
    ("free", {"rules": rules(5), "rateLimits": limits(1)}),
    (
        "pro",
        {"rules": rules(20), "rateLimits": [{**LIMIT, "per": "60s", "block": "1h", "hostname": "a.x.io"}]},
    ),
    ("business", {"rateLimits": [{**LIMIT, "per": "10m", "block": "24h", "by": "visitor"}]}),
    (
        "business",
        {"rules": [{**RULE, "expression": 'http.host matches "x" and cf.waf.score.class eq "attack"'}]},
    ),
    ("enterprise", {"rules": [{**RULE, "action": "log", "expression": "cf.bot_management.score lt 30"}]}),
    # Words inside strings are no operators and no fields.
    (
        "free",
        {"rules": [{**RULE, "expression": r'http.user_agent contains "it matches ~ cf.waf.score \" x"'}]},
    ),
    ("free", {"rules": [{**RULE, "expression": 'http.user_agent contains r#"a "b" ~ matches"#'}]}),
]


@pytest.mark.parametrize("plan, firewall", TAKEN, ids=range(len(TAKEN)))
def test_what_the_plan_has_is_taken(plan: str, firewall: dict[str, Any]) -> None:
    assert lines(plan, **firewall) == []


def test_the_longest_name_that_fits_says_which_plan_a_field_needs() -> None:
    names = ("cf.waf.score.class", "cf.waf.score.xss", "cf.waf.score", "http.host", "cf.client.bot")
    assert [plan_for(name) for name in names] == ["business", "enterprise", "enterprise", "free", "free"]


def test_every_limit_has_its_source() -> None:
    assert set(SOURCES) == {field.name for field in fields(PlanLimits)}
    assert all(source.startswith("https://developers.cloudflare.com/") for source in SOURCES.values())


def test_a_larger_plan_never_allows_less() -> None:
    order = [PLANS[plan] for plan in ("free", "pro", "business", "enterprise")]
    for smaller, larger in itertools.pairwise(order):
        for field in fields(PlanLimits):
            assert getattr(smaller, field.name) <= getattr(larger, field.name), field.name


ACCOUNT: list[tuple[str, Any, str]] = [
    (
        "access/admins/allow/emails",
        [f"a{i}@x.io" for i in range(1001)],
        "access.admins.allow.emails: expected at most 1000 emails, as many as Access takes in one rule, found 1001; name a mail domain, or a group of the account (groups)",
    ),
    (
        "access/bots",
        {"serviceTokens": [f"t{i}" for i in range(51)]},
        "access: expected at most 50 service tokens, as many as an account has, found 51; share some of them",
    ),
]


@pytest.mark.parametrize("place, value, line", ACCOUNT)
def test_what_an_account_does_not_hold_is_refused(place: str, value: Any, line: str) -> None:
    assert [str(item) for item in findings(changed(place, value))] == [line]


def test_a_claim_that_its_provider_does_not_pass_on_is_refused() -> None:
    """Nobody would fit such a rule: Access knows only the claims that the provider's entry lists."""
    authentik = {
        "type": "oidc",
        "clientId": "drawbridge",
        "clientSecret": "AUTHENTIK_SECRET",
        "authUrl": "https://a.io/application/o/authorize/",
        "tokenUrl": "https://a.io/application/o/token/",
        "certsUrl": "https://a.io/application/o/drawbridge/jwks/",
    }
    config = changed("identityProviders", {"authentik": authentik})
    config["access"]["admins"]["allow"] = {
        "claims": [{"claim": "groups", "value": "ops", "provider": "authentik"}]
    }
    assert [str(item) for item in findings(config)] == [
        "access.admins.allow.claims[0].claim: expected a claim that 'authentik' passes on (identityProviders.authentik.claims), "
        'found "groups"; add groups there: without it nobody would match'
    ]
    config["identityProviders"]["authentik"]["claims"] = ["groups"]
    assert load_stack(config).access["admins"].allow.claims[0].value == "ops"


@pytest.mark.parametrize(
    ("plan", "limit", "timeout"),
    [
        ("free", {}, 10),
        ("pro", {"per": "1m"}, 60),
        ("pro", {"block": "5m"}, 300),
        # waf/rate-limiting-rules/parameters, "Notes for API users": 0 with a challenge on these plans.
        ("pro", {"action": "managed_challenge"}, 0),
        ("business", {"action": "js_challenge"}, 0),
        ("enterprise", {"action": "managed_challenge"}, 10),
        ("enterprise", {"block": "7m"}, 420),
    ],
)
def test_a_challenge_has_no_time_below_enterprise(plan: Any, limit: dict[str, Any], timeout: int) -> None:
    assert lines(plan, rateLimits=[{**LIMIT, **limit}]) == []
    firewall = Firewall.model_validate({"rateLimits": [{**LIMIT, **limit}]})
    (rule,) = rate_limits(firewall, (ROUTE,), plan, naming.Firewall("f"))
    assert rule["ratelimit"]["mitigationTimeout"] == timeout
