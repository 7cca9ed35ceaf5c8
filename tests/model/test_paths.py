"""One notation, three dialects: they agree on every path."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.paths import PathPattern, quote

SEGMENT = st.text("abAB01-._~", min_size=1, max_size=4).filter(lambda s: s not in (".", ".."))
PATH = st.lists(SEGMENT, min_size=1, max_size=3).map(lambda parts: "/" + "/".join(parts))
PATTERN = (
    st.tuples(PATH, st.sampled_from(["", "/*", "*"]))
    .map("".join)
    .filter(lambda t: not re.search(r"/\.{1,2}\*$", t))
    .map(PathPattern.parse)
)


@pytest.mark.parametrize(
    "text, regex, destinations, expression",
    [
        ("/healthz", "^/healthz$", ("h/healthz",), 'http.request.uri.path eq "/healthz"'),
        ("/admin/*", "^/admin(/|$)", ("h/admin", "h/admin/*"),
         '(http.request.uri.path eq "/admin" or starts_with(http.request.uri.path, "/admin/"))'),
        ("/api/up.load*", r"^/api/up\.load", ("h/api/up.load*",), 'starts_with(http.request.uri.path, "/api/up.load")'),
    ],
)  # fmt: skip
def test_each_kind_compiles_into_each_dialect(text: str, regex: str, destinations: tuple[str, ...], expression: str) -> None:
    pattern = PathPattern.parse(text)
    assert (pattern.regex(), pattern.destinations("h"), pattern.expression(), str(pattern)) == (
        regex,
        destinations,
        expression,
        text,
    )


def access_covers(destinations: tuple[str, ...], path: str) -> bool:
    """Access's documented reading: a path covers itself and what lies below it; a * spans anything."""
    for uri in destinations:
        literal = uri.removeprefix("h")
        if literal.endswith("*"):
            if path.startswith(literal[:-1]) and len(path) > len(literal) - 1 - (not literal.endswith("/*")):
                return True
        elif path == literal or path.startswith(literal + "/"):
            return True
    return False


def rule_matches(expression: str, path: str) -> bool:
    """Just enough of the rules language for what is generated."""
    python = expression.replace("http.request.uri.path eq ", "path == ")
    python = re.sub(r'starts_with\(http\.request\.uri\.path, ("(?:[^"\\]|\\.)*")\)', r"path.startswith(\1)", python)
    return bool(eval(python, {"path": path}))


@given(PATTERN, PATH, st.sampled_from(["", "/", "x", "/x"]))
def test_connector_and_rules_match_exactly_what_the_notation_means(pattern: PathPattern, path: str, tail: str) -> None:
    for candidate in (path + tail, pattern.literal + tail, pattern.literal[:-1], "/x" + pattern.literal):
        meant = pattern.matches(candidate)
        assert (re.search(pattern.regex(), candidate) is not None) == meant
        assert rule_matches(pattern.expression(), candidate) == meant


@given(PATTERN, PATH, st.sampled_from(["", "/", "x", "/x"]))
def test_access_covers_at_least_what_the_connector_lets_through(pattern: PathPattern, path: str, tail: str) -> None:
    for candidate in (path + tail, pattern.literal + tail):
        if re.search(pattern.regex(), candidate):
            assert access_covers(pattern.destinations("h"), candidate)


@given(st.text(max_size=12))
def test_any_text_parses_or_is_refused_with_a_reason(text: str) -> None:
    try:
        pattern = PathPattern.parse(text)
    except ValueError as error:
        assert str(error)
    else:
        assert str(pattern) == text


def test_a_string_literal_is_escaped() -> None:
    assert quote('a"b\\c') == '"a\\"b\\\\c"'
