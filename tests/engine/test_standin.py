"""The stand-in itself: what the engine tests rest on. Most of it without the CLI, over the plugin's own protocol."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2

from preview.analysis.consequences.gone import ONE_OF
from preview.diff.differences import differences
from preview.resource_types.registry import RESOURCE_TYPES, record_of

from . import cloud_types, refusals, rules
from .cloud import Cloud
from .cloud_types import DATABASE, GROUP, LAUNCH_TEMPLATE, SECURITY_GROUP, SERVICE_TOKEN, VPC
from .shapes import shape
from .standin import STATE
from .standin_engine import DATABASE_INPUTS, Engine, refusal, serving
from .wire import UNKNOWN, bare, has_secret, read, secret, write


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with serving(tmp_path / "cloud") as there:
        yield there


@pytest.mark.parametrize(
    "token",
    sorted({*rules.OUTPUTS, *rules.MOVED_BY_UPDATE, *refusals.UNIQUE, *(use.user for use in refusals.USES)}),
)
def test_every_property_that_a_rule_speaks_of_exists(token: str) -> None:
    spoken = {
        *rules.OUTPUTS.get(token, {}),
        *rules.MOVED_BY_UPDATE.get(token, {}),
        *refusals.UNIQUE.get(token, ((), ""))[0],
    }
    spoken |= {use.path.split(".")[0] for use in refusals.USES if use.user == token}
    assert spoken <= {output.name for output in shape(token).outputs}


def test_updates_move_on_the_outputs_that_the_table_lists() -> None:
    known = {record.type: record.changing for record in RESOURCE_TYPES.values() if record.changing}
    assert {token: tuple(moved) for token, moved in rules.MOVED_BY_UPDATE.items()} == known


def test_what_there_can_be_one_of_is_refused_for_every_type_that_the_product_speaks_of() -> None:
    """A DNS record is refused by its own rule: a name may have several, but no CNAME beside another record."""
    assert set(ONE_OF) - set(refusals.UNIQUE) == {"cloudflare:index/dnsRecord:DnsRecord"}
    assert set(refusals.UNIQUE) - set(ONE_OF) == {"aws:ec2/subnet:Subnet"}


@pytest.mark.parametrize(
    ("leaf", "replaced"),
    [
        ("subnetId", True),
        ("rootBlockDevice.encrypted", True),
        ("rootBlockDevice.volumeSize", False),
        ("tags.Name", False),
    ],
)
def test_replacement_goes_by_path(leaf: str, replaced: bool) -> None:
    assert (record_of("aws:ec2/instance:Instance").effect(leaf) == "replaces") is replaced


def test_differences_name_the_leaves() -> None:
    old = {"a": 1, "tags": {"x": "1", "a.b": "1"}, "list": [{"k": 1}, {"k": 2}], "subnetIds": ["s-1", "s-2"]}
    new = {
        "a": 1,
        "tags": {"x": "2", "a.b": "2"},
        "list": [{"k": 1}, {"k": 3}],
        "subnetIds": ["s-2", "s-1"],
        "b": True,
    }
    found = differences(old, new, is_set=lambda path, _items: path == "subnetIds")
    assert found == ["b", "list[1].k", 'tags["a.b"]', "tags.x"]


def test_a_resource_lives(engine: Engine) -> None:
    id_ = engine.make(VPC, cidrBlock="10.0.0.0/16", tags={"Name": "x"})
    outputs = engine.outputs(VPC)
    assert id_.startswith("vpc-")
    assert outputs["arn"] == f"arn:aws:ec2:eu-west-1:123456789012:vpc/{id_}"
    assert (outputs["region"], outputs["tagsAll"]) == ("eu-west-1", {"Name": "x"})
    assert engine.update(VPC, cidrBlock="10.0.0.0/16", tags={"Name": "y"})["tagsAll"] == {"Name": "y"}
    assert engine.look(VPC).id == id_
    engine.delete(VPC)
    assert engine.look(VPC).id == ""
    assert [(o.op, o.id, o.outcome) for o in engine.cloud.operations()] == [
        ("create", id_, "ok"),
        ("update", id_, "ok"),
        ("read", id_, "ok"),
        ("delete", id_, "ok"),
        ("read", id_, "absent"),
    ]


def test_a_preview_makes_nothing_and_leaves_computed_outputs_unknown(engine: Engine) -> None:
    request = provider_pb2.CreateRequest(
        urn=engine.urn(VPC, "a"), properties=write({"cidrBlock": "10.0.0.0/16"}), preview=True
    )
    answer = engine.stub.Create(request)
    outputs = read(answer.properties)
    assert (answer.id, outputs["arn"], outputs["cidrBlock"]) == ("", UNKNOWN, "10.0.0.0/16")
    assert (engine.cloud.live(), engine.cloud.operations()) == ([], [])


def test_each_change_of_a_launch_template_is_a_new_version(engine: Engine) -> None:
    engine.make(LAUNCH_TEMPLATE, imageId="ami-1", updateDefaultVersion=True)
    assert (
        engine.update(LAUNCH_TEMPLATE, preview=True, imageId="ami-2", updateDefaultVersion=True)[
            "latestVersion"
        ]
        == UNKNOWN
    )
    versions = engine.update(LAUNCH_TEMPLATE, imageId="ami-2", updateDefaultVersion=True)
    assert (versions["latestVersion"], versions["defaultVersion"]) == (2, 2)


def test_names_are_made_up_kept_and_made_anew_for_a_replacement(engine: Engine) -> None:
    checked, _ = engine.check(GROUP, "web", {"maxSize": 1})
    assert (checked["name"], checked["__defaults"]) == ("web-abcdef0", ["name"])
    engine.make(GROUP, "web", minSize=1, maxSize=1)
    request = provider_pb2.CheckRequest(
        urn=engine.urn(GROUP, "web"),
        olds=write(engine.held[engine.urn(GROUP, "web")][1]),
        news=write({"maxSize": 2}),
        randomSeed=b"\x01" * 4,
    )
    assert read(engine.stub.Check(request).inputs)["name"] == "web-abcdef0"
    request.ClearField("olds")
    assert read(engine.stub.Check(request).inputs)["name"] == "web-0101010"
    assert engine.check(DATABASE, "Main", {"skipFinalSnapshot": True})[0]["identifier"] == "main-abcdef0"
    assert "name" not in engine.check(VPC, "net", {})[0]


def test_replacement_is_create_first_unless_a_fixed_name_forbids_it(engine: Engine) -> None:
    engine.make(SECURITY_GROUP, "auto", vpcId="vpc-1", description="old")
    engine.make(SECURITY_GROUP, "fixed", vpcId="vpc-1", name="fixed", description="old")
    auto = engine.diff(SECURITY_GROUP, "auto", vpcId="vpc-1", description="new")
    fixed = engine.diff(SECURITY_GROUP, "fixed", vpcId="vpc-1", name="fixed", description="new")
    assert (list(auto.replaces), auto.deleteBeforeReplace) == (["description"], False)
    assert (list(fixed.replaces), fixed.deleteBeforeReplace) == (["description"], True)


def test_drift_and_disappearance_are_seen(engine: Engine) -> None:
    id_ = engine.make(VPC, cidrBlock="10.0.0.0/16", enableDnsHostnames=True)
    engine.cloud.change(VPC, id_, enableDnsHostnames=False)
    answer = engine.look(VPC)
    assert (read(answer.inputs)["enableDnsHostnames"], read(answer.properties)["enableDnsHostnames"]) == (
        False,
        False,
    )
    engine.cloud.remove(VPC, id_)
    assert engine.look(VPC).id == ""


def test_secrets_keep_their_mark_and_the_cloud_knows_the_value(engine: Engine) -> None:
    engine.make(DATABASE, **DATABASE_INPUTS, password=secret("hunter2"), tags={"k": secret("nested")})
    outputs = engine.outputs(DATABASE)
    assert (outputs["password"], has_secret(outputs["tags"]), has_secret(outputs["arn"])) == (
        secret("hunter2"),
        True,
        False,
    )
    assert engine.cloud.one(DATABASE).inputs["password"] == "hunter2"
    assert bare(read(engine.look(DATABASE).inputs))["tags"] == {"k": "nested"}
    changed = engine.update(DATABASE, **DATABASE_INPUTS, password=secret("better"))
    assert (changed["password"], "tags" in changed) == (secret("better"), False)


def test_objects_that_share_an_id_are_told_apart_by_their_urn(engine: Engine) -> None:
    for name in ("one", "two"):
        engine.make(cloud_types.ZONE_SETTING, name, zoneId=name, settingId="ssl", value="strict")
    engine.update(cloud_types.ZONE_SETTING, "two", zoneId="two", settingId="ssl", value="full")
    assert [read(engine.look(cloud_types.ZONE_SETTING, name).inputs)["value"] for name in ("one", "two")] == [
        "strict",
        "full",
    ]


def test_of_two_random_values_of_one_urn_the_newest_changes_and_the_oldest_goes(engine: Engine) -> None:
    password = "random:index/randomPassword:RandomPassword"
    first = engine.make(password, "a", length=8), engine.outputs(password)["result"]
    second = engine.make(password, "a", length=9), engine.outputs(password)["result"]  # as a replacement does
    assert (first[0], second[0], first[1] != second[1]) == ("none", "none", True)
    assert engine.update(password, "a", length=9)["result"] == second[1]
    engine.delete(password, "a")
    (left,) = engine.cloud.live(password)
    assert left.outputs["result"] == second[1]


def test_an_unknown_type_says_so(engine: Engine) -> None:
    with pytest.raises(grpc.RpcError) as error:
        engine.make("aws:ec2/flyingMachine:FlyingMachine")
    assert "aws:ec2/flyingMachine:FlyingMachine: pulumi_aws has no such resource" in refusal(error)


@pytest.mark.parametrize(
    ("action", "outcome", "alive"), [("fail", "failed", 0), ("timeout", "timeout", 0), ("lost", "lost", 1)]
)
def test_faults_strike_once_and_say_what_became_of_it(
    engine: Engine, action: Any, outcome: str, alive: int
) -> None:
    engine.cloud.fault(action, op="create", type=VPC, nth=2, message="no")
    engine.make(VPC, "first")
    with pytest.raises(grpc.RpcError) as error:
        engine.make(VPC, "second")
    engine.make(VPC, "third")
    assert refusal(error) == "no"
    assert [o.outcome for o in engine.cloud.operations()] == ["ok", outcome, "ok"]
    assert len(engine.cloud.live(VPC)) == 2 + alive


def test_a_group_that_never_becomes_ready_is_known_by_its_id(engine: Engine) -> None:
    engine.cloud.fault("init-failed", type=GROUP)
    with pytest.raises(grpc.RpcError) as error:
        engine.make(GROUP, name="web", minSize=1, maxSize=1)
    details = dict(error.value.trailing_metadata())["grpc-status-details-bin"]
    assert b"pulumirpc.ErrorResourceInitFailed" in details and b"web" in details
    assert [(group.id, group.ready) for group in engine.cloud.live(GROUP)] == [("web", False)]


@pytest.mark.parametrize(("action", "alive"), [("die-before", 0), ("die-after", 1)])
def test_a_plugin_dies_before_or_after_the_effect(
    plugins: Path, tmp_path: Path, action: Any, alive: int
) -> None:
    cloud = Cloud(tmp_path / "cloud")
    cloud.fault(action, op="create")
    (binary,) = plugins.glob("plugins/resource-aws-*/pulumi-resource-aws")
    with subprocess.Popen(
        [binary], env={STATE: str(cloud.directory)}, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel, pytest.raises(grpc.RpcError):
            Engine(channel, cloud).make(VPC)
        assert process.wait(10) == 7
    assert [o.outcome for o in cloud.operations()] == ["died"]
    assert len(cloud.live(VPC)) == alive


def test_only_a_ready_group_has_ready_machines(engine: Engine) -> None:
    tags = [{"key": "app", "value": "x", "propagateAtLaunch": True}]
    engine.make(GROUP, "ready", name="ready", minSize=2, maxSize=2, tags=tags)
    engine.cloud.fault("init-failed", type=GROUP, unready_machines=1)
    with pytest.raises(grpc.RpcError):
        engine.make(GROUP, "broken", name="broken", minSize=2, maxSize=2, tags=tags)

    def count(group: str, *more: tuple[str, str]) -> int:
        filters = [
            {"name": name, "values": [value]}
            for name, value in (("tag:aws:autoscaling:groupName", group), *more)
        ]
        return len(engine.ask("aws:ec2/getInstances:getInstances", filters=filters)["ids"])

    state = ("instance-state-name", "running")
    assert [
        count("ready"),
        count("ready", state, ("tag:healthy", "true")),
        count("ready", ("tag:app", "other")),
    ] == [2, 2, 0]
    assert [count("broken"), count("broken", state, ("tag:healthy", "true")), count("absent")] == [1, 0, 0]


def test_functions_answer_from_facts_that_a_test_may_change(engine: Engine) -> None:
    name = "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id"
    assert engine.ask("aws:ssm/getParameter:getParameter", name=name)["value"] == "ami-0f00000000000000a"
    engine.cloud.state_fact("ami", "ami-0f00000000000000b")
    assert engine.ask("aws:ssm/getParameter:getParameter", name=name)["value"] == "ami-0f00000000000000b"
    zones = engine.ask("aws:index/getAvailabilityZones:getAvailabilityZones")["names"]
    assert zones == ["eu-west-1a", "eu-west-1c", "eu-west-1d"]
    with pytest.raises(grpc.RpcError) as error:
        engine.ask("aws:ec2/getNothing:getNothing")
    assert "aws:ec2/getNothing:getNothing: unknown to the stand-in" in refusal(error)


def test_a_service_token_is_rotated_in_place(engine: Engine) -> None:
    engine.make(SERVICE_TOKEN, accountId="a", name="ci", clientSecretVersion=1)
    before = engine.outputs(SERVICE_TOKEN)
    after = engine.update(SERVICE_TOKEN, accountId="a", name="ci", clientSecretVersion=2)
    assert (before["clientId"] == after["clientId"], before["clientSecret"] == after["clientSecret"]) == (
        True,
        False,
    )
