"""What the settings' options make of the program."""

from __future__ import annotations

import base64
import json
from fnmatch import fnmatch
from typing import Any

import pytest
import yaml

from components.tunnel import connector_token
from preview.resources import Evaluation
from tests import invariants
from tests.evaluations import deployed, example_file

IDS = {"public_subnet": ["subnet-0a", "subnet-0b"], "private_subnet": ["subnet-0c", "subnet-0d"]}
ADOPTED = {
    "vpcId": "vpc-0123",
    "publicSubnetIds": IDS["public_subnet"],
    "privateSubnetIds": IDS["private_subnet"],
}
INSTANCE_CONNECT_ENDPOINT = "aws:ec2transitgateway/instanceConnectEndpoint:InstanceConnectEndpoint"


def inputs(program: Evaluation, token: str) -> dict[str, Any]:
    (resource,) = program.of_type(token)
    return resource.inputs


def test_an_adopted_vpc_is_used_and_left_alone() -> None:
    program = deployed("image2model", network=ADOPTED)
    assert [
        r.name
        for r in program.resources
        if (r.type.startswith("aws:ec2/") and "subnet" in r.type.lower()) or ":Vpc" in r.type
    ] == []
    assert program.of_type("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup") == []
    assert inputs(program, invariants.AUTO_SCALING_GROUP)["vpcZoneIdentifiers"] == IDS["public_subnet"]
    assert inputs(program, "aws:rds/subnetGroup:SubnetGroup")["subnetIds"] == IDS["private_subnet"]
    assert {group.inputs["vpcId"] for group in program.of_type(invariants.GROUP)} == {"vpc-0123"}


@pytest.mark.parametrize("network", [{}, ADOPTED])
def test_machines_come_after_every_route_and_rule_and_their_rights(network: dict[str, Any]) -> None:
    program = deployed("image2model", network=network)
    (group,) = program.of_type(invariants.AUTO_SCALING_GROUP)
    kinds = (
        "aws:vpc/securityGroup",
        "aws:ec2/route:",
        "aws:ec2/routeTableAssociation:",
        "aws:iam/rolePolicy:",
    )
    paths = {resource.urn for resource in program.resources if resource.type.startswith(kinds)}
    assert len(paths) == (12 if network else 17)
    assert paths - set(group.options["dependsOn"]) == set()


def test_without_an_endpoint_nothing_admits_ssh() -> None:
    program = deployed("maycast-recorder", network={"endpoint": "none"})
    assert program.of_type(INSTANCE_CONNECT_ENDPOINT) == []
    assert [rule.inputs["fromPort"] for rule in program.of_type(invariants.INGRESS_RULE)] == [2049]


def test_an_existing_endpoint_is_admitted_by_its_group() -> None:
    program = deployed(
        "maycast-recorder", network={"endpoint": "existing", "endpointSecurityGroupId": "sg-0abc"}
    )
    assert program.of_type(INSTANCE_CONNECT_ENDPOINT) == []
    (ssh,) = [
        rule.inputs for rule in program.of_type(invariants.INGRESS_RULE) if rule.inputs["fromPort"] == 22
    ]
    assert ssh["referencedSecurityGroupId"] == "sg-0abc"


def test_more_egress_is_one_more_rule_with_its_reason() -> None:
    program = deployed(
        "maycast-recorder", network={"egress": [{"port": 587, "cidr": "203.0.113.0/24", "why": "Mail"}]}
    )
    (rule,) = [r.inputs for r in program.of_type(invariants.EGRESS_RULE) if r.inputs["fromPort"] == 587]
    assert (rule["cidrIpv4"], rule["ipProtocol"], rule["description"]) == ("203.0.113.0/24", "tcp", "Mail")


def test_a_pinned_image_is_not_ignored_and_a_looked_up_one_is_kept() -> None:
    pinned = deployed("maycast-recorder", host={"image": "ami-0123456789abcdef0"}).of_type(
        invariants.LAUNCH_TEMPLATE
    )[0]
    found = deployed("maycast-recorder", host={"instanceType": "t4g.small"}).of_type(
        invariants.LAUNCH_TEMPLATE
    )[0]
    assert (pinned.inputs["imageId"], pinned.options["ignoreChanges"]) == ("ami-0123456789abcdef0", [])
    assert (
        found.inputs["imageId"]
        == "«getParameter /aws/service/canonical/ubuntu/server/24.04/stable/current/arm64/hvm/ebs-gp3/ami-id.value»"
    )
    assert found.options["ignoreChanges"] == ["imageId"]


def test_readiness_running_leaves_the_launch_hook_out() -> None:
    fleet = inputs(deployed("maycast-recorder", host={"readiness": "running"}), invariants.AUTO_SCALING_GROUP)
    assert [hook["name"] for hook in fleet["initialLifecycleHooks"]] == ["drain"]


def test_a_stack_that_does_not_own_the_zone_publishes_its_rules_and_makes_none() -> None:
    program = deployed(
        "maycast-recorder",
        firewall={"owner": False, "rateLimits": [{"name": "r", "path": "/a", "requests": 1, "per": "10s"}]},
    )
    assert program.of_type(invariants.RULESET) == []
    assert program.of_type("cloudflare:index/zoneSetting:ZoneSetting") == []
    assert [rule["ref"] for rule in program.outputs["firewallRules"]["custom"]] == [
        "drawbridge-prod-firewall-path-guard"
    ]
    assert [rule["ref"] for rule in program.outputs["firewallRules"]["rateLimits"]] == [
        "drawbridge-prod-firewall-r"
    ]


def test_an_owner_has_paths_normalised() -> None:
    settings = inputs(
        deployed("maycast-recorder"), "cloudflare:index/urlNormalizationSettings:UrlNormalizationSettings"
    )
    assert (settings["scope"], settings["type"]) == ("both", "cloudflare")
    whole = deployed(
        "maycast-recorder",
        routes=[{"hostname": "rec.example.com", "service": "http://nginx:80", "access": "admins"}],
    )
    (whole_hosts,) = whole.of_type("cloudflare:index/urlNormalizationSettings:UrlNormalizationSettings")
    # Rate limits and the guards of merged stacks name paths as well.
    assert whole_hosts.inputs == settings


def test_the_guard_stands_before_the_connector_leads_anybody_to_what_it_guards() -> None:
    program = deployed("maycast-recorder")
    (rules,) = program.of_type(
        "cloudflare:index/zeroTrustTunnelCloudflaredConfig:ZeroTrustTunnelCloudflaredConfig"
    )
    waits = [urn.rpartition("::")[2] for urn in rules.options["dependsOn"]]
    assert {"drawbridge-prod-firewall-custom", "drawbridge-prod-firewall-paths"} <= set(waits)


def test_two_logins_of_people_on_one_host_have_cookies_of_their_own() -> None:
    def routes(base: str) -> list[dict[str, str]]:
        route = {"hostname": "rec.example.com", "service": "http://nginx:80"}
        return [{**route, "access": base}, {**route, "path": "/admin/*", "access": "admins"}]

    people = {"allow": {"domains": ["example.org"]}}
    access = {"admins": people, "staff": people, "machines": {"serviceTokens": ["a"], "tokenDays": 365}}
    for base, cookies in (
        ("staff", {"admins": True, "staff": None}),
        ("machines", {"admins": None, "machines": None}),
    ):
        program = deployed("maycast-recorder", routes=routes(base), access=access)
        made = program.of_type("cloudflare:index/zeroTrustAccessApplication:ZeroTrustAccessApplication")
        assert {
            app.inputs["name"].split()[1]: app.inputs.get("pathCookieAttribute") for app in made
        } == cookies


def test_the_zones_settings_are_strict() -> None:
    made = {
        r.inputs["settingId"]: r.inputs["value"]
        for r in deployed("image2model").of_type("cloudflare:index/zoneSetting:ZoneSetting")
    }
    assert made == {"always_use_https": "on", "min_tls_version": "1.2", "ssl": "strict"}


def test_the_origin_verify_header_carries_its_secret_in_a_ruleset_of_its_own() -> None:
    program = deployed(
        "image2model", firewall={"originVerify": {"header": "X-Origin-Verify", "secret": "API_KEY"}}
    )
    (ruleset,) = [
        r for r in program.of_type(invariants.RULESET) if r.inputs["phase"] == "http_request_late_transform"
    ]
    (rule,) = ruleset.inputs["rules"]
    assert rule["actionParameters"]["headers"] == {
        "X-Origin-Verify": {"operation": "set", "value": "[secret]"}
    }
    assert rule["expression"] == (
        '(http.host in {"admin.example.com" "models.example.com"} or starts_with(http.host, "admin.example.com:") '
        'or starts_with(http.host, "models.example.com:"))'
    )


def test_without_protection_a_stack_can_be_taken_down() -> None:
    program = deployed("image2model", protect="false")
    assert [r.name for r in program.resources if r.options["protect"]] == []
    database = inputs(program, invariants.DATABASE)
    assert (database["deletionProtection"], database["skipFinalSnapshot"]) == (False, False)


@pytest.mark.parametrize(
    "flag, key, value", [("multiAz", "multiAz", True), ("finalSnapshot", "skipFinalSnapshot", False)]
)
def test_database_options_reach_the_instance(flag: str, key: str, value: Any) -> None:
    database = {"version": "16", "name": "image2model", flag: True}
    assert inputs(deployed("image2model", database=database), invariants.DATABASE)[key] == value


def test_machines_read_their_own_secrets_and_nobody_elses() -> None:
    program = deployed("image2model", secretDelivery="parameter-store")
    policy = json.loads(inputs(program, "aws:iam/rolePolicy:RolePolicy")["policy"])
    statements = {statement["Sid"]: statement for statement in policy["Statement"]}
    (own,) = [statements["ReadSecrets"]["Resource"]]
    assert own == "arn:aws:ssm:ap-northeast-1:*:parameter/drawbridge/drawbridge-prod/*"
    names = [r.inputs["name"] for r in program.of_type("aws:ssm/parameter:Parameter")]
    assert len(names) == 9 and all(
        fnmatch(f"arn:aws:ssm:ap-northeast-1:1:parameter{name}", own) for name in names
    )
    assert not fnmatch("arn:aws:ssm:ap-northeast-1:1:parameter/drawbridge/drawbridge-prod-2/X", own)
    assert (
        statements["MakeAppRole"]["Resource"]
        == "«drawbridge-prod-database-postgres.masterUserSecrets[0].secretArn»"
    )
    assert {sid for sid, s in statements.items() if s["Resource"] == "*"} == {"PutMetrics"}
    assert sorted(statements) == [
        "FinishHooks",
        "MakeAppRole",
        "PutMetrics",
        "ReadSecrets",
        "TagItself",
        "WriteLogs",
    ]


@pytest.mark.slow
def test_a_stack_of_very_many_secrets_stays_within_a_roles_policies() -> None:
    """IAM: 10,240 characters without white space for all inline policies of a role (reference_iam-quotas)."""
    app = dict(yaml.safe_load(example_file("image2model").read_text())["config"]["drawbridge:app"])
    app["generate"] = {
        **app["generate"],
        **{f"ANOTHER_LONG_VARIABLE_NAME_{i}": {"bytes": 16} for i in range(200)},
    }
    program = deployed("image2model", app=app, secretDelivery="parameter-store")
    policy = inputs(program, "aws:iam/rolePolicy:RolePolicy")["policy"]
    assert len(program.of_type("aws:ssm/parameter:Parameter")) > 200
    assert len("".join(policy.split())) < 5000


@pytest.mark.slow
def test_a_database_leaves_no_snapshot_only_where_the_stack_file_says_so() -> None:
    settings = {"version": "17", "name": "app"}
    for protect in ("true", "false"):
        kept = inputs(deployed("image2model", database=settings, protect=protect), invariants.DATABASE)
        assert (kept["skipFinalSnapshot"], kept["deletionProtection"]) == (False, protect == "true")
        assert kept["finalSnapshotIdentifier"] == "«unknown»"  # new in each `up`, taken by a new instance
        gone = {**settings, "finalSnapshot": False}
        assert inputs(deployed("image2model", database=gone, protect=protect), invariants.DATABASE)[
            "skipFinalSnapshot"
        ]


def test_another_name_of_the_master_replaces_no_database() -> None:
    (database,) = deployed("image2model").of_type(invariants.DATABASE)
    assert "username" in database.options["ignoreChanges"]


def test_a_zone_without_capacity_does_not_end_a_release() -> None:
    (group,) = deployed("image2model").of_type(invariants.AUTO_SCALING_GROUP)
    assert group.inputs["ignoreFailedScalingActivities"] is True
    assert (
        "create" not in group.options["customTimeouts"]
    )  # the resource has none: the capacity wait is its limit


def test_a_machine_without_secrets_to_fetch_has_no_right_to_fetch_any() -> None:
    program = deployed("maycast-recorder", secretDelivery="cloud-init", host={"logs": "journald"})
    policy = json.loads(inputs(program, "aws:iam/rolePolicy:RolePolicy")["policy"])
    assert sorted(s["Sid"] for s in policy["Statement"]) == ["FinishHooks", "PutMetrics", "TagItself"]


def test_the_tunnels_token_is_cloudflareds_own_form() -> None:
    token = connector_token("account", "tunnel", "secret")
    assert json.loads(base64.b64decode(token)) == {"a": "account", "t": "tunnel", "s": "secret"}


def test_generated_secrets_are_made_as_they_are_written() -> None:
    app = dict(yaml.safe_load(example_file("image2model").read_text())["config"]["drawbridge:app"])
    app["generate"] = {
        "SECRET_KEY": {"bytes": 32},
        "API_KEY": {"bytes": 24, "encoding": "base64"},
        "ADMIN_API_KEY": {"encoding": "base64url"},
        "REDIS_PASSWORD": {"encoding": "letters", "length": 40},
    }
    program = deployed("image2model", app=app, secretDelivery="cloud-init")
    template = program.of_type(invariants.LAUNCH_TEMPLATE)[0]
    (file,) = [
        f
        for f in invariants.user_data_of(template)["write_files"]
        if f["path"] == "/etc/drawbridge/secrets.json"
    ]
    made = json.loads(file["content"])
    names = {name: f"«drawbridge-prod-secrets-{name}.result»" for name in app["generate"]}
    assert {name: made[name] for name in names} == names
    lengths = {
        r.name.rpartition("-")[2]: (r.inputs["length"], r.inputs.get("special"))
        for r in program.resources
        if "random:" in r.type and "-secrets-" in r.name
    }
    assert lengths == {
        "SECRET_KEY": (43, False),
        "API_KEY": (33, False),
        "ADMIN_API_KEY": (43, False),
        "REDIS_PASSWORD": (40, False),
    }


def test_front_ends_on_other_domains_pass_access_where_it_says_so() -> None:
    app = dict(yaml.safe_load(example_file("image2model").read_text())["config"]["drawbridge:app"])
    access = {
        "users": {"allow": {"domains": ["example.com"]}, "crossSite": True},
        "admins": {"allow": {"emails": ["ops@example.com"]}},
    }
    program = deployed("image2model", app={**app, "frontends": ["https://app.pages.dev"]}, access=access)
    made = {
        r.inputs["name"]: r.inputs
        for r in program.of_type("cloudflare:index/zeroTrustAccessApplication:ZeroTrustAccessApplication")
    }
    users, admins = made["models.example.com users"], made["admin.example.com admins"]
    assert users["corsHeaders"] == {
        "allowedOrigins": ["https://app.pages.dev"],
        "allowCredentials": True,
        "allowAllMethods": True,
        "allowAllHeaders": True,
        "maxAge": 600,
    }
    assert (users["sameSiteCookieAttribute"], admins["sameSiteCookieAttribute"], "corsHeaders" in admins) == (
        "none",
        "lax",
        False,
    )
    assert program.outputs["corsOrigins"] == ["https://app.pages.dev"]
