"""Routes, compiled: order, applications, guard."""

from __future__ import annotations

from typing import Any

import pytest

from model import routing
from model.settings import OriginRequest, Route


def routes(*rows: tuple[str, str | None, str]) -> tuple[Route, ...]:
    made = []
    for hostname, path, access in rows:
        row: dict[str, Any] = {"hostname": hostname, "service": "http://web:80", "access": access}
        made.append(Route.model_validate({**row, "path": path} if path else row))
    return tuple(made)


def test_the_longest_path_comes_first_the_host_last_and_wildcard_hosts_after_all() -> None:
    rules = routing.ingress(
        routes(("*.x.io", None, "public"), ("a.x.io", None, "public"), ("a.x.io", "/a/*", "public"), ("a.x.io", "/a/b*", "public"),
               ("a.x.io", "/a/b", "public")),
        OriginRequest(),
    )  # fmt: skip
    assert [(rule.hostname, rule.path) for rule in rules] == [
        ("a.x.io", "^/a/b$"), ("a.x.io", "^/a/b"), ("a.x.io", "^/a(/|$)"), ("a.x.io", None), ("*.x.io", None),
    ]  # fmt: skip


APPLICATIONS: list[tuple[tuple[tuple[str, str | None, str], ...], list[tuple[str, tuple[str, ...], str | None]]]] = [
    ((("a.x.io", None, "public"),), []),
    ((("a.x.io", None, "staff"),), [("a-x-io-staff", ("a.x.io",), "staff")]),
    # A host whose routes agree is covered whole, its unrouted paths too.
    ((("a.x.io", "/admin/*", "staff"),), [("a-x-io-staff", ("a.x.io",), "staff")]),
    ((("a.x.io", None, "public"), ("a.x.io", "/admin/*", "staff")), [("a-x-io-staff", ("a.x.io/admin", "a.x.io/admin/*"), "staff")]),
    ((("a.x.io", None, "staff"), ("a.x.io", "/hook", "public")),
     [("a-x-io-staff", ("a.x.io",), "staff"), ("a-x-io-public", ("a.x.io/hook",), None)]),
    ((("a.x.io", None, "staff"), ("a.x.io", "/ops*", "root")), [("a-x-io-staff", ("a.x.io",), "staff"), ("a-x-io-root", ("a.x.io/ops*",), "root")]),
    ((("a.x.io", "/me/*", "public"), ("a.x.io", "/internal/*", "machines")),
     [("a-x-io-machines", ("a.x.io/internal", "a.x.io/internal/*"), "machines")]),
]  # fmt: skip


@pytest.mark.parametrize("rows, expected", APPLICATIONS, ids=range(len(APPLICATIONS)))
def test_applications_cover_what_is_protected_and_nothing_else(rows: Any, expected: Any) -> None:
    assert [(a.key, a.destinations, a.access) for a in routing.applications(routes(*rows))] == expected


def test_every_protected_rule_names_an_application_that_exists() -> None:
    for rows, _ in APPLICATIONS:
        keys = {application.key for application in routing.applications(routes(*rows))}
        named = {rule.application for rule in routing.ingress(routes(*rows), OriginRequest()) if rule.application}
        assert named <= keys


def test_only_mixed_hosts_are_guarded() -> None:
    assert routing.guard_expression(routes(("a.x.io", None, "staff"), ("b.x.io", None, "public"))) is None


def test_the_guard_refuses_odd_spellings_and_other_letters_on_the_mixed_host_alone() -> None:
    text = routing.guard_expression(
        routes(("a.x.io", None, "public"), ("a.x.io", "/admin/*", "staff"), ("b.x.io", None, "public"))
    )
    assert text is not None
    assert text.startswith('http.host in {"a.x.io"} and (')
    assert 'lower(raw.http.request.uri.path) contains "%2f"' in text
    assert '(starts_with(lower(http.request.uri.path), "/admin") and not starts_with(http.request.uri.path, "/admin"))' in text


def test_wildcard_hosts_are_matched_by_their_ending() -> None:
    assert routing.host_expression(["a.x.io", "*.y.io"]) == '(http.host in {"a.x.io"} or ends_with(http.host, ".y.io"))'


def test_a_routes_own_origin_settings_win_over_the_tunnels() -> None:
    defaults = OriginRequest.model_validate({"connectTimeout": "10s", "noTLSVerify": True})
    route = Route.model_validate(
        {"hostname": "a.x.io", "service": "https://web:443", "access": "public", "origin": {"connectTimeout": "1m30s"}}
    )
    assert routing.ingress((route,), defaults)[0].origin == {"connect_timeout": 90, "no_tls_verify": True}
