"""The report for code scanning, judged by OASIS's own schema of SARIF 2.1.0."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from preview.analysis import gate
from preview.analysis.gate import Gate
from preview.analysis.verdict import compare
from preview.changes import Cause, Comparison, Edited, Exposure
from preview.evaluate.places import Places, lines_of, of_repository
from preview.report.report import Report
from preview.report.report import build as built
from preview.report.sarif import to_sarif
from preview.resources import Evaluation, Secret
from tests.evaluations import EXAMPLES, ROOT, deployed

SCHEMA = json.loads((Path(__file__).parent / "schemas" / "sarif-schema-2.1.0.json").read_text())
EXAMPLE = "examples/image2model/Pulumi.prod.yaml"
PLACES = Places(file=EXAMPLE, lines=lines_of(ROOT / EXAMPLE))
ACCESS = {
    "users": {"allow": {"everyone": True}},
    "admins": {"allow": {"emails": ["ops@example.com"]}, "mfa": True},
}


def build(
    evaluation: Evaluation,
    comparison: Comparison | None = None,
    judged: Gate | None = None,
    places: Places = PLACES,
) -> Report:
    return dataclasses.replace(built(evaluation, comparison, judged), places=places)


def run_of(text: str) -> dict[str, Any]:
    """The one run of a document that the schema takes."""
    document = json.loads(text)
    jsonschema.Draft4Validator(SCHEMA).validate(document)
    (run,) = document["runs"]
    return dict(run)


def line(text: str) -> int:
    """Of the example's stack file: the first that has a text."""
    lines = (ROOT / EXAMPLE).read_text().splitlines()
    return next(number for number, item in enumerate(lines, 1) if text in item)


def by_rule(run: dict[str, Any], rule: str) -> list[dict[str, Any]]:
    return [result for result in run["results"] if result["ruleId"] == rule]


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_gives_a_valid_document_with_all_its_findings(name: str) -> None:
    report = build(deployed(name))
    run = run_of(to_sarif(report))
    assert len(run["results"]) == len(report.posture.findings)
    rules = run["tool"]["driver"]["rules"]
    assert [rules[result["ruleIndex"]]["id"] for result in run["results"]] == [
        result["ruleId"] for result in run["results"]
    ]


def test_a_rule_has_its_reason_its_fix_and_its_severity() -> None:
    run = run_of(to_sarif(build(deployed("image2model"))))
    (rule,) = [rule for rule in run["tool"]["driver"]["rules"] if rule["id"] == "posture/flow-logs"]
    assert rule["shortDescription"] == {"text": "The VPC's traffic is not recorded"}
    assert rule["help"]["text"].endswith(
        "Fix: Make an `aws.ec2.FlowLog` for the VPC, or suppress this with the reason."
    )
    assert rule["properties"] == {
        "security-severity": "2.0",
        "precision": "high",
        "tags": ["security", "posture"],
    }
    assert rule["defaultConfiguration"] == {"level": "note"}


def test_what_is_accepted_is_a_suppressed_result_with_its_reason() -> None:
    listed = [{"rule": "single-zone", "resource": "*", "reason": "One zone is enough for this."}]
    run = run_of(to_sarif(build(deployed("image2model", suppress=listed))))
    (result,) = by_rule(run, "posture/single-zone")
    assert result["suppressions"] == [{"kind": "inSource", "justification": "One zone is enough for this."}]


def opened() -> Comparison:
    """Everyone who has an account gets in, and the database is public and replaced."""
    before = deployed("image2model")
    after = deployed("image2model", access=ACCESS)
    changed = []
    for resource in after.resources:
        if resource.type == "aws:rds/instance:Instance":
            raw = {**resource.raw, "publiclyAccessible": True, "storageEncrypted": False}
            resource = dataclasses.replace(resource, raw=raw, inputs={**resource.inputs, **raw_plain(raw)})
        changed.append(resource)
    return compare(before, dataclasses.replace(after, resources=tuple(changed)))


def raw_plain(raw: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in raw.items() if not isinstance(value, Secret)}


def test_a_comparison_gives_what_the_change_brings_and_nothing_else() -> None:
    comparison = opened()
    run = run_of(to_sarif(build(comparison.after, comparison, gate.decide(comparison, ()))))
    ids = {result["ruleId"] for result in run["results"]}
    assert {"posture/database-public", "posture/state-encryption", "posture/access-everyone"} <= ids
    assert {"change/data-loss", "change/replace", "exposure/login-loosened"} <= ids
    assert "posture/flow-logs" not in ids
    (result,) = by_rule(run, "posture/database-public")
    assert (result["level"], result["message"]["text"]) == (
        "error",
        "drawbridge-prod-database-postgres: the Internet may reach the database: publiclyAccessible True",
    )
    assert "suppressions" not in result


def test_what_is_acknowledged_is_suppressed() -> None:
    comparison = opened()
    entry = [
        {
            "change": "posture",
            "of": "database-public/drawbridge-prod-database-postgres",
            "reason": "For a day",
        }
    ]
    after = dataclasses.replace(
        comparison.after, config={**comparison.after.config, "drawbridge:acknowledge": json.dumps(entry)}
    )
    comparison = dataclasses.replace(comparison, after=after)
    run = run_of(to_sarif(build(after, comparison, gate.decide(comparison, ["posture"]))))
    (result,) = by_rule(run, "posture/database-public")
    assert result["suppressions"] == [{"kind": "inSource", "justification": "For a day"}]


# Where ------------------------------------------------------------------------------------------------------------------


def place_of(result: dict[str, Any]) -> tuple[str, int]:
    physical = result["locations"][0]["physicalLocation"]
    return physical["artifactLocation"]["uri"], physical["region"]["startLine"]


def test_a_finding_stands_at_the_section_of_its_component() -> None:
    run = run_of(to_sarif(build(deployed("image2model"))))
    places = {result["ruleId"]: place_of(result) for result in run["results"]}
    assert places["posture/single-zone"] == (EXAMPLE, line("drawbridge:database:"))
    assert places["posture/single-machine"] == (EXAMPLE, line("drawbridge:host:"))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("database", (EXAMPLE, line("drawbridge:database:"))),
        ("components/database.py", ("app%20one/components/database.py", 1)),
        ("compose.yaml: services.backend.image", ("app%20one/compose.yaml", 1)),
    ],
)
def test_a_result_stands_at_the_edit_that_causes_it(path: str, expected: tuple[str, int]) -> None:
    comparison = opened()
    urns = frozenset(change.urn for change in comparison.changed if change.type.startswith("aws:rds"))
    comparison = dataclasses.replace(comparison, causes=(Cause(edits=(Edited(path=path),), urns=urns),))
    places = dataclasses.replace(PLACES, root="app one")
    run = run_of(to_sarif(build(comparison.after, comparison, gate.decide(comparison, ()), places=places)))
    assert [place_of(result) for result in by_rule(run, "posture/database-public")] == [expected]


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("models.example.com", line("hostname: models.example.com")),
        ("models.example.com/api/v1/admin/*", line("path: /api/v1/admin/*, service")),
        ("models.example.com/api/v1/admin", line("path: /api/v1/admin/*, service")),
        ("admin.example.com/anything", line("hostname: admin.example.com")),
        ("drawbridge-prod-access-policy-users", line("drawbridge:access:")),
        ("elsewhere.example.com", 1),
    ],
)
def test_an_exposure_stands_at_the_route_or_the_section_of_its_subject(subject: str, expected: int) -> None:
    exposed = (Exposure(kind="reachable", subject=subject, text=f"{subject} answers"),)
    comparison = dataclasses.replace(opened(), exposures=exposed)
    run = run_of(to_sarif(build(comparison.after, comparison, gate.decide(comparison, ()))))
    assert [place_of(result) for result in by_rule(run, "exposure/reachable")] == [(EXAMPLE, expected)]


def test_two_stacks_of_a_repository_have_alerts_of_their_own() -> None:
    def prints(stack: str) -> set[str]:
        evaluation = dataclasses.replace(deployed("image2model"), stack=stack)
        run = run_of(to_sarif(build(evaluation)))
        return {result["partialFingerprints"]["drawbridge/v1"] for result in run["results"]}

    assert prints("prod").isdisjoint(prints("staging"))


def test_a_fingerprint_stays_when_only_lines_move() -> None:
    def prints(places: Places) -> list[str]:
        run = run_of(to_sarif(build(deployed("image2model"), places=places)))
        return [result["partialFingerprints"]["drawbridge/v1"] for result in run["results"]]

    moved = dataclasses.replace(PLACES, lines={path: number + 7 for path, number in PLACES.lines.items()})
    found = prints(PLACES)
    assert found == prints(moved)
    assert len(set(found)) == len(found)


def test_every_setting_of_a_stack_file_has_its_line(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.prod.yaml"
    file.write_text(
        "encryptionsalt: v1\nconfig:\n  aws:region: eu-west-1\n  drawbridge:app:\n    env:\n      A_B: x\n"
        "  drawbridge:routes:\n    - {hostname: a}\n    - hostname: b\n      path: /x\n"
    )
    assert lines_of(file) == {
        "aws:region": 3,
        "app": 4,
        "app.env": 5,
        "app.env.A_B": 6,
        "routes": 7,
        "routes[0]": 8,
        "routes[0].hostname": 8,
        "routes[1]": 9,
        "routes[1].hostname": 9,
        "routes[1].path": 10,
    }
    assert lines_of(tmp_path / "none.yaml") == {}


def test_paths_are_those_of_the_repository(tmp_path: Path) -> None:
    root = tmp_path / "apps" / "web"
    root.mkdir(parents=True)
    assert of_repository(root, root / "Pulumi.prod.yaml") == "Pulumi.prod.yaml"
    (tmp_path / ".git").mkdir()
    assert of_repository(root, root / "Pulumi.prod.yaml") == "apps/web/Pulumi.prod.yaml"
    assert (of_repository(root, root), of_repository(tmp_path, tmp_path)) == ("apps/web", "")


def test_the_same_report_gives_the_same_bytes() -> None:
    program: Evaluation = deployed("memberapi")
    assert to_sarif(build(program)) == to_sarif(build(program))
