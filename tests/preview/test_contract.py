"""Outputs as a contract: what of a change breaks those who read them, and what does not."""

from __future__ import annotations

from typing import Any

import pytest

from preview.analysis import gate
from preview.analysis.contract import breaks
from preview.analysis.verdict import compare
from preview.changes import Action, Change
from preview.resources import Evaluation, Resource, Secret, mask


def stack(outputs: dict[str, Any]) -> Evaluation:
    return Evaluation(
        project="drawbridge",
        stack="prod",
        resources=(),
        outputs=mask(outputs),
        raw_outputs=outputs,
        warnings=(),
        user_data={},
        config={},
    )


def change(before: str, action: Action = "replaced", after: str = "") -> Change:
    def resource(name: str) -> Resource:
        return Resource(f"urn:{name}", "aws:x/y:Y", name, "", {}, {}, {})

    name = after or before
    return Change(
        urn=f"urn:{name}",
        type="aws:x/y:Y",
        name=name,
        action=action,
        before=resource(before),
        after=resource(name),
    )


def broken(old: dict[str, Any], new: dict[str, Any], *changes: Change) -> list[tuple[str, str]]:
    return [(item.kind, item.text) for item in breaks(stack(old), stack(new), changes)]


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        # What goes
        ({"vpcId": "vpc-1"}, {}, [("gone", "vpcId: goes; it was vpc-1")]),
        ({"databaseName": "app"}, {"databaseName": None}, [("gone", "databaseName: goes; it was app")]),
        (
            {"urls": {"a.example.com": "https://a.example.com", "b.example.com": "https://b.example.com"}},
            {"urls": {"a.example.com": "https://a.example.com"}},
            [("gone", "urls.b.example.com: goes; it was https://b.example.com")],
        ),
        (
            {"corsOrigins": ["https://one.example", "https://two.example"]},
            {"corsOrigins": ["https://two.example", "https://three.example"]},
            [("gone", "corsOrigins: no longer has https://one.example")],
        ),
        # What has another type
        (
            {"urls": {"a": "https://a"}},
            {"urls": ["https://a"]},
            [("type", "urls: was an object, and is a list now")],
        ),
        ({"contract": 1}, {"contract": "1"}, [("type", "contract: was a number, and is a string now")]),
        (
            {"corsOrigins": ["https://a"]},
            {"corsOrigins": [{"origin": "https://a"}]},
            [("type", "corsOrigins: each item was a string, and is an object now")],
        ),
        (
            {"firewallRules": {"custom": []}},
            {"firewallRules": "[]"},
            [("type", "firewallRules: was an object, and is a string now")],
        ),
        (
            {"uploadLimitMB": 100},
            {"uploadLimitMB": True},
            [("type", "uploadLimitMB: was a number, and is true or false now")],
        ),
        # What has another meaning
        (
            {"loginCallback": "https://acme.example/cb"},
            {"loginCallback": "https://other.example/cb"},
            [("value", "loginCallback: was https://acme.example/cb, and is https://other.example/cb now")],
        ),
        ({"contract": 1}, {"contract": 2}, [("value", "contract: was 1, and is 2 now")]),
        (
            {"uploadLimitMB": 200},
            {"uploadLimitMB": 100},
            [("value", "uploadLimitMB: was 200, and is 100 now")],
        ),
        (
            {"vpcId": "«net.id»"},
            {"vpcId": "vpc-0abc"},
            [("value", "vpcId: was «net.id», and is vpc-0abc now")],
        ),
        ({"mine": "one"}, {"mine": "two"}, [("value", "mine: was one, and is two now")]),
        # Secret on one side alone
        (
            {"serviceTokens": {"ci": {"clientSecret": Secret("«t.clientSecret»")}}},
            {"serviceTokens": {"ci": {"clientSecret": "«t.clientSecret»"}}},
            [("plain", "serviceTokens.ci.clientSecret: was a secret, and is plain now")],
        ),
        (
            {"databaseHost": "«d»"},
            {"databaseHost": Secret("«d»")},
            [("secret", "databaseHost: was plain, and is a secret now")],
        ),
        (
            {"mine": Secret({"a": "x"})},
            {"mine": {"a": "x"}},
            [("plain", "mine.a: was a secret, and is plain now")],
        ),
        (
            {"mine": [Secret("x"), Secret("y")]},
            {"mine": ["x", "y"]},
            [("plain", "mine: was a secret, and is plain now")],
        ),
        ({"mine": Secret("one")}, {"mine": Secret("two")}, [("value", "mine: has another secret value")]),
        ({"mine": Secret("one")}, {}, [("gone", "mine: goes; it was [secret]")]),
    ],
)
def test_what_breaks_a_reader(old: dict[str, Any], new: dict[str, Any], found: list[tuple[str, str]]) -> None:
    assert broken(old, new) == found


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({}, {"logGroup": "logs"}),
        ({"databaseName": None}, {"databaseName": "app"}),
        ({"urls": {}}, {"urls": {"a.example.com": "https://a.example.com"}}),
        (
            {"corsOrigins": ["https://a", "https://b"]},
            {"corsOrigins": ["https://b", "https://a", "https://c"]},
        ),
        ({"autoScalingGroup": "group-1"}, {"autoScalingGroup": "group-2"}),
        ({"uploadLimitMB": 100}, {"uploadLimitMB": 200}),
        ({"access": {"a.example.com": "public"}}, {"access": {"a.example.com/api/*": "staff"}}),
        ({"firewallRules": {"custom": [{"ref": "a"}]}}, {"firewallRules": {"custom": []}}),
        # A plain object whose every value is a secret says no more than a secret object.
        ({"mine": Secret({"a": "x"})}, {"mine": {"a": Secret("x")}}),
    ],
)
def test_what_breaks_nobody(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert broken(old, new) == []


def test_the_same_words_are_another_value_when_what_stands_behind_them_is_replaced() -> None:
    outputs = {"audiences": {"admin": "«app.aud»"}, "vpcId": "«net.id»"}
    assert broken(outputs, outputs, change("app"), change("net", "updated")) == [
        ("value", "audiences.admin: gets another value, because app is replaced")
    ]


def test_a_resource_with_another_name_keeps_its_values() -> None:
    old, new = {"vpcId": "«old.id»"}, {"vpcId": "«new.id»"}
    assert broken(old, new, change("old", "updated", "new")) == []
    assert broken(old, new) == [("value", "vpcId: was «old.id», and is «new.id» now")]


def test_a_broken_contract_closes_the_gate_until_it_is_acknowledged() -> None:
    comparison = compare(stack({"vpcId": "vpc-1"}), stack({}))
    (found,) = gate.decide(comparison, ["contract"]).closed_by
    assert (found.ground, found.subject, found.acknowledgement) == (
        "contract",
        "vpcId",
        "- {change: contract, of: vpcId, reason: …}",
    )
    assert not gate.decide(comparison, [ground for ground in gate.GROUNDS if ground != "contract"]).closed
