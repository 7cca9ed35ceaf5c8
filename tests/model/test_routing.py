"""Routes, compiled: order, applications, guard."""

from __future__ import annotations

from typing import Any

import pytest

from model.edge import access_applications, hosts, ingress, path_guard
from model.settings import OriginRequest, Route


def routes(*rows: tuple[str, str | None, str]) -> tuple[Route, ...]:
    made = []
    for hostname, path, access in rows:
        row: dict[str, Any] = {"hostname": hostname, "service": "http://web:80", "access": access}
        made.append(Route.model_validate({**row, "path": path} if path else row))
    return tuple(made)


def test_the_longest_path_comes_first_the_host_last_and_wildcard_hosts_after_all() -> None:
    rules = ingress.ingress(
        routes(
            ("*.x.io", None, "public"),
            ("a.x.io", None, "public"),
            ("a.x.io", "/a/*", "public"),
            ("a.x.io", "/a/b*", "public"),
            ("a.x.io", "/a/b", "public"),
        ),
        OriginRequest(),
    )
    assert [(rule.hostname, rule.path) for rule in rules] == [
        ("a.x.io", "^/a/b/?$"),
        ("a.x.io", "^/a/b"),
        ("a.x.io", "^/a(/|$)"),
        ("a.x.io", None),
        ("*.x.io", None),
    ]


APPLICATIONS: list[
    tuple[tuple[tuple[str, str | None, str], ...], list[tuple[str, tuple[str, ...], str | None]]]
] = [
    ((("a.x.io", None, "public"),), []),
    ((("a.x.io", None, "staff"),), [("a-x-io-staff", ("a.x.io",), "staff")]),
    # A host whose routes agree is covered whole, its unrouted paths too.
    ((("a.x.io", "/admin/*", "staff"),), [("a-x-io-staff", ("a.x.io",), "staff")]),
    (
        (("a.x.io", None, "public"), ("a.x.io", "/admin/*", "staff")),
        [("a-x-io-staff", ("a.x.io/admin", "a.x.io/admin/*"), "staff")],
    ),
    (
        (("a.x.io", None, "staff"), ("a.x.io", "/hook", "public")),
        # Access's /hook takes in what lies below it, which has no route of its own and stays staff's.
        [("a-x-io-staff", ("a.x.io", "a.x.io/hook/*"), "staff"), ("a-x-io-public", ("a.x.io/hook",), None)],
    ),
    (
        (("a.x.io", None, "staff"), ("a.x.io", "/hook", "public"), ("a.x.io", "/hook/*", "public")),
        [("a-x-io-staff", ("a.x.io",), "staff"), ("a-x-io-public", ("a.x.io/hook", "a.x.io/hook/*"), None)],
    ),
    (
        (("a.x.io", None, "staff"), ("a.x.io", "/me", "public"), ("a.x.io", "/me/*", "ops")),
        [
            ("a-x-io-staff", ("a.x.io",), "staff"),
            ("a-x-io-ops", ("a.x.io/me/*",), "ops"),
            ("a-x-io-public", ("a.x.io/me",), None),
        ],
    ),
    # A public path below a protected one, on a public host.
    (
        (("a.x.io", None, "public"), ("a.x.io", "/admin/*", "staff"), ("a.x.io", "/admin/css/*", "public")),
        [
            ("a-x-io-public", ("a.x.io/admin/css", "a.x.io/admin/css/*"), None),
            ("a-x-io-staff", ("a.x.io/admin", "a.x.io/admin/*"), "staff"),
        ],
    ),
    # A public host under a protected wildcard: the wildcard's application would cover it.
    (
        (("*.x.io", None, "staff"), ("a.x.io", None, "public")),
        [("any-x-io-staff", ("*.x.io",), "staff"), ("a-x-io-public", ("a.x.io",), None)],
    ),
    ((("*.x.io", None, "public"), ("a.x.io", None, "staff")), [("a-x-io-staff", ("a.x.io",), "staff")]),
    (
        (("a.x.io", None, "staff"), ("a.x.io", "/ops*", "root")),
        [("a-x-io-staff", ("a.x.io",), "staff"), ("a-x-io-root", ("a.x.io/ops*",), "root")],
    ),
    (
        (("a.x.io", "/me/*", "public"), ("a.x.io", "/internal/*", "machines")),
        [("a-x-io-machines", ("a.x.io/internal", "a.x.io/internal/*"), "machines")],
    ),
]


@pytest.mark.parametrize("rows, expected", APPLICATIONS, ids=range(len(APPLICATIONS)))
def test_applications_cover_what_is_protected_and_nothing_else(rows: Any, expected: Any) -> None:
    assert [
        (a.key, a.destinations, a.access) for a in access_applications.applications(routes(*rows))
    ] == expected


def test_every_protected_rule_names_an_application_that_exists() -> None:
    for rows, _ in APPLICATIONS:
        keys = {application.key for application in access_applications.applications(routes(*rows))}
        named = {
            rule.application for rule in ingress.ingress(routes(*rows), OriginRequest()) if rule.application
        }
        assert named <= keys


def test_narrower_wildcards_come_before_wider_ones_whatever_their_letters() -> None:
    rules = ingress.ingress(
        routes(("*.x.io", None, "public"), ("*.z.x.io", None, "staff"), ("*.a.x.io", None, "ops")),
        OriginRequest(),
    )
    assert [rule.hostname for rule in rules] == ["*.a.x.io", "*.z.x.io", "*.x.io"]


@pytest.mark.parametrize(
    "rows, hosts",
    [
        ((("a.x.io", None, "staff"), ("b.x.io", None, "public")), ()),
        ((("a.x.io", None, "staff"), ("a.x.io", "/hook", "public")), ("a.x.io",)),
        # What has no route is a boundary too: /public/..%2fadmin matches ^/public.
        ((("a.x.io", "/public/*", "public"),), ("a.x.io",)),
        ((("a.x.io", None, "staff"), ("a.x.io", "/a/*", "staff")), ()),
    ],
)
def test_hosts_whose_paths_are_boundaries_are_guarded(rows: Any, hosts: tuple[str, ...]) -> None:
    assert ingress.bounded_hosts(routes(*rows)) == hosts
    shield = path_guard.guard(routes(*rows))
    assert (shield.hosts if shield else ()) == hosts


def test_a_path_that_answers_by_itself_is_a_boundary() -> None:
    closed = Route.model_validate(
        {"hostname": "a.x.io", "path": "/admin/*", "service": "http_status:404", "access": "public"}
    )
    shield = path_guard.guard((*routes(("a.x.io", None, "public")), closed))
    assert shield is not None
    assert (shield.hosts, shield.cased) == (("a.x.io",), (closed.path,))


def test_the_guard_is_this_rule() -> None:
    shield = path_guard.guard(
        routes(("a.x.io", None, "public"), ("a.x.io", "/admin/*", "staff"), ("b.x.io", None, "public"))
    )
    assert shield is not None
    raw = "lower(raw.http.request.uri.path)"
    odd = " or ".join(
        f"{raw} contains {text}"
        for text in (
            '"%2f"',
            '"%5c"',
            '"%2e"',
            '"%25"',
            '"%3b"',
            '"%0"',
            '"%1"',
            '"%7f"',
            '"%c0"',
            '"%c1"',
            '"\\\\"',
            '"//"',
            '"/./"',
            '"/../"',
            '";"',
        )
    )
    cased = (
        '((lower(http.request.uri.path) eq "/admin" or starts_with(lower(http.request.uri.path), "/admin/"))'
        ' and not (http.request.uri.path eq "/admin" or starts_with(http.request.uri.path, "/admin/")))'
    )
    ends = f'ends_with({raw}, "/.") or ends_with({raw}, "/..")'
    assert shield.expression() == f'lower(http.host) in {{"a.x.io"}} and ({odd} or {ends} or {cased})'


def test_the_guard_of_wildcards_is_this_rule() -> None:
    shield = path_guard.guard(
        routes(("*.x.io", None, "staff"), ("a.x.io", None, "public"), ("*.b.x.io", None, "staff"))
    )
    assert shield is not None
    assert shield.expression() == (
        '(http.host wildcard "*.*.b.x.io") or (http.host wildcard "*.*.x.io" and not (lower(http.host) in {"a.x.io"} or '
        'ends_with(lower(http.host), ".b.x.io"))) or (lower(http.host) in {"a.x.io"} and not http.host in {"a.x.io"})'
    )


def test_wildcard_hosts_are_matched_by_their_ending() -> None:
    assert (
        hosts.host_expression(["a.x.io", "*.y.io"])
        == '(http.host in {"a.x.io"} or ends_with(http.host, ".y.io"))'
    )


def test_a_routes_own_origin_settings_win_over_the_tunnels() -> None:
    defaults = OriginRequest.model_validate({"connectTimeout": "10s", "noTLSVerify": True})
    route = Route.model_validate(
        {
            "hostname": "a.x.io",
            "service": "https://web:443",
            "access": "public",
            "origin": {"connectTimeout": "1m30s"},
        }
    )
    assert ingress.ingress((route,), defaults)[0].origin == {"connect_timeout": 90, "no_tls_verify": True}
