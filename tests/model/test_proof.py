"""No path of a protected host is reachable around its application: the proof, held against the dialects themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from model.edge import access_applications, bypass_check, hosts, ingress, matching, path_guard, readers
from model.paths import PathPattern
from model.settings import OriginRequest, Route
from tests.model.dialects import (
    access_application,
    app_readings,
    cloudflared_rule,
    split_host_port,
    wirefilter,
)
from tests.model.stacks import changed, findings
from tests.thorough import examples

WORDS = ("a", "A", "ad", "admin", "b.c", "x+y")
LITERAL = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(lambda parts: "/" + "/".join(parts))
PATTERN = st.none() | st.none() | st.tuples(LITERAL, st.sampled_from(["", "/*", "*"])).map("".join)
HOST = st.sampled_from(["h.x.io", "h.x.io", "h.x.io", "h.x.io", "g.x.io", "*.x.io", "*.h.x.io"])
ACCESS = st.sampled_from(["public", "staff", "ops"])
SERVICE = st.sampled_from(["http://web:80", "http://web:80", "http_status:404"])


def route(hostname: str, path: str | None, access: str, service: str = "http://web:80") -> Route:
    row = {"hostname": hostname, "service": service, "access": access}
    return Route.model_validate({**row, "path": path} if path else row)


ROUTES = st.lists(
    st.builds(route, HOST, PATTERN, ACCESS, SERVICE),
    min_size=1,
    max_size=5,
    unique_by=lambda r: (r.hostname, str(r.path or "")),
)
PIECE = st.sampled_from(
    [
        *WORDS,
        "/",
        "/",
        "/",
        "//",
        ".",
        "..",
        "%2e%2e",
        "%2E",
        "%2f",
        "%5c",
        "\\",
        ";",
        ";v=1",
        "%3b",
        "%252f",
        "%00",
        "%0a",
        "%61",
        "%41",
        "%2B",
        "*",
        "~",
        "%C3%A9",
        "%c0%af",
        "%3f",
        "%23",
        "%e0%80%af",
        "\udcc0\udcaf",
        "ADMIN",
        "Admin",
    ]
)
RAW = st.lists(PIECE, min_size=1, max_size=7).map(lambda pieces: "/" + "".join(pieces))
WRITTEN = st.sampled_from(
    [
        "h.x.io",
        "h.x.io",
        "h.x.io",
        "h.x.io",
        "h.x.io",
        "H.x.io",
        "g.x.io",
        "G.X.IO",
        "other.x.io",
        "deep.other.x.io",
        "n.h.x.io",
        "m.n.h.x.io",
        "h.x.io:443",
        "h.x.io:8443",
        "h.x.io:",
        "H.x.io:443",
        "[h.x.io]:443",
        "deep.other.x.io:443",
        "h.x.io:443:443",
    ]
)


def behind(routes: Sequence[Route], host: str, path: str) -> str:
    """Who may reach what an app would serve for a path, when letters' case counts for nothing."""
    small = [r.model_copy(update={"path": r.path.lower() if r.path else None}) for r in routes]
    return matching.behind(matching.Rules(small).taking(host.lower(), path.lower()))


@pytest.mark.slow
@given(ROUTES, WRITTEN, RAW)
@example([route("h.x.io", None, "staff"), route("*.x.io", None, "staff")], "H.x.io", "/a")
@example([route("h.x.io", None, "public"), route("h.x.io", "/admin/*", "staff")], "h.x.io", "/.")
@example([route("h.x.io", None, "public"), route("h.x.io", "/admin/*", "staff")], "h.x.io", "/..")
@settings(
    max_examples=examples(600),
    deadline=None,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
def test_where_the_proof_finds_no_hole_no_request_gets_around_a_login(
    routes: list[Route], host: str, raw: str
) -> None:
    assume(not bypass_check.holes(routes, by_host=("web",)))
    edge = readers.normalised(raw)
    shield = path_guard.guard(routes)
    fields = {"http.host": host, "raw.http.request.uri.path": raw, "http.request.uri.path": edge}
    refused = shield is not None and wirefilter(shield.expression(), fields)
    assert refused == (shield is not None and shield.refuses(host, raw, edge))
    if refused:
        return
    rules = ingress.ingress(routes, OriginRequest())
    applications = access_applications.applications(routes)
    chosen = access_application(applications, split_host_port(host.lower()), edge)
    for sent in (raw, edge):
        rule = cloudflared_rule(rules, host, sent)
        if rule is None or rule.service.startswith("http_status"):
            continue
        if rule.application:
            # Access never covers less than the connector lets through, and by the application whose token that demands.
            # A host in capitals may fall to the rule of the wildcard above: with the same policy, the connector only refuses
            # the token, which is of the host's own application.
            demanded = next(
                application for application in applications if application.key == rule.application
            )
            assert chosen is not None and chosen.access == demanded.access
            assert host != host.lower() or chosen.key == rule.application
        else:
            # Whatever the app makes of the path, it is no page that a login stands before.
            assert {behind(routes, host, reading) for reading in app_readings(sent)} <= {"public"}


@given(ROUTES, st.sampled_from(["h.x.io", "q.x.io", "q.h.x.io"]), RAW)
def test_the_representatives_stand_for_every_path(routes: list[Route], host: str, path: str) -> None:
    """Each path is taken, by every pattern, just as one of them is."""
    patterns = [r.path for r in routes if r.path and hosts.host_matches(r.hostname, host)]

    def answers(text: str) -> list[bool]:
        return [pattern.matches(text) for pattern in patterns]

    assert answers(path) in [answers(text) for text in bypass_check.representatives(routes, host)]


def test_the_connectors_order_is_the_order_of_the_reference() -> None:
    routes = [
        route("*.x.io", None, "public"),
        route("h.x.io", "/a/*", "staff"),
        route("h.x.io", None, "ops"),
        route("*.h.x.io", None, "staff"),
    ]
    rules = ingress.ingress(routes, OriginRequest())
    for host, path in (
        ("h.x.io", "/a/b"),
        ("h.x.io", "/b"),
        ("z.x.io", "/a"),
        ("z.h.x.io", "/a"),
        ("x.io", "/"),
    ):
        found, rule = matching.Rules(routes).taking(host, path), cloudflared_rule(rules, host, path)
        assert (found.service, found.hostname) == (rule.service, rule.hostname) if found else rule is None


@given(ROUTES, WRITTEN, RAW)
@example([route("h.x.io", "/a", "public"), route("h.x.io", "/ad", "public")], "h.x.io", "/a")
@settings(deadline=None)
def test_rules_are_found_as_if_each_were_asked_in_turn(routes: list[Route], host: str, path: str) -> None:
    asked = [
        rule
        for rule in matching.ordered(routes)
        if hosts.host_matches(rule.hostname, host) and (rule.path is None or rule.path.matches(path))
    ]
    # Of two routes without a path on one host, which the settings refuse, the first takes all.
    first_whole = {rule.hostname: rule for rule in reversed(asked) if rule.path is None}
    expected = [rule for rule in asked if rule.path or rule is first_whole[rule.hostname]]
    assert list(matching.Rules(routes).matching(host, path)) == expected


MIXED = [
    route("h.x.io", None, "public"),
    route("h.x.io", "/admin/*", "staff"),
    route("h.x.io", "/hook", "public"),
]
GUARDED = [route("h.x.io", None, "staff"), route("h.x.io", "/hook", "public")]
WILD = [route("*.x.io", None, "staff"), route("h.x.io", None, "public")]


def found(routes: list[Route], **options: Any) -> list[str]:
    return [item.problem.partition(": ")[0] for item in bypass_check.holes(routes, **options)]


@pytest.mark.parametrize("routes", [MIXED, GUARDED, WILD])
def test_the_layouts_that_people_write_have_no_hole(routes: list[Route]) -> None:
    assert found(routes) == []


def test_without_the_guard_there_are_holes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bypass_check, "guard", lambda routes: None)
    assert sorted(found(MIXED)) == [
        "Access asks for 'public' where the connector wants 'staff', and nothing refuses it",
        "the connector takes it for 'public', an app may take it for 'staff', and nothing refuses it",
    ]
    assert found(WILD) == [
        "Access asks for 'public' where the connector wants 'staff', and nothing refuses it"
    ]


def test_without_a_word_about_letters_case_there_is_a_hole(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    real = path_guard.guard

    def careless(routes: Sequence[Route]) -> path_guard.Guard | None:
        shield = real(routes)
        return replace(shield, cased=()) if shield else None

    monkeypatch.setattr(bypass_check, "guard", careless)
    assert found(MIXED) == [
        "the connector takes it for 'public', an app may take it for 'staff', and nothing refuses it"
    ]


@pytest.mark.parametrize(
    "odd",
    [text for text in path_guard.ODD if text not in ("%7f", "%0", "%1", "%25", "%2e", *path_guard.OVERLONG)],
)
def test_each_refused_spelling_is_refused_for_a_reason(odd: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Left out of the guard, it lets somebody past a login, in one zone or another."""
    from dataclasses import replace

    real = path_guard.guard

    def careless(routes: Sequence[Route]) -> path_guard.Guard | None:
        shield = real(routes)
        return replace(shield, odd=tuple(text for text in shield.odd if text != odd)) if shield else None

    monkeypatch.setattr(bypass_check, "guard", careless)
    layouts = [
        MIXED,
        [
            route("h.x.io", None, "staff"),
            route("h.x.io", "/pub/*", "public"),
            route("h.x.io", "/pub/ad/*", "ops"),
        ],
    ]
    assert [hole for layout in layouts for hole in found(layout)] != []


def test_an_application_that_forgets_what_lies_below_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(self: PathPattern, hostname: str) -> tuple[str, ...]:
        return (hostname + self.literal + "/*",) if self.kind == "below" else (hostname + self.literal,)

    monkeypatch.setattr(PathPattern, "destinations", careless)
    assert "Access asks for 'public' where the connector wants 'staff', and nothing refuses it" in found(
        MIXED
    )


OTHER_HOST: list[tuple[list[Route], list[str]]] = [
    (
        [route("h.x.io", None, "public"), route("g.x.io", "/admin/*", "staff")],
        [
            "routes[1]: 'web' answers /admin/* on h.x.io as well, to 'public' (routes[0]), which bypasses 'staff'; route h.x.io /admin/* to http_status:404 or under access: staff; or list 'web' in app.allow.byHost if it tells hosts apart itself"
        ],
    ),
    (
        [
            route("h.x.io", None, "public"),
            route("h.x.io", "/admin/*", "public", "http_status:404"),
            route("g.x.io", "/admin/*", "staff"),
        ],
        [],
    ),
    (
        [
            route("h.x.io", None, "public"),
            route("h.x.io", "/admin/*", "staff"),
            route("g.x.io", "/admin/*", "staff"),
        ],
        [],
    ),
    ([route("h.x.io", None, "public", "http://api:8000"), route("g.x.io", "/admin/*", "staff")], []),
    ([route("h.x.io", None, "public"), route("g.x.io", None, "staff")], []),
    (
        [route("h.x.io", "/api/*", "ops"), route("g.x.io", "/api/v1/admin*", "staff")],
        [
            "routes[1]: 'web' answers /api/v1/admin* on h.x.io as well, to 'ops' (routes[0]), which bypasses 'staff'; route h.x.io /api/v1/admin* to http_status:404 or under access: staff; or list 'web' in app.allow.byHost if it tells hosts apart itself"
        ],
    ),
]


@pytest.mark.parametrize("routes, lines", OTHER_HOST, ids=range(len(OTHER_HOST)))
def test_a_protected_path_that_another_host_serves_is_an_error(routes: list[Route], lines: list[str]) -> None:
    assert [str(item) for item in bypass_check.holes(routes)][: len(lines) or None] == lines
    assert bypass_check.holes(routes, by_host=("web",)) == []


AMBIGUOUS: list[tuple[list[Route], str]] = [
    (
        [route("h.x.io", "/admin/*", "ops"), route("h.x.io", "/admin*", "staff")],
        "routes[1].path: routes[0] has /admin/* with another access: which of the two Access applies to /admin* is not documented; write a longer beginning, such as /admin-*",
    ),
    (
        [route("h.x.io", None, "public"), route("h.x.io", "/admin", "staff")],
        "routes[1].path: Access applies 'staff' to what lies below /admin too, and routes[0] gives that to 'public'; write /admin/* to protect what lies below as well, or give it a hostname of its own",
    ),
    (
        [route("*.x.io", None, "public"), route("h.x.io", "/admin/*", "staff")],
        "routes[1]: h.x.io has no route without a path: its other paths would fall to *.x.io; add one for h.x.io: to a service, or to http_status:404",
    ),
    (
        [
            route("*.x.io", None, "public"),
            route("*.x.io", "/admin/*", "staff"),
            route("h.x.io", None, "public"),
        ],
        "routes[2].hostname: *.x.io has paths of different access and h.x.io lies under it: which of their applications wins is not documented; give what is protected on *.x.io a hostname of its own, or all its paths one access",
    ),
]


@pytest.mark.parametrize("routes, line", AMBIGUOUS, ids=range(len(AMBIGUOUS)))
def test_a_layout_of_which_nobody_says_who_wins_is_an_error(routes: list[Route], line: str) -> None:
    assert [str(item) for item in bypass_check.holes(routes)] == [line]


def test_a_stack_file_with_such_a_hole_is_refused_unless_its_service_tells_hosts_apart() -> None:
    other = {"hostname": "g.example.com", "service": "http://api:8000", "access": "public"}
    config = changed("routes/2", other)
    assert [item.path for item in findings(config)] == ["routes[1]"]
    config["app"]["allow"] = {"byHost": ["api"]}
    assert findings(config) == []


@pytest.mark.parametrize(
    "raw, edge",
    [
        # The examples of rules/normalization/examples, type Cloudflare.
        ("/%68ello", "/hello"),
        ("/%68ello//pa\\th", "/hello/pa/th"),
        ("/hello//../path", "/path"),
        ("/hello/\\../path", "/path"),
        ("/a%2fb", "/a%2Fb"),
        ("/a%2e%2e/b", "/a../b"),
        ("/a/%2e%2e/b", "/b"),
        ("/a/..", "/"),
        ("/a/.", "/a/"),
    ],
)
def test_the_edge_normalises_as_documented(raw: str, edge: str) -> None:
    assert readers.normalised(raw) == edge
