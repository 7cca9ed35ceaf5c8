"""Options, order, marks: what changes of a resource though none of its values does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from preview.analysis.verdict import compare
from preview.changes import Change, Consequence
from preview.resources import Secret
from tests.preview.programs import BUCKET, PARAMETER, ROLE, only, program, resource
from tests.preview.versions import named, paths, program_changed

pytestmark = pytest.mark.slow

RULESET = "cloudflare:index/ruleset:Ruleset"
ACCESS_APPLICATION = "cloudflare:index/zeroTrustAccessApplication:ZeroTrustAccessApplication"
ACCESS_POLICY = "cloudflare:index/zeroTrustAccessPolicy:ZeroTrustAccessPolicy"
TUNNEL_CONFIGURATION = "cloudflare:index/zeroTrustTunnelCloudflaredConfig:ZeroTrustTunnelCloudflaredConfig"
GROUP = "aws:autoscaling/group:Group"


def _rule(ref: str, action: str) -> dict[str, Any]:
    return {"ref": ref, "action": action, "expression": "true", "enabled": True}


def options(old: dict[str, Any], new: dict[str, Any], token: str = BUCKET) -> Change:
    before, after = (program(resource(token, "b", {"tags": {"a": "b"}}, **given)) for given in (old, new))
    return only(compare(before, after), "b")


def values(token: str, old: dict[str, Any], new: dict[str, Any], **given: Any) -> Change:
    before, after = (program(resource(token, "x", inputs, **given)) for inputs in (old, new))
    return only(compare(before, after), "x")


@pytest.mark.parametrize(
    ("old", "new", "path", "consequence"),
    [
        ({}, {"protect": True}, "protect", Consequence.NONE),
        ({"protect": True}, {}, "protect", Consequence.AT_RISK),
        ({}, {"retainOnDelete": True}, "retainOnDelete", Consequence.NONE),
        ({"retainOnDelete": True}, {}, "retainOnDelete", Consequence.AT_RISK),
        ({}, {"deleteBeforeReplace": True}, "deleteBeforeReplace", Consequence.NONE),
        ({}, {"ignoreChanges": ["tags"]}, "ignoreChanges", Consequence.NONE),
        ({"ignoreChanges": ["tags"]}, {}, "ignoreChanges", Consequence.NONE),
        ({"ignoreChanges": ["bucket"]}, {}, "ignoreChanges", Consequence.UNKNOWN),
        ({}, {"replaceOnChanges": ["tags"]}, "replaceOnChanges", Consequence.NONE),
        ({"additionalSecretOutputs": ["arn"]}, {}, "additionalSecretOutputs", Consequence.NONE),
        ({}, {"import": "existing"}, "import", Consequence.NONE),
        ({}, {"customTimeouts": {"create": "1h"}}, "customTimeouts", Consequence.NONE),
        ({}, {"version": "6.0.0"}, "version", Consequence.UNKNOWN),
        ({}, {"pluginDownloadURL": "https://x"}, "pluginDownloadURL", Consequence.UNKNOWN),
    ],
)
def test_an_option_that_differs_is_a_difference_with_a_meaning(
    old: dict[str, Any], new: dict[str, Any], path: str, consequence: Consequence
) -> None:
    change = options(old, new)
    assert (change.action, [d.path for d in change.differences]) == ("updated", [f"options.{path}"])
    assert (change.consequence, change.why != "") == (consequence, True)


def test_the_order_of_names_in_an_option_and_an_alias_that_changes_nothing_are_no_difference() -> None:
    assert options({"ignoreChanges": ["a", "b"]}, {"ignoreChanges": ["b", "a"]}).action == "unchanged"
    alias = [{"spec": {"name": "before", "parentUrn": ""}}]
    assert options({}, {"aliases": alias}).action == "unchanged"
    assert options({"aliases": alias}, {}).action == "unchanged"


@pytest.mark.parametrize(
    ("token", "name", "old", "new"),
    [
        ("aws:ec2/launchTemplate:LaunchTemplate", "imageId", "ami-x86", "ami-arm"),
        ("aws:rds/instance:Instance", "engineVersion", "16", "17"),
        (PARAMETER, "value", Secret("one"), Secret("two")),
    ],
)
def test_what_ignore_changes_hides_is_said_though_nothing_happens(
    token: str, name: str, old: Any, new: Any
) -> None:
    change = values(token, {name: old}, {name: new}, ignoreChanges=[name])
    assert (change.action, change.differences) == ("unchanged", ())
    assert [d.path for d in change.ignored] == [name]
    assert change.why == (
        f"the program has another {name}, and `ignoreChanges` keeps what is deployed: the edit is without effect"
    )


# Order --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("token", "name", "items"),
    [
        (RULESET, "rules", [_rule("a", "skip"), _rule("b", "block")]),
        (ACCESS_APPLICATION, "policies", [{"id": "1", "precedence": 1}, {"id": "2", "precedence": 2}]),
        ("aws:s3/bucket:Bucket", "lifecycleRules", [{"id": "a"}, {"id": "b"}]),
        (GROUP, "terminationPolicies", ["OldestInstance", "Default"]),
    ],
)
def test_another_order_is_a_difference_where_lists_are_read_in_order(
    token: str, name: str, items: list[Any]
) -> None:
    change = values(token, {name: items}, {name: items[::-1]})
    assert change.action == "updated"
    assert {d.path.partition("[")[0] for d in change.differences} == {name}


def test_a_rule_that_moves_is_told_of_as_one_that_moves() -> None:
    rules = [
        {"hostname": "h", "path": "/a", "service": "s"},
        {"hostname": "h", "path": "/b", "service": "s"},
        {"service": "http_status:404"},
    ]
    old, new = ({"config": {"ingresses": order}} for order in (rules, [rules[1], rules[0], rules[2]]))
    (difference,) = values(TUNNEL_CONFIGURATION, old, new).differences
    assert difference.path == "config.ingresses"
    moved = ["- hostname: h", "  path: /b", "  service: s"]
    assert [line for line in difference.lines if line[0] in "+-"] == [
        *(f"+{line}" for line in moved),
        *(f"-{line}" for line in moved),
    ]


@pytest.mark.parametrize(
    ("token", "name", "items"),
    [
        (GROUP, "vpcZoneIdentifiers", ["subnet-a", "subnet-b"]),
        (ACCESS_POLICY, "includes", [{"email": {"email": "a@x.io"}}, {"email": {"email": "b@x.io"}}]),
        (ACCESS_APPLICATION, "allowedIdps", ["1", "2"]),
        ("aws:cloudwatch/metricAlarm:MetricAlarm", "alarmActions", ["arn:1", "arn:2"]),
        ("aws:rds/parameterGroup:ParameterGroup", "parameters", [{"name": "a"}, {"name": "b"}]),
    ],
)
def test_another_order_of_a_set_is_no_difference_and_another_item_is_one_of_the_whole(
    token: str, name: str, items: list[Any]
) -> None:
    assert values(token, {name: items}, {name: items[::-1]}).action == "unchanged"
    change = values(token, {name: items}, {name: items[1:]})
    assert [(d.path, d.before, d.after) for d in change.differences] == [(name, items, items[1:])]


# Marks --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "leaf"),
    [
        ({"value": Secret("s")}, {"value": "s"}, "value"),
        ({"tags": {"a": Secret("s"), "b": "c"}}, {"tags": {"a": "s", "b": "c"}}, "tags.a"),
        ({"tags": Secret({"a": "s"})}, {"tags": {"a": "s"}}, "tags.a"),
        ({"value": Secret("s")}, {"value": "another"}, "value"),
    ],
)
def test_a_secret_that_is_made_plain_is_a_difference_even_where_its_value_stays(
    old: dict[str, Any], new: dict[str, Any], leaf: str
) -> None:
    change = values(PARAMETER, old, new)
    assert [(d.path, d.before, d.made_plain) for d in change.differences] == [(leaf, "[secret]", True)]
    back = values(PARAMETER, new, old)
    assert [(d.path, d.after, d.made_plain) for d in back.differences] == [(leaf, "[secret]", False)]


@pytest.mark.parametrize(
    ("token", "old", "new", "path"),
    [
        (PARAMETER, {"type": "SecureString"}, {"type": "String"}, "type"),
        ("cloudflare:index/dnsRecord:DnsRecord", {"proxied": True}, {"proxied": False}, "proxied"),
        (ROLE, {"maxSessionDuration": 3600}, {"maxSessionDuration": 43200}, "maxSessionDuration"),
    ],
)
def test_a_single_leaf_is_never_folded_away(
    token: str, old: dict[str, Any], new: dict[str, Any], path: str
) -> None:
    (difference,) = values(token, old, new).differences
    assert (difference.path, difference.before, difference.after) == (path, old[path], new[path])


@pytest.mark.parametrize(
    ("example", "file", "old", "new", "name", "path"),
    [
        ("casecheck", "components/secrets.py", '"SecureString"', '"String"', "parameters-SECRET_KEY", "type"),
        (
            "hipster-timer-backend",
            "components/firewall.py",
            "pulumi.Output.secret(secret)",
            "pulumi.Output.unsecret(secret)",
            "firewall-verify",
            "rules[0].actionParameters.headers.X-Origin-Verify.value",
        ),
        (
            "maycast-recorder",
            "components/host.py",
            "user_data=rendered,",
            "user_data=pulumi.Output.unsecret(rendered),",
            "host-template",
            "userData",
        ),
    ],
)
def test_a_program_that_makes_a_secret_plain_says_so_at_its_place(
    example: str, file: str, old: str, new: str, name: str, path: str, tmp_path: Path
) -> None:
    comparison = program_changed(tmp_path, example, (file, old, new))
    (difference,) = [d for d in named(comparison, name).differences if d.about_input]
    assert (difference.path, difference.made_plain) == (path, path != "type")


def test_a_secret_output_that_the_program_makes_plain_is_told_of(tmp_path: Path) -> None:
    edit = (
        "__main__.py",
        '"clientSecret": token.client_secret',
        '"clientSecret": pulumi.Output.unsecret(token.client_secret)',
    )
    comparison = program_changed(tmp_path, "memberapi", edit)
    assert [(output.name, output.made_plain) for output in comparison.outputs] == [("serviceTokens", True)]
    # The SDK marks this input by itself, whatever the program passes.
    edit = ("components/secrets.py", "value=value,", "value=pulumi.Output.unsecret(value),")
    assert paths(program_changed(tmp_path / "again", "casecheck", edit)) == {}
