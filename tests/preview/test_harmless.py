"""What looks like a danger and is none: narrower ways out, new resources that stand alone, a rotation that was asked for."""

from __future__ import annotations

from typing import Any

import pytest

from preview.analysis import gate
from preview.analysis.verdict import compare
from preview.changes import Comparison, Consequence
from preview.resource_types import type_names
from preview.resources import Resource
from tests.preview.programs import program, resource

DOWNTIME, IN_PLACE = Consequence.DOWNTIME, Consequence.IN_PLACE


def way_out(name: str, **inputs: Any) -> Resource:
    whole = {"securityGroupId": "sg", "ipProtocol": "tcp", "fromPort": 587, "toPort": 587, **inputs}
    return resource(type_names.EGRESS_RULE, name, whole)


ANY, MAIL = {"cidrIpv4": "0.0.0.0/0"}, {"cidrIpv4": "198.51.100.0/24"}


@pytest.mark.parametrize(
    "old, new, consequence",
    [
        (ANY, MAIL, IN_PLACE),
        ({"cidrIpv4": "10.0.0.0/8"}, {"cidrIpv4": "10.1.0.0/16"}, IN_PLACE),
        ({"cidrIpv6": "::/0"}, {"cidrIpv6": "2001:db8::/32"}, IN_PLACE),
        (MAIL, ANY, IN_PLACE),
        ({**MAIL, "toPort": 587}, {**MAIL, "fromPort": 500, "toPort": 600}, IN_PLACE),
        (MAIL, {"cidrIpv4": "203.0.113.0/24"}, DOWNTIME),
        ({**ANY, "fromPort": 25}, MAIL, DOWNTIME),
        ({**ANY, "ipProtocol": "udp"}, MAIL, DOWNTIME),
        ({**ANY, "fromPort": 443, "toPort": 443}, {**MAIL, "fromPort": 443, "toPort": 443}, DOWNTIME),
        ({**ANY, "ipProtocol": "-1", "fromPort": None, "toPort": None}, MAIL, DOWNTIME),
    ],
)
@pytest.mark.parametrize("named", ["same", "other"])
def test_a_way_out_that_changes(
    old: dict[str, Any], new: dict[str, Any], consequence: Consequence, named: str
) -> None:
    found = compare(program(way_out("same", **old)), program(way_out(named, **new)))
    worst = max(change.consequence for change in found.changed if change.before)
    assert worst is consequence


BUCKET = resource("aws:s3/bucket:Bucket", "reports", {})


def block(name: str = "reports") -> Resource:
    inputs = {"bucket": "«reports.id»", "blockPublicAcls": True}
    return resource(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", name, inputs, {"bucket": [BUCKET.urn]}
    )


@pytest.mark.parametrize(
    "added",
    [
        resource("aws:sqs/queue:Queue", "q", {}),
        resource("aws:dynamodb/table:Table", "t", {"hashKey": "id"}),
        resource("aws:cloudwatch/dashboard:Dashboard", "d", {"dashboardBody": "{}"}),
        resource("aws:ecr/repository:Repository", "r", {}),
        resource("aws:kms/key:Key", "k", {}),
    ],
)
def test_a_new_resource_that_stands_alone_is_noticed_by_nobody(added: Resource) -> None:
    (change,) = compare(program(), program(added)).changed
    assert change.consequence is Consequence.NONE


def test_settings_of_a_new_bucket_are_harmless_and_of_an_old_one_unknown() -> None:
    new = compare(program(), program(BUCKET, block()))
    assert {change.consequence for change in new.changed} == {Consequence.NONE}
    (old,) = compare(program(BUCKET), program(BUCKET, block())).changed
    assert old.consequence is Consequence.UNKNOWN


def group(urn: str, **inputs: Any) -> Resource:
    return resource(type_names.SECURITY_GROUP, urn, {"vpcId": "vpc", "description": urn, **inputs})


def test_groups_clash_by_their_names_alone() -> None:
    (nameless,) = compare(program(group("a")), program(group("a"), group("b"))).changed
    assert nameless.consequence is Consequence.NONE
    (named,) = compare(
        program(group("a", name="x")), program(group("a", name="x"), group("b", name="x"))
    ).changed
    assert named.consequence is Consequence.REFUSED


def secret(**inputs: Any) -> Resource:
    return resource(type_names.RANDOM_PASSWORD, "drawbridge-prod-secrets-API_KEY", {"length": 43, **inputs})


def closed(comparison: Comparison) -> set[str]:
    return {finding.ground for finding in gate.decide(comparison, gate.GROUNDS).closed_by}


def test_a_rotation_that_was_asked_for_is_no_replacement_of_anything() -> None:
    versions = [program(secret(keepers={"rotation": text})) for text in ("1", "2")]
    assert closed(compare(*versions)) == set()
    assert "replace" in closed(compare(program(secret()), program(secret(special=False))))
    both = compare(
        program(secret(keepers={"rotation": "1"})), program(secret(keepers={"rotation": "2"}, length=50))
    )
    assert "data-loss" in closed(both)
