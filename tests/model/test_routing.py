"""Routes, compiled: order, applications, guard."""

from __future__ import annotations

from typing import Any

import pytest

from model.edge import access_applications, hosts, ingress, matching, path_guard
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


Row = tuple[str, str | None, str]
APPLICATIONS: list[tuple[tuple[Row, ...], list[tuple[str, tuple[str, ...], str | None]]]] = [
    ((("a.x.io", None, "public"),), []),
    ((("a.x.io", None, "staff"),), [("a.x.io", ("a.x.io",), "staff")]),
    # A host whose routes agree is covered whole, its unrouted paths too.
    ((("a.x.io", "/admin/*", "staff"),), [("a.x.io", ("a.x.io",), "staff")]),
    (
        (("a.x.io", None, "public"), ("a.x.io", "/admin/*", "staff")),
        [("a.x.io/admin", ("a.x.io/admin", "a.x.io/admin/*"), "staff")],
    ),
    # Each path is an application of its own, also where several ask for the same.
    (
        (("a.x.io", None, "public"), ("a.x.io", "/a/*", "staff"), ("a.x.io", "/b", "staff")),
        [("a.x.io/a", ("a.x.io/a", "a.x.io/a/*"), "staff"), ("a.x.io/b", ("a.x.io/b",), "staff")],
    ),
    (
        (("a.x.io", None, "staff"), ("a.x.io", "/hook", "public")),
        # Access's /hook takes in what lies below it, which has no route of its own and stays staff's.
        [("a.x.io", ("a.x.io", "a.x.io/hook/*"), "staff"), ("a.x.io/hook", ("a.x.io/hook",), None)],
    ),
    (
        (("a.x.io", None, "staff"), ("a.x.io", "/hook", "public"), ("a.x.io", "/hook/*", "public")),
        [
            ("a.x.io", ("a.x.io",), "staff"),
            ("a.x.io/hook", ("a.x.io/hook",), None),
            ("a.x.io/hook/*", ("a.x.io/hook/*",), None),
        ],
    ),
    (
        (("a.x.io", None, "staff"), ("a.x.io", "/me", "public"), ("a.x.io", "/me/*", "ops")),
        [
            ("a.x.io", ("a.x.io",), "staff"),
            ("a.x.io/me", ("a.x.io/me",), None),
            ("a.x.io/me/*", ("a.x.io/me/*",), "ops"),
        ],
    ),
    # A public path below a protected one, on a public host.
    (
        (("a.x.io", None, "public"), ("a.x.io", "/admin/*", "staff"), ("a.x.io", "/admin/css/*", "public")),
        [
            ("a.x.io/admin", ("a.x.io/admin", "a.x.io/admin/*"), "staff"),
            ("a.x.io/admin/css", ("a.x.io/admin/css", "a.x.io/admin/css/*"), None),
        ],
    ),
    # A public host under a protected wildcard: the wildcard's application would cover it.
    (
        (("*.x.io", None, "staff"), ("a.x.io", None, "public")),
        [("*.x.io", ("*.x.io",), "staff"), ("a.x.io", ("a.x.io",), None)],
    ),
    ((("*.x.io", None, "public"), ("a.x.io", None, "staff")), [("a.x.io", ("a.x.io",), "staff")]),
    (
        (("a.x.io", None, "staff"), ("a.x.io", "/ops*", "root")),
        [("a.x.io", ("a.x.io",), "staff"), ("a.x.io/ops*", ("a.x.io/ops*",), "root")],
    ),
    (
        (("a.x.io", "/me/*", "public"), ("a.x.io", "/internal/*", "machines")),
        [("a.x.io/internal", ("a.x.io/internal", "a.x.io/internal/*"), "machines")],
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


def test_a_place_is_one_application_whoever_may_reach_it() -> None:
    """A changed, renamed or moved entry of `access` changes an application and makes none: the engine would create it while
    the former one still held the place, which Access refuses (409 application_already_exists)."""
    for rows, _ in APPLICATIONS:
        renamed = [
            (host, path, access if access == "public" else f"{access}2") for host, path, access in rows
        ]
        before, after = (access_applications.applications(routes(*some)) for some in (rows, renamed))
        assert [(a.key, a.destinations, a.after) for a in before] == [
            (a.key, a.destinations, a.after) for a in after
        ]


def test_what_takes_a_place_comes_after_what_may_have_held_it() -> None:
    def after(*rows: Row) -> dict[str, tuple[str, ...]]:
        return {app.key: app.after for app in access_applications.applications(routes(*rows))}

    base = ("a.x.io", None, "staff")
    # /hook/* public and then /hook alone: what lies below goes back to the host's application, and the other way round.
    assert after(base, ("a.x.io", "/hook", "public")) == {"a.x.io": ("a.x.io/hook",), "a.x.io/hook": ()}
    assert after(base, ("a.x.io", "/hook/*", "public")) == {"a.x.io": (), "a.x.io/hook": ("a.x.io",)}
    assert after(base, ("a.x.io", "/me", "public"), ("a.x.io", "/me/*", "ops"))["a.x.io/me/*"] == (
        "a.x.io",
        "a.x.io/me",
    )
    # All paths of one entry were one application before version 1, which goes on as the first of them.
    paths = [("a.x.io", path, "ops") for path in ("/a/*", "/b", "/c*")]
    assert after(("a.x.io", None, "public"), *paths) == {
        "a.x.io/a": (),
        "a.x.io/b": ("a.x.io/a",),
        "a.x.io/c*": ("a.x.io/a",),
    }


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
    assert matching.bounded_hosts(routes(*rows)) == hosts
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
            '"%3f"',
            '"%23"',
            '"%0"',
            '"%1"',
            '"%7f"',
            '"%c0"',
            '"%c1"',
            '"%e0%8"',
            '"%e0%9"',
            '"%f0%8"',
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
    long = " or ".join(
        f'lower(http.request.uri.path) contains "{text}"'
        for text in ("%c0", "%c1", "%e0%8", "%e0%9", "%f0%8")
    )
    ends = f'ends_with({raw}, "/.") or ends_with({raw}, "/..")'
    assert shield.expression() == (
        f'((lower(http.host) in {{"a.x.io"}} or starts_with(lower(http.host), "a.x.io:")) and ({odd} or {long} or {ends} or {cased}))'
        ' or (http.host contains "[")'
    )


def test_the_guard_of_wildcards_is_this_rule() -> None:
    shield = path_guard.guard(
        routes(("*.x.io", None, "staff"), ("a.x.io", None, "public"), ("*.b.x.io", None, "staff"))
    )
    assert shield is not None
    assert shield.expression() == (
        '((http.host wildcard "*.*.b.x.io" or http.host wildcard "*.*.b.x.io:*")) or '
        '((http.host wildcard "*.*.x.io" or http.host wildcard "*.*.x.io:*") and not '
        '(lower(http.host) in {"a.x.io"} or starts_with(lower(http.host), "a.x.io:") or '
        'ends_with(lower(http.host), ".b.x.io") or lower(http.host) contains ".b.x.io:")) or '
        '((lower(http.host) in {"a.x.io"} or starts_with(lower(http.host), "a.x.io:")) and not '
        '(http.host in {"a.x.io"} or starts_with(http.host, "a.x.io:"))) or (http.host contains "[")'
    )


def test_wildcard_hosts_are_matched_by_their_ending() -> None:
    assert (
        hosts.host_expression(["a.x.io", "*.y.io"])
        == '(http.host in {"a.x.io"} or starts_with(http.host, "a.x.io:") or ends_with(http.host, ".y.io") '
        'or http.host contains ".y.io:")'
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
