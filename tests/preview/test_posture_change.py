"""What a change brings and takes of the posture, and how that reaches headline, reports and gate."""

from __future__ import annotations

import dataclasses
import datetime
import json
from typing import Any

import pytest

from preview.analysis import gate
from preview.analysis.verdict import compare
from preview.changes import Change, Comparison
from preview.findings import PostureFinding
from preview.posture.changes import posture_change
from preview.report.headline import headline
from preview.report.json_report import to_json
from preview.report.markdown import to_markdown
from preview.report.page import to_html
from preview.report.report import build
from preview.report.text import to_text
from preview.resources import Evaluation, Resource, mask
from tests.preview.programs import OPTIONS

BALANCER = "aws:lb/loadBalancer:LoadBalancer"
VOLUME = "aws:ebs/volume:Volume"
TODAY = datetime.date(2026, 11, 21)
COMPONENT = "drawbridge:index:Host"
HOST = Resource(
    f"urn:pulumi:prod::app::{COMPONENT}::app-prod-host",
    COMPONENT,
    "app-prod-host",
    "",
    {},
    {},
    {**OPTIONS, "custom": False},
)


def resource(kind: str, name: str, **raw: Any) -> Resource:
    return Resource(f"urn:pulumi:prod::app::{kind}::{name}", kind, name, HOST.urn, mask(raw), raw, OPTIONS)


def stack(*resources: Resource, suppress: list[dict[str, str]] | None = None) -> Evaluation:
    return Evaluation(
        project="app",
        stack="prod",
        resources=(HOST, *resources),
        outputs={},
        raw_outputs={},
        warnings=(),
        user_data={},
        config={"drawbridge:suppress": json.dumps(suppress or [])},
    )


PUBLIC = resource(BALANCER, "app-prod-web", internal=False)
PLAIN = resource(VOLUME, "app-prod-data", encrypted=False)
SEALED = resource(VOLUME, "app-prod-data", encrypted=True)


def accept(rule: str, name: str = "*") -> dict[str, str]:
    return {"rule": rule, "resource": name, "reason": "Looked at in the review."}


def graded(findings: tuple[PostureFinding, ...]) -> list[tuple[str, str]]:
    return [(found.rule.id, found.resource) for found in findings]


def told(before: Evaluation, after: Evaluation, *changes: Change) -> tuple[list[Any], list[Any], list[Any]]:
    found = posture_change(before, after, changes, TODAY)
    return graded(found.brought), graded(found.taken), graded(found.hidden)


def test_a_new_finding_is_brought_and_one_that_ends_is_taken() -> None:
    assert told(stack(PLAIN), stack(SEALED, PUBLIC)) == (
        [("other-entrance", "app-prod-web")],
        [("disk-encryption", "app-prod-data")],
        [],
    )


def test_what_was_there_before_is_neither() -> None:
    assert told(stack(PLAIN, PUBLIC), stack(PLAIN, PUBLIC)) == ([], [], [])


@pytest.mark.parametrize("before", [stack(), stack(PUBLIC)])
def test_a_new_suppression_that_hides_a_finding_is_told(before: Evaluation) -> None:
    after = stack(PUBLIC, suppress=[accept("other-entrance")])
    assert told(before, after) == ([], [], [("other-entrance", "app-prod-web")])


def test_an_old_suppression_that_now_covers_something_new_is_told() -> None:
    listed = [accept("disk-encryption")]
    more = resource(VOLUME, "app-prod-more", encrypted=False)
    assert told(stack(PLAIN, suppress=listed), stack(PLAIN, more, suppress=listed)) == (
        [],
        [],
        [("disk-encryption", "app-prod-more")],
    )


def test_a_suppression_that_goes_brings_its_finding_back() -> None:
    before = stack(PUBLIC, suppress=[accept("other-entrance")])
    assert told(before, stack(PUBLIC)) == ([("other-entrance", "app-prod-web")], [], [])


def test_a_suppression_of_a_rule_that_is_no_more_suppresses_nothing() -> None:
    before = stack(PUBLIC, suppress=[accept("a-rule-of-earlier-days")])
    assert told(before, stack(PUBLIC)) == ([], [], [])


def test_a_resource_with_another_name_brings_nothing() -> None:
    other = dataclasses.replace(PUBLIC, name="app-prod-front", urn="urn:pulumi:prod::app::x::app-prod-front")
    by_alias = Change(
        urn=other.urn, type=BALANCER, name=other.name, action="updated", before=PUBLIC, after=other
    )
    assert told(stack(PUBLIC), stack(other), by_alias) == ([], [], [])
    assert told(stack(PUBLIC), stack(other)) == ([], [], [])  # deleted and created again under another name


def test_a_second_resource_with_the_same_fault_is_brought() -> None:
    other = resource(BALANCER, "app-prod-front", internal=False)
    assert told(stack(PUBLIC), stack(PUBLIC, other)) == ([("other-entrance", "app-prod-front")], [], [])


def test_another_fault_of_a_resource_that_had_one_is_brought() -> None:
    rule = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    before, after = (
        stack(resource(rule, "app-prod-in", cidrIpv4=cidr, ipProtocol="tcp", fromPort=22))
        for cidr in ("10.0.0.0/8", "0.0.0.0/0")
    )
    assert told(before, after)[0] == [("inbound-cidr", "app-prod-in")]


# The verdict, the gate and the reports ----------------------------------------------------------------------------------


def opened() -> Comparison:
    return compare(stack(PLAIN), stack(SEALED, PUBLIC))


@pytest.mark.parametrize(
    ("fail_on", "closes"),
    [
        ("posture", ["other-entrance/app-prod-web"]),
        ("posture=critical", ["other-entrance/app-prod-web"]),
        ("contract", []),
    ],
)
def test_a_new_finding_closes_the_gate_from_its_severity_on(fail_on: str, closes: list[str]) -> None:
    judged = gate.decide(opened(), gate.grounds(fail_on), gate.severity(fail_on))
    assert [found.subject for found in judged.closed_by] == closes


def test_a_severity_below_the_wanted_one_closes_nothing_and_may_be_lowered() -> None:
    token = resource(
        "cloudflare:index/zeroTrustAccessServiceToken:ZeroTrustAccessServiceToken",
        "app-prod-t",
        duration="forever",
    )
    comparison = compare(stack(), stack(token))

    def subjects(fail_on: str) -> list[str]:
        judged = gate.decide(comparison, gate.grounds(fail_on), gate.severity(fail_on))
        return [found.subject for found in judged.closed_by]

    assert subjects("posture") == []
    assert subjects("posture=low") == ["service-token-long/app-prod-t"]


def test_an_unknown_severity_is_refused() -> None:
    with pytest.raises(
        ValueError,
        match="^expected posture=SEVERITY with one of critical, high, medium, low, info, found 'posture=grave'$",
    ):
        gate.grounds("posture=grave")


def test_a_new_finding_passes_with_the_entry_that_the_gate_prints() -> None:
    comparison = opened()
    (found,) = gate.decide(comparison, ["posture"]).closed_by
    assert found.text == (
        "new critical finding: app-prod-web: a resource answers the Internet without the tunnel: "
        "a load balancer that faces the Internet"
    )
    assert found.acknowledgement == "- {change: posture, of: other-entrance/app-prod-web, reason: …}"
    entry = [{"change": "posture", "of": found.subject, "reason": "Until Friday"}]
    after = dataclasses.replace(comparison.after, config={"drawbridge:acknowledge": json.dumps(entry)})
    judged = gate.decide(dataclasses.replace(comparison, after=after), ["posture"])
    assert (judged.closed, judged.warnings) == (False, ())


def test_the_headline_says_what_is_brought_before_what_is_harmless() -> None:
    said = headline(opened(), gate.decide(opened(), ()))
    assert (said.title, said.counts) == (
        "Data loss: the app's files (app-prod-data); opens app-prod-web to more people or machines; brings 1 posture finding (1 critical)",
        "1 created, 1 replaced and 0 unchanged of 2 resources. Ends 1 posture finding (1 high).",
    )
    assert said.tone == "bad"


def test_every_format_tells_of_it() -> None:
    comparison = opened()
    judged = gate.decide(comparison, ["posture"])
    report = build(comparison.after, comparison, judged)
    words = "1 posture finding (1 critical)"
    assert words in " ".join(to_text(report).split())
    assert words in to_markdown(report)
    assert words in to_html(report)
    data = json.loads(to_json(report))["comparison"]
    assert data["posture"]["brought"]["counts"]["critical"] == 1
    assert [f["rule"] for f in data["posture"]["taken"]["findings"]] == ["disk-encryption"]
    assert words in data["headline"]["title"]
