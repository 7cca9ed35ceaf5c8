"""The plan in Terraform's form: its shape, names, references, secrets, and what a comparison makes of it."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preview.analysis.verdict import compare
from preview.evaluate.program import evaluate
from preview.report.terraform import left_out, plan, terraform_type, to_terraform
from preview.report.terraform.values import converted
from preview.resources import Evaluation, Secret
from tests.evaluations import DELIVERIES, EXAMPLES, ROOT, deployed
from tests.preview.terraform_format import VALIDATOR


@functools.cache
def planned(example: str, delivery: str) -> dict[str, Any]:
    return dict(json.loads(to_terraform(deployed(example, secretDelivery=delivery))))


def change(document: dict[str, Any], address: str) -> dict[str, Any]:
    (found,) = [c["change"] for c in document["resource_changes"] if c["address"] == address]
    return dict(found)


def expressions(document: dict[str, Any], address: str) -> dict[str, Any]:
    (found,) = [
        r["expressions"]
        for r in document["configuration"]["root_module"]["resources"]
        if r["address"] == address
    ]
    return dict(found)


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value.get("references", [])
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


@pytest.mark.parametrize("delivery", DELIVERIES)
@pytest.mark.parametrize("example", EXAMPLES)
def test_the_plan_has_the_form_of_terraform_show(example: str, delivery: str) -> None:
    VALIDATOR.validate(planned(example, delivery))


@pytest.mark.parametrize("example", EXAMPLES)
def test_nothing_of_a_cloud_is_left_out(example: str) -> None:
    document, program = (
        planned(example, "parameter-store"),
        deployed(example, secretDelivery="parameter-store"),
    )
    clouds = [r for r in program.resources if not r.type.startswith("drawbridge:")]
    assert left_out(program) == []
    for part in (document["planned_values"], document["configuration"]):
        assert len(part["root_module"]["resources"]) == len(clouds)
    addresses = [c["address"] for c in document["resource_changes"]]
    assert len(set(addresses)) == len(addresses) == len(clouds)


def test_the_commented_stack_file_has_a_whole_plan() -> None:
    program = evaluate(ROOT, config_file=ROOT / "docs" / "Pulumi.example.yaml")
    assert left_out(program) == []
    document = json.loads(to_terraform(program))
    VALIDATOR.validate(document)
    assert document["configuration"]["provider_config"]["aws"]["expressions"] == {
        "region": {"constant_value": "ap-northeast-1"},
        "default_tags": [{"tags": {"constant_value": {"team": "platform"}}}],
    }
    vpc = change(document, "aws_vpc.network_vpc")["after"]
    assert (vpc["tags"], vpc["tags_all"]) == (
        {"Name": "drawbridge-example-network"},
        {"Name": "drawbridge-example-network", "team": "platform"},
    )


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_reference_leads_to_a_resource_of_the_plan(example: str) -> None:
    document = planned(example, "parameter-store")
    there = {c["address"] for c in document["resource_changes"]}
    found = set(references(document["configuration"]))
    assert {".".join(reference.split(".")[:2]) for reference in found} <= there
    assert len([reference for reference in found if reference.count(".") > 1]) > 20


@pytest.mark.parametrize("delivery", DELIVERIES)
@pytest.mark.parametrize("example", EXAMPLES)
def test_no_secret_is_in_the_plan(example: str, delivery: str) -> None:
    text = json.dumps(planned(example, delivery), ensure_ascii=False)
    assert "canary-" not in text
    # What is unknown is marked as such; the placeholder of the report is left in IAM's documents alone.
    documents = re.findall(r'"(policy|assume_role_policy)": "(?:[^"\\]|\\.)*"', text)
    stripped = re.sub(r'"(policy|assume_role_policy)": "(?:[^"\\]|\\.)*"', "", text)
    assert len(documents) >= 4
    assert "«" not in re.sub(r'"constant_value": "(?:[^"\\]|\\.)*"', "", stripped)


# --- names and shapes -------------------------------------------------------------------------------------------------


def test_an_inbound_rule_knows_its_ports_and_not_its_groups() -> None:
    document = planned("image2model", "parameter-store")
    assert change(document, "aws_vpc_security_group_ingress_rule.network_ssh_in") == {
        "actions": ["create"],
        "before": None,
        "after": {
            "cidr_ipv4": None,
            "cidr_ipv6": None,
            "description": "ssh",
            "from_port": 22,
            "ip_protocol": "tcp",
            "prefix_list_id": None,
            "tags": None,
            "tags_all": {},
            "to_port": 22,
        },
        "after_unknown": {
            "arn": True,
            "id": True,
            "referenced_security_group_id": True,
            "region": True,
            "security_group_id": True,
            "security_group_rule_id": True,
        },
        "before_sensitive": False,
        "after_sensitive": {},
    }
    assert expressions(document, "aws_vpc_security_group_ingress_rule.network_ssh_in") == {
        "description": {"constant_value": "ssh"},
        "from_port": {"constant_value": 22},
        "ip_protocol": {"constant_value": "tcp"},
        # The endpoint itself has the same name; the rule depends on the group.
        "referenced_security_group_id": {
            "references": ["aws_security_group.network_endpoint.id", "aws_security_group.network_endpoint"]
        },
        "security_group_id": {
            "references": ["aws_security_group.network_ssh.id", "aws_security_group.network_ssh"]
        },
        "to_port": {"constant_value": 22},
    }


def test_blocks_of_aws_are_lists_and_maps_are_maps() -> None:
    document = planned("image2model", "parameter-store")
    template = change(document, "aws_launch_template.host_template")
    assert template["after"]["block_device_mappings"] == [
        {
            "device_name": "/dev/sda1",
            "ebs": [
                {
                    "delete_on_termination": "true",
                    "encrypted": "true",
                    "volume_size": 30,
                    "volume_type": "gp3",
                }
            ],
        }
    ]
    assert template["after"]["iam_instance_profile"] == [{}]
    assert template["after_unknown"]["iam_instance_profile"] == [{"arn": True}]
    assert template["after"]["tag_specifications"][0]["tags"] == {
        "Name": "drawbridge-prod-host",
        "drawbridge:stack": "drawbridge-prod-host",
    }
    group = change(document, "aws_autoscaling_group.host_group")
    assert group["after"]["tag"] == [
        {"key": "drawbridge:stack", "propagate_at_launch": True, "value": "drawbridge-prod-host"}
    ]
    assert [hook["name"] for hook in group["after"]["initial_lifecycle_hook"]] == ["drain", "ready"]
    assert group["after_unknown"]["vpc_zone_identifier"] is True
    assert expressions(document, "aws_autoscaling_group.host_group")["launch_template"] == [
        {
            "id": {
                "references": ["aws_launch_template.host_template.id", "aws_launch_template.host_template"]
            },
            "version": {
                "references": [
                    "aws_launch_template.host_template.latest_version",
                    "aws_launch_template.host_template",
                ]
            },
        }
    ]
    alarm = change(document, "aws_cloudwatch_metric_alarm.alerts_disk")
    assert alarm["after"]["dimensions"] == {"Stack": "drawbridge-prod-host"}


def test_nested_attributes_of_cloudflare_are_objects() -> None:
    document = planned("image2model", "parameter-store")
    config = change(document, "cloudflare_zero_trust_tunnel_cloudflared_config.tunnel_ingress")
    first, *_, last = config["after"]["config"]["ingress"]
    assert first["origin_request"] == {
        "access": {"required": True, "team_name": "acme"},
        "no_tls_verify": True,
    }
    assert last == {"service": "http_status:404"}
    aud = {"origin_request": {"access": {"aud_tag": True}}}
    assert config["after_unknown"]["config"] == {"ingress": [aud, aud, aud, {}]}
    policy = change(document, "cloudflare_zero_trust_access_policy.access_policy_users")
    assert policy["after"]["include"] == [{"email_domain": {"domain": "example.com"}}]


def test_secrets_are_marked_where_they_stand() -> None:
    document = planned("maycast-recorder", "cloud-init")
    assert change(document, "random_password.tunnel_secret")["after_sensitive"] == {
        "bcrypt_hash": True,
        "result": True,
    }
    template = change(document, "aws_launch_template.host_template")
    assert template["after_sensitive"] == {"user_data": True}
    assert template["after_unknown"]["user_data"] is True
    stored = planned("image2model", "parameter-store")
    known = change(stored, "aws_ssm_parameter.parameters_FAL_API_KEY")
    assert (known["after"]["value"], known["after_sensitive"]["value"]) == ("[secret]", True)
    made = change(stored, "aws_ssm_parameter.parameters_API_KEY")
    assert ("value" in made["after"], made["after_unknown"]["value"], made["after_sensitive"]["value"]) == (
        False,
        True,
        True,
    )
    login = change(stored, "cloudflare_zero_trust_access_identity_provider.access_login_github")
    assert login["after"]["config"] == {"client_id": "Iv1.0123456789abcdef", "client_secret": "[secret]"}


def test_outputs_say_what_is_secret_and_what_is_unknown() -> None:
    document = planned("image2model", "parameter-store")
    outputs = document["planned_values"]["outputs"]
    assert outputs["urls"] == {"sensitive": False, "value": deployed("image2model").outputs["urls"]}
    assert outputs["tunnelId"] == {"sensitive": False}
    assert document["output_changes"]["tunnelId"]["after_unknown"] is True


@pytest.mark.parametrize(
    "token, name",
    [
        ("aws:rds/instance:Instance", "aws_db_instance"),
        (
            "cloudflare:index/zeroTrustAccessPolicy:ZeroTrustAccessPolicy",
            "cloudflare_zero_trust_access_policy",
        ),
        ("random:index/randomBytes:RandomBytes", "random_bytes"),
        ("aws:braket/job:Job", None),
        ("drawbridge:index:Host", None),
    ],
)
def test_types_have_terraforms_names(token: str, name: str | None) -> None:
    assert terraform_type(token) == name


# --- comparison -------------------------------------------------------------------------------------------------------


def compared(old: Evaluation, new: Evaluation) -> dict[str, Any]:
    document = json.loads(json.dumps(plan(new, compare(old, new))))
    VALIDATOR.validate(document)
    return dict(document)


def actions(document: dict[str, Any]) -> dict[str, list[str]]:
    return {
        c["address"]: c["change"]["actions"]
        for c in document["resource_changes"]
        if c["change"]["actions"] != ["no-op"]
    }


def test_against_itself_nothing_changes() -> None:
    program = deployed("image2model", secretDelivery="parameter-store")
    document = compared(program, program)
    assert actions(document) == {}
    assert document["prior_state"]["values"] == document["planned_values"]


def test_a_change_updates_replaces_makes_and_deletes() -> None:
    old = deployed("maycast-recorder", secretDelivery="parameter-store")
    host = {"instanceType": "t3.small", "diskGiB": 40, "replicas": 1, "logs": "journald"}
    new = deployed(
        "maycast-recorder", secretDelivery="parameter-store", host=host, network={"cidr": "10.81.0.0/16"}
    )
    document = compared(old, new)
    assert actions(document)["aws_launch_template.host_template"] == ["update"]
    assert actions(document)["aws_cloudwatch_log_group.host_logs"] == ["delete"]
    vpc = change(document, "aws_vpc.network_vpc")
    assert (vpc["actions"], vpc["replace_paths"]) == (["create", "delete"], [["cidr_block"]])
    assert (vpc["before"]["cidr_block"], vpc["after"]["cidr_block"]) == ("10.80.0.0/16", "10.81.0.0/16")
    gone = change(document, "aws_cloudwatch_log_group.host_logs")
    assert (gone["before"]["retention_in_days"], gone["after"]) == (30, None)


# --- any value --------------------------------------------------------------------------------------------------------

LEAVES = st.one_of(
    st.booleans(),
    st.integers(),
    st.sampled_from(["plain", "«a.id»", "x«a.id»"]),
    st.just(Secret("canary")),
    st.just(Secret("«a.id»")),
)
VALUES_ANY = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=12,
)


@given(raw=VALUES_ANY)
def test_any_value_is_known_or_said_to_be_unknown_and_never_a_secret(raw: Any) -> None:
    value = converted(raw, None, {}, blocks=True)
    assert "canary" not in json.dumps([value.after, value.unknown, value.secret])
    assert "«" not in json.dumps(value.after, ensure_ascii=False)
    assert covered(raw, value.after, value.unknown, value.secret)


def covered(raw: Any, after: Any, unknown: Any, secret: Any) -> bool:
    """Every leaf is known as it is, or marked unknown; every secret is marked."""
    if isinstance(raw, Secret):
        return secret is True and (unknown is True or "«" not in str(raw.value))
    if unknown is True:
        return "«" in repr(raw)
    if isinstance(raw, dict):
        parts = [(item, key) for key, item in raw.items()]
        look = lambda place, key: place.get(key, False) if isinstance(place, dict) else False  # noqa: E731
        return all(
            covered(item, after.get(key), look(unknown, key), look(secret, key)) for item, key in parts
        )
    if isinstance(raw, list):
        at = lambda place, index: place[index] if isinstance(place, list) and place else False  # noqa: E731
        return all(covered(item, after[i], at(unknown, i), at(secret, i)) for i, item in enumerate(raw))
    return bool(after == raw)
