"""Every rule of the posture: a good stack keeps it, one change breaks it, and a suppression accepts it in the open."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest

from model.posture import RULE_IDS
from model.settings import Suppression
from preview.findings import SEVERITIES, PostureFinding
from preview.posture.judgement import evaluate_posture, evaluate_resources, to_data
from preview.posture.rules import BY_ID, CHECKS, RULES
from preview.report.json_report import to_json
from preview.report.report import build
from preview.report.text import to_text
from preview.resources import Secret
from tests.evaluations import DELIVERIES, EXAMPLES, deployed
from tests.preview.posture_breaks import HARMLESS, MORE_BREAKS
from tests.preview.posture_edge_breaks import EDGE_BREAKS
from tests.preview.posture_edits import (
    DATABASE,
    Change,
    P,
    Resources,
)
from tests.preview.posture_fixes import FIXES
from tests.preview.posture_machine_breaks import MACHINE_BREAKS

# Two hosts behind logins, whatever the example's own routes are.
ORIGIN = {"noTLSVerify": True}
ROUTES = [
    {"hostname": "models.example.com", "service": "http://nginx:80", "access": "users", "origin": ORIGIN},
    {
        "hostname": "admin.example.com",
        "path": "/api/v1/admin/*",
        "service": "http://backend:8000",
        "access": "admins",
    },
]


def example() -> Resources:
    return list(deployed("image2model", secretDelivery="parameter-store", routes=ROUTES).resources)


def found(rule: str, resources: Resources) -> list[tuple[str, str]]:
    return [(f.resource, f.detail) for f in evaluate_resources(resources, rules=[BY_ID[rule]]).findings]


def test_every_rule_has_one_check_and_one_way_to_break_it() -> None:
    ids = [rule.id for rule in RULES]
    assert len(set(ids)) == len(ids)
    assert (list(CHECKS), ids) == (ids, list(RULE_IDS))
    assert {rule for rule, _, _ in [*EDGE_BREAKS, *MACHINE_BREAKS, *MORE_BREAKS, *FIXES]} | {
        "secret-in-output"
    } == set(ids)


@pytest.mark.parametrize(
    "rule, change, expected",
    [*EDGE_BREAKS, *MACHINE_BREAKS, *MORE_BREAKS],
    ids=[f"{rule}-{i}" for i, (rule, _, _) in enumerate([*EDGE_BREAKS, *MACHINE_BREAKS, *MORE_BREAKS])],
)
def test_one_change_breaks_the_rule(rule: str, change: Change, expected: list[tuple[str, str]]) -> None:
    assert found(rule, example()) == []
    assert found(rule, change(example())) == expected


@pytest.mark.parametrize("rule, fix, there", FIXES, ids=[rule for rule, _, _ in FIXES])
def test_what_the_example_accepts_is_found_and_can_be_fixed(
    rule: str, fix: Change, there: list[tuple[str, str]]
) -> None:
    assert found(rule, example()) == there
    assert found(rule, fix(example())) == []


@pytest.mark.parametrize("delivery", DELIVERIES)
@pytest.mark.parametrize("name", EXAMPLES)
def test_no_example_breaks_a_grave_rule(name: str, delivery: str) -> None:
    counts = evaluate_posture(deployed(name, secretDelivery=delivery)).counts()
    assert (counts["critical"], counts["high"], counts["medium"]) == (0, 0, 0)


def test_the_most_severe_findings_come_first_and_no_stack_at_all_has_none() -> None:
    findings = evaluate_posture(deployed("maycast-recorder")).findings
    assert [f.rule.severity for f in findings] == sorted(
        (f.rule.severity for f in findings), key=SEVERITIES.index
    )
    assert evaluate_resources([]).findings == ()


# --- suppressions -----------------------------------------------------------------------------------------------------


def accept(rule: str, resource: str, **more: Any) -> Suppression:
    return Suppression.model_validate(
        {"rule": rule, "resource": resource, "reason": "Looked at in review 17.", **more}
    )


DAY = datetime.date(2026, 11, 21)


def judged(
    *accepted: Suppression, resources: Resources | None = None
) -> tuple[list[PostureFinding], tuple[str, ...]]:
    rules = [BY_ID["flow-logs"], BY_ID["single-zone"]]
    result = evaluate_resources(resources or example(), accepted, DAY, rules)
    return list(result.findings), result.notes


@pytest.mark.parametrize("resource", [f"{P}-network-vpc", "*-vpc", "*"])
def test_a_suppression_accepts_what_it_names_and_nothing_else(resource: str) -> None:
    findings, notes = judged(accept("flow-logs", resource))
    assert [(f.rule.id, f.accepted, f.open) for f in findings] == [
        ("flow-logs", "Looked at in review 17.", False),
        ("single-zone", "", True),
    ]
    assert notes == ()


@pytest.mark.parametrize("resource", [f"{P}-network", f"{P.upper()}-NETWORK-VPC"])
def test_a_suppression_names_the_whole_resource_letter_by_letter(resource: str) -> None:
    findings, notes = judged(accept("flow-logs", resource))
    assert [f.open for f in findings] == [True, True]
    assert len(notes) == 1


def test_a_suppression_that_fits_nothing_is_told() -> None:
    findings, notes = judged(accept("flow-logs", "*-other"))
    assert [f.open for f in findings] == [True, True]
    assert notes == (
        "suppress/0: flow-logs for *-other matches no resource with such a finding; remove it, or fix the resource's name",
    )


def test_a_suppression_ends_after_its_last_day() -> None:
    findings, notes = judged(
        accept("flow-logs", "*", until="2026-11-21"), accept("single-zone", "*", until="2026-11-20")
    )
    assert [(f.rule.id, f.open) for f in findings] == [("flow-logs", False), ("single-zone", True)]
    assert notes == (
        "suppress/1: single-zone for * ended on 2026-11-20; fix what it covered, or decide again",
    )


def test_the_stack_file_suppresses_and_every_report_shows_it() -> None:
    given = [{"rule": "files-transit", "resource": "*-files", "reason": "The uploads are public pictures."}]
    program = deployed("image2model", suppress=given)
    data = json.loads(to_json(build(program)))["posture"]
    assert data["counts"] == {"critical": 0, "high": 0, "medium": 0, "low": 1, "info": 4}
    assert [(f["rule"], f["accepted"]) for f in data["findings"] if f["accepted"]] == [
        ("files-transit", "The uploads are public pictures.")
    ]
    text = " ".join(to_text(build(program)).split())
    assert "mounted by plain NFS. Accepted: The uploads are public pictures." in text
    assert "0 critical, 0 high, 0 medium, 1 low, 4 info; 1 accepted" in text


def test_the_report_gives_each_finding_with_its_rule_in_full() -> None:
    (finding,) = to_data(evaluate_resources(example(), rules=[BY_ID["single-zone"]]))["findings"]
    rule = BY_ID["single-zone"]
    assert finding == {
        "rule": "single-zone",
        "severity": "info",
        "title": "The database runs in one zone",
        "resource": DATABASE,
        "detail": "no standby",
        "why": rule.why,
        "fix": rule.fix,
        "cure": rule.fix,
        "accepted": None,
    }


@pytest.mark.parametrize(("rule", "change"), HARMLESS)
def test_what_only_looks_like_a_violation_is_none(rule: str, change: Change) -> None:
    assert found(rule, change(example())) == []


@pytest.mark.parametrize(
    ("outputs", "expected"),
    [
        ({"key": f"«{P}-secrets-API_KEY.result»"}, [("output key", "plain text")]),
        ({"all": {"list": [f"k=«{P}-secrets-API_KEY.result»"]}}, [("output all.list[0]", "plain text")]),
        ({"key": Secret(f"«{P}-secrets-API_KEY.result»")}, []),
    ],
)
def test_a_secret_in_an_output_is_found(outputs: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    judged_ = evaluate_resources(example(), rules=[BY_ID["secret-in-output"]], outputs=outputs)
    assert [(f.resource, f.detail) for f in judged_.findings] == expected
