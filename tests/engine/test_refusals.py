"""What the stand-in's clouds refuse, as the real ones do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from . import cloud_types
from .cloud_types import DATABASE, GROUP, LAUNCH_TEMPLATE, SECURITY_GROUP, SUBNET, TUNNEL, VPC
from .standin_engine import DATABASE_INPUTS, Engine, refusal, serving

APPLICATION = {"accountId": "a", "destinations": [{"type": "public", "uri": "x.example.com/admin"}]}
RULESET = {"zoneId": "z", "kind": "zone", "phase": "http_ratelimit", "name": "default"}
RULE = {
    "securityGroupId": "sg-1",
    "ipProtocol": "tcp",
    "fromPort": 22,
    "toPort": 22,
    "referencedSecurityGroupId": "sg-2",
}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with serving(tmp_path / "cloud") as there:
        yield there


@pytest.mark.parametrize(
    ("type_", "inputs", "text"),
    [
        (cloud_types.RULESET, RULESET, "exceeded maximum number of zone rulesets for phase"),
        (TUNNEL, {"accountId": "a", "name": "t"}, "code 1013"),
        (
            cloud_types.DNS_RECORD,
            {"zoneId": "z", "name": "x.example.com", "type": "CNAME", "ttl": 1},
            "code 81053",
        ),
        (cloud_types.ACCESS_APPLICATION, APPLICATION, "application_already_exists"),
        (
            cloud_types.IDENTITY_PROVIDER,
            {"accountId": "a", "name": "p", "type": "onetimepin", "config": {}},
            "one-time PIN",
        ),
        (GROUP, {"name": "g", "maxSize": 1}, "AlreadyExists"),
        (DATABASE, DATABASE_INPUTS, "DBInstanceAlreadyExists"),
        (cloud_types.INGRESS_RULE, RULE, "InvalidPermission.Duplicate"),
        (SUBNET, {"vpcId": "vpc-1", "cidrBlock": "10.0.0.0/24"}, "InvalidSubnet.Conflict"),
        (cloud_types.GATEWAY, {"vpcId": "vpc-1"}, "already has an internet gateway"),
        (
            cloud_types.ROUTE,
            {"routeTableId": "rtb-1", "destinationCidrBlock": "0.0.0.0/0"},
            "RouteAlreadyExists",
        ),
        (
            cloud_types.ROUTE_TABLE_ASSOCIATION,
            {"routeTableId": "rtb-1", "subnetId": "subnet-1"},
            "Resource.AlreadyAssociated",
        ),
    ],
)
def test_what_there_can_be_only_one_of(engine: Engine, type_: str, inputs: dict[str, Any], text: str) -> None:
    engine.make(type_, "one", **inputs)
    with pytest.raises(grpc.RpcError) as error:
        engine.make(type_, "two", **inputs)
    assert text in refusal(error)
    engine.delete(type_, "one")
    assert engine.make(type_, "two", **inputs)


def test_an_application_cannot_take_a_place_that_another_one_holds(engine: Engine) -> None:
    other: dict[str, Any] = {
        "accountId": "a",
        "destinations": [{"type": "public", "uri": "x.example.com"}],
    }
    engine.make(cloud_types.ACCESS_APPLICATION, "one", **APPLICATION)
    engine.make(cloud_types.ACCESS_APPLICATION, "two", **other)
    both: dict[str, Any] = {
        "accountId": "a",
        "destinations": [other["destinations"][0], APPLICATION["destinations"][0]],
    }
    with pytest.raises(grpc.RpcError) as error:
        engine.update(cloud_types.ACCESS_APPLICATION, "two", **both)
    assert "application_already_exists" in refusal(error)
    engine.delete(cloud_types.ACCESS_APPLICATION, "one")
    assert engine.update(cloud_types.ACCESS_APPLICATION, "two", **both)


def test_a_setting_that_is_made_again_is_the_same_object(engine: Engine) -> None:
    first = engine.make(
        cloud_types.TUNNEL_CONFIG, tunnelId="t", config={"ingresses": [{"service": "http://a"}]}
    )
    assert (
        engine.make(
            cloud_types.TUNNEL_CONFIG, "other", tunnelId="t", config={"ingresses": [{"service": "http://b"}]}
        )
        == first
    )
    (setting,) = engine.cloud.live()
    assert (setting.name, setting.inputs["config"]) == ("other", {"ingresses": [{"service": "http://b"}]})


def test_a_vpc_has_room_for_one_instance_connect_endpoint(engine: Engine) -> None:
    places = (("a", "vpc-1", "10.0.0.0/24"), ("b", "vpc-1", "10.0.1.0/24"), ("c", "vpc-2", "10.0.0.0/24"))
    subnets = [engine.make(SUBNET, name, vpcId=vpc, cidrBlock=block) for name, vpc, block in places]
    engine.make(cloud_types.INSTANCE_CONNECT_ENDPOINT, "a", subnetId=subnets[0])
    engine.make(cloud_types.INSTANCE_CONNECT_ENDPOINT, "c", subnetId=subnets[2])
    with pytest.raises(grpc.RpcError) as error:
        engine.make(cloud_types.INSTANCE_CONNECT_ENDPOINT, "b", subnetId=subnets[1])
    assert "InstanceConnectEndpointLimitExceeded" in refusal(error)


def test_what_is_in_use_is_not_deleted(engine: Engine) -> None:
    vpc = engine.make(VPC)
    subnet = engine.make(SUBNET, vpcId=vpc)
    host = engine.make(SECURITY_GROUP, "host", vpcId=vpc)
    other = engine.make(SECURITY_GROUP, "other", vpcId=vpc)
    engine.make(
        cloud_types.INGRESS_RULE, securityGroupId=host, ipProtocol="tcp", referencedSecurityGroupId=other
    )
    template = engine.make(LAUNCH_TEMPLATE, vpcSecurityGroupIds=[host])
    engine.make(
        GROUP, maxSize=1, vpcZoneIdentifiers=[subnet], launchTemplate={"id": template, "version": "1"}
    )
    engine.make(TUNNEL, accountId="a", name="t")
    policy = engine.make(cloud_types.ACCESS_POLICY, accountId="a", name="p", decision="allow")
    engine.make(cloud_types.ACCESS_APPLICATION, policies=[{"id": policy, "precedence": 1}])
    for type_, name, text in (
        (VPC, "a", "DependencyViolation"),
        (SUBNET, "a", "DependencyViolation"),
        (SECURITY_GROUP, "host", "DependencyViolation"),
        (SECURITY_GROUP, "other", "DependencyViolation"),
        (TUNNEL, "a", "code 1022"),
        (cloud_types.ACCESS_POLICY, "a", "code 12132"),
    ):
        with pytest.raises(grpc.RpcError) as error:
            engine.delete(type_, name)
        assert text in refusal(error)
    order = [
        (GROUP, "a"),
        (SECURITY_GROUP, "host"),
        (cloud_types.INGRESS_RULE, "a"),
        (SECURITY_GROUP, "other"),
        (SUBNET, "a"),
    ]
    for type_, name in [
        *order,
        (VPC, "a"),
        (LAUNCH_TEMPLATE, "a"),
        (TUNNEL, "a"),
        (cloud_types.ACCESS_APPLICATION, "a"),
        (cloud_types.ACCESS_POLICY, "a"),
    ]:
        engine.delete(type_, name)
    assert engine.cloud.live() == []


def test_a_protected_database_stays_and_a_deleted_one_leaves_its_snapshot(engine: Engine) -> None:
    kept: dict[str, Any] = {"identifier": "db", "finalSnapshotIdentifier": "last"}
    engine.make(DATABASE, **kept, deletionProtection=True)
    with pytest.raises(grpc.RpcError) as error:
        engine.delete(DATABASE)
    assert "Cannot delete protected DB Instance" in refusal(error)
    engine.update(DATABASE, **kept, deletionProtection=False)
    engine.delete(DATABASE)
    assert [thing.id for thing in engine.cloud.live()] == ["last"]
    engine.make(DATABASE, **kept)
    with pytest.raises(grpc.RpcError) as error:
        engine.delete(DATABASE)
    assert "DBSnapshotAlreadyExists" in refusal(error)


@pytest.mark.parametrize(
    ("type_", "inputs", "failure"),
    [
        (
            cloud_types.DNS_RECORD,
            {"proxied": True, "ttl": 300},
            "ttl: ttl must be set to 1 when `proxied` is true",
        ),
        (DATABASE, {}, "finalSnapshotIdentifier: is required when `skipFinalSnapshot` is false"),
        (
            cloud_types.TUNNEL_CONFIG,
            {"config": {"ingresses": [{"hostname": "x", "service": "http://x"}]}},
            "config.ingresses: The last ingress rule must match all URLs",
        ),
    ],
)
def test_inputs_that_the_provider_itself_refuses(
    engine: Engine, type_: str, inputs: dict[str, Any], failure: str
) -> None:
    assert engine.check(type_, "a", inputs)[1] == [failure]


def test_the_deletion_of_a_zone_setting_leaves_it(engine: Engine) -> None:
    engine.make(cloud_types.ZONE_SETTING, zoneId="z", settingId="ssl", value="strict")
    engine.delete(cloud_types.ZONE_SETTING)
    assert engine.cloud.live() == []
    with engine.cloud.transaction() as contents:
        assert [(thing.id, thing.abandoned) for thing in contents.things] == [("ssl", True)]
