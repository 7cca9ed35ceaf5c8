"""Which ordinary requests a rule of the zone stops, and which expressions Cloudflare refuses."""

from __future__ import annotations

from typing import Any

import pytest

import model.rule_language
from model.rule_language import fault
from preview.analysis.verdict import compare
from preview.changes import Change, Consequence
from preview.resource_types import type_names
from preview.resources import Evaluation
from tests.preview.programs import program, resource

DOWNTIME, IN_PLACE = Consequence.DOWNTIME, Consequence.IN_PLACE
HOST = "app.example.com"


def version(*rules: dict[str, Any]) -> Evaluation:
    routes = [
        {"hostname": HOST, "service": "http://web:80"},
        {"hostname": "api.example.com", "path": "^/v1(/|$)", "service": "http://api:80"},
        {"service": "http_status:404"},
    ]
    listed = [{"ref": f"r{n}", "enabled": True, "action": "block", **rule} for n, rule in enumerate(rules)]
    return program(
        resource(type_names.TUNNEL_CONFIGURATION, "ingress", {"config": {"ingresses": routes}}),
        resource(type_names.RULESET, "custom", {"phase": "http_request_firewall_custom", "rules": listed}),
    )


def judged(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> Change:
    (change,) = compare(version(*old), version(*new)).changed
    return change


ORDINARY = [
    'ip.src.country ne "TW"',
    'not ip.src.country in {"TW" "JP"}',
    'ip.src.country in {"DE" "FR"}',
    'ip.src.continent eq "EU"',
    'http.request.method ne "GET"',
    'http.request.method in {"PUT" "DELETE"}',
    'not http.request.method in {"GET" "POST"}',
    "not ip.src in {203.0.113.0/24}",
    "ip.src in {0.0.0.0/1 128.0.0.0/1}",
    f'http.host eq "{HOST}"',
    f'not http.host in {{"{HOST}"}}',
    'http.host contains "example"',
    'http.host wildcard "*.example.com"',
    'starts_with(http.request.uri.path, "/")',
    'http.request.uri.path eq "/login"',
    'starts_with(http.request.uri.path, "/api/")',
    'http.host eq "api.example.com" and starts_with(http.request.uri.path, "/v1/")',
    'http.user_agent contains "python"',
    'http.user_agent contains ""',
    'not http.user_agent contains "Mozilla"',
    "not cf.client.bot",
    "cf.client.bot",
    "cf.bot_management.score lt 99",
    "cf.threat_score ge 0",
    "ssl",
    'http.request.version in {"HTTP/1.1" "HTTP/2"}',
    'http.referer eq ""',
    'not any(http.request.headers["x-key"][*] eq "a")',
    'http.request.uri.path contains "/.env" or http.request.method eq "POST"',
    "len(http.request.uri.query) gt 10",
]
ODD = [
    'http.request.uri.path contains "/.env"',
    'http.request.uri.path in {"/wp-login.php" "/xmlrpc.php"}',
    'ends_with(lower(http.request.uri.path), ".php")',
    'http.request.uri.path.extension in {"php" "asp"}',
    'lower(http.request.uri.query) contains "union select"',
    'http.request.uri.query contains "<script" or http.request.uri.query contains "../"',
    'http.user_agent contains "sqlmap"',
    'http.user_agent eq ""',
    "cf.threat_score gt 20",
    "cf.bot_management.score lt 5 and not cf.bot_management.verified_bot",
    "cf.waf.score.sqli lt 20",
    "ip.src.asnum in {64496 64511}",
    "ip.src in {198.51.100.7}",
    "ip.src in $bad_addresses",
    'ip.src.country eq "KP"',
    'ip.src.country eq "T1"',
    'http.host eq "other.example.com"',
    'not http.host in {"app.example.com" "api.example.com"}',
    'http.host eq "api.example.com" and http.request.uri.path eq "/internal"',
    'http.host eq "api.example.com" and starts_with(http.request.uri.path, "/old/")',
    'http.request.method in {"TRACE" "CONNECT"}',
    'not http.request.method in {"GET" "HEAD" "POST" "PUT" "PATCH" "DELETE" "OPTIONS"}',
    "not ssl",
    'http.request.version eq "HTTP/1.0"',
    'cf.tls_version in {"TLSv1" "TLSv1.1"}',
]


@pytest.mark.parametrize("action", ["block", "managed_challenge", "js_challenge", "challenge"])
@pytest.mark.parametrize("expression", ['ip.src.country ne "TW"', f'http.host eq "{HOST}"', "true"])
def test_every_action_that_machines_cannot_answer_stops_them(action: str, expression: str) -> None:
    assert judged([], [{"expression": expression, "action": action}]).consequence is DOWNTIME


@pytest.mark.parametrize("expression", ORDINARY)
def test_a_rule_that_stops_ordinary_requests_is_downtime(expression: str) -> None:
    assert fault(expression) is None
    assert judged([], [{"expression": f"({expression})"}]).consequence is DOWNTIME


@pytest.mark.parametrize("expression", ODD)
def test_a_rule_that_stops_only_what_no_client_sends_is_harmless(expression: str) -> None:
    assert fault(expression) is None
    assert judged([], [{"expression": f"({expression})"}]).consequence is IN_PLACE


@pytest.mark.parametrize(
    "old, new, consequence",
    [
        ({"action": "block"}, {"action": "managed_challenge"}, IN_PLACE),
        ({"action": "managed_challenge"}, {"action": "block"}, DOWNTIME),
        ({"action": "log"}, {"action": "block"}, DOWNTIME),
        ({"enabled": False}, {"enabled": True}, DOWNTIME),
        ({"enabled": True}, {"enabled": False}, IN_PLACE),
        ({"description": "a"}, {"description": "b"}, IN_PLACE),
    ],
)
def test_what_was_stopped_already_is_no_news(
    old: dict[str, Any], new: dict[str, Any], consequence: Consequence
) -> None:
    text = {"expression": f'(http.host eq "{HOST}")'}
    assert judged([{**text, **old}], [{**text, **new}]).consequence is consequence


def test_a_wider_expression_stops_more_and_a_narrower_one_less() -> None:
    narrow, wide = ({"expression": f"ip.src.country in {{{codes}}}"} for codes in ('"DE"', '"DE" "FR"'))
    assert judged([narrow], [wide]).consequence is DOWNTIME
    assert judged([wide], [narrow]).consequence is IN_PLACE


REFUSED = [
    "http.host eq old.example.com",
    'http.host eq "a" and (ssl',
    'http.host eq "a")',
    'http.host eq "a',
    "ip.src.country in {JP DE}",
    'ip.src eq "1.2.3.4"',
    'http.host eq "a" adn ssl',
    'host eq "a"',
    "http.request.method == get",
    "",
]


@pytest.mark.parametrize("expression", REFUSED)
def test_what_the_rules_language_does_not_take_is_refused(expression: str) -> None:
    found = fault(expression)
    assert found is not None and found.sure
    change = judged([], [{"expression": expression, "action": "log"}])
    assert Consequence.REFUSED in [effect.consequence for effect in change.effects]


@pytest.mark.parametrize(
    "expression", ["cf.new_field.of_a_later_day eq 1", "later_function(http.host) eq 1", "http.request.later"]
)
def test_a_field_that_the_parser_has_not_met_is_unknown(expression: str) -> None:
    found = fault(expression)
    assert found is not None and not found.sure
    assert judged([], [{"expression": expression, "action": "log"}]).consequence is Consequence.UNKNOWN


@pytest.mark.parametrize("expression", REFUSED[:4] + REFUSED[8:])
def test_without_the_parser_the_shape_is_judged(expression: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model.rule_language, "_parse", None)
    assert fault(expression) is not None


@pytest.mark.parametrize("expression", [*ORDINARY, *ODD, "true", "(true)"])
def test_without_the_parser_nothing_right_is_refused(
    expression: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model.rule_language, "_parse", None)
    assert fault(expression) is None


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ((60, 60), (12, 60), Consequence.UNKNOWN),
        ((100, 10), (100, 60), Consequence.UNKNOWN),
        ((60, 60), (40, 60), IN_PLACE),
        ((60, 60), (120, 60), IN_PLACE),
    ],
)
def test_a_limit_of_less_than_half_may_stop_ordinary_visitors(
    old: tuple[int, int], new: tuple[int, int], expected: Consequence
) -> None:
    rules = [
        {"expression": "true", "ratelimit": {"requestsPerPeriod": requests, "period": period}}
        for requests, period in (old, new)
    ]
    assert judged([rules[0]], [rules[1]]).consequence == expected
