"""What a change means, for resources that no example has: each question of the judgement by itself."""

from __future__ import annotations

from typing import Any

import pytest

from preview.analysis.verdict import compare
from preview.changes import Change, Consequence
from preview.resource_types import type_names
from preview.resource_types.registry import RESOURCE_TYPES
from preview.resources import Resource, Secret
from tests.preview.programs import program, resource

DATABASE = {
    "engine": "postgres",
    "engineVersion": "16.4",
    "instanceClass": "db.m7g.large",
    "storageType": "gp3",
}
SAFE = {"deletionProtection": True, "skipFinalSnapshot": False, "deleteAutomatedBackups": False}
IN_PLACE, REFUSED, DOWNTIME = Consequence.IN_PLACE, Consequence.REFUSED, Consequence.DOWNTIME
UNKNOWN, AT_RISK, LOSS = Consequence.UNKNOWN, Consequence.AT_RISK, Consequence.DATA_LOSS


def step(type_: str, old: dict[str, Any] | None, new: dict[str, Any] | None, **options: Any) -> Change:
    """The change of one resource, alone in its stack."""
    before = [resource(type_, "r", old, **options.get("was", options))] if old is not None else []
    after = [resource(type_, "r", new, **options.get("now", options))] if new is not None else []
    (found,) = compare(program(*before), program(*after)).changes
    return found


def database(old: dict[str, Any], new: dict[str, Any]) -> Change:
    return step(type_names.DATABASE, {**DATABASE, **old}, {**DATABASE, **new})


@pytest.mark.parametrize(
    "old, new, consequence, words",
    [
        ({}, {"engineVersion": "16.3"}, REFUSED, "does not go back"),
        ({}, {"engineVersion": "15.12"}, REFUSED, "does not go back"),
        ({}, {"engineVersion": "16.9"}, DOWNTIME, "engineVersion restarts"),
        ({}, {"engineVersion": "17.2"}, DOWNTIME, "RDS wants allowMajorVersionUpgrade"),
        ({}, {"instanceClass": "db.r4.large"}, DOWNTIME, "RDS has no db.r4"),
        (
            {"allocatedStorage": 500, "iops": 12000},
            {"allocatedStorage": 500, "iops": 6000},
            REFUSED,
            "at least 12000",
        ),
        (
            {"allocatedStorage": 50},
            {"allocatedStorage": 50, "storageThroughput": 500},
            REFUSED,
            "neither iops",
        ),
        ({"allocatedStorage": 50}, {"allocatedStorage": 100, "storageType": "io1"}, REFUSED, "wants iops"),
        ({}, {"storageType": "standard"}, DOWNTIME, "magnetic"),
        ({"dbSubnetGroupName": "a"}, {"dbSubnetGroupName": "b"}, REFUSED, "another subnet group"),
        ({"identifier": "a"}, {"identifier": "b"}, DOWNTIME, "endpoint changes"),
        ({"port": 5432}, {"port": 5433}, DOWNTIME, "port restarts"),
        ({}, {"networkType": "DUAL"}, UNKNOWN, "networkType means is not known"),
        ({}, {"manageMasterUserPassword": False}, UNKNOWN, "manageMasterUserPassword means is not known"),
        ({"optionGroupName": "a"}, {"optionGroupName": "b"}, UNKNOWN, "optionGroupName"),
        (
            {"backupRetentionPeriod": 7},
            {"backupRetentionPeriod": 0},
            LOSS,
            "every automated backup is deleted",
        ),
        (SAFE, {**SAFE, "deletionProtection": False}, AT_RISK, "no longer refuses to delete"),
        (SAFE, {**SAFE, "skipFinalSnapshot": True}, AT_RISK, "no final snapshot"),
        (SAFE, {**SAFE, "deleteAutomatedBackups": True}, AT_RISK, "its automated backups go"),
    ],
)
def test_a_change_of_the_database(
    old: dict[str, Any], new: dict[str, Any], consequence: Consequence, words: str
) -> None:
    change = database(old, new)
    assert (change.consequence, words in change.why) == (consequence, True), change.why


@pytest.mark.parametrize(
    "changed", [{"instanceClass": "db.m7g.xlarge"}, {"engineVersion": "16.9"}, {"iops": 13000}]
)
def test_blue_green_takes_no_database_with_a_managed_password(changed: dict[str, Any]) -> None:
    base = {"blueGreenUpdate": {"enabled": True}, "manageMasterUserPassword": True, "allocatedStorage": 500}
    assert "blue/green deployments take no database" in database(base, {**base, **changed}).why


def test_what_is_refused_and_what_it_would_lose_are_both_said() -> None:
    change = step(type_names.DATABASE, {**DATABASE, **SAFE}, None, protect=True)
    assert [effect.consequence for effect in change.effects] == [LOSS, REFUSED, REFUSED]
    assert change.losses == ("rows",)


@pytest.mark.parametrize(
    "type_, loss",
    [
        (type_names.FILE_SYSTEM, "files"),
        (type_names.LOG_GROUP, "logs"),
        ("aws:s3/bucket:Bucket", "objects"),
        ("aws:kms/key:Key", "keys"),
        ("aws:backup/vault:Vault", "backups"),
        ("aws:secretsmanager/secret:Secret", "secrets"),
    ],
)
def test_a_loss_says_what_is_lost(type_: str, loss: str) -> None:
    change = step(type_, {}, None)
    assert (change.consequence, change.losses) == (LOSS, (loss,))


def test_what_is_retained_is_not_lost() -> None:
    change = step("aws:s3/bucket:Bucket", {}, None, retainOnDelete=True)
    assert (change.consequence, change.why) == (
        IN_PLACE,
        "Pulumi forgets it, and it stays in the cloud (retainOnDelete)",
    )


def test_what_is_no_longer_retained_is_at_risk() -> None:
    change = step(
        "aws:s3/bucket:Bucket", {"a": 1}, {"tags": {"x": "y"}, "a": 1}, was={"retainOnDelete": True}, now={}
    )
    assert change.consequence is AT_RISK


@pytest.mark.parametrize(
    "type_",
    [
        "aws:lightsail/instance:Instance",
        "aws:apprunner/service:Service",
        "docker:index/container:Container",
    ],
)
def test_a_new_resource_of_a_type_that_nobody_looked_up_is_unknown(type_: str) -> None:
    assert type_ not in RESOURCE_TYPES
    assert step(type_, None, {}).consequence is UNKNOWN


def renamed(type_: str, inputs: dict[str, Any]) -> Change:
    """The same thing under another resource name, without an alias."""
    old, new = resource(type_, "old", inputs), resource(type_, "new", inputs)
    (found,) = [
        change for change in compare(program(old), program(new)).changes if change.action == "created"
    ]
    return found


@pytest.mark.parametrize(
    "type_, inputs",
    [
        (type_names.PARAMETER, {"name": "/drawbridge/prod/API_KEY"}),
        (type_names.TUNNEL, {"accountId": "a", "name": "prod"}),
        (type_names.RULESET, {"zoneId": "z", "kind": "zone", "phase": "http_ratelimit"}),
        (type_names.DNS_RECORD, {"zoneId": "z", "name": "app.example.com", "type": "CNAME"}),
        (
            type_names.EGRESS_RULE,
            {"securityGroupId": "sg-1", "ipProtocol": "tcp", "fromPort": 443, "toPort": 443},
        ),
        (type_names.ACCESS_APPLICATION, {"destinations": [{"type": "public", "uri": "app.example.com"}]}),
        (type_names.LOG_GROUP, {"name": "/app"}),
    ],
)
def test_what_there_can_be_one_of_is_refused_under_another_name(type_: str, inputs: dict[str, Any]) -> None:
    change = renamed(type_, inputs)
    assert change.consequence is REFUSED, change.why


@pytest.mark.parametrize("type_", [type_names.PARAMETER, type_names.LOG_GROUP, type_names.SECURITY_GROUP])
def test_what_the_provider_names_by_itself_may_come_again(type_: str) -> None:
    assert renamed(type_, {}).consequence is Consequence.NONE


def test_a_tunnel_that_is_replaced_cannot_have_the_name_of_the_one_that_is_there() -> None:
    old = {"accountId": "a", "name": "prod", "configSrc": "local"}
    change = step(type_names.TUNNEL, old, {**old, "configSrc": "cloudflare"})
    assert [effect.consequence for effect in change.effects] == [DOWNTIME, REFUSED]


def test_a_connect_endpoint_gives_way_only_where_it_goes_first() -> None:
    old, new = ({"subnetId": subnet} for subnet in ("subnet-1", "subnet-2"))
    assert step(type_names.INSTANCE_CONNECT_ENDPOINT, old, new).consequence is REFUSED
    assert (
        step(type_names.INSTANCE_CONNECT_ENDPOINT, old, new, deleteBeforeReplace=True).consequence is IN_PLACE
    )


@pytest.mark.parametrize("size, consequence", [(10, REFUSED), (40, IN_PLACE)])
def test_a_volume_grows_and_never_shrinks(size: int, consequence: Consequence) -> None:
    assert step("aws:ebs/volume:Volume", {"size": 20}, {"size": size}).consequence is consequence


@pytest.mark.parametrize(
    "old, new, consequence",
    [
        ({"enabled": True}, {"enabled": False}, DOWNTIME),
        ({}, {"clientSecretVersion": 2}, DOWNTIME),
        (
            {},
            {"clientSecretVersion": 2, "previousClientSecretExpiresAt": "2999-01-01T00:00:00Z"},
            Consequence.ROLLING,
        ),
        ({}, {"clientSecretVersion": 2, "previousClientSecretExpiresAt": "2020-01-01T00:00:00Z"}, DOWNTIME),
        ({}, {"clientSecretVersion": 2, "previousClientSecretExpiresAt": "2020-01-01T00:00:00"}, DOWNTIME),
        ({}, {"clientSecretVersion": 2, "previousClientSecretExpiresAt": "soon"}, UNKNOWN),
        ({"duration": "8760h"}, {"duration": "17520h"}, IN_PLACE),
    ],
)
def test_a_service_token(old: dict[str, Any], new: dict[str, Any], consequence: Consequence) -> None:
    assert step(type_names.SERVICE_TOKEN, old, new).consequence is consequence


@pytest.mark.parametrize(
    "old, new, consequence",
    [
        ({"proxied": True}, {"proxied": False}, DOWNTIME),
        ({"content": "1.cfargotunnel.com"}, {"content": "elsewhere.example.net"}, DOWNTIME),
        ({"name": "a.example.com"}, {"name": "b.example.com"}, DOWNTIME),
        ({"proxied": True, "ttl": 1}, {"proxied": True, "ttl": 300}, REFUSED),
        ({"proxied": True}, {"proxied": True, "ttl": 60}, REFUSED),
        (None, {"proxied": True, "ttl": 120}, REFUSED),
        ({"proxied": False, "ttl": 60}, {"proxied": False, "ttl": 300}, IN_PLACE),
        ({"comment": "a"}, {"comment": "b"}, IN_PLACE),
        ({"priority": 1}, {"priority": 2}, UNKNOWN),
    ],
)
def test_a_dns_record(old: dict[str, Any] | None, new: dict[str, Any], consequence: Consequence) -> None:
    assert step(type_names.DNS_RECORD, old, new).consequence is consequence


@pytest.mark.parametrize(
    "old, new, consequence",
    [
        (
            {"corsHeaders": {"allowedOrigins": ["https://a.io", "https://b.io"]}},
            {"corsHeaders": {"allowedOrigins": ["https://a.io"]}},
            DOWNTIME,
        ),
        ({"sameSiteCookieAttribute": "none"}, {"sameSiteCookieAttribute": "lax"}, DOWNTIME),
        ({"allowedIdps": ["a", "b"]}, {"allowedIdps": ["a"]}, IN_PLACE),
        ({"sessionDuration": "24h"}, {"sessionDuration": "1h"}, IN_PLACE),
        ({"name": "a"}, {"name": "b"}, IN_PLACE),
        ({}, {"optionsPreflightBypass": True}, UNKNOWN),
    ],
)
def test_an_access_application(old: dict[str, Any], new: dict[str, Any], consequence: Consequence) -> None:
    assert step(type_names.ACCESS_APPLICATION, old, new).consequence is consequence


@pytest.mark.parametrize(
    "setting, old, new, consequence",
    [
        ("websockets", "on", "off", DOWNTIME),
        ("security_level", "medium", "under_attack", DOWNTIME),
        ("ssl", "full", "strict", IN_PLACE),
        ("always_use_https", "off", "on", IN_PLACE),
    ],
)
def test_a_setting_of_the_zone(setting: str, old: str, new: str, consequence: Consequence) -> None:
    inputs = [{"zoneId": "z", "settingId": setting, "value": value} for value in (old, new)]
    assert step(type_names.ZONE_SETTING, *inputs).consequence is consequence


def _random_texts(encoding: str) -> list[Resource]:
    random = resource(type_names.RANDOM_PASSWORD, "drawbridge-prod-secrets-API_KEY", {"length": 43})
    value = Secret(f"«drawbridge-prod-secrets-API_KEY.result»:{encoding}")
    parameter = resource(type_names.PARAMETER, "p", {"name": "/p", "value": value}, {"value": [random.urn]})
    return [random, parameter]


def test_a_generated_value_in_another_form_is_another_value() -> None:
    comparison = compare(program(*_random_texts("hex")), program(*_random_texts("base64url")))
    (change,) = comparison.changed
    assert (change.name, change.consequence, change.losses) == ("p", LOSS, ("secrets",))


def test_a_given_secret_that_changes_is_none() -> None:
    versions = [
        resource(type_names.PARAMETER, "p", {"name": "/p", "value": Secret(text)})
        for text in ("one-one", "two-two")
    ]
    (change,) = compare(program(versions[0]), program(versions[1])).changed
    assert change.consequence is IN_PLACE


@pytest.mark.parametrize(
    "old, new, consequence",
    [
        (
            {"minSize": 2, "maxSize": 2, "desiredCapacity": 2},
            {"minSize": 0, "maxSize": 0, "desiredCapacity": 0},
            DOWNTIME,
        ),
        ({"minSize": 2, "maxSize": 4}, {"minSize": 2, "maxSize": 1}, REFUSED),
        (
            {"minSize": 1, "maxSize": 1},
            {"minSize": 1, "maxSize": 1, "suspendedProcesses": ["Launch"]},
            UNKNOWN,
        ),
        ({"minSize": 1, "maxSize": 1}, {"minSize": 1, "maxSize": 1, "maxInstanceLifetime": 86400}, UNKNOWN),
        ({"minSize": 1, "maxSize": 1}, {"minSize": 1, "maxSize": 1, "healthCheckGracePeriod": 10}, IN_PLACE),
    ],
)
def test_a_group_of_machines(old: dict[str, Any], new: dict[str, Any], consequence: Consequence) -> None:
    assert step(type_names.AUTO_SCALING_GROUP, old, new).consequence is consequence


def test_every_judged_input_is_one_that_the_provider_changes_in_place() -> None:
    from preview.analysis.consequences.known import JUDGED

    strangers = {
        (token, name)
        for token, inputs in JUDGED.items()
        for name in inputs
        if RESOURCE_TYPES[token].effect(name) != "updates"
    }
    assert strangers == set()
