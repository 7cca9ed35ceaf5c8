"""Settings never crash, whatever stands in the file."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model.compose.file import parse
from model.compose.interpolation import interpolate
from model.errors import SettingsError
from model.machine import app_variables
from model.settings import SECTIONS
from tests.model.stacks import STACK, changed, load_stack
from tests.thorough import examples

SCALAR = st.none() | st.booleans() | st.integers(-5, 10**6) | st.floats(allow_nan=True) | st.text(max_size=8)
ANYTHING = st.recursive(
    SCALAR,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            found += places(inner, (*path, key))
    return found


@pytest.mark.slow
@given(st.sampled_from(places(STACK)), ANYTHING)
@settings(max_examples=examples(400), suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_any_value_at_any_place_is_taken_or_refused_with_findings(place: tuple[Any, ...], value: Any) -> None:
    config = copy.deepcopy(STACK)
    inner: Any = config
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    try:
        load_stack(config)
    except SettingsError as error:
        assert error.findings
        assert all((item.path or item.line) and item.text for item in error.findings)


@given(st.dictionaries(st.sampled_from([*SECTIONS, "x"]), ANYTHING, max_size=5))
@settings(max_examples=examples(200), deadline=None)
def test_any_sections_are_refused_with_findings(config: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        load_stack(config)


@pytest.mark.slow
@given(
    st.text(max_size=60)
    | st.lists(
        st.sampled_from(
            [
                "services:",
                "\n  a:",
                "\n    image: b:1",
                " &x",
                " *x",
                " []",
                "\n    ports: [1]",
                ": {",
                "!reset",
            ]
        ),
        max_size=8,
    ).map("".join)
)
@settings(max_examples=examples(300), deadline=None)
def test_any_compose_text_is_taken_or_refused_with_findings(text: str) -> None:
    try:
        load_stack(STACK, text)
    except SettingsError as error:
        assert error.findings


def test_names_and_defaults() -> None:
    stack = load_stack(STACK)
    assert (stack.name, app_variables.secret_names(stack), stack.routed_services) == (
        "drawbridge-test",
        ("DATABASE_URL", "KEY", "PGPASSWORD", "SECRET"),
        ("api", "web"),
    )
    assert (stack.protect, stack.secret_delivery, stack.host.replicas, stack.host.architecture) == (
        True,
        "cloud-init",
        1,
        "amd64",
    )
    assert load_stack(changed("host/instanceType", "t4g.small")).host.architecture == "arm64"


def test_warnings_name_what_a_reader_should_know() -> None:
    assert [line.split(":")[0] for line in load_stack(STACK).warnings] == ["routes"]
    assert (
        "access.spare: no route uses it"
        in load_stack(changed("access/spare", {"allow": {"everyone": True}})).warnings
    )
    deep = changed("routes/0/hostname", "a.b.example.com")
    assert "two levels below example.com" in load_stack(deep).warnings[0]


@pytest.mark.parametrize(
    "text, env, expected",
    [
        ("a:${V}", {"V": "1"}, "a:1"),
        ("a:$V", {"V": "1"}, "a:1"),
        ("a:${V:-2}", {}, "a:2"),
        ("a:${V:-2}", {"V": ""}, "a:2"),
        ("a:${V-2}", {"V": ""}, "a:"),
        ("a:${V}", {}, "a:${V}"),
        ("a:$$V", {"V": "1"}, "a:$V"),
        ("a:${V:+x}", {"V": "1"}, "a:x"),
        ("a:${V:?no}", {"V": "1"}, "a:1"),
    ],
)
def test_interpolation_is_composes_own(text: str, env: dict[str, str], expected: str) -> None:
    assert interpolate(text, env) == expected


def test_a_place_named_by_odd_digits_sorts_like_any_word() -> None:
    with pytest.raises(SettingsError, match="app.env.²: expected a variable's name of letters"):
        load_stack(changed("app/env/²", "x"))


def test_a_compose_file_reads_as_gos_parser_reads_it() -> None:
    """PyYAML alone takes `no` for false and 12:30 for a number of minutes; Compose does not."""
    text = "services:\n  a:\n    image: x:1\n    restart: no\n    ports: !override [22:22]\n    environment: {'5': y}\n"
    service = parse(text).services["a"]
    assert (service.restarts, service.ports[0]["target"], service.environment) == (False, "22", {"5": "y"})


@pytest.mark.parametrize(
    "section, value",
    [
        ("env", {"TAG": "v1", "STRAY": "x"}),
        ("facts", {"STRAY": "urls"}),
        ("generate", {"KEY": {}, "STRAY": {}}),
    ],
)
def test_a_variable_that_no_service_mentions_is_pointed_out(section: str, value: Any) -> None:
    warnings = load_stack(changed(f"app/{section}", value)).warnings
    assert [text for text in warnings if "STRAY" in text] == [
        f"app.{section}.STRAY: no service of compose.yaml mentions ${{STRAY}}"
    ]
