"""What changes for a stack as a whole: its providers, its outputs, its name, its file."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from preview.analysis import gate
from preview.analysis.verdict import compare
from preview.changes import Comparison, Consequence
from preview.report.json_report import to_json
from preview.report.report import build
from preview.report.text import to_text
from preview.resources import Evaluation, Resource, Secret
from tests.preview.programs import BUCKET, ROLE, only, program, resource

RECORD = "cloudflare:index/dnsRecord:DnsRecord"
DATABASE = "aws:rds/instance:Instance"
ACCOUNT = {"roleArn": "arn:aws:iam::111111111111:role/deploy"}


def stack(aws: dict[str, Any] | None = None, *more: Resource, **cloudflare: Any) -> Evaluation:
    """A database, a role and a DNS record under providers with these settings."""
    made = program(
        resource(DATABASE, "db", {"tags": {"a": "b"}}),
        resource(ROLE, "role", {}),
        resource(RECORD, "dns", {}),
        *more,
    )
    config = {f"aws:{key}": value for key, value in (aws or {}).items()}
    config |= {f"cloudflare:{key}": value for key, value in cloudflare.items()}
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()}
    return replace(made, config=texts)


def actions(comparison: Comparison) -> dict[str, str]:
    return {change.name: change.action for change in comparison.changes}


# Providers ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            {"assumeRoles": [ACCOUNT]},
            {"assumeRoles": [{"roleArn": "arn:aws:iam::222222222222:role/deploy"}]},
        ),
        (
            {"profile": "a", "allowedAccountIds": ["111111111111"]},
            {"profile": "b", "allowedAccountIds": ["222222222222"]},
        ),
        (
            {"assumeRoles": [{"roleArn": "arn:aws:iam::333333333333:role/hop"}, ACCOUNT]},
            {"assumeRoles": [ACCOUNT, {"roleArn": "arn:aws:iam::333333333333:role/hop"}]},
        ),
    ],
)
def test_another_account_makes_everything_anew_and_leaves_the_former_alone(
    old: dict[str, Any], new: dict[str, Any]
) -> None:
    comparison = compare(stack(old), stack(new))
    assert actions(comparison) == {"db": "replaced", "role": "replaced", "dns": "unchanged"}
    (whole,) = comparison.stack_changes
    assert (whole.kind, whole.subject, whole.consequence) == ("provider", "aws", Consequence.DATA_LOSS)
    assert ("data-loss", "aws") in {
        (f.ground, f.subject) for f in gate.decide(comparison, ["data-loss"]).closed_by
    }


@pytest.mark.parametrize(
    ("old", "new", "setting"),
    [
        ({}, {"profile": "b"}, "profile"),
        ({"profile": "a"}, {"profile": "b"}, "profile"),
        ({}, {"assumeRoles": [ACCOUNT]}, "assumeRoles"),
        ({}, {"endpoints": [{"rds": "http://localhost:4566"}]}, "endpoints"),
        ({}, {"somethingNew": "x"}, "somethingNew"),
    ],
)
def test_where_another_place_cannot_be_ruled_out_nothing_is_unchanged(
    old: dict[str, Any], new: dict[str, Any], setting: str
) -> None:
    comparison = compare(stack(old), stack(new))
    assert actions(comparison) == {"db": "unknown", "role": "unknown", "dns": "unchanged"}
    assert [d.path for d in only(comparison, "db").differences] == [f"provider.{setting}"]
    assert comparison.stack_changes[0].consequence == Consequence.UNKNOWN


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            {"assumeRoles": [ACCOUNT]},
            {"assumeRoles": [{"roleArn": "arn:aws:iam::111111111111:role/other"}]},
        ),
        (
            {"profile": "a", "allowedAccountIds": ["111111111111"]},
            {"profile": "b", "allowedAccountIds": ["111111111111"]},
        ),
        ({"maxRetries": "5"}, {"maxRetries": "10"}),
        ({"allowedAccountIds": ["111111111111"]}, {}),
    ],
)
def test_another_way_to_the_same_account_harms_nothing_and_is_said(
    old: dict[str, Any], new: dict[str, Any]
) -> None:
    comparison = compare(stack(old), stack(new))
    assert set(actions(comparison).values()) <= {"updated", "unchanged"}
    assert (len(comparison.stack_changes), comparison.stack_changes[0].consequence) == (1, Consequence.NONE)
    assert not gate.decide(comparison, list(gate.GROUNDS)).closed


def test_default_tags_are_an_update_of_each_resource() -> None:
    tagged = stack({"defaultTags": {"tags": {"owner": "us"}}})
    assert actions(compare(stack(), tagged)) == {"db": "updated", "role": "updated", "dns": "unchanged"}
    assert compare(stack(), tagged).consequence == Consequence.IN_PLACE


def test_another_region_replaces_what_lies_in_one_and_not_what_is_global() -> None:
    comparison = compare(stack({"region": "eu-west-1"}), stack({"region": "us-east-1"}))
    assert actions(comparison) == {"db": "replaced", "role": "unchanged", "dns": "unchanged"}
    assert only(comparison, "db").because == ("region",)


def test_a_providers_token_is_never_shown() -> None:
    before, after = stack(apiToken="token-one-that-is-plain"), stack(apiToken="token-two-that-is-plain")
    comparison = compare(before, after)
    assert actions(comparison)["dns"] == "updated"
    assert comparison.consequence == Consequence.IN_PLACE
    whole = build(after, comparison, gate.decide(comparison, []))
    for text in (to_json(whole), to_text(whole), str(comparison.stack_changes)):
        assert "that-is-plain" not in text
    assert actions(compare(stack(), stack(baseUrl="https://api.example.com")))["dns"] == "unknown"


def test_an_explicit_provider_is_compared_by_its_settings_and_not_by_its_name() -> None:
    def version(name: str, region: str) -> Evaluation:
        provider = resource("pulumi:providers:aws", name, {"region": region})
        made = resource(DATABASE, "db", {}, provider=f"{provider.urn}::«{name}.id»")
        return replace(program(provider, made), config={"aws:region": "eu-west-1"})

    plain = replace(program(resource(DATABASE, "db", {})), config={"aws:region": "eu-west-1"})
    assert only(compare(plain, version("p", "eu-west-1")), "db").action == "unchanged"
    assert only(compare(version("p", "eu-west-1"), version("q", "eu-west-1")), "db").action == "unchanged"
    moved = compare(plain, version("p", "us-east-1"))
    assert (only(moved, "db").action, only(moved, "db").consequence) == ("replaced", Consequence.DATA_LOSS)


# Outputs ------------------------------------------------------------------------------------------------------------------


def outputs(old: dict[str, Any], new: dict[str, Any]) -> list[tuple[str, str, bool, bool]]:
    comparison = compare(program(outputs=old), program(outputs=new))
    return [(o.name, o.action, o.another_kind, o.made_plain) for o in comparison.outputs]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"a": "x"}, {"a": "x"}, []),
        ({"a": "x"}, {}, [("a", "removed", False, False)]),
        ({}, {"a": "x"}, [("a", "added", False, False)]),
        ({"a": "x"}, {"a": "y"}, [("a", "changed", False, False)]),
        ({"a": "x"}, {"a": ["x"]}, [("a", "changed", True, False)]),
        ({"a": {"b": 1}}, {"a": "x"}, [("a", "changed", True, False)]),
        ({"a": Secret("s")}, {"a": "s"}, [("a", "changed", False, True)]),
        ({"a": {"b": Secret("s"), "c": 1}}, {"a": {"b": "s", "c": 1}}, [("a", "changed", False, True)]),
        ({"a": [Secret("s")]}, {"a": ["s"]}, [("a", "changed", False, True)]),
        ({"a": "s"}, {"a": Secret("s")}, [("a", "changed", False, False)]),
        ({"a": Secret("s")}, {"a": Secret("t")}, [("a", "changed", False, False)]),
    ],
)
def test_outputs_are_compared_like_resources(
    old: dict[str, Any], new: dict[str, Any], expected: list[Any]
) -> None:
    assert outputs(old, new) == expected


def test_a_secret_output_is_never_shown_where_it_changes() -> None:
    (one,) = compare(
        program(outputs={"a": Secret("canary-1")}), program(outputs={"a": Secret("canary-2")})
    ).outputs
    (difference,) = one.differences
    assert (difference.before, difference.after) == ("[secret]", "[secret] (another)")


def test_an_output_that_holds_what_a_replaced_resource_gives_changes_with_it() -> None:
    def version(name: str) -> Evaluation:
        return program(resource(BUCKET, "b", {"bucket": name}), outputs={"arn": "«b.arn»", "name": "«c.arn»"})

    assert [o.name for o in compare(version("x"), version("y")).outputs] == ["arn"]


# The stack itself ---------------------------------------------------------------------------------------------------------


def test_another_project_is_a_new_stack_and_the_former_is_left_running() -> None:
    before, after = stack(), replace(stack(), project="other")
    (whole,) = compare(before, after).stack_changes
    assert (whole.kind, whole.subject) == ("project", "other")
    assert [(e.consequence, e.loss) for e in whole.effects] == [
        (Consequence.DATA_LOSS, "rows"),
        (Consequence.DOWNTIME, None),
    ]


@pytest.mark.parametrize(
    ("old", "new", "consequence"),
    [
        # Both programs have run: what they register otherwise is compared.
        ({"main": "."}, {"main": "../other"}, Consequence.NONE),
        ({}, {"main": "../drawbridge"}, Consequence.NONE),
        ({"runtime": "python"}, {"runtime": "nodejs"}, Consequence.UNKNOWN),
        ({"runtime": {"name": "python"}}, {"runtime": {"name": "yaml"}}, Consequence.UNKNOWN),
        (
            {"runtime": "python"},
            {"runtime": {"name": "python", "options": {"toolchain": "uv"}}},
            Consequence.NONE,
        ),
        ({}, {"backend": {"url": "s3://other"}}, Consequence.DATA_LOSS),
    ],
)
def test_another_program_in_the_project_file_is_said(
    old: dict[str, Any], new: dict[str, Any], consequence: Consequence
) -> None:
    before, after = (replace(stack(), project_file=told) for told in (old, new))
    (whole,) = compare(before, after).stack_changes
    assert whole.consequence == consequence
