"""What a look at the clouds found is judged: drift, known noise, and entries of the noise list that nobody looked at again."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preview.drift import (
    Drift,
    DriftChange,
    DriftError,
    Noise,
    _shown,
    classify,
    foreign_rules,
    found,
    main,
    read_noise,
    to_json,
    to_markdown,
    to_text,
)
from tests.evaluations import ROOT

TODAY = datetime.date(2026, 11, 21)
DATABASE = "aws:rds/instance:Instance"
URN = "urn:pulumi:prod::drawbridge::drawbridge:index:Database$aws:rds/instance:Instance::drawbridge-prod-database"
MOVED = DriftChange(
    kind="changed", type=DATABASE, name="db", property="latestRestorableTime", before='"a"', after='"b"'
)
OPENED = DriftChange(
    kind="changed", type=DATABASE, name="db", property="publiclyAccessible", before="false", after="true"
)


def noise(**changes: Any) -> Noise:
    entry = {
        "type": DATABASE,
        "property": "latestRestorableTime",
        "why": "moves",
        "link": "https://a.example/1",
        "until": TODAY,
    }
    return Noise.model_validate({**entry, **changes})


def step(op: str, **more: Any) -> dict[str, Any]:
    return {"op": op, "urn": URN, **more}


def test_what_the_engine_found_is_read_property_by_property() -> None:
    before = {"outputs": {"tags": {"a.b": "x"}, "rules": [{"port": 22}], "password": "[secret]", "old": 1}}
    after = {
        "outputs": {
            "tags": {"a.b": "y"},
            "rules": [{"port": 23}, {"port": 80}],
            "password": "[secret]",
            "long": "z" * 200,
        }
    }
    paths = ['tags["a.b"]', "rules[0].port", "rules[1].port", "password", "old", "long"]
    document = {
        "steps": [
            step("refresh", oldState=before, newState=after),
            step("same", oldState=before, newState=after),
            step("update", oldState=before, newState=after, detailedDiff=dict.fromkeys(paths)),
            step("update", oldState=before, newState=after, diffReasons=["old"], detailedDiff=None),
            step("update", oldState=before, newState=after),
            step("delete", oldState=before),
        ]
    }
    assert [(c.kind, c.type, c.name) for c in found(document)] == [
        ("changed", DATABASE, "drawbridge-prod-database")
    ] * 8 + [("gone", DATABASE, "drawbridge-prod-database")]
    assert [(c.property, c.before, c.after) for c in found(document)] == [
        ("long", "absent", '"' + "z" * 98 + "…"),
        ("old", "1", "absent"),
        ("password", "[secret]", "[secret]"),
        ("rules[0].port", "22", "23"),
        ("rules[1].port", "absent", "80"),
        ('tags["a.b"]', '"x"', '"y"'),
        ("old", "1", "absent"),
        ("", "", ""),
        ("", "", ""),
    ]


@given(
    st.text(),
    st.recursive(st.none() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)),
)
def test_any_path_into_any_value_is_shown_in_a_bounded_length(path: str, value: Any) -> None:
    assert len(_shown({"a": value}, path)) <= 100


def test_noise_is_explained_while_its_entry_is_in_force() -> None:
    entry, other = noise(), noise(property="status")
    assert classify([MOVED, OPENED], [entry, other], TODAY) == Drift(
        changes=(OPENED,), noise=(MOVED,), expired=(), idle=(other,)
    )
    after = classify([MOVED], [entry], TODAY + datetime.timedelta(days=1))
    assert (after, after.clean) == (Drift(changes=(MOVED,), noise=(), expired=(entry,), idle=()), False)
    assert classify([MOVED], [entry], TODAY).clean
    assert not classify([], [entry], TODAY + datetime.timedelta(days=1)).clean


@pytest.mark.parametrize(
    ("pattern", "path", "covered"),
    [
        ("rules[*].id", "rules[12].id", True),
        ("rules[*].id", "rules[1].idle", False),
        ("rules[*].id", "rules[x].id", False),
        ("rules[*].id", "other.rules[1].id", False),
        ("a.b", "a.b", True),
        ("a.b", "axb", False),
        ("rules", "rules[0].action", False),
        ('tags["a.b"]', 'tags["a.b"]', True),
    ],
)
def test_an_entry_covers_its_own_property_and_nothing_near_it(pattern: str, path: str, covered: bool) -> None:
    assert (
        noise(property=pattern).covers(DriftChange(kind="changed", type=DATABASE, name="db", property=path))
        is covered
    )


def test_noise_never_covers_another_type_nor_what_is_gone_or_added() -> None:
    about = {"type": DATABASE, "name": "db", "property": "latestRestorableTime"}
    assert noise().covers(DriftChange(kind="changed", **about))
    assert not noise().covers(DriftChange(kind="gone", **about)) and not noise().covers(
        DriftChange(kind="added", **about)
    )
    assert not noise().covers(DriftChange(kind="changed", **{**about, "type": "aws:rds/cluster:Cluster"}))


def test_all_that_is_wrong_with_a_noise_list_is_said_at_once(tmp_path: Path) -> None:
    file = tmp_path / "noise.yaml"
    file.write_text(
        f"- {{type: {DATABASE}, property: '[*]', why: w, link: https://a.example, until: 2027-01-01}}\n"
        f"- {{type: rds, property: p, why: '', link: see slack, until: soon, reason: x}}\n"
    )
    with pytest.raises(DriftError) as caught:
        read_noise(file)
    assert str(caught.value).splitlines() == [
        f'{file}:1 [0].property: expected the path of one property, for a whole resource is never noise, found "[*]"',
        f'{file}:2 [1].type: expected text like ^[a-z][a-z0-9-]*:[\\w/]+:\\w+$, found "rds"',
        f'{file}:2 [1].why: expected text that is not empty, found ""',
        f'{file}:2 [1].link: expected text like ^https://\\S+$, found "see slack"',
        f'{file}:2 [1].until: expected a date such as 2027-03-31, found "soon"',
        f"{file}:2 [1].reason: unknown key; known are type, property, why, link, until",
    ]
    file.write_text("type: x")
    with pytest.raises(DriftError, match='noise.yaml: expected a list, found {"type": "x"}'):
        read_noise(file)
    file.write_text("")
    assert read_noise(file) == ()


def test_the_projects_own_list_hides_no_change_of_access() -> None:
    entries = read_noise(ROOT / "drift-noise.yaml")
    assert len(entries) == len({(entry.type, entry.property) for entry in entries}) == 9
    # A list of values that the clouds move by themselves: what a person sets decides who may come in.
    assert {entry.property for entry in entries} == {
        "latestRestorableTime",
        "appCount",
        "updatedAt",
        "lastUpdated",
        "version",
        "status",
        "connections",
        "connsActiveAt",
        "connsInactiveAt",
    }


GROUP = "aws:ec2/securityGroup:SecurityGroup"
STATE = {
    "version": 3,
    "deployment": {
        "resources": [
            {
                "type": "pulumi:pulumi:Stack",
                "urn": "urn:pulumi:prod::drawbridge::pulumi:pulumi:Stack::drawbridge-prod",
            },
            {"type": GROUP, "id": "sg-1", "urn": f"urn:pulumi:prod::drawbridge::{GROUP}::workload"},
            {
                "type": "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
                "id": "sgr-1",
                "urn": "u::v::w::ssh",
            },
        ]
    },
}


def rule(id: str, **more: Any) -> dict[str, Any]:
    given = {
        "SecurityGroupRuleId": id,
        "GroupId": "sg-1",
        "IsEgress": False,
        "IpProtocol": "tcp",
        "FromPort": 22,
        "ToPort": 22,
    }
    return {**given, **more}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"CidrIpv4": "0.0.0.0/0"}, "inbound tcp/22 from 0.0.0.0/0"),
        (
            {"CidrIpv6": "::/0", "FromPort": 1, "ToPort": 65535, "IpProtocol": "udp"},
            "inbound udp/1-65535 from ::/0",
        ),
        (
            {"PrefixListId": "pl-1", "IpProtocol": "-1", "FromPort": -1, "ToPort": -1},
            "inbound all traffic from pl-1",
        ),
        ({"ReferencedGroupInfo": {"GroupId": "sg-2"}, "IsEgress": True}, "outbound tcp/22 to sg-2"),
        (
            {"CidrIpv4": "10.0.0.0/8", "IpProtocol": "icmp", "FromPort": -1, "ToPort": -1},
            "inbound icmp from 10.0.0.0/8",
        ),
    ],
)
def test_a_rule_that_somebody_added_by_hand_is_drift(more: dict[str, Any], said: str) -> None:
    listed = {
        "SecurityGroupRules": [rule("sgr-1"), rule("sgr-2", **more), rule("sgr-3", GroupId="sg-of-others")]
    }
    added = DriftChange(kind="added", type=GROUP, name="workload", property="sgr-2", after=said)
    assert list(foreign_rules(STATE, listed)) == [added]
    assert list(foreign_rules({"deployment": None}, listed)) == []


def test_the_reports() -> None:
    gone = DriftChange(kind="gone", type="aws:sns/topic:Topic", name="topic")
    added = DriftChange(
        kind="added", type=GROUP, name="workload", property="sgr-2", after="inbound tcp/22 from 0.0.0.0/0"
    )
    odd = DriftChange(
        kind="changed", type=DATABASE, name="db", property="tags", before='"a|`b`"', after="[secret]"
    )
    drift = classify(
        [odd, gone, added, MOVED], [noise(), noise(property="old", until=datetime.date(2026, 1, 1))], TODAY
    )
    assert to_text(drift).splitlines() == [
        "added   workload (aws:ec2/securityGroup:SecurityGroup): inbound tcp/22 from 0.0.0.0/0",
        "gone    topic (aws:sns/topic:Topic)",
        'changed db (aws:rds/instance:Instance): tags: "a|`b`" → [secret]',
        "expired aws:rds/instance:Instance old, believed until 2026-01-01: https://a.example/1",
        "noise   db latestRestorableTime",
    ]
    assert to_markdown(drift, "prod") == (
        "`prod` is not as it was deployed.\n\n"
        "| | resource | what |\n| --- | --- | --- |\n"
        "| **added** | `workload`<br>`aws:ec2/securityGroup:SecurityGroup` | `inbound tcp/22 from 0.0.0.0/0` |\n"
        "| **gone** | `topic`<br>`aws:sns/topic:Topic` | the whole resource |\n"
        '| **changed** | `db`<br>`aws:rds/instance:Instance` | `tags`: `` "a\\|`b`" `` → `[secret]` |\n'
        "\n`pulumi up --refresh` sets this back; to keep a change, put it into the stack file first.\n"
        "What was **added** is no resource of the stack: only whoever added it, or you, can remove it.\n"
        "\nEntries of the noise list that have expired: look again, then remove them or set a later day.\n\n"
        "- `aws:rds/instance:Instance` `old` (until 2026-01-01): moves https://a.example/1\n"
        "\n<details><summary>Explained by the noise list</summary>\n\n- `db` `latestRestorableTime`\n\n</details>\n"
    )
    clean = classify([], [], TODAY)
    assert (to_text(clean), to_markdown(clean, "prod")) == (
        "As deployed.\n",
        "`prod` is as it was deployed.\n",
    )
    document = json.loads(to_json(drift))
    assert (document["version"], [change["kind"] for change in document["changes"]]) == (
        1,
        ["added", "gone", "changed"],
    )
    assert document["expired"][0]["until"] == "2026-01-01"


def test_the_command_judges_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    look, state, rules = tmp_path / "found.json", tmp_path / "state.json", tmp_path / "rules.json"
    look.write_text(json.dumps({"steps": [step("refresh")], "changeSummary": {"same": 1}}))
    state.write_text(json.dumps(STATE))
    rules.write_text(json.dumps({"SecurityGroupRules": [rule("sgr-9", CidrIpv4="0.0.0.0/0")]}))
    own = ["--noise", str(ROOT / "drift-noise.yaml")]
    assert main([str(look), *own]) == 0
    assert capsys.readouterr().out == "As deployed.\n"
    report = tmp_path / "report.md"
    more = [
        "--state",
        str(state),
        "--rules",
        str(rules),
        "--format",
        "markdown",
        "--stack",
        "prod",
        "-o",
        str(report),
    ]
    assert main([str(look), *own, *more]) == 2
    assert "inbound tcp/22 from 0.0.0.0/0" in report.read_text()
    assert main([str(state)]) == 1
    assert (
        capsys.readouterr().err
        == f"{state} steps: required key is missing; make it with: pulumi refresh --preview-only --json\n"
    )
    look.write_text("error: no stack selected")
    assert main([str(look)]) == 1
    assert "not valid JSON" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main([str(look), "--state", str(state)])
