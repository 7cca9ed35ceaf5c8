"""Rules and settings of the zone: what is dropped, comes later, acts less, or sees fewer requests."""

from __future__ import annotations

from typing import Any

import pytest

from tests.preview.exposures.zone import ROUTES
from tests.preview.opened import CF, edited

RULESET = f"{CF}ruleset:Ruleset"
CUSTOM, LIMITS, MANAGED = "http_request_firewall_custom", "http_ratelimit", "http_request_firewall_managed"


def rule(expression: str = "true", action: str = "block", **more: Any) -> dict[str, Any]:
    return {
        "ref": "r",
        "description": "the rule",
        "action": action,
        "expression": expression,
        "enabled": True,
        **more,
    }


def rules(old: list[dict[str, Any]], new: list[dict[str, Any]], phase: str = CUSTOM) -> list[str]:
    """The texts of what is weakened, the first rule's name left out."""
    versions = [{"phase": phase, "rules": listed} for listed in (old, new)]
    found = edited(RULESET, versions[0], versions[1], ROUTES)
    assert {kind for kind, *_ in found} <= {"rule weakened"}
    return [text for *_, text in found]


A = 'http.host eq "a.example.com"'


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (rule(), rule(enabled=False), "is switched off"),
        (rule(), rule(action="managed_challenge"), "does managed_challenge (before: block)"),
        (rule(action="managed_challenge"), rule(action="log"), "does log (before: managed_challenge)"),
        (rule(), rule(action="skip"), "does skip (before: block)"),
        (rule('http.host in {"a.example.com" "b.example.com"}'), rule(A), "no longer covers b.example.com"),
        (rule("true"), rule('not http.host in {"b.example.com"}'), "no longer covers b.example.com"),
        (
            rule("cf.threat_score gt 10"),
            rule("cf.threat_score gt 40"),
            "matches other requests: cf.threat_score gt 40 (before: cf.threat_score gt 10)",
        ),
        (
            rule('starts_with(http.request.uri.path, "/a")'),
            rule('starts_with(http.request.uri.path, "/admin")'),
            'matches other requests: starts_with(http.request.uri.path, "/admin") (before: starts_with(http.request.uri.path, "/a"))',
        ),
        (
            rule("ssl"),
            rule("ssl and ip.src ne 192.0.2.1"),
            "matches other requests: ssl and ip.src ne 192.0.2.1 (before: ssl)",
        ),
        (
            rule("ip.src in {192.0.2.0/24}"),
            rule("ip.src in {192.0.2.0/25}"),
            "matches other requests: ip.src in {192.0.2.0/25} (before: ip.src in {192.0.2.0/24})",
        ),
    ],
)
def test_a_rule_that_does_less_is_an_exposure(old: Any, new: Any, text: str) -> None:
    assert rules([old], [new]) == [f"the rule: {text}"]
    assert rules([new], [new]) == rules([old], [old]) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (rule(), {**rule(), "ref": "s", "description": "another name"}),
        (rule(action="js_challenge"), rule()),
        (rule(A), rule()),
        (rule(A), rule(f"{A} or cf.threat_score gt 10")),
        (rule(f"{A} and ssl"), rule(A)),
        (rule("ip.src in {192.0.2.7}"), rule("ip.src in {192.0.2.0/24 198.51.100.1}")),
        (
            rule(f'{A} and starts_with(http.request.uri.path, "/admin/")'),
            rule('starts_with(http.request.uri.path, "/admin")'),
        ),
        (rule("cf.threat_score gt 40"), rule("cf.threat_score gt 10")),
        (rule(f"({A})  and   ssl"), rule(f"ssl and ({A})")),
        (rule('http.request.method eq "PUT"'), rule('http.request.method in {"PUT" "POST"}')),
        (rule(action="skip"), rule(A, action="skip")),
        (rule(action="log"), rule(A, action="log")),
        (rule(enabled=False), rule()),
    ],
)
def test_a_rule_that_does_as_much_or_more_is_none(old: Any, new: Any) -> None:
    assert rules([old], [new]) == []


def test_a_rule_that_goes_is_an_exposure_unless_another_does_as_much() -> None:
    assert rules([rule(A)], []) == ["the rule: is dropped"]
    assert rules([rule(A)], [{**rule(), "ref": "wide"}]) == []
    assert rules([rule(A)], [{**rule(A, action="managed_challenge"), "ref": "wide"}]) == [
        "the rule: is dropped"
    ]
    assert (
        rules([rule(action="skip")], [])
        == rules([rule(action="log")], [])
        == rules([rule(enabled=False)], [])
        == []
    )
    assert rules([rule('http.host eq "elsewhere.example.com"')], []) == ["the rule: is dropped"]


def test_what_skips_is_read_the_other_way_round() -> None:
    skip = rule(A, action="skip", actionParameters={"ruleset": "current"})
    assert rules([], [skip]) == [f"the rule: a new rule lets requests skip the others where {A}"]
    assert rules([skip], [{**skip, "expression": "true"}]) == [
        f"the rule: matches other requests: true (before: {A})"
    ]
    phases = {"ruleset": "current", "phases": ["http_ratelimit"], "products": ["waf"]}
    assert rules([skip], [{**skip, "actionParameters": phases}]) == [
        "the rule: also skips phases http_ratelimit, products waf"
    ]
    assert rules([{**skip, "actionParameters": phases}], [skip]) == []


def test_the_order_counts_where_the_first_rule_decides() -> None:
    skip = {
        **rule(A, action="skip", actionParameters={"ruleset": "current"}),
        "ref": "skip",
        "description": "let by",
    }
    block = {**rule(), "ref": "block", "description": "refuse"}
    challenge = {**rule(action="managed_challenge"), "ref": "ask", "description": "ask"}
    assert rules([block, skip], [skip, block]) == [
        "let by: comes before refuse, which these requests no longer meet"
    ]
    assert rules([skip, block], [block, skip]) == []
    assert rules([block, challenge], [challenge, block]) == [
        "ask: comes before refuse, which these requests no longer meet"
    ]
    assert rules([block], [challenge, block]) == [
        "ask: comes before refuse, which these requests no longer meet"
    ]
    assert rules([block], [block, challenge]) == rules([challenge, block], [block, challenge]) == []
    apart = {**block, "expression": 'http.host eq "b.example.com"'}
    assert rules([apart, skip], [skip, apart]) == []


def limit(expression: str = A, **given: Any) -> dict[str, Any]:
    counted = {
        "characteristics": ["cf.colo.id", "ip.src"],
        "period": 60,
        "requestsPerPeriod": 10,
        "mitigationTimeout": 60,
    }
    return rule(expression, ratelimit={**counted, **given})


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"requestsPerPeriod": 100}, "allows 100 requests in 60s (before: 10 requests in 60s)"),
        (
            {"requestsPerPeriod": 100, "period": 600},
            "allows 100 requests in 600s (before: 10 requests in 60s)",
        ),
        ({"requestsPerPeriod": 10, "period": 10}, "allows 10 requests in 10s (before: 10 requests in 60s)"),
        ({"mitigationTimeout": 10}, "blocks for 10s (before: 60s)"),
        (
            {"characteristics": ["cf.colo.id", 'http.request.headers["x-user"]']},
            'counts by cf.colo.id, http.request.headers["x-user"] (before: cf.colo.id, ip.src)',
        ),
        ({"requestsToOrigin": True}, "counts only what the edge has no copy of"),
        (
            {"countingExpression": "http.response.code eq 401"},
            "counts other requests: http.response.code eq 401 (before: all that match)",
        ),
    ],
)
def test_a_limit_that_lets_more_through_is_an_exposure(given: dict[str, Any], text: str) -> None:
    assert rules([limit()], [limit(**given)], LIMITS) == [f"the rule: {text}"]
    assert rules([limit(**given)], [limit(**given)], LIMITS) == []


@pytest.mark.parametrize(
    "new",
    [
        limit(requestsPerPeriod=5),
        limit(requestsPerPeriod=1, period=10),
        limit("true", requestsPerPeriod=5),
        limit("true"),
        limit(characteristics=["cf.colo.id"]),
        limit(mitigationTimeout=600),
    ],
)
def test_a_limit_that_counts_more_or_lets_less_through_is_none(new: dict[str, Any]) -> None:
    assert rules([limit()], [new], LIMITS) == []


def managed(**overrides: Any) -> dict[str, Any]:
    return rule(
        action="execute", actionParameters={"id": "efb7", **({"overrides": overrides} if overrides else {})}
    )


@pytest.mark.parametrize(
    ("overrides", "text"),
    [
        ({"enabled": False}, "its whole ruleset is switched off"),
        ({"rules": [{"id": "100", "enabled": False}]}, "rule 100 is switched off"),
        ({"rules": [{"id": "100", "action": "log"}]}, "rule 100 does log"),
        (
            {"categories": [{"category": "wordpress", "action": "managed_challenge"}]},
            "the category wordpress does managed_challenge",
        ),
        ({"rules": [{"id": "100", "sensitivityLevel": "low"}]}, "rule 100 is less sensitive: low"),
        ({"rules": [{"id": "6179", "scoreThreshold": 60}]}, "rule 6179 acts from a score of 60"),
    ],
)
def test_an_override_that_takes_from_managed_rules_is_an_exposure(
    overrides: dict[str, Any], text: str
) -> None:
    assert rules([managed()], [managed(**overrides)], MANAGED) == [f"the rule: {text}"]
    assert rules([managed(**overrides)], [managed(**overrides)], MANAGED) == []


def test_other_managed_rules_are_an_exposure_and_stricter_ones_are_not() -> None:
    assert rules([managed()], [rule(action="execute", actionParameters={"id": "4814"})], MANAGED) == [
        "the rule: runs another ruleset: 4814 (before: efb7)"
    ]
    assert (
        rules([managed()], [managed(rules=[{"id": "1", "action": "block", "enabled": True}])], MANAGED) == []
    )
    assert rules([managed(enabled=False)], [managed()], MANAGED) == []
    assert rules([], [managed()], MANAGED) == []


LATE, ANSWERS, CONFIG, CACHE = (
    "http_request_late_transform",
    "http_response_headers_transform",
    "http_config_settings",
    "http_request_cache_settings",
)


def doing(action: str, **parameters: Any) -> dict[str, Any]:
    return rule(A, action=action, actionParameters=parameters)


@pytest.mark.parametrize(
    ("phase", "old", "new", "text"),
    [
        (
            LATE,
            [doing("rewrite", headers={"X-Verify": {"operation": "set", "value": "s"}})],
            [doing("rewrite", headers={})],
            "the header X-Verify is no longer set",
        ),
        (
            LATE,
            [],
            [doing("rewrite", uri={"path": {"value": "/x"}})],
            "requests are rewritten to path value /x, after Access and the firewall have read them",
        ),
        (
            ANSWERS,
            [],
            [doing("rewrite", headers={"Strict-Transport-Security": {"operation": "remove"}})],
            "the header Strict-Transport-Security is taken away",
        ),
        (
            ANSWERS,
            [],
            [doing("rewrite", headers={"Access-Control-Allow-Origin": {"operation": "set", "value": "*"}})],
            "the header Access-Control-Allow-Origin is set: pages elsewhere may do more",
        ),
        (
            CONFIG,
            [],
            [doing("set_config", securityLevel="essentially_off")],
            "securityLevel is essentially_off (before: not set)",
        ),
        (CONFIG, [], [doing("set_config", ssl="flexible")], "ssl is flexible (before: not set)"),
        (CONFIG, [], [doing("set_config", bic=False)], "bic is off (before: not set)"),
        (
            CACHE,
            [],
            [doing("set_cache_settings", cache=True)],
            "answers are kept at the edge, and one visitor may get another's",
        ),
        (CACHE, [doing("set_cache_settings", cache=False)], [], "is dropped"),
        (
            "http_request_dynamic_redirect",
            [],
            [doing("redirect", fromValue={})],
            f"a new rule sends requests elsewhere where {A}",
        ),
        (
            "http_request_origin",
            [],
            [doing("route", hostHeader="x")],
            f"a new rule leads requests to another origin where {A}",
        ),
        (
            "some_new_phase",
            [],
            [doing("dance")],
            "what a new rule does (dance, some_new_phase) is not known here",
        ),
    ],
)
def test_a_rule_of_another_phase_is_read_by_what_it_does(phase: str, old: Any, new: Any, text: str) -> None:
    assert rules(old, new, phase) == [f"the rule: {text}"]
    assert rules(new, new, phase) == []


@pytest.mark.parametrize(
    ("phase", "rule_"),
    [
        (ANSWERS, doing("rewrite", headers={"X-Frame-Options": {"operation": "set", "value": "DENY"}})),
        (ANSWERS, doing("rewrite", headers={"Server": {"operation": "remove"}})),
        (CONFIG, doing("set_config", ssl="strict", polish="lossy", rocketLoader=True)),
        (CONFIG, doing("set_config", securityLevel="under_attack", bic=True)),
        (CACHE, doing("set_cache_settings", cache=False)),
        ("http_response_compression", doing("compress_response", algorithms=[])),
        (CUSTOM, rule("ssl", action="log")),
    ],
)
def test_a_new_rule_that_guards_or_only_shapes_is_none(phase: str, rule_: dict[str, Any]) -> None:
    assert rules([], [rule_], phase) == []
