"""Texts where Compose wants a number, a flag, a duration or a size. The corpus beside has Compose's own word on the forms."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.compose.casts import cast, flag, is_on, may_be_on
from model.compose.file import parse
from model.compose.interpolation import unknown


@pytest.mark.parametrize(
    "key, text, value",
    [
        ("privileged", "yes", True),
        ("read_only", "Off", False),
        ("cpus", "0.5", 0.5),
        ("scale", "+2", 2),
        ("mem_limit", "1.5gb", "1.5gb"),
        ("stop_grace_period", "1m30s", "1m30s"),
    ],
)
def test_a_text_becomes_what_compose_makes_of_it(key: str, text: str, value: object) -> None:
    whole, found = cast({"services": {"web": {key: text}}})
    assert (whole["services"]["web"][key], found) == (value, [])


def test_a_flag_in_a_mount_is_read_in_the_model() -> None:
    mounts = "[{type: bind, source: ./x, target: /x, read_only: 'yes'}]"
    (mount,) = parse(f"services: {{web: {{image: a:1, volumes: {mounts}}}}}").services["web"].mounts
    assert mount["read_only"] is True


def test_what_does_not_belong_there_is_named_with_its_line() -> None:
    text = "services:\n  web:\n    image: a:1\n    ulimits:\n      nofile:\n        soft: many\n"
    assert [str(item) for item in parse(text).findings] == [
        'compose.yaml:6 services.web.ulimits.nofile.soft: expected a whole number, found "many"'
    ]


def test_a_value_that_nobody_may_see_is_left_alone() -> None:
    text = unknown("WORKERS")
    assert cast({"services": {"web": {"scale": text}}}) == ({"services": {"web": {"scale": text}}}, [])


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda v: st.lists(v) | st.dictionaries(st.text(), v),
        max_leaves=8,
    )
)
def test_any_document_is_read_without_an_exception(value: object) -> None:
    document = {"services": {"web": value, "other": {"ulimits": value, "volumes": value}}, "networks": value}
    whole, _ = cast(document)
    assert whole.keys() == document.keys()


@pytest.mark.parametrize(
    "value, on, maybe",
    [
        (True, True, True),
        ("Y", True, True),
        ("${PRIVILEGED}", False, True),
        ("${PRIVILEGED:-no}", False, True),
        ("off", False, False),
        (None, False, False),
    ],
)
def test_a_flag_that_a_variable_decides_may_be_on(value: object, on: bool, maybe: bool) -> None:
    assert (is_on(value), may_be_on(value)) == (on, maybe)


def test_one_is_no_flag() -> None:
    with pytest.raises(ValueError, match="1"):
        flag("1")
