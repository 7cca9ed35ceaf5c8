"""How two evaluations are compared, step by step: what differs, what moves with it, what is not known."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import pytest

from preview.analysis import gate
from preview.analysis.verdict import compare
from preview.changes import Consequence
from preview.diff.leaves import expanded
from preview.diff.lines import as_lines, diff_lines
from preview.report.json_report import to_json
from preview.report.report import build
from preview.report.text import to_text
from preview.resources import Evaluation, Secret, mask
from tests.evaluations import deployed
from tests.preview.programs import BUCKET, PARAMETER, ROLE, only, program, resource, urn


def test_the_same_stack_has_no_change() -> None:
    comparison = compare(deployed("image2model"), deployed("image2model"))
    assert (comparison.changed, comparison.exposures, comparison.consequence) == ((), (), Consequence.NONE)


def test_a_new_stack_is_created_and_a_removed_one_deleted() -> None:
    empty, full = program(), deployed("maycast-recorder")
    custom = [r.name for r in full.resources if r.options["custom"]]
    assert compare(empty, full).count() == {"created": len(custom)}
    gone = compare(full, empty)
    assert gone.count() == {"deleted": len(custom)}
    assert only(gone, "drawbridge-prod-storage-files").why == (
        "deleted, and with it every file of the volumes in `app.storage`; `pulumi up` refuses this while the resource is protected"
    )


def test_a_type_that_the_table_does_not_have_is_said_to_be_unknown() -> None:
    before, after = (
        program(resource("aws:lambda/function:Function", "f", {"runtime": r})) for r in ("a", "b")
    )
    change = only(compare(before, after), "f")
    assert (change.action, change.consequence) == ("unknown", Consequence.UNKNOWN)
    assert change.why == "whether a change of runtime replaces a aws:lambda:Function is not known here"
    grounds = {finding.ground for finding in gate.findings(compare(before, after))}
    # Whether it opens anything is as little known.
    assert grounds == {"unknown", "exposure"}


def test_a_replacement_names_the_inputs_that_cause_it_and_moves_what_reads_its_outputs() -> None:
    def version(name: str) -> Evaluation:
        role = resource(ROLE, "role", {"name": name, "path": "/"})
        profile = resource(
            "aws:iam/instanceProfile:InstanceProfile",
            "profile",
            {"role": "«role.id»", "path": "/"},
            {"role": [role.urn]},
        )
        attached = resource(
            "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
            "attached",
            {"role": "«role.id»"},
            {"role": [role.urn]},
        )
        return program(role, profile, attached)

    comparison = compare(version("a"), version("b"))
    assert (only(comparison, "role").action, only(comparison, "role").because) == ("replaced", ("name",))
    assert only(comparison, "profile").action == "updated"
    assert [(d.path, d.after) for d in only(comparison, "profile").differences] == [
        ("role", "«role.id» (another)")
    ]
    assert (only(comparison, "attached").action, only(comparison, "attached").because) == (
        "replaced",
        ("role",),
    )


def test_an_update_moves_on_only_the_outputs_that_change_with_it() -> None:
    def version(value: str) -> Evaluation:
        parameter = resource(PARAMETER, "p", {"name": "/p", "value": Secret(value)})
        reader = resource(
            ROLE,
            "reader",
            {"description": "«p.version»", "path": "«p.arn»"},
            {"description": [parameter.urn], "path": [parameter.urn]},
        )
        return program(parameter, reader)

    change = only(compare(version("one"), version("two")), "reader")
    assert [d.path for d in change.differences] == ["description"]


def test_a_secret_that_changes_is_named_and_never_shown() -> None:
    before, after = (
        program(resource(PARAMETER, "p", {"name": "/p", "value": Secret(v)}))
        for v in ("hunter22", "hunter33")
    )
    comparison = compare(before, after)
    (difference,) = only(comparison, "p").differences
    assert (difference.path, difference.before, difference.after) == (
        "value",
        "[secret]",
        "[secret] (another)",
    )
    judged = gate.decide(comparison, [])
    whole = build(after, comparison, judged)
    for report in (to_json(whole), to_text(whole)):
        assert "hunter" not in report


def test_a_secret_that_becomes_plain_is_an_exposure() -> None:
    before = program(
        resource(PARAMETER, "p", {"value": Secret("hunter2222")}), outputs={"a": Secret("another-secret")}
    )
    after = program(resource(PARAMETER, "p", {"value": "hunter2222"}), outputs={"b": "another-secret"})
    assert [(e.kind, e.subject) for e in compare(before, after).exposures] == [
        ("secret", "outputs"),
        ("secret", "p"),
    ]


def test_ignored_inputs_are_no_change() -> None:
    before, after = (
        program(resource(ROLE, "r", {"name": n, "path": "/"}, ignoreChanges=["name"])) for n in ("a", "b")
    )
    assert compare(before, after).changed == ()


def test_losing_protection_is_a_change_of_its_own_and_a_risk_for_data() -> None:
    before, after = (program(resource(BUCKET, "b", {}, protect=on)) for on in (True, False))
    change = only(compare(before, after), "b")
    assert (change.action, change.consequence, change.why) == (
        "updated",
        Consequence.AT_RISK,
        "Pulumi no longer refuses to delete it",
    )
    role = [program(resource(ROLE, "r", {}, protect=on)) for on in (True, False)]
    assert compare(*role).consequence == Consequence.NONE


@pytest.mark.parametrize("alias", [{"urn": urn(BUCKET, "old")}, {"spec": {"name": "old"}}])
def test_a_renamed_resource_with_an_alias_is_the_same_one(alias: dict[str, Any]) -> None:
    before, after = (
        program(resource(BUCKET, "old", {})),
        program(resource(BUCKET, "new", {}, aliases=[alias])),
    )
    assert compare(before, after).count() == {"unchanged": 1}


def test_a_renamed_resource_without_an_alias_loses_its_data() -> None:
    comparison = compare(program(resource(BUCKET, "old", {})), program(resource(BUCKET, "new", {})))
    assert comparison.count() == {"created": 1, "deleted": 1}
    assert comparison.consequence == Consequence.DATA_LOSS


def test_cloud_init_differs_by_lines_of_the_compose_file_in_it() -> None:
    release = {
        "RELEASE": "v9",
        "PUBLIC_URL": "https://models.example.com",
        "ADMIN_URL": "https://admin.example.com",
        "ALLOWED_HOSTS": "models.example.com",
    }
    import yaml

    from tests.evaluations import example_file

    app = yaml.safe_load(example_file("image2model").read_text())["config"]["drawbridge:app"]
    comparison = compare(
        deployed("image2model"), deployed("image2model", app={**app, "env": {**app["env"], **release}})
    )
    (difference,) = only(comparison, "drawbridge-prod-host-template").differences
    assert difference.path == "userData"
    changed = [line.strip() for line in difference.lines if line[0] in "+-"]
    assert {line[1:].strip().rstrip(",") for line in changed} == {
        '"RELEASE": "v2.3.1"',
        '"RELEASE": "v9"',
        '"ALLOWED_HOSTS": "models.example.com,admin.example.com"',
        '"ALLOWED_HOSTS": "models.example.com"',
    }


def test_what_is_packed_is_looked_into() -> None:
    token = base64.b64encode(json.dumps({"s": "«secret.base64»"}).encode()).decode()
    packed = base64.b64encode(
        gzip.compress(f"token: {token}\nurl: postgres://%C2%ABpw.result%C2%BB@db".encode(), mtime=0)
    ).decode()
    assert "«secret.base64»" in expanded(packed)
    assert "«pw.result»" in expanded(packed)
    assert "«role.arn»" in expanded(json.dumps({"Resource": "«role.arn»"}))


def test_expressions_and_json_are_compared_term_by_term() -> None:
    lines = diff_lines(
        as_lines('http.host in {"a"} and http.x eq 1 or b'),
        as_lines('http.host in {"a"} and http.x eq 2 or b'),
    )
    assert lines == (
        "@@ -1,3 +1,3 @@",
        ' http.host in {"a"}',
        "-and http.x eq 1",
        "+and http.x eq 2",
        " or b",
    )
    assert diff_lines(as_lines('{"a":[1]}'), as_lines('{"a":[2]}')) == (
        "@@ -1,5 +1,5 @@",
        " {",
        '   "a": [',
        "-    1",
        "+    2",
        "   ]",
        " }",
    )


def test_a_rule_that_comes_in_between_is_the_only_one_that_differs() -> None:
    rules = [{"path": "/a", "hostname": "h.x.io", "limit": 3}, {"path": "/c", "hostname": "h.x.io"}]
    between = [rules[0], {"path": "/b", "hostname": "h.x.io"}, rules[1]]
    (change,) = compare(
        program(resource(BUCKET, "b", {"rules": rules})), program(resource(BUCKET, "b", {"rules": between}))
    ).changes
    (difference,) = change.differences
    assert (difference.path, difference.before, difference.after) == ("rules", mask(rules), mask(between))
    assert difference.lines == (
        "@@ -2,4 +2,6 @@",
        "   limit: 3",
        "   path: /a",
        " - hostname: h.x.io",
        "+  path: /b",
        "+- hostname: h.x.io",
        "   path: /c",
    )


def test_objects_that_stay_as_many_differ_by_their_leaves_and_a_secret_that_differs_is_told_of() -> None:
    one, other = [{"a": 1, "b": 2}, {"a": 3}], [{"a": 1, "b": 4}, {"a": 3}]
    (change,) = compare(
        program(resource(BUCKET, "b", {"rules": one})), program(resource(BUCKET, "b", {"rules": other}))
    ).changes
    assert [(d.path, d.before, d.after) for d in change.differences] == [("rules[0].b", 2, 4)]
    old, new = ({"rules": [{"a": Secret(word)}]} for word in ("canary-1", "canary-2"))
    (change,) = compare(program(resource(BUCKET, "b", old)), program(resource(BUCKET, "b", new))).changes
    assert [(d.path, d.after) for d in change.differences] == [("rules[0].a", "[secret] (another)")]


def test_a_list_that_makes_its_resource_anew_says_so_as_a_whole() -> None:
    token = "aws:ec2/launchTemplate:LaunchTemplate"
    old, new = ({"tags": [{"k": n} for n in range(count)]} for count in (1, 2))
    forced = program(resource(token, "t", new, replaceOnChanges=["tags"]))
    (change,) = compare(program(resource(token, "t", old)), forced).changes
    assert (change.action, change.because, [d.path for d in change.differences]) == (
        "replaced",
        ("tags",),
        ["options.replaceOnChanges", "tags"],
    )


# The gate ---------------------------------------------------------------------------------------------------------------

LOST = (program(resource(BUCKET, "b", {})), program())


def acknowledged(evaluation: Evaluation, *listed: tuple[str, str]) -> Evaluation:
    items = [{"change": change, "of": of, "reason": "We moved it"} for change, of in listed]
    return Evaluation(**{**vars(evaluation), "config": {"drawbridge:acknowledge": json.dumps(items)}})


def test_the_gate_closes_on_the_grounds_that_it_is_given_alone() -> None:
    comparison = compare(*LOST)
    assert gate.decide(comparison, ["exposure", "replace", "downtime"]).closed is False
    assert [f.subject for f in gate.decide(comparison, ["data-loss"]).closed_by] == ["b"]


def test_an_acknowledgement_lets_its_own_change_pass_and_is_shown() -> None:
    judged = gate.decide(compare(LOST[0], acknowledged(LOST[1], ("data-loss", "b"))), ["data-loss"])
    assert (judged.closed, [f.reason for f in judged.acknowledged], judged.warnings) == (
        False,
        ["We moved it"],
        (),
    )


def test_an_acknowledgement_of_another_change_lets_nothing_pass() -> None:
    judged = gate.decide(
        compare(LOST[0], acknowledged(LOST[1], ("data-loss", "c"), ("exposure", "b"))), ["data-loss"]
    )
    assert judged.closed
    assert judged.warnings == (
        "acknowledge: data-loss of c matches no change in this comparison. Fix the name or remove it.",
        "acknowledge: exposure of b matches no change in this comparison. Fix the name or remove it.",
    )


def test_an_acknowledgement_that_was_there_before_is_spent() -> None:
    listed = ("data-loss", "b")
    judged = gate.decide(compare(acknowledged(LOST[0], listed), acknowledged(LOST[1], listed)), ["data-loss"])
    assert judged.closed
    assert judged.warnings == (
        "acknowledge: data-loss of b was acknowledged for an earlier change. Remove the entry.",
    )
