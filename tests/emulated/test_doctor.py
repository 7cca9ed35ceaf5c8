"""`python -m preview doctor` over the doubles: what is planted there is named with its fix, and nothing is made."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from .doctor_world import ACCOUNT, REGION, ZONE, World, diagnosed, in_order, policy


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with in_order(tmp_path) as made:
        yield made


def test_an_account_in_order_has_nothing_in_the_way(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sso = world.config["drawbridge:identityProviders"]["sso"]
    sso |= {"authUrl": "https://sso.example.com/authorize", "certsUrl": "https://sso.example.com/keys"}
    code, found, _ = diagnosed(world, monkeypatch, capsys)
    assert [answer for answer in found["answers"] if answer["status"] == "refused"] == []
    # The one thing that no API tells, and what the stack changes for the zone.
    assert {a["check"] for a in found["answers"] if a["status"] == "unknown"} == {"access.callback"}
    assert {a["check"] for a in found["answers"] if a["status"] == "warned"} == {"cloudflare.settings"}
    assert code == 3
    assert {a["check"] for a in found["answers"] if a["status"] == "fine"} >= {
        "tools.pulumi",
        "tools.plugins",
        "tools.state",
        "aws.credentials",
        "aws.region",
        "aws.sizes",
        "aws.permissions",
        "aws.names",
        "aws.endpoint",
        "aws.quotas.vpcs",
        "aws.quotas.gateways",
        "aws.quotas.databases",
        "aws.quotas.cpus",
        "cloudflare.token",
        "cloudflare.scopes",
        "cloudflare.zone",
        "cloudflare.tunnel",
        "cloudflare.dns",
        "cloudflare.access",
        "cloudflare.rulesets",
        "access.organisation",
        "access.second-factor",
        "access.providers",
        "images",
    }


def plant(world: World) -> list[tuple[str, str, str]]:
    """Makes what stands in the way; what the answers must say: check, a part of the text, a part of the fix."""
    zone, account = f"zones/{ZONE}", f"accounts/{ACCOUNT}"
    tunnel = world.make(f"{account}/cfd_tunnel", {"name": "shop-prod-tunnel"})
    world.make(
        f"{zone}/dns_records",
        {"name": "shop.example.com", "type": "A", "content": "192.0.2.7", "proxied": True, "ttl": 1},
    )
    everybody = world.make(
        f"{account}/access/policies",
        {"name": "all", "decision": "allow", "include": [{"everyone": {}}]},
    )
    application = world.make(
        f"{account}/access/apps",
        {
            "name": "old",
            "type": "self_hosted",
            "destinations": [{"type": "public", "uri": "api.example.com"}],
            "policies": [{"id": everybody["id"]}],
        },
    )
    rules = [{"action": "block", "expression": "true", "description": "by hand"}]
    ruleset = world.make(
        f"{zone}/rulesets",
        {"name": "default", "kind": "zone", "phase": "http_request_firewall_managed", "rules": rules},
    )
    pin = world.make(
        f"{account}/access/identity_providers", {"name": "PIN", "type": "onetimepin", "config": {}}
    )
    ec2, ssm = world.client("ec2"), world.client("ssm")
    for _ in range(4):  # and the default one
        vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.0.0/24")["Subnet"]["SubnetId"]
    ec2.run_instances(
        ImageId="ami-0f00000000000000a", InstanceType="t3.medium", MinCount=2, MaxCount=2, SubnetId=subnet
    )
    ec2.allocate_address(Domain="vpc")
    ssm.put_parameter(Name="/drawbridge/shop-prod/KEY", Value="x", Type="String")
    world.account = {"quotas": {"L-1216C47A": 5, "L-7B6409FD": 0}, "orderable": {"db.t4g.micro": ["16.9"]}}
    world.policies = [policy("sts:GetCallerIdentity")]
    world.facts["user/tokens/t1"]["policies"][1]["permission_groups"].pop(0)
    world.facts[zone] |= {"plan": {"legacy_id": "free"}, "paused": True, "status": "pending"}
    world.facts[f"{account}/access/organizations"] |= {
        "auth_domain": "brisk-moon.cloudflareaccess.com",
        "mfa_configuration_allowed": False,
    }
    world.config["drawbridge:network"] = {"zones": ["ap-northeast-1a", "ap-northeast-1b"]}
    sso = world.config["drawbridge:identityProviders"]["sso"]
    sso |= {"authUrl": "https://sso.example.com/authorize", "certsUrl": "https://sso.example.com/keys"}
    world.registry.callbacks.clear()
    world.registry.images["shop/api:1"] = ["linux/arm64"]
    del world.registry.images["library/nginx:1.28.0-alpine"]
    world.registry.limit = 1
    world.pulumi = "3.100.0"
    world.plugins = False
    return [
        ("tools.pulumi", "is 3.100.0, older than", "install version"),
        ("tools.plugins", "aws 7.", "pulumi install"),
        ("aws.region", "ap-northeast-1b", "network.zones: [ap-northeast-1a, "),
        ("aws.sizes", "t3.small is not offered in ap-northeast-1b", "host.instanceType"),
        ("aws.sizes", "postgres 17 is not offered on db.t4g.micro", "16.9"),
        ("aws.permissions", "ec2:CreateVpc", "--format iam"),
        ("aws.names", "/drawbridge/shop-prod/KEY", "aws ssm delete-parameter"),
        ("aws.quotas.vpcs", "5 of 5 are used", "--quota-code L-F678F1CE --desired-value 6"),
        ("aws.quotas.databases", "0 of 0 are used", "--quota-code L-7B6409FD"),
        ("aws.quotas.cpus", "4 of 5 are used, and the stack needs 2 more", "--desired-value 8"),
        ("cloudflare.scopes", "zone: DNS Write: the token lacks it", "zone DNS, Edit"),
        ("cloudflare.zone", "on the plan free", "cloudflare.plan: free"),
        ("cloudflare.zone", "is pending", "a.ns.cloudflare.com"),
        ("cloudflare.zone", "paused", "Enable Cloudflare on Site"),
        ("cloudflare.settings", "always_use_https is off now", "firewall.owner: false"),
        ("cloudflare.tunnel", tunnel["id"], "delete it"),
        ("cloudflare.dns", "A 192.0.2.7", "--imports"),
        ("cloudflare.access", application["id"], "--imports"),
        ("cloudflare.rulesets", f"{ruleset['id']}, 1 rules: by hand", "owner: false"),
        ("access.organisation", "brisk-moon", "cloudflare.team: brisk-moon"),
        ("access.second-factor", "not switched on", "mfa: provider"),
        ("access.providers", "one-time PIN", f"{{pin: {{type: onetimepin, id: {pin['id']}}}}}"),
        ("access.callback", "refuses client shop", "/cdn-cgi/access/callback"),
        ("images", "nginx:1.28.0-alpine (web)", "push it"),
        ("images", "not built for the machines' linux/amd64", "docker buildx build"),
        ("images", "1 images in 6 h", "app.registries"),
    ]


def test_each_planted_obstacle_is_named_with_its_fix_and_nothing_is_made(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    planted = plant(world)
    assert len(planted) >= 20
    file = world.place / "import.json"
    code, found, said = diagnosed(world, monkeypatch, capsys, "--imports", str(file))
    assert code == 2
    told = [answer for answer in found["answers"] if answer["status"] in ("refused", "warned")]
    for check, text, fix in planted:
        assert [a for a in told if a["check"] == check and text in a["text"] and fix in a["fix"]], (
            check,
            [a for a in found["answers"] if a["check"] == check],
        )
    # What can be taken over, in Pulumi's own form, under the components that register it.
    assert f"pulumi import --file {file}" in said
    listed = json.loads(file.read_text())["resources"]
    assert [(one["name"], one.get("parent"), one.get("component")) for one in listed] == [
        ("shop-prod-access", None, True),
        ("shop-prod-firewall", None, True),
        ("shop-prod-tunnel", None, True),
        ("shop-prod-tunnel-dns-shop.example.com", "shop-prod-tunnel", None),
        ("shop-prod-firewall-managed", "shop-prod-firewall", None),
        ("shop-prod-access-app-api.example.com", "shop-prod-access", None),
    ]


def test_an_adopted_vpc_is_looked_at(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ec2 = world.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.9.{place}.0/24", AvailabilityZone=f"{REGION}{zone}")[
            "Subnet"
        ]["SubnetId"]
        for place, zone in enumerate("acaa")
    ]
    group = ec2.create_security_group(GroupName="e", Description="d", VpcId=vpc)["GroupId"]
    made = ec2.create_instance_connect_endpoint(SubnetId=subnets[0], SecurityGroupIds=[group])
    endpoint = made["InstanceConnectEndpoint"]["InstanceConnectEndpointId"]
    world.config["drawbridge:network"] = {
        "vpcId": vpc,
        "publicSubnetIds": [subnets[0], "subnet-0123456789abcdef0"],
        "privateSubnetIds": subnets[2:],
    }
    _, found, _ = diagnosed(world, monkeypatch, capsys)
    told = [
        (answer["check"], answer["text"])
        for answer in found["answers"]
        if answer["status"] == "refused" and answer["check"].startswith("aws.")
    ]
    assert told == [
        ("aws.vpc", f"{vpc} has no subnet-0123456789abcdef0"),
        ("aws.vpc", f"network.privateSubnetIds lie in one availability zone, {REGION}a"),
        (
            "aws.vpc",
            f"{subnets[0]} has no route to an Internet gateway: machines there with their own addresses reach nothing",
        ),
        (
            "aws.endpoint",
            f"{vpc} has an Instance Connect Endpoint, {endpoint}, and AWS allows one a VPC",
        ),
    ]
    (fix,) = [answer["fix"] for answer in found["answers"] if endpoint in answer["text"]]
    assert fix == f"network: {{endpoint: existing, endpointSecurityGroupId: {group}}}"


def test_what_may_not_be_asked_is_unknown_and_never_fine(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    account, zone = f"accounts/{ACCOUNT}", f"zones/{ZONE}"
    closed = (
        "user/tokens/t1",
        f"{zone}/rulesets",
        f"{account}/access/apps",
        f"{account}/cfd_tunnel",
        f"{zone}/dns_records",
    )
    world.facts |= dict.fromkeys(closed, 403)
    world.registry.spent = True
    _, found, _ = diagnosed(world, monkeypatch, capsys)
    status = {answer["check"]: answer["status"] for answer in found["answers"]}
    for check in ("cloudflare.rulesets", "cloudflare.access", "cloudflare.tunnel", "cloudflare.dns"):
        assert status[check] == "unknown", check
    pulls = [(a["status"], a["text"]) for a in found["answers"] if "nginx" in a["text"]]
    assert pulls == [
        ("unknown", "nginx:1.28.0-alpine (web): docker.io answers that too many were pulled from here")
    ]
    scopes = {a["text"]: a["status"] for a in found["answers"] if a["check"] == "cloudflare.scopes"}
    assert scopes["zone: DNS Write: the token may not even read there"] == "refused"
    assert (
        scopes["zone: Zone Settings Write: the token may read there; whether it may write, it may not tell"]
        == "unknown"
    )
    assert "fine" not in scopes.values()


def test_a_state_makes_the_stacks_own_things_its_own(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tunnel = world.make(f"accounts/{ACCOUNT}/cfd_tunnel", {"name": "shop-prod-tunnel"})
    state = world.place / "state.json"
    resources = [{"urn": "u", "type": "t", "id": tunnel["id"]}]
    state.write_text(json.dumps({"version": 3, "deployment": {"resources": resources}}))
    _, found, _ = diagnosed(world, monkeypatch, capsys, "--state", str(state))
    status = {answer["check"]: answer["status"] for answer in found["answers"]}
    assert status["cloudflare.tunnel"] == "fine"
