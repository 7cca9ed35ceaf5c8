"""What the edge refuses of a host whose paths are boundaries: the expression and its mirror in Python, request by request."""

from __future__ import annotations

import pytest

from model.edge.path_guard import guard
from model.edge.readers import normalised
from model.limits import EXPRESSION_CHARACTERS
from model.settings import Route
from tests.model.dialects import wirefilter

ROUTES = [
    Route.model_validate({"hostname": "h.x.io", "service": "http://web:80", "access": "public"}),
    Route.model_validate(
        {"hostname": "h.x.io", "path": "/admin/*", "service": "http://web:80", "access": "staff"}
    ),
]


@pytest.mark.parametrize(
    ("raw", "refused"),
    [
        ("/", False),
        ("/admin", False),
        ("/a.", False),
        ("/.a", False),
        ("/a..b", False),
        ("/.", True),
        ("/..", True),
        ("/admin/.", True),
        ("/admin/..", True),
        ("/./admin", True),
        ("/x/../admin", True),
        ("//admin", True),
        ("/%2Fadmin", True),
        ("/a\\b", True),
        ("/admin;x", True),
        ("/Admin", True),
        ("/x%00", True),
        ("/admin%3fx", True),
        ("/admin%23x", True),
        ("/%e0%80%afadmin", True),
        ("/%F0%80%80%AFadmin", True),
        ("/\udcc0\udcafadmin", True),
        ("/caf%C3%A9", False),
        ("/\u20ac", False),
    ],
)
def test_an_odd_spelling_is_refused_and_an_honest_one_is_not(raw: str, refused: bool) -> None:
    shield = guard(ROUTES)
    assert shield is not None
    edge = normalised(raw)
    fields = {"http.host": "h.x.io", "raw.http.request.uri.path": raw, "http.request.uri.path": edge}
    assert shield.refuses("h.x.io", raw, edge) is refused
    assert wirefilter(shield.expression(), fields) is refused
    elsewhere = {**fields, "http.host": "other.x.io"}
    assert shield.refuses("other.x.io", raw, edge) is False
    assert wirefilter(shield.expression(), elsewhere) is False


@pytest.mark.parametrize("host", ["h.x.io:443", "h.x.io:8443", "h.x.io:", "H.X.IO:443", "[h.x.io]:443"])
def test_a_port_in_the_host_header_is_no_way_around_it(host: str) -> None:
    """The connector cuts it off before it looks for a rule (net.SplitHostPort)."""
    shield = guard(ROUTES)
    assert shield is not None
    raw = "/x/..%2fadmin/"
    fields = {"http.host": host, "raw.http.request.uri.path": raw, "http.request.uri.path": normalised(raw)}
    assert (shield.refuses(host, raw, normalised(raw)), wirefilter(shield.expression(), fields)) == (
        True,
        True,
    )


@pytest.mark.parametrize(
    "host", ["a.x.io", "A.x.io", "a.x.io:443", "A.x.io:443", "a.b.w.io:443", "a.w.io:443"]
)
def test_hosts_written_otherwise_and_deeper_ones_are_refused_with_a_port_too(host: str) -> None:
    rows = [("*.x.io", "staff"), ("a.x.io", "public"), ("*.w.io", "staff")]
    shield = guard(
        [
            Route.model_validate({"hostname": name, "service": "http://web:80", "access": access})
            for name, access in rows
        ]
    )
    assert shield is not None
    fields = {"http.host": host, "raw.http.request.uri.path": "/", "http.request.uri.path": "/"}
    expected = host.startswith(("A", "a.b"))
    assert shield.refuses(host, "/", "/") is expected
    assert wirefilter(shield.expression(), fields) is expected


def many(count: int) -> list[Route]:
    """Hosts each of which has a protected path beside public ones."""
    return [
        Route.model_validate(
            {"hostname": f"h{number}.x.io", "service": "http://web:80", "access": access, **path}
        )
        for number in range(count)
        for access, path in (("public", {}), ("staff", {"path": "/Admin/*"}))
    ]


@pytest.mark.parametrize("count, rules", [(1, 1), (40, 1), (100, 3), (400, 10)])
def test_hosts_that_do_not_fit_into_one_expression_get_more_rules(count: int, rules: int) -> None:
    shield = guard(many(count))
    assert shield is not None
    parts = shield.parts()
    assert len(parts) == rules
    assert max(len(part.expression()) for part in parts) <= EXPRESSION_CHARACTERS
    assert [host for part in parts for host in part.hosts] == list(shield.hosts)


def test_the_parts_refuse_together_what_the_whole_does() -> None:
    wildcards = [("*.w.io", "staff"), ("a.w.io", "public")]
    routes = [
        *many(60),
        *(
            Route.model_validate({"hostname": name, "service": "http://web:80", "access": access})
            for name, access in wildcards
        ),
    ]
    shield = guard(routes)
    assert shield is not None
    parts = shield.parts()
    assert len(parts) == 2
    for host in (
        "h0.x.io",
        "h31.x.io:443",
        "h59.x.io",
        "a.w.io",
        "A.w.io",
        "b.c.w.io",
        "other.x.io",
        "[h3.x.io]",
    ):
        for raw in ("/", "/Admin", "/admin", "/x%2fy", "/..", "/\udcc0\udcaf"):
            edge = normalised(raw)
            fields = {"http.host": host, "raw.http.request.uri.path": raw, "http.request.uri.path": edge}
            whole = shield.refuses(host, raw, edge)
            assert any(part.refuses(host, raw, edge) for part in parts) is whole
            assert any(wirefilter(part.expression(), fields) for part in parts) is whole
