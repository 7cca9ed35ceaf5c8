"""What holds for every stack, as functions from an evaluation to the list of what breaks it."""

from __future__ import annotations

import base64
import gzip
import re
from collections.abc import Callable, Iterator
from typing import Any

import yaml

from preview.posture.judgement import judge_resources
from preview.posture.program import Program
from preview.posture.read import holding
from preview.posture.rules import BY_ID
from preview.resources import Evaluation, Resource, Secret

INGRESS_CONFIG = "cloudflare:index/zeroTrustTunnelCloudflaredConfig:ZeroTrustTunnelCloudflaredConfig"
APPLICATION = "cloudflare:index/zeroTrustAccessApplication:ZeroTrustAccessApplication"
DNS = "cloudflare:index/dnsRecord:DnsRecord"
INBOUND = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
OUTBOUND = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
DATABASE = "aws:rds/instance:Instance"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
FLEET = "aws:autoscaling/group:Group"
FILES = "aws:efs/fileSystem:FileSystem"
RULESET = "cloudflare:index/ruleset:Ruleset"
TUNNEL = "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared"

Invariant = Callable[[Evaluation], Iterator[str]]


def broken(program: Evaluation, *rules: str) -> Iterator[str]:
    """What breaks the named rules of the posture: the invariants and every stack's report are judged by the same checks."""
    for finding in judge_resources(program.resources, rules=[BY_ID[rule] for rule in rules]).findings:
        yield f"{finding.rule.id}: {finding.resource}: {finding.detail}"


def no_inbound_rule_names_a_cidr(program: Evaluation) -> Iterator[str]:
    yield from broken(program, "inbound-cidr", "default-group", "other-entrance")


def nothing_reaches_the_workload_group(program: Evaluation) -> Iterator[str]:
    yield from broken(program, "workload-inbound")


def ssh_comes_from_the_endpoint_alone(program: Evaluation) -> Iterator[str]:
    yield from broken(program, "ssh-endpoint")


def egress_is_listed(program: Evaluation) -> Iterator[str]:
    yield from broken(program, "egress-open", "egress-extra")


def the_database_is_private_and_encrypted(program: Evaluation) -> Iterator[str]:
    yield from broken(
        program, "database-public", "database-tls", "database-password", "state-encryption", "final-snapshot"
    )


def what_holds_state_is_protected(program: Evaluation) -> Iterator[str]:
    yield from broken(program, "deletion-protection", "final-snapshot", "backups")


def machines_keep_their_credentials_to_themselves(program: Evaluation) -> Iterator[str]:
    yield from broken(program, "imds", "ssh-key", "disk-encryption", "iam-wildcard", "iam-trust")


def a_release_is_a_new_group_before_the_old_one_goes(program: Evaluation) -> Iterator[str]:
    yield from broken(program, "release-order")


def the_catch_all_comes_last(program: Evaluation) -> Iterator[str]:
    yield from broken(program, "catch-all")


def rules_change_after_the_machines_serve(program: Evaluation) -> Iterator[str]:
    groups = {group.urn for group in program.of_type(FLEET)}
    for config in program.of_type(INGRESS_CONFIG):
        if not groups & set(config.options["dependsOn"]):
            yield f"{config.name} does not wait for the machines"


def every_hostname_has_dns_and_the_reverse(program: Evaluation) -> Iterator[str]:
    yield from broken(program, "hostname-dns")


def every_route_has_an_access_decision(program: Evaluation) -> Iterator[str]:
    """What the output `access` says of a route holds: an application and the connector's check, or the word public."""
    yield from broken(program, "access-decision")
    decisions: dict[str, str] = program.outputs["access"]
    public_hosts = {route.partition("/")[0] for route, access in decisions.items() if access == "public"}
    for config in program.of_type(INGRESS_CONFIG):
        rules = config.inputs["config"]["ingresses"][:-1]
        if len(rules) != len(decisions):
            yield "a route without a decision"
        for rule in rules:
            if not rule.get("originRequest", {}).get("access") and rule["hostname"] not in public_hosts:
                yield f"{rule['hostname']} {rule.get('path')}: open without saying public"


def every_application_has_a_policy(program: Evaluation) -> Iterator[str]:
    yield from broken(program, "application-policy")


def rulesets_are_single_entry_points_with_stable_rules(program: Evaluation) -> Iterator[str]:
    yield from broken(program, "ruleset-identity")


def the_tunnel_is_remotely_managed(program: Evaluation) -> Iterator[str]:
    yield from broken(program, "tunnel-managed")


def every_resource_is_parented_and_prefixed(program: Evaluation) -> Iterator[str]:
    yield from broken(program, "ownership")


def no_secret_is_in_the_open(program: Evaluation) -> Iterator[str]:
    """Neither a canary of the stack file nor anything that the engine itself made secret."""
    yield from broken(program, "secret-in-open", "credential-in-text", "parameter-plain")
    secret = re.compile("|".join(["canary-", *map(re.escape, made_secrets(program))]))
    for resource in program.resources:
        yield from (resource.name + place for place in holding(resource.raw, secret))
    yield from (f"outputs{place}" for place in holding(program.raw_outputs, secret))
    yield from (f"warnings{place}" for place in holding(list(program.warnings), secret))
    yield from (f"userData{place}" for place in holding(program.user_data, secret))


def made_secrets(program: Evaluation) -> list[str]:
    """Texts that only a `Secret` may hold: outputs that are secret with the engine, and whatever is secret in an input."""
    return Program(program.resources).secrets


def user_data_of(template: Resource) -> dict[str, Any]:
    value = template.raw["userData"]
    text = value.value if isinstance(value, Secret) else value
    return dict(yaml.safe_load(gzip.decompress(base64.b64decode(text)).decode()))


def secrets_on_the_machine_are_root_only(program: Evaluation) -> Iterator[str]:
    yield from broken(program, "secret-file")
    for template in program.of_type(TEMPLATE):
        for file in user_data_of(template)["write_files"]:
            if "canary-" in file["content"] and file["permissions"] != "0600":
                yield file["path"]


ALL: tuple[Invariant, ...] = tuple(
    value
    for name, value in sorted(globals().items())
    if callable(value)
    and getattr(value, "__module__", "") == __name__
    and "program" in value.__code__.co_varnames[:1]
    and name not in ("broken", "made_secrets", "user_data_of")
)
