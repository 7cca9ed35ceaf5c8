"""One notation, three dialects: they agree on every path, and Access never covers less than the connector lets through."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.paths import PathPattern, quote
from tests.model.dialects import access_application, cloudflared_rule, wirefilter

SEGMENT = st.text("abAB01-._~+$(", min_size=1, max_size=4).filter(lambda s: s not in (".", ".."))
PATH = st.lists(SEGMENT, min_size=1, max_size=3).map(lambda parts: "/" + "/".join(parts))
PATTERN = (
    st.tuples(PATH, st.sampled_from(["", "/*", "*"]))
    .map("".join)
    .filter(lambda t: not re.search(r"/\.{1,2}\*$", t))
    .map(PathPattern.parse)
)
TAIL = st.sampled_from(["", "/", "x", "/x", ".", "\n", "//", "é", "*"])


@pytest.mark.parametrize(
    "text, regex, destinations, expression",
    [
        ("/", "^/$", ("h/",), 'http.request.uri.path eq "/"'),
        ("/healthz", "^/healthz/?$", ("h/healthz",), 'http.request.uri.path in {"/healthz" "/healthz/"}'),
        (
            "/admin/*",
            "^/admin(/|$)",
            ("h/admin", "h/admin/*"),
            '(http.request.uri.path eq "/admin" or starts_with(http.request.uri.path, "/admin/"))',
        ),
        (
            "/api/up.load*",
            r"^/api/up\.load",
            ("h/api/up.load*",),
            'starts_with(http.request.uri.path, "/api/up.load")',
        ),
        (
            "/a+b(c)$/*",
            r"^/a\+b\(c\)\$(/|$)",
            ("h/a+b(c)$", "h/a+b(c)$/*"),
            '(http.request.uri.path eq "/a+b(c)$" or starts_with(http.request.uri.path, "/a+b(c)$/"))',
        ),
    ],
)
def test_each_kind_compiles_into_each_dialect(
    text: str, regex: str, destinations: tuple[str, ...], expression: str
) -> None:
    pattern = PathPattern.parse(text)
    assert (pattern.regex(), pattern.destinations("h"), pattern.expression(), str(pattern)) == (
        regex,
        destinations,
        expression,
        text,
    )


@given(PATTERN)
def test_a_pattern_can_be_read_back_from_its_regular_expression(pattern: PathPattern) -> None:
    assert PathPattern.from_regex(pattern.regex()) == pattern


@dataclass
class Rule:
    """A rule or an application with one pattern."""

    hostname: str
    path: str | None
    destinations: tuple[str, ...]


def connector(pattern: PathPattern, path: str) -> bool:
    raw = "".join(f"%{byte:02x}" for byte in path.encode())
    return cloudflared_rule([Rule("h", pattern.regex(), ())], "h", raw) is not None


@given(PATTERN, PATH, TAIL)
def test_connector_and_rules_match_exactly_what_the_notation_means(
    pattern: PathPattern, path: str, tail: str
) -> None:
    for candidate in (
        path + tail,
        pattern.literal + tail,
        pattern.literal[:-1],
        "/x" + pattern.literal,
        pattern.literal.swapcase(),
    ):
        meant = pattern.matches(candidate)
        assert connector(pattern, candidate) == meant
        assert wirefilter(pattern.expression(), {"http.request.uri.path": candidate}) == meant


@given(PATTERN, PATH, TAIL)
def test_access_covers_at_least_what_the_connector_lets_through(
    pattern: PathPattern, path: str, tail: str
) -> None:
    for candidate in (path + tail, pattern.literal + tail, pattern.literal + "/" + tail):
        if connector(pattern, candidate):
            assert (
                access_application([Rule("h", None, pattern.destinations("h"))], "h", candidate) is not None
            )


@given(st.text(max_size=12))
def test_any_text_parses_or_is_refused_with_a_reason(text: str) -> None:
    try:
        pattern = PathPattern.parse(text)
    except ValueError as error:
        assert str(error)
    else:
        assert str(pattern) == text


@pytest.mark.parametrize(
    "text, rule",
    [
        ("/a/", "/a, which stands for /a/ too, or /a/* for all below"),
        (
            "/a;b",
            "a path of letters, digits and -._~!$&'()+,=:@/, without percent-encoding, query, ; or spaces",
        ),
        (
            "/a//b",
            "a path without empty and dot segments, which the edge normalises away before rules see them",
        ),
    ],
)
def test_what_readers_would_read_differently_is_no_pattern(text: str, rule: str) -> None:
    with pytest.raises(ValueError, match=re.escape(rule)):
        PathPattern.parse(text)


def test_a_string_literal_is_escaped() -> None:
    assert quote('a"b\\c') == '"a\\"b\\\\c"'


@pytest.mark.parametrize(
    "text", ["", 'a eq "b" c', 'a is "b"', "not", 'a eq "b', 'b eq "x"', '(a eq "b"', 'a wildcard "**"']
)
def test_the_model_of_the_rules_language_refuses_what_is_no_expression(text: str) -> None:
    with pytest.raises(ValueError):
        wirefilter(text, {"a": "b"})


def test_the_path_of_a_single_slash_takes_no_second_one() -> None:
    root = PathPattern.parse("/")
    assert root.matches("/")
    assert not root.matches("//")
    assert not connector(root, "//")
