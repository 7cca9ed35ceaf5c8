"""The stand-in itself: what the engine tests rest on. Most of it without the CLI, over the plugin's own protocol."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from preview.diff.differences import differences
from preview.resource_types.registry import RESOURCE_TYPES, record_of

from . import rules
from .cloud import Cloud
from .harness import EngineStack, copy_project
from .rules import DATABASE, GROUP, LAUNCH_TEMPLATE, SECURITY_GROUP, SERVICE_TOKEN, SUBNET, TUNNEL, VPC
from .shapes import shape
from .standin import STATE, UNKNOWN, StandIn, bare, has_secret, read, secret, write

DATABASE_INPUTS: dict[str, Any] = {
    "identifier": "db",
    "skipFinalSnapshot": True,
    "instanceClass": "db.t4g.micro",
}


class Engine:
    """Speaks to a plugin as the engine does, one resource at a time."""

    def __init__(self, channel: grpc.Channel, cloud: Cloud) -> None:
        self.stub = provider_pb2_grpc.ResourceProviderStub(channel)
        self.cloud = cloud
        self.held: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {}
        self.stub.Configure(provider_pb2.ConfigureRequest(args=write({"region": "eu-west-1"})))

    @staticmethod
    def urn(type_: str, name: str) -> str:
        return f"urn:pulumi:dev::test::drawbridge:index:Parent${type_}::{name}"

    def check(self, type_: str, name: str, inputs: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
        urn = self.urn(type_, name)
        olds = write(self.held[urn][1]) if urn in self.held else None
        request = provider_pb2.CheckRequest(
            urn=urn, olds=olds, news=write(inputs), randomSeed=b"\xab\xcd\xef\x01"
        )
        answer = self.stub.Check(request)
        return read(answer.inputs), [f"{failure.property}: {failure.reason}" for failure in answer.failures]

    def make(self, type_: str, name: str = "a", /, **inputs: Any) -> str:
        """Create it; its id."""
        checked, failures = self.check(type_, name, inputs)
        assert failures == []
        urn = self.urn(type_, name)
        answer = self.stub.Create(provider_pb2.CreateRequest(urn=urn, properties=write(checked)))
        self.held[urn] = (answer.id, checked, read(answer.properties))
        return str(answer.id)

    def outputs(self, type_: str, name: str = "a") -> dict[str, Any]:
        return self.held[self.urn(type_, name)][2]

    def diff(self, type_: str, name: str = "a", /, **inputs: Any) -> Any:
        id_, old, outputs = self.held[self.urn(type_, name)]
        checked, _ = self.check(type_, name, inputs)
        request = {"id": id_, "urn": self.urn(type_, name), "olds": write(outputs), "old_inputs": write(old)}
        return self.stub.Diff(provider_pb2.DiffRequest(news=write(checked), **request))

    def update(self, type_: str, name: str = "a", /, preview: bool = False, **inputs: Any) -> dict[str, Any]:
        urn = self.urn(type_, name)
        id_, old, outputs = self.held[urn]
        checked, _ = self.check(type_, name, inputs)
        request = {
            "id": id_,
            "urn": urn,
            "olds": write(outputs),
            "old_inputs": write(old),
            "preview": preview,
        }
        answer = read(self.stub.Update(provider_pb2.UpdateRequest(news=write(checked), **request)).properties)
        if not preview:
            self.held[urn] = (id_, checked, answer)
        return dict(answer)

    def delete(self, type_: str, name: str = "a") -> None:
        urn = self.urn(type_, name)
        self.stub.Delete(provider_pb2.DeleteRequest(id=self.held[urn][0], urn=urn))

    def look(self, type_: str, name: str = "a") -> Any:
        id_, inputs, outputs = self.held[self.urn(type_, name)]
        request = {
            "id": id_,
            "urn": self.urn(type_, name),
            "inputs": write(inputs),
            "properties": write(outputs),
        }
        return self.stub.Read(provider_pb2.ReadRequest(**request))

    def ask(self, token: str, **args: Any) -> dict[str, Any]:
        answer = self.stub.Invoke(provider_pb2.InvokeRequest(tok=token, args=write(args)))
        return dict(read(getattr(answer, "return")))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    cloud = Cloud(tmp_path / "cloud")
    server = grpc.server(ThreadPoolExecutor(max_workers=2))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(StandIn("aws", "7.0.0", cloud), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield Engine(channel, cloud)
    server.stop(None)


def refusal(error: pytest.ExceptionInfo[grpc.RpcError]) -> str:
    return str(error.value.details())


# Tables ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "token",
    sorted({*rules.OUTPUTS, *rules.MOVED_BY_UPDATE, *rules.UNIQUE, *(use.user for use in rules.USES)}),
)
def test_every_property_that_a_rule_speaks_of_exists(token: str) -> None:
    spoken = {
        *rules.OUTPUTS.get(token, {}),
        *rules.MOVED_BY_UPDATE.get(token, {}),
        *rules.UNIQUE.get(token, ((), ""))[0],
    }
    spoken |= {use.path.split(".")[0] for use in rules.USES if use.user == token}
    assert spoken <= {output.name for output in shape(token).outputs}


def test_updates_move_on_the_outputs_that_the_table_lists() -> None:
    known = {record.type: record.changing for record in RESOURCE_TYPES.values() if record.changing}
    assert {token: tuple(moved) for token, moved in rules.MOVED_BY_UPDATE.items()} == known


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


# Resources -------------------------------------------------------------------------------------------------------------


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
        engine.make(rules.ZONE_SETTING, name, zoneId=name, settingId="ssl", value="strict")
    engine.update(rules.ZONE_SETTING, "two", zoneId="two", settingId="ssl", value="full")
    assert [read(engine.look(rules.ZONE_SETTING, name).inputs)["value"] for name in ("one", "two")] == [
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


# What the clouds refuse ------------------------------------------------------------------------------------------------

APPLICATION = {"accountId": "a", "destinations": [{"type": "public", "uri": "x.example.com/admin"}]}
RULESET = {"zoneId": "z", "kind": "zone", "phase": "http_ratelimit", "name": "default"}
RULE = {
    "securityGroupId": "sg-1",
    "ipProtocol": "tcp",
    "fromPort": 22,
    "toPort": 22,
    "referencedSecurityGroupId": "sg-2",
}


@pytest.mark.parametrize(
    ("type_", "inputs", "text"),
    [
        (rules.RULESET, RULESET, "exceeded maximum number of zone rulesets for phase"),
        (TUNNEL, {"accountId": "a", "name": "t"}, "code 1013"),
        (rules.DNS_RECORD, {"zoneId": "z", "name": "x.example.com", "type": "CNAME", "ttl": 1}, "code 81053"),
        (rules.ACCESS_APPLICATION, APPLICATION, "application_already_exists"),
        (
            rules.IDENTITY_PROVIDER,
            {"accountId": "a", "name": "p", "type": "onetimepin", "config": {}},
            "one-time PIN",
        ),
        (GROUP, {"name": "g", "maxSize": 1}, "AlreadyExists"),
        (DATABASE, DATABASE_INPUTS, "DBInstanceAlreadyExists"),
        (rules.INGRESS_RULE, RULE, "InvalidPermission.Duplicate"),
        (SUBNET, {"vpcId": "vpc-1", "cidrBlock": "10.0.0.0/24"}, "InvalidSubnet.Conflict"),
        (rules.GATEWAY, {"vpcId": "vpc-1"}, "already has an internet gateway"),
        (rules.ROUTE, {"routeTableId": "rtb-1", "destinationCidrBlock": "0.0.0.0/0"}, "RouteAlreadyExists"),
        (
            rules.ROUTE_TABLE_ASSOCIATION,
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


def test_a_setting_that_is_made_again_is_the_same_object(engine: Engine) -> None:
    first = engine.make(rules.TUNNEL_CONFIG, tunnelId="t", config={"ingresses": [{"service": "http://a"}]})
    assert (
        engine.make(
            rules.TUNNEL_CONFIG, "other", tunnelId="t", config={"ingresses": [{"service": "http://b"}]}
        )
        == first
    )
    (setting,) = engine.cloud.live()
    assert (setting.name, setting.inputs["config"]) == ("other", {"ingresses": [{"service": "http://b"}]})


def test_a_vpc_has_room_for_one_instance_connect_endpoint(engine: Engine) -> None:
    places = (("a", "vpc-1", "10.0.0.0/24"), ("b", "vpc-1", "10.0.1.0/24"), ("c", "vpc-2", "10.0.0.0/24"))
    subnets = [engine.make(SUBNET, name, vpcId=vpc, cidrBlock=block) for name, vpc, block in places]
    engine.make(rules.INSTANCE_CONNECT_ENDPOINT, "a", subnetId=subnets[0])
    engine.make(rules.INSTANCE_CONNECT_ENDPOINT, "c", subnetId=subnets[2])
    with pytest.raises(grpc.RpcError) as error:
        engine.make(rules.INSTANCE_CONNECT_ENDPOINT, "b", subnetId=subnets[1])
    assert "InstanceConnectEndpointLimitExceeded" in refusal(error)


def test_what_is_in_use_is_not_deleted(engine: Engine) -> None:
    vpc = engine.make(VPC)
    subnet = engine.make(SUBNET, vpcId=vpc)
    host = engine.make(SECURITY_GROUP, "host", vpcId=vpc)
    other = engine.make(SECURITY_GROUP, "other", vpcId=vpc)
    engine.make(rules.INGRESS_RULE, securityGroupId=host, ipProtocol="tcp", referencedSecurityGroupId=other)
    template = engine.make(LAUNCH_TEMPLATE, vpcSecurityGroupIds=[host])
    engine.make(
        GROUP, maxSize=1, vpcZoneIdentifiers=[subnet], launchTemplate={"id": template, "version": "1"}
    )
    engine.make(TUNNEL, accountId="a", name="t")
    policy = engine.make(rules.ACCESS_POLICY, accountId="a", name="p", decision="allow")
    engine.make(rules.ACCESS_APPLICATION, policies=[{"id": policy, "precedence": 1}])
    for type_, name, text in (
        (VPC, "a", "DependencyViolation"),
        (SUBNET, "a", "DependencyViolation"),
        (SECURITY_GROUP, "host", "DependencyViolation"),
        (SECURITY_GROUP, "other", "DependencyViolation"),
        (TUNNEL, "a", "code 1022"),
        (rules.ACCESS_POLICY, "a", "code 12132"),
    ):
        with pytest.raises(grpc.RpcError) as error:
            engine.delete(type_, name)
        assert text in refusal(error)
    order = [
        (GROUP, "a"),
        (SECURITY_GROUP, "host"),
        (rules.INGRESS_RULE, "a"),
        (SECURITY_GROUP, "other"),
        (SUBNET, "a"),
    ]
    for type_, name in [
        *order,
        (VPC, "a"),
        (LAUNCH_TEMPLATE, "a"),
        (TUNNEL, "a"),
        (rules.ACCESS_APPLICATION, "a"),
        (rules.ACCESS_POLICY, "a"),
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
        (rules.DNS_RECORD, {"proxied": True, "ttl": 300}, "ttl: ttl must be set to 1 when `proxied` is true"),
        (DATABASE, {}, "finalSnapshotIdentifier: is required when `skipFinalSnapshot` is false"),
        (
            rules.TUNNEL_CONFIG,
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
    engine.make(rules.ZONE_SETTING, zoneId="z", settingId="ssl", value="strict")
    engine.delete(rules.ZONE_SETTING)
    assert engine.cloud.live() == []
    with engine.cloud.transaction() as contents:
        assert [(thing.id, thing.abandoned) for thing in contents.things] == [("ssl", True)]


# Faults ----------------------------------------------------------------------------------------------------------------


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
        assert process.wait(10) == 70  # of a run that ended without a word, see warm.py
    assert [o.outcome for o in cloud.operations()] == ["died"]
    assert len(cloud.live(VPC)) == alive


# Functions -------------------------------------------------------------------------------------------------------------


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


# With the CLI ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def release(tmp_path: Path, plugins: Path) -> EngineStack:
    engine = EngineStack(
        copy_project(Path(__file__).parent / "release", tmp_path / "project"), "dev", tmp_path, plugins
    )
    engine.configure(
        **{"aws:region": "eu-west-1", "release:version": "v1", "release:replace": True, "release:check": True}
    )
    return engine


def test_the_cli_is_content_without_a_network(release: EngineStack) -> None:
    release.select()
    assert "aws" in release.cli("plugin", "ls").output
    release.cli("install", "--no-dependencies")
    assert release.cli("config", "get", "release:version").output.strip() == "v1"
    assert release.preview().operations == ()
    release.up()
    assert release.outputs() == {"group": release.cloud.one(GROUP).id, "ready": 1}
    assert release.up().planned() == []
    assert release.refresh().done("create") == []
    release.destroy()
    assert release.cloud.live() == []


def test_a_run_that_ends_otherwise_than_expected_shows_the_whole_output(release: EngineStack) -> None:
    release.configure(**{"aws:region": None})
    with pytest.raises(AssertionError, match="up failed\n(?s:.*)Missing region configuration"):
        release.up()


def test_an_engine_that_lost_an_answer_makes_a_second_object(release: EngineStack) -> None:
    """What an orphan is: the cloud has it, the state does not."""
    release.cloud.fault("lost", op="create", type=GROUP)
    release.up(fails=True)
    orphan = release.cloud.one(GROUP)
    release.up()
    assert [group.id == orphan.id for group in release.cloud.live(GROUP)] == [True, False]
