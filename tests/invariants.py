"""What holds for every stack, as functions from an evaluation to the list of what breaks it."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable, Iterator
from typing import Any

import yaml

from preview.evaluate import Evaluation, Resource
from preview.stackfile import Secret

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


def no_inbound_rule_names_a_cidr(program: Evaluation) -> Iterator[str]:
    for rule in program.of_type(INBOUND):
        if set(rule.inputs) & {"cidrIpv4", "cidrIpv6", "prefixListId"} or "referencedSecurityGroupId" not in rule.inputs:
            yield rule.name
    for group in program.of_type(GROUP):
        if group.inputs.get("ingress") or group.inputs.get("egress"):
            yield group.name
    for group in program.of_type("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"):
        if group.inputs.get("ingress") != [] or group.inputs.get("egress") != []:
            yield group.name


def nothing_reaches_the_workload_group(program: Evaluation) -> Iterator[str]:
    for rule in program.of_type(INBOUND):
        if rule.inputs["securityGroupId"].endswith("-network-workload.id»"):
            yield rule.name


def ssh_comes_from_the_endpoint_alone(program: Evaluation) -> Iterator[str]:
    for rule in program.of_type(INBOUND):
        data = rule.inputs
        target, source = data["securityGroupId"], data.get("referencedSecurityGroupId", "")
        if target.endswith("-ssh.id»") and (data["fromPort"], data["toPort"], source[-13:]) != (
            22,
            22,
            "-endpoint.id»",
        ):
            yield rule.name


def egress_is_listed(program: Evaluation) -> Iterator[str]:
    open_ports = {("tcp", 443), ("tcp", 80), ("tcp", 7844), ("udp", 7844), ("udp", 123)}
    for rule in program.of_type(OUTBOUND):
        data = rule.inputs
        listed = (data["ipProtocol"], data.get("fromPort")) in open_ports and data["fromPort"] == data["toPort"]
        if data["ipProtocol"] == "-1" or ("referencedSecurityGroupId" not in data and not listed):
            yield rule.name


def the_database_is_private_and_encrypted(program: Evaluation) -> Iterator[str]:
    for instance in program.of_type(DATABASE):
        data = instance.inputs
        expected = {
            "publiclyAccessible": False,
            "storageEncrypted": True,
            "manageMasterUserPassword": True,
            "skipFinalSnapshot": False,
        }
        yield from (f"{instance.name}.{key}" for key, value in expected.items() if data.get(key) != value)
        if int(data["engineVersion"]) < 15 or data.get("backupRetentionPeriod", 0) < 1 or "password" in data:
            yield instance.name


def what_holds_state_is_protected(program: Evaluation) -> Iterator[str]:
    for resource in [*program.of_type(DATABASE), *program.of_type(FILES)]:
        if not resource.options["protect"]:
            yield resource.name
    for instance in program.of_type(DATABASE):
        if not instance.inputs.get("deletionProtection"):
            yield instance.name


def machines_keep_their_credentials_to_themselves(program: Evaluation) -> Iterator[str]:
    for template in program.of_type(TEMPLATE):
        data = template.inputs
        options = data["metadataOptions"]
        if options["httpTokens"] != "required" or options["httpPutResponseHopLimit"] != 1 or data.get("keyName"):
            yield template.name
        if any(disk["ebs"].get("encrypted") != "true" for disk in data["blockDeviceMappings"]):
            yield template.name


def a_release_is_a_new_group_before_the_old_one_goes(program: Evaluation) -> Iterator[str]:
    for fleet in program.of_type(FLEET):
        hooks = {hook["lifecycleTransition"].rpartition(":")[2]: hook for hook in fleet.inputs["initialLifecycleHooks"]}
        launch = hooks.get("EC2_INSTANCE_LAUNCHING", {})
        fine = (
            fleet.options["replaceOnChanges"] == ["launchTemplate", "#initerror"]
            and not fleet.options["deleteBeforeReplace"]
            and "name" not in fleet.inputs
            and launch.get("defaultResult") == "ABANDON"
            and int(fleet.inputs["waitForCapacityTimeout"][:-1]) > launch.get("heartbeatTimeout", 10**9)
            and "«" in fleet.inputs["launchTemplate"]["version"]
        )
        if not fine:
            yield fleet.name


def the_catch_all_comes_last(program: Evaluation) -> Iterator[str]:
    for config in program.of_type(INGRESS_CONFIG):
        *rules, last = config.inputs["config"]["ingresses"]
        if last != {"service": "http_status:404"}:
            yield config.name
        yield from (str(rule) for rule in rules if "hostname" not in rule)


def every_hostname_has_dns_and_the_reverse(program: Evaluation) -> Iterator[str]:
    routed = {
        rule["hostname"] for config in program.of_type(INGRESS_CONFIG) for rule in config.inputs["config"]["ingresses"][:-1]
    }
    named = {record.inputs["name"] for record in program.of_type(DNS)}
    yield from sorted(routed ^ named)
    for record in program.of_type(DNS):
        data = record.inputs
        if (
            not data["proxied"]
            or data["ttl"] != 1
            or data["type"] != "CNAME"
            or not data["content"].endswith(".cfargotunnel.com")
        ):
            yield record.name


def every_route_has_an_access_decision(program: Evaluation) -> Iterator[str]:
    """What the output `access` says of a route holds: an application and the connector's check, or the word public."""
    covered = {uri["uri"] for app in program.of_type(APPLICATION) for uri in app.inputs["destinations"]}
    decisions: dict[str, str] = program.outputs["access"]
    public_hosts = {route.partition("/")[0] for route, access in decisions.items() if access == "public"}
    for config in program.of_type(INGRESS_CONFIG):
        rules = config.inputs["config"]["ingresses"][:-1]
        if len(rules) != len(decisions):
            yield "a route without a decision"
        for rule in rules:
            guarded = rule.get("originRequest", {}).get("access", {})
            host, path = rule["hostname"], rule.get("path")
            if guarded:
                whole = host in covered
                if not (guarded["required"] is True and guarded["audTags"] and guarded["teamName"]):
                    yield f"{host} {path}: the connector does not check"
                if not whole and not (path and any(uri.startswith(host + "/") for uri in covered)):
                    yield f"{host} {path}: no application"
            elif host not in public_hosts:
                yield f"{host} {path}: open without saying public"


def every_application_has_a_policy(program: Evaluation) -> Iterator[str]:
    for application in program.of_type(APPLICATION):
        policies = application.inputs.get("policies", [])
        if not policies or [p["precedence"] for p in policies] != list(range(1, len(policies) + 1)):
            yield application.name


def rulesets_are_single_entry_points_with_stable_rules(program: Evaluation) -> Iterator[str]:
    phases = [ruleset.inputs["phase"] for ruleset in program.of_type(RULESET)]
    yield from sorted({phase for phase in phases if phases.count(phase) > 1})
    for ruleset in program.of_type(RULESET):
        rules = ruleset.inputs["rules"]
        refs = [rule.get("ref") for rule in rules] if isinstance(rules, list) else ["masked"]
        if not ruleset.options["deleteBeforeReplace"] or not all(refs) or len(set(refs)) != len(refs):
            yield ruleset.name


def the_tunnel_is_remotely_managed(program: Evaluation) -> Iterator[str]:
    for tunnel in program.of_type(TUNNEL):
        if tunnel.inputs.get("configSrc") != "cloudflare" or not isinstance(tunnel.raw.get("tunnelSecret"), Secret):
            yield tunnel.name


def every_resource_is_parented_and_prefixed(program: Evaluation) -> Iterator[str]:
    names = {resource.urn: resource for resource in program.resources}
    prefix = f"{program.project}-{program.stack}-"
    for resource in program.resources:
        if not resource.name.startswith(prefix):
            yield resource.name
        is_component = resource.type.startswith("drawbridge:")
        if is_component != (resource.parent not in names):
            yield resource.name


def unsafe_places(value: Any, secrets: list[str], path: str = "") -> Iterator[str]:
    """Where one of the secrets stands outside a `Secret`."""
    if isinstance(value, Secret):
        return
    if isinstance(value, dict):
        for key, item in value.items():
            yield from unsafe_places(item, secrets, f"{path}.{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from unsafe_places(item, secrets, f"{path}[{index}]")
    elif isinstance(value, str):
        text = value
        if value.startswith("H4sI"):
            text = gzip.decompress(base64.b64decode(value)).decode()
        if any(secret in text for secret in secrets):
            yield path


def no_secret_is_in_the_open(program: Evaluation) -> Iterator[str]:
    """Neither a canary of the stack file nor anything that the engine itself made secret."""
    secrets = ["canary-", *made_secrets(program)]
    for resource in program.resources:
        for place in unsafe_places(resource.raw, secrets):
            yield f"{resource.name}{place}"
    yield from unsafe_places(program.raw_outputs, secrets, "outputs")
    yield from unsafe_places(list(program.warnings), secrets, "warnings")
    yield from unsafe_places(program.user_data, secrets, "userData")


def made_secrets(program: Evaluation) -> list[str]:
    """Texts that only a `Secret` may hold: outputs that are secret with the engine, and whatever is secret in an input."""
    marked = {
        f"«{r.name}.{prop}»" for r in program.resources for prop in r.options["additionalSecretOutputs"] if prop not in r.inputs
    }
    for resource in program.resources:
        marked |= set(_inside_secrets(resource.raw))
    for template in program.of_type(TEMPLATE):
        for file in user_data_of(template)["write_files"]:
            if file["path"].endswith("/secrets.json"):
                marked |= set(json.loads(file["content"]).values())
    return sorted(text for text in marked if len(text) > 8)


def _inside_secrets(value: Any, inside: bool = False) -> Iterator[str]:
    if isinstance(value, Secret):
        yield from _inside_secrets(value.value, True)
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _inside_secrets(item, inside)
    elif inside and isinstance(value, str):
        yield value


def user_data_of(template: Resource) -> dict[str, Any]:
    value = template.raw["userData"]
    text = value.value if isinstance(value, Secret) else value
    return dict(yaml.safe_load(gzip.decompress(base64.b64decode(text)).decode()))


def secrets_on_the_machine_are_root_only(program: Evaluation) -> Iterator[str]:
    for template in program.of_type(TEMPLATE):
        for file in user_data_of(template)["write_files"]:
            if "canary-" in file["content"] and file["permissions"] != "0600":
                yield file["path"]


ALL: tuple[Invariant, ...] = tuple(
    value for name, value in sorted(globals().items())
    if callable(value) and getattr(value, "__module__", "") == __name__ and "program" in value.__code__.co_varnames[:1]
    and name not in ("made_secrets", "user_data_of")
)  # fmt: skip
