"""Whom policies and applications of Access shut out."""

from __future__ import annotations

from typing import Any

import pytest

from model.countries import COUNTRIES
from preview.analysis.consequences.decisions import why_nobody
from preview.analysis.verdict import compare
from preview.changes import Comparison, Consequence
from preview.resource_types import type_names
from preview.resources import Evaluation, Resource
from tests.preview.programs import program, resource

DOWNTIME, IN_PLACE = Consequence.DOWNTIME, Consequence.IN_PLACE


def email(address: str) -> dict[str, Any]:
    return {"email": {"email": address}}


def domain(name: str) -> dict[str, Any]:
    return {"emailDomain": {"domain": name}}


def country(code: str) -> dict[str, Any]:
    return {"geo": {"countryCode": code}}


def network(cidr: str) -> dict[str, Any]:
    return {"ip": {"ip": cidr}}


ACME, OPS = domain("acme.io"), email("ops@acme.io")
GROUP = {"group": {"id": "1"}}


@pytest.mark.parametrize(
    "includes, requires, excludes, words",
    [
        ([ACME], [], [ACME], "to be kept out counts more"),
        ([OPS, email("lead@acme.io")], [], [domain("ACME.io")], "to be kept out counts more"),
        ([ACME], [], [{"everyone": {}}], "keeps out everyone"),
        ([network("203.0.113.0/25")], [], [network("203.0.113.0/24")], "to be kept out counts more"),
        ([ACME], [OPS, email("lead@acme.io")], [], "all that it requires at once"),
        ([ACME], [ACME, domain("other.io")], [], "all that it requires at once"),
        ([ACME], [network("203.0.113.0/24"), network("198.51.100.0/24")], [], "all that it requires at once"),
        ([ACME], [country("JP"), country("DE")], [], "all that it requires at once"),
        ([ACME], [country("JP")], [country("JP")], "keeps out whom it requires"),
        ([OPS], [domain("other.io")], [], "cannot be what it requires"),
        ([ACME], [country("UK")], [], "UK, which is no country's code"),
        ([ACME], [country("EU")], [], "EU, which is no country's code"),
        ([country("JA")], [], [], "JA, which is no country's code"),
        ([], [], [], "lets in nobody"),
        ([ACME, email("guest@other.io")], [], [ACME], ""),
        ([ACME], [OPS, ACME], [], ""),
        ([ACME], [network("203.0.113.0/24"), network("203.0.113.0/25")], [], ""),
        ([ACME], [country("TW")], [country("KP")], ""),
        ([GROUP], [OPS], [domain("other.io")], ""),
        ([{"everyone": {}}], [ACME], [OPS], ""),
    ],
)
def test_why_nobody_passes(includes: Any, requires: Any, excludes: Any, words: str) -> None:
    why = why_nobody({"decision": "allow", "includes": includes, "requires": requires, "excludes": excludes})
    assert (words in why) if words else why == ""


def test_the_countries_are_those_of_the_standard_and_three_of_cloudflares() -> None:
    assert len(COUNTRIES) == 249 + 3
    assert {"XK", "T1", "XX", "GB", "GR", "TW"} <= COUNTRIES
    assert not {"UK", "EL", "EU", "JA", "SP"} & COUNTRIES


# Places: a host behind Access, with the connector's own check ---------------------------------------------------------------

HOST = "app.example.com"


def policy(name: str, decision: str = "allow", **inputs: Any) -> Resource:
    return resource(type_names.ACCESS_POLICY, name, {"decision": decision, "includes": [ACME], **inputs})


def stack(
    *policies: Resource,
    paths: tuple[str, ...] = ("",),
    service: str = "http://web:80",
    path: str | None = None,
) -> Evaluation:
    application = resource(
        type_names.ACCESS_APPLICATION,
        "app",
        {
            "destinations": [{"uri": HOST + at} for at in paths],
            "policies": [{"id": f"«{p.name}.id»", "precedence": n} for n, p in enumerate(policies, 1)],
        },
    )
    rule: dict[str, Any] = {"hostname": HOST, "service": service}
    if path:
        rule["path"] = path
    rule["originRequest"] = {"access": {"required": True, "teamName": "acme", "audTags": ["«app.aud»"]}}
    config = {"config": {"ingresses": [rule, {"service": "http_status:404"}]}}
    return program(*policies, application, resource(type_names.TUNNEL_CONFIGURATION, "ingress", config))


def said(comparison: Comparison, consequence: Consequence) -> str:
    return "; ".join(
        effect.why
        for change in comparison.changed
        for effect in change.effects
        if effect.consequence is consequence
    )


def test_an_address_that_needs_no_login_is_refused_by_the_connector_and_opens_the_edge() -> None:
    office = policy("office", "bypass", includes=[network("203.0.113.0/24")])
    found = compare(stack(policy("staff")), stack(office, policy("staff")))
    assert f"refused by the connector: from 203.0.113.0/24 at {HOST}" in said(found, DOWNTIME)
    assert [(item.kind, item.subject) for item in found.exposures] == [("login loosened", HOST)]


@pytest.mark.parametrize("rule", [country("JP"), {"serviceToken": {"tokenId": "t"}}, GROUP])
def test_whom_a_bypass_names_passes_the_edge_without_a_login(rule: dict[str, Any]) -> None:
    some = policy("some", "bypass", includes=[rule])
    found = compare(stack(policy("staff")), stack(some, policy("staff")))
    assert ("login loosened", HOST) in [(item.kind, item.subject) for item in found.exposures]


def test_a_bypass_of_everyone_leaves_the_connector_alone_to_refuse_everybody() -> None:
    found = compare(
        stack(policy("staff")), stack(policy("all", "bypass", includes=[{"everyone": {}}]), policy("staff"))
    )
    assert "Access asks for no login that the connector takes" in said(found, DOWNTIME)
    assert HOST in [item.subject for item in found.exposures]


def test_another_policy_that_nobody_passes_shuts_the_place() -> None:
    found = compare(stack(policy("staff")), stack(policy("strict", requires=[country("UK")])))
    assert f"nobody passes any more: {HOST}" in said(found, DOWNTIME)


@pytest.mark.parametrize(
    "paths, left, shut",
    [
        (("/admin", "/admin/*"), ("/admin",), f"{HOST}/admin/*"),
        (("/admin", "/admin/*"), ("/admin/*",), f"{HOST}/admin:"),
        (("", "/admin/*"), ("/admin/*",), f"before {HOST}:"),
        (("", "/admin/*"), ("",), ""),
        (("/admin/*", "/admin/x/*"), ("/admin/*",), ""),
    ],
)
def test_a_destination_that_goes_where_the_connector_still_wants_a_login(
    paths: tuple[str, ...], left: tuple[str, ...], shut: str
) -> None:
    found = compare(stack(policy("staff"), paths=paths), stack(policy("staff"), paths=left))
    words = said(found, DOWNTIME)
    assert (
        (f"no longer stands before {shut}".replace("before before", "before") in words) if shut else not words
    )


def test_machines_cannot_come_from_elsewhere() -> None:
    old, new = (
        resource(
            type_names.ACCESS_POLICY,
            "systems",
            {"decision": "non_identity", "includes": [{"serviceToken": {"tokenId": "t"}}], **more},
        )
        for more in ({}, {"requires": [country("JP")]})
    )
    assert "must also be: from JP" in said(compare(program(old), program(new)), DOWNTIME)


@pytest.mark.parametrize("status", ["410", "503", "200"])
def test_a_status_of_the_connectors_own_is_nothing_that_is_reached(status: str) -> None:
    def version(*rules: dict[str, Any]) -> Evaluation:
        inner = {"config": {"ingresses": [*rules, {"service": "http_status:404"}]}}
        return program(resource(type_names.TUNNEL_CONFIGURATION, "ingress", inner))

    web = {"hostname": HOST, "service": "http://web:80"}
    closed = {"hostname": "old.example.com", "service": f"http_status:{status}"}
    assert compare(version(web), version(web, closed)).exposures == ()
    gone = compare(version(web), version({**web, "service": f"http_status:{status}"}))
    assert f"answered {status} from now on: {HOST}" in said(gone, DOWNTIME)
