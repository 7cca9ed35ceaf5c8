"""Changes of a zone's settings, and how expressions are read."""

from __future__ import annotations

from typing import Any

import pytest

from preview.analysis.exposures.expressions import parse
from tests.preview.exposures.zone import ROUTES
from tests.preview.opened import CF, edited, opens

SETTING = f"{CF}zoneSetting:ZoneSetting"


@pytest.mark.parametrize(
    ("setting", "strong", "weak"),
    [
        ("min_tls_version", "1.3", "1.2"),
        ("ssl", "strict", "full"),
        ("always_use_https", "on", "off"),
        ("security_level", "high", "medium"),
        ("browser_check", "on", "off"),
        ("tls_1_3", "on", "off"),
        ("development_mode", "off", "on"),
        ("challenge_ttl", 1800, 31536000),
    ],
)
def test_a_weaker_setting_is_an_exposure_and_a_stronger_one_is_not(
    setting: str, strong: Any, weak: Any
) -> None:
    old, new = ({"settingId": setting, "value": value} for value in (strong, weak))
    says = f"the zone's {setting} is {weak} (before: {strong})"
    assert edited(SETTING, old, new) == [("rule weakened", "it", says)]
    assert edited(SETTING, new, old) == edited(SETTING, old, old) == []
    assert edited(SETTING, old, None) == [
        ("rule weakened", "it", f"the zone's {setting} is no longer set (before: {strong})")
    ]


def test_a_setting_that_nobody_here_knows_says_so_and_one_that_guards_nothing_is_none() -> None:
    def version(setting: str, value: Any) -> dict[str, Any]:
        return {"settingId": setting, "value": value}

    assert edited(SETTING, version("new_thing", "a"), version("new_thing", "b")) == [
        ("rule weakened", "it", "the zone's new_thing is b (before: a); what that weakens is not known here")
    ]
    for setting in ("http3", "websockets", "brotli", "rocket_loader"):
        assert edited(SETTING, version(setting, "on"), version(setting, "off")) == []
    assert edited(SETTING, None, version("ssl", "flexible")) == [
        ("rule weakened", "it", "the zone's ssl is flexible")
    ]
    assert edited(SETTING, None, version("ssl", "strict")) == []


def test_hsts_is_read_by_its_parts() -> None:
    def version(**given: Any) -> dict[str, Any]:
        policy = {"enabled": True, "max_age": 100, "nosniff": True, **given}
        return {"settingId": "security_header", "value": {"strict_transport_security": policy}}

    for weaker in ({"max_age": 50}, {"enabled": False}, {"nosniff": False}):
        assert len(edited(SETTING, version(), version(**weaker))) == 1
    for stronger in ({"max_age": 200}, {"preload": True}, {"include_subdomains": True}):
        assert edited(SETTING, version(), version(**stronger)) == []


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        ("a eq 1 and b eq 2", "b eq 2"),
        ("a eq 1", "a eq 1 or b eq 2"),
        ("a in {1 2}", "a in {1 2 3}"),
        ('x eq "abc"', 'starts_with(x, "ab")'),
        ('x eq "abc"', 'x contains "b"'),
        ('ends_with(x, ".php")', 'x contains ".p"'),
        ("not a in {1 2}", "not a in {1}"),
        ("not (a eq 1 or b eq 2)", "not a eq 1"),
        ("(a eq 1 or b eq 2) and c eq 3", "c eq 3"),
        ("a eq 1 && !b", "a == 1"),
        ("ip.src in {10.1.0.0/16}", "ip.src in {10.0.0.0/8}"),
        ("a eq 1", "not a eq 2"),
        ("n gt 20", "n gt 10"),
        ("f(a, b) eq 1", "f(a, b) eq 1 or true"),
        ('any(h["x"][*] contains "{")', 'any(h["x"][*] contains "{")'),
    ],
)
def test_one_expression_lies_within_another(narrow: str, wide: str) -> None:
    assert parse(narrow).within(parse(wide))
    assert narrow == wide or not parse(wide).within(parse(narrow))


@pytest.mark.parametrize("text", ["(a eq 1", "a eq 1 xor b eq 2", "and", '"', "a in {1"])
def test_an_expression_that_cannot_be_read_lies_within_itself_alone(text: str) -> None:
    assert parse(text).within(parse(text))
    assert not parse(text).within(parse("a eq 1"))
    assert not parse("a eq 1").within(parse(text))


def test_paths_that_are_normalised_less_are_an_exposure_where_a_path_is_a_boundary() -> None:
    token = f"{CF}urlNormalizationSettings:UrlNormalizationSettings"
    assert (
        edited(
            token, {"scope": "both", "type": "cloudflare"}, {"scope": "none", "type": "cloudflare"}, ROUTES
        )
        == []
    )
    assert opens([ROUTES], [ROUTES]) == []
