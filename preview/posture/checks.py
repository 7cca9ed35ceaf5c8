"""One check for each rule of `model.posture`: from the resources to what breaks the rule.

A check reads names, inputs and options as the engine spells them, and takes `«NAME.property»` for what a resource named
NAME will give. It looks at types, not at how this program names its resources, so it holds for any stack that it is shown.
"""

from __future__ import annotations

import base64
import functools
import gzip
import json
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import yaml

from preview.resource_types.tokens import (
    APPLICATION,
    BACKUP_POLICY,
    DATABASE,
    DEFAULT_GROUP,
    DNS,
    ENDPOINT,
    FILES,
    FLEET,
    INBOUND,
    INGRESS,
    INSTANCE,
    LOG_GROUP,
    NORMALIZATION,
    OUTBOUND,
    PARAMETER,
    POLICY,
    RULESET,
    SECURITY_GROUP,
    SERVICE_TOKEN,
    TEMPLATE,
    TUNNEL,
    VPC,
    ZONE_SETTING,
)
from preview.resources import Resource, Secret

FLOW_LOG = "aws:ec2/flowLog:FlowLog"
OLD_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"

Broken = Iterator[tuple[str, str]]
"""The resource's name, and what of it breaks the rule."""


class Program:
    """The resources, looked up by type and by the placeholders that stand for them; texts are decoded once."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        self.resources: tuple[Resource, ...] = tuple(resources)
        self._of: dict[str, list[Resource]] = {}
        for resource in self.resources:
            self._of.setdefault(resource.type, []).append(resource)

    def of(self, *types: str) -> list[Resource]:
        return [resource for kind in types for resource in self._of.get(kind, ())]

    def named(self, reference: Any, *types: str) -> Resource | None:
        """The resource of one of the types that a placeholder stands for."""
        name = (
            reference[1:-1].rpartition(".")[0]
            if isinstance(reference, str) and reference.startswith("«")
            else ""
        )
        return next((resource for resource in self.of(*types) if resource.name == name), None)

    @functools.cached_property
    def rules_in(self) -> list[tuple[Resource, dict[str, Any]]]:
        """Every inbound rule, however it is written, in the words of SecurityGroupIngressRule."""
        found = [(rule, rule.inputs) for rule in self.of(INBOUND)]
        found += [
            (rule, _modern(rule.inputs)) for rule in self.of(OLD_RULE) if rule.inputs.get("type") == "ingress"
        ]
        for group in self.of(SECURITY_GROUP, DEFAULT_GROUP):
            for rule in _list(group.inputs.get("ingress")):
                found.append((group, {**_modern(rule), "securityGroupId": f"«{group.name}.id»"}))
        return found

    @functools.cached_property
    def rules_out(self) -> list[tuple[Resource, dict[str, Any]]]:
        found = [(rule, rule.inputs) for rule in self.of(OUTBOUND)]
        found += [
            (rule, _modern(rule.inputs)) for rule in self.of(OLD_RULE) if rule.inputs.get("type") == "egress"
        ]
        for group in self.of(SECURITY_GROUP, DEFAULT_GROUP):
            for rule in _list(group.inputs.get("egress")):
                found.append((group, {**_modern(rule), "securityGroupId": f"«{group.name}.id»"}))
        return found

    @functools.cached_property
    def machine_groups(self) -> set[str]:
        """References to the security groups that machines are in."""
        found: set[str] = set()
        for machine in self.of(TEMPLATE, INSTANCE):
            found |= set(_list(machine.inputs.get("vpcSecurityGroupIds")))
            for interface in _list(machine.inputs.get("networkInterfaces")):
                found |= set(_list(interface.get("securityGroups")))
        return found

    @functools.cached_property
    def user_data(self) -> dict[str, dict[str, Any]]:
        """By launch template: the cloud-config that its machines get, secrets and all. Unknown or other texts are left out."""
        found: dict[str, dict[str, Any]] = {}
        for template in self.of(TEMPLATE, INSTANCE):
            value = template.raw.get("userData") or template.raw.get("userDataBase64")
            text = _plain_text(value.value if isinstance(value, Secret) else value)
            try:
                document = (
                    yaml.load(text, Loader=_Loader) if text and text.startswith("#cloud-config") else None
                )
            except (yaml.YAMLError, UnicodeEncodeError):
                continue
            if isinstance(document, dict):
                found[template.name] = document
        return found

    def files(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Every file that cloud-init writes, with its template's name."""
        for name, document in self.user_data.items():
            for file in _list(document.get("write_files")):
                yield name, file

    @functools.cached_property
    def ingress(self) -> list[tuple[Resource, dict[str, Any]]]:
        """The connectors' rules with a hostname."""
        return [
            (config, rule) for config in self.of(INGRESS) for rule in _ingresses(config) if "hostname" in rule
        ]

    @functools.cached_property
    def covered(self) -> set[str]:
        """The destinations of all Access applications: a host, or a host with a path."""
        return {uri for application in self.of(APPLICATION) for uri in _destinations(application)}

    @functools.cached_property
    def public_hosts(self) -> list[tuple[Resource, str]]:
        """Each host that somebody reaches without a login, once."""
        found: dict[str, Resource] = {}
        for config, rule in self.ingress:
            if not _guard(rule) and not str(rule.get("service", "")).startswith("http_status:"):
                found.setdefault(rule["hostname"], config)
        return [(config, host) for host, config in found.items()]

    def policies_of(self, application: Resource) -> list[Resource]:
        found = (self.named(item.get("id"), POLICY) for item in _list(application.inputs.get("policies")))
        return [policy for policy in found if policy]

    @functools.cached_property
    def secrets(self) -> list[str]:
        """Texts that only a `Secret` may hold: outputs that are secret with the engine, and whatever an input keeps secret."""
        found = {
            f"«{resource.name}.{name}»"
            for resource in self.resources
            for name in resource.options.get("additionalSecretOutputs", ())
            if name not in resource.inputs
        }
        for resource in self.resources:
            found |= set(_inside_secrets(resource.raw))
        for _, file in self.files():
            if str(file.get("path")).endswith("/secrets.json"):
                found |= {str(value) for value in json.loads(file["content"]).values()}
        # A whole user data is not looked for: no text holds it but itself, and what is secret in it is here already.
        return sorted(text for text in found if len(text) > 8 and not text.startswith("H4sI"))

    @functools.cached_property
    def secret(self) -> re.Pattern[str]:
        return re.compile("|".join(map(re.escape, self.secrets)) or r"(?!)")


# --- small readers ----------------------------------------------------------------------------------------------------


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Cloud-config and compose files, whose `!reset` and `!override` mean nothing here."""


_Loader.add_multi_constructor("!", lambda loader, _suffix, node: None)


def _list(value: Any) -> list[Any]:
    """A list, even of one; nothing for what is unset, unknown or masked."""
    if isinstance(value, list):
        return value
    return [value] if isinstance(value, dict) else []


def _modern(rule: dict[str, Any]) -> dict[str, Any]:
    """A rule of SecurityGroup or SecurityGroupRule in the words of SecurityGroupIngressRule."""
    ranges = {"cidrIpv4": "cidrBlocks", "cidrIpv6": "ipv6CidrBlocks", "prefixListId": "prefixListIds"}
    found = {new: rule[old][0] for new, old in ranges.items() if rule.get(old)}
    source = rule.get("sourceSecurityGroupId") or next(iter(rule.get("securityGroups") or ()), None)
    if source or rule.get("self"):
        found["referencedSecurityGroupId"] = source or rule.get("securityGroupId", "self")
    return {
        "ipProtocol": rule.get("protocol"),
        "fromPort": rule.get("fromPort"),
        "toPort": rule.get("toPort"),
        "securityGroupId": rule.get("securityGroupId"),
        **found,
    }


def _ingresses(config: Resource) -> list[dict[str, Any]]:
    inner = config.inputs.get("config")
    return _list(inner.get("ingresses")) if isinstance(inner, dict) else []


def _destinations(application: Resource) -> list[str]:
    named = [item["uri"] for item in _list(application.inputs.get("destinations")) if "uri" in item]
    return named or [application.inputs[key] for key in ("domain",) if key in application.inputs]


def _guard(rule: dict[str, Any]) -> dict[str, Any]:
    return dict((rule.get("originRequest") or {}).get("access") or {})


def _seconds(duration: Any) -> float:
    """Go's notation, as Access has it: 24h, 30m, 1h30m; what cannot be read is 0."""
    units = {"h": 3600, "m": 60, "s": 1, "ms": 0.001, "us": 1e-6, "ns": 1e-9}
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|us|ns|h|m|s)", str(duration))
    return sum(float(number) * units[unit] for number, unit in parts)


def _number(value: Any) -> float | None:
    """AWS's SDK takes numbers as text too; None for what is no number yet."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _plain_text(value: Any) -> str | None:
    """User data as text: itself, base64, or gzip in base64."""
    if not isinstance(value, str) or value.startswith("#"):
        return value if isinstance(value, str) else None
    try:
        data = base64.b64decode(value, validate=True)
        return (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode()
    except (ValueError, OSError, EOFError, zlib.error):
        return None


def _inside_secrets(value: Any, inside: bool = False) -> Iterator[str]:
    if isinstance(value, Secret):
        yield from _inside_secrets(value.value, True)
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _inside_secrets(item, inside)
    elif inside and isinstance(value, str):
        yield value


def open_texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text outside a `Secret` with its place, user data decoded."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from open_texts(item, f"{path}.{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from open_texts(item, f"{path}[{index}]")
    elif isinstance(value, str):
        yield path, (_plain_text(value) or value) if value.startswith("H4sI") else value


def holding(value: Any, secret: re.Pattern[str]) -> list[str]:
    """The places outside a `Secret` where one of the secrets stands."""
    return [place for place, text in open_texts(value) if secret.search(text)]


# --- ways in ----------------------------------------------------------------------------------------------------------


def inbound_cidr(program: Program) -> Broken:
    for rule, data in program.rules_in:
        named = [data[key] for key in ("cidrIpv4", "cidrIpv6", "prefixListId") if data.get(key)]
        if named or not data.get("referencedSecurityGroupId"):
            port = f"{data.get('ipProtocol')}/{data.get('fromPort', 'all')}"
            yield rule.name, f"{port} from {', '.join(map(str, named)) or 'no security group'}"


def workload_inbound(program: Program) -> Broken:
    speaking = {
        data.get("securityGroupId")
        for _, data in program.rules_out
        if "referencedSecurityGroupId" not in data
    }
    for rule, data in program.rules_in:
        if data.get("securityGroupId") in program.machine_groups & speaking:
            yield rule.name, f"reaches {data['securityGroupId']}, the group that machines speak from"


def ssh_endpoint(program: Program) -> Broken:
    endpoints = {
        group for endpoint in program.of(ENDPOINT) for group in _list(endpoint.inputs.get("securityGroupIds"))
    }
    for rule, data in program.rules_in:
        if data.get("securityGroupId") not in program.machine_groups:
            continue
        source = str(data.get("referencedSecurityGroupId", ""))
        # An endpoint of someone else's is known by its group's id alone.
        known = source in endpoints or (not endpoints and re.fullmatch(r"sg-[0-9a-f]+", source))
        if (data.get("ipProtocol"), data.get("fromPort"), data.get("toPort")) != ("tcp", 22, 22) or not known:
            yield (
                rule.name,
                f"{data.get('ipProtocol')}/{data.get('fromPort')} from {source or 'an address range'}",
            )


def other_entrance(program: Program) -> Broken:
    for balancer in program.of(*(f"aws:{kind}/loadBalancer:LoadBalancer" for kind in ("lb", "alb", "elb"))):
        if balancer.inputs.get("internal") is not True:
            yield balancer.name, "a load balancer that faces the Internet"
    for function in program.of("aws:lambda/functionUrl:FunctionUrl"):
        if function.inputs.get("authorizationType") != "AWS_IAM":
            yield function.name, "a function URL without IAM"
    for api in program.of("aws:apigatewayv2/api:Api", "aws:apigateway/restApi:RestApi"):
        if api.inputs.get("disableExecuteApiEndpoint") is not True:
            yield api.name, "an API with a public endpoint"
    for bucket in program.of("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"):
        switches = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
        if any(bucket.inputs.get(name) is not True for name in switches):
            yield bucket.name, "a bucket that may be made public"


def default_group(program: Program) -> Broken:
    emptied = {group.inputs.get("vpcId") for group in program.of(DEFAULT_GROUP)}
    for vpc in program.of(VPC):
        if f"«{vpc.name}.id»" not in emptied:
            yield vpc.name, "its default security group is as AWS made it"
    for group in program.of(DEFAULT_GROUP):
        if group.inputs.get("ingress") != [] or group.inputs.get("egress") != []:
            yield group.name, "has rules, or leaves them to AWS"


def public_address(program: Program) -> Broken:
    for machine in program.of(TEMPLATE, INSTANCE):
        wanted = [machine.inputs, *_list(machine.inputs.get("networkInterfaces"))]
        if any(str(item.get("associatePublicIpAddress")).lower() == "true" for item in wanted):
            yield machine.name, "public IPv4 addresses"


# --- ways out ---------------------------------------------------------------------------------------------------------

NEEDED = {("tcp", 443), ("tcp", 80), ("tcp", 7844), ("udp", 7844), ("udp", 123)}
"""Registries and APIs, signed packages, the tunnel's two protocols, time."""


def egress_open(program: Program) -> Broken:
    for rule, data in program.rules_out:
        low, high = _number(data.get("fromPort")), _number(data.get("toPort"))
        if str(data.get("ipProtocol")) in ("-1", "all") or low is None or low != high:
            yield (
                rule.name,
                f"{data.get('ipProtocol')}/{data.get('fromPort', 'all')}-{data.get('toPort', 'all')}",
            )


def egress_extra(program: Program) -> Broken:
    for rule, data in program.rules_out:
        if (
            "referencedSecurityGroupId" not in data
            and (data.get("ipProtocol"), data.get("fromPort")) not in NEEDED
        ):
            where = data.get("cidrIpv4") or data.get("cidrIpv6") or data.get("prefixListId")
            yield (
                rule.name,
                f"{data.get('ipProtocol')}/{data.get('fromPort')} to {where}: {data.get('description', 'no reason')}",
            )


def flow_logs(program: Program) -> Broken:
    watched = {log.inputs.get("vpcId") for log in program.of(FLOW_LOG)}
    for vpc in program.of(VPC):
        if f"«{vpc.name}.id»" not in watched:
            yield vpc.name, "no flow log"


# --- the edge ---------------------------------------------------------------------------------------------------------


def catch_all(program: Program) -> Broken:
    for config in program.of(INGRESS):
        rules = _ingresses(config)
        if not rules or rules[-1] != {"service": "http_status:404"}:
            yield config.name, f"the last rule is {rules[-1] if rules else 'missing'}"
        for rule in rules[:-1]:
            if not rule.get("hostname"):
                yield config.name, f"a rule for any hostname: {rule.get('service')}"


def hostname_dns(program: Program) -> Broken:
    if not program.of(INGRESS):
        return
    routed = {rule["hostname"]: config for config, rule in program.ingress}
    records = {record.inputs.get("name"): record for record in program.of(DNS) if _of_tunnel(record)}
    for host in sorted(set(routed) - set(records)):
        yield routed[host].name, f"{host} has a route and no record"
    for host in sorted(set(records) - set(routed), key=str):
        yield records[host].name, f"{host} has a record and no route"
    for record in records.values():
        wrong = [f"{k}: {record.inputs.get(k)}" for k, v in _RECORD.items() if record.inputs.get(k) != v]
        if wrong:
            yield record.name, ", ".join(wrong)


_RECORD = {"proxied": True, "ttl": 1, "type": "CNAME"}


def _of_tunnel(record: Resource) -> bool:
    content = str(record.inputs.get("content", ""))
    return content.endswith(".cfargotunnel.com") or content.startswith("«")


def access_decision(program: Program) -> Broken:
    with_paths = {uri.partition("/")[0] for uri in program.covered if "/" in uri}
    for config, rule in program.ingress:
        guard, host, path = _guard(rule), rule["hostname"], rule.get("path")
        place = f"{host} {path or ''}".rstrip()
        if guard:
            if not (guard.get("required") is True and guard.get("audTags") and guard.get("teamName")):
                yield config.name, f"{place}: the connector does not insist on the login"
            if host not in program.covered and not (path and host in with_paths):
                yield config.name, f"{place}: no application covers it"
        elif host in program.covered and not path:
            yield config.name, f"{place}: an application covers it, and the connector does not check"


def application_policy(program: Program) -> Broken:
    for application in program.of(APPLICATION):
        policies = _list(application.inputs.get("policies"))
        order = [policy.get("precedence") for policy in policies]
        if not policies:
            yield application.name, "no policy"
        elif order != list(range(1, len(policies) + 1)):
            yield application.name, f"precedences {order}"


def _kinds(policy: Resource, key: str) -> list[str]:
    return [kind for rule in _list(policy.inputs.get(key)) for kind in rule]


def access_everyone(program: Program) -> Broken:
    for policy in program.of(POLICY):
        asked = set(_kinds(policy, "requires")) - {"authMethod", "geo", "ip"}
        if (
            policy.inputs.get("decision") == "allow"
            and "everyone" in _kinds(policy, "includes")
            and not asked
        ):
            yield policy.name, "anyone who can log in at all"


def access_by_address(program: Program) -> Broken:
    for policy in program.of(POLICY):
        kinds = set(_kinds(policy, "includes"))
        if policy.inputs.get("decision") == "deny" or not kinds & {"ip", "ipList", "geo"}:
            continue
        identified = set(_kinds(policy, "requires")) - {"ip", "ipList", "geo", "everyone"}
        if not identified:
            yield policy.name, f"lets in by {', '.join(sorted(kinds & {'ip', 'ipList', 'geo'}))} alone"


_ADMIN = {
    "admin",
    "admins",
    "administration",
    "administrator",
    "administrators",
    "internal",
    "manage",
    "management",
    "ops",
    "operators",
    "root",
    "sudo",
    "superuser",
}


def admin_mfa(program: Program) -> Broken:
    for application in program.of(APPLICATION):
        policies = program.policies_of(application)
        words = re.split(
            r"[^a-z]+", " ".join([*_destinations(application), str(application.inputs.get("name"))]).lower()
        )
        if not _ADMIN & set(words):
            continue
        for policy in policies:
            factor = policy.inputs.get("mfaConfig") or application.inputs.get("mfaConfig") or {}
            own = bool(factor) and factor.get("mfaDisabled") is not True
            if (
                policy.inputs.get("decision") == "allow"
                and not own
                and "authMethod" not in _kinds(policy, "requires")
            ):
                yield (
                    application.name,
                    f"{', '.join(_destinations(application))}: {policy.name} asks for no second factor",
                )


DAY = 86_400


def session_long(program: Program) -> Broken:
    for resource in program.of(POLICY, APPLICATION):
        if (
            resource.inputs.get("decision", "allow") == "allow"
            and _seconds(resource.inputs.get("sessionDuration")) > DAY
        ):
            yield resource.name, f"session {resource.inputs['sessionDuration']}"


def service_token_long(program: Program) -> Broken:
    for token in program.of(SERVICE_TOKEN):
        duration = token.inputs.get("duration", "8760h")
        if duration == "forever" or _seconds(duration) > 366 * DAY:
            yield token.name, f"duration {duration}"


def login_cookie(program: Program) -> Broken:
    for application in program.of(APPLICATION):
        data = application.inputs
        if data.get("httpOnlyCookieAttribute") is False:
            yield application.name, "scripts can read the cookie"
        if data.get("sameSiteCookieAttribute") == "none":
            yield application.name, "other sites may send the cookie"


def shared_host_paths(program: Program) -> Broken:
    guarded = {rule["hostname"] for _, rule in program.ingress if _guard(rule)}
    normalised = any(item.inputs.get("scope") in ("both", "incoming") for item in program.of(NORMALIZATION))
    for config, host in program.public_hosts:
        if host not in guarded:
            continue
        refused = any(
            "%2f" in str(rule.get("expression"))
            for rule in _rules(program, "http_request_firewall_custom", host)
        )
        missing = [
            what
            for what, on in (("paths are not normalised", normalised), ("odd spellings are let in", refused))
            if not on
        ]
        if missing:
            yield config.name, f"{host}: {', '.join(missing)}"


def _rules(program: Program, phase: str, host: str) -> list[dict[str, Any]]:
    """The enabled rules of a phase that may concern a host: those that name it, or name no host at all."""
    rules = [
        rule
        for ruleset in program.of(RULESET)
        if ruleset.inputs.get("phase") == phase
        for rule in _list(ruleset.inputs.get("rules"))
        if rule.get("enabled", True)
    ]
    return [rule for rule in rules if _concerns(str(rule.get("expression", "")), host)]


def _concerns(expression: str, host: str) -> bool:
    parent = host.partition(".")[2]
    return "http.host" not in expression or f'"{host}"' in expression or f'".{parent}"' in expression


def public_waf(program: Program) -> Broken:
    for config, host in program.public_hosts:
        if not _rules(program, "http_request_firewall_managed", host):
            yield config.name, f"{host}: this stack makes no managed rules"


def public_rate_limit(program: Program) -> Broken:
    for config, host in program.public_hosts:
        if not _rules(program, "http_ratelimit", host):
            yield config.name, f"{host}: this stack makes no rate limit for it"


def zone_tls(program: Program) -> Broken:
    for setting in program.of(ZONE_SETTING):
        name, value = setting.inputs.get("settingId"), setting.inputs.get("value")
        allowed = {"min_tls_version": ("1.2", "1.3"), "always_use_https": ("on",), "ssl": ("strict",)}.get(
            str(name)
        )
        if allowed and value not in allowed and not str(value).startswith("«"):
            yield setting.name, f"{name}: {value}"


def origin_tls(program: Program) -> Broken:
    for config, rule in program.ingress:
        unchecked = (rule.get("originRequest") or {}).get("noTlsVerify") is True
        if unchecked and str(rule.get("service", "")).startswith(("https://", "wss://")):
            yield (
                config.name,
                f"{rule['hostname']} {rule.get('path', '')}".rstrip()
                + f": {rule['service']} is not verified",
            )


def tunnel_managed(program: Program) -> Broken:
    for tunnel in program.of(TUNNEL):
        if tunnel.inputs.get("configSrc") != "cloudflare":
            yield tunnel.name, f"configSrc {tunnel.inputs.get('configSrc', 'local')}"
        if not isinstance(tunnel.raw.get("tunnelSecret"), Secret):
            yield tunnel.name, "its secret is missing or plain"


def ruleset_identity(program: Program) -> Broken:
    rulesets = program.of(RULESET)
    phases = [(ruleset.inputs.get("zoneId"), ruleset.inputs.get("phase")) for ruleset in rulesets]
    for ruleset, phase in zip(rulesets, phases, strict=True):
        if phases.count(phase) > 1:
            yield ruleset.name, f"another ruleset has phase {phase[1]} too"
        if not ruleset.options.get("deleteBeforeReplace"):
            yield ruleset.name, "is not deleted before it is replaced"
        refs = [rule.get("ref") for rule in _list(ruleset.inputs.get("rules"))]
        if not all(refs) or len(set(refs)) != len(refs):
            yield ruleset.name, f"refs {refs}"


# --- machines ---------------------------------------------------------------------------------------------------------


def imds(program: Program) -> Broken:
    for machine in program.of(TEMPLATE, INSTANCE):
        options = machine.inputs.get("metadataOptions") or {}
        if options.get("httpEndpoint") == "disabled":
            continue
        if options.get("httpTokens") != "required":
            yield machine.name, f"httpTokens {options.get('httpTokens', 'optional')}"
        if options.get("httpPutResponseHopLimit") != 1:
            yield machine.name, f"hop limit {options.get('httpPutResponseHopLimit', 'not set')}"


def ssh_key(program: Program) -> Broken:
    for machine in program.of(TEMPLATE, INSTANCE):
        if machine.inputs.get("keyName"):
            yield machine.name, f"key pair {machine.inputs['keyName']}"


def disk_encryption(program: Program) -> Broken:
    for template in program.of(TEMPLATE):
        disks = _list(template.inputs.get("blockDeviceMappings"))
        if not disks:
            yield template.name, "leaves its disk to the account's default"
        for disk in disks:
            if "ebs" in disk and str((disk["ebs"] or {}).get("encrypted")).lower() != "true":
                yield template.name, f"{disk.get('deviceName')} is not encrypted"
    for instance in program.of(INSTANCE):
        disk = instance.inputs.get("rootBlockDevice") or {}
        if disk.get("encrypted") is not True:
            yield instance.name, "its root disk is not encrypted"
    for volume in program.of("aws:ebs/volume:Volume"):
        if volume.inputs.get("encrypted") is not True:
            yield volume.name, "is not encrypted"


POLICY_TYPES = (
    "aws:iam/rolePolicy:RolePolicy",
    "aws:iam/policy:Policy",
    "aws:iam/userPolicy:UserPolicy",
    "aws:iam/groupPolicy:GroupPolicy",
)
UNBOUND = {"ecr:GetAuthorizationToken"}
"""Actions that AWS lets nobody bind to a resource, and that need no condition either: they give a login, not data."""


def _statements(document: Any) -> list[dict[str, Any]]:
    try:
        parsed = json.loads(document) if isinstance(document, str) else document
    except json.JSONDecodeError:
        return []  # unknown as yet
    return _list(parsed.get("Statement")) if isinstance(parsed, dict) else []


def _words(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else [str(item) for item in _list(value)]


def iam_wildcard(program: Program) -> Broken:
    for policy in program.of(*POLICY_TYPES):
        for statement in _statements(policy.inputs.get("policy")):
            if statement.get("Effect") != "Allow":
                continue
            label, actions = statement.get("Sid", "a statement"), _words(statement.get("Action"))
            wide = [action for action in actions if action == "*" or action.endswith(":*")]
            if wide or "NotAction" in statement:
                yield policy.name, f"{label} allows {', '.join(wide) or 'all but some actions'}"
            everywhere = "*" in _words(statement.get("Resource")) or "NotResource" in statement
            if everywhere and not statement.get("Condition") and set(actions) - UNBOUND:
                yield policy.name, f"{label} allows {', '.join(actions)} on every resource"
    for attachment in program.of("aws:iam/rolePolicyAttachment:RolePolicyAttachment"):
        arn = str(attachment.inputs.get("policyArn"))
        if re.search(r"/(AdministratorAccess|PowerUserAccess|.*FullAccess)$", arn):
            yield attachment.name, f"attaches {arn.rpartition('/')[2]}"


def iam_trust(program: Program) -> Broken:
    for role in program.of("aws:iam/role:Role"):
        for statement in _statements(role.inputs.get("assumeRolePolicy")):
            principal = statement.get("Principal")
            named = principal.get("AWS") if isinstance(principal, dict) else principal
            if statement.get("Effect") == "Allow" and "*" in _words(named):
                yield role.name, "anyone may take it"


def _services(program: Program) -> Iterator[tuple[str, str, dict[str, Any], dict[str, Any]]]:
    """Every service of the compose files on a machine: template, service's name, its definition, the plain variables."""
    for name, document in program.user_data.items():
        files = {
            str(file.get("path")): str(file.get("content", "")) for file in _list(document.get("write_files"))
        }
        variables = _facts(files).get("env", {})
        for path, content in files.items():
            if not re.search(r"/(docker-)?(compose|overlay)\.ya?ml$", path):
                continue
            try:
                services = (yaml.load(content, Loader=_Loader) or {}).get("services") or {}
            except (yaml.YAMLError, UnicodeEncodeError, AttributeError):
                continue
            for service, definition in services.items():
                if isinstance(definition, dict):
                    yield name, service, definition, variables


def _facts(files: dict[str, str]) -> dict[str, Any]:
    text = next((content for path, content in files.items() if path.endswith("/machine.json")), "{}")
    return dict(json.loads(text))


_VARIABLE = re.compile(r"\$\{?(\w+)(?::?[-?+]([^}]*))?\}?")


def _value_of(variables: Mapping[str, Any], match: re.Match[str]) -> str:
    return str(variables.get(match[1]) or match[2] or "«set elsewhere»")


def _images(program: Program) -> Iterator[tuple[str, str, str]]:
    for name, service, definition, variables in _services(program):
        image = definition.get("image")
        if isinstance(image, str) and "build" not in definition:
            yield (
                name,
                service,
                _VARIABLE.sub(functools.partial(_value_of, variables), image),
            )


def image_mutable(program: Program) -> Broken:
    for name, service, image in _images(program):
        last = image.rpartition("/")[2]
        if "@sha256:" not in image and (":" not in last or last.endswith(":latest")):
            yield name, f"service {service} runs {image}"


def image_digest(program: Program) -> Broken:
    loose: dict[str, list[str]] = {}
    for name, service, image in _images(program):
        if "@sha256:" not in image:
            loose.setdefault(name, []).append(service)
    for name, services in loose.items():
        yield name, f"pinned by tag: {', '.join(sorted(set(services)))}"


def _named_by_hand(resource: Resource) -> bool:
    """With a name of the program's own; the engine's is the resource's with seven hexadecimal digits."""
    given = resource.inputs.get("name")
    return given is not None and not re.fullmatch(re.escape(resource.name) + "-[0-9a-f]{7}", str(given))


RELEASED_ON = ["launchTemplate", "#initerror"]
"""A changed template, and the engine's mark of a group that failed to start. Policy packs are not told of this option."""


def release_order(program: Program) -> Broken:
    for fleet in program.of(FLEET):
        data, options = fleet.inputs, fleet.options
        hooks = {
            str(h.get("lifecycleTransition")).rpartition(":")[2]: h
            for h in _list(data.get("initialLifecycleHooks"))
        }
        launch = hooks.get("EC2_INSTANCE_LAUNCHING", {})
        template = data.get("launchTemplate") or {}
        wait = _seconds(data.get("waitForCapacityTimeout", "10m"))
        faults = {
            "a changed template does not make a new group, or a failed one is taken for done": options.get(
                "replaceOnChanges", RELEASED_ON
            )
            != RELEASED_ON,
            "the old group goes first": bool(options.get("deleteBeforeReplace")) or _named_by_hand(fleet),
            "a machine counts before its stack is healthy": launch.get("defaultResult") != "ABANDON",
            "pulumi gives up before a machine may": wait <= float(launch.get("heartbeatTimeout", 0)),
            "the template's version floats": str(template.get("version", "$Default")).startswith("$"),
        }
        yield from ((fleet.name, fault) for fault, there in faults.items() if there)


def single_machine(program: Program) -> Broken:
    for fleet in program.of(FLEET):
        if _number(fleet.inputs.get("minSize")) in (0, 1):
            yield fleet.name, "one machine at a time"


# --- state ------------------------------------------------------------------------------------------------------------


def database_public(program: Program) -> Broken:
    gateways = {
        route.inputs.get("routeTableId")
        for route in program.of("aws:ec2/route:Route")
        if route.inputs.get("gatewayId") and str(route.inputs.get("destinationCidrBlock")).endswith("/0")
    }
    open_subnets = {
        link.inputs.get("subnetId")
        for link in program.of("aws:ec2/routeTableAssociation:RouteTableAssociation")
        if link.inputs.get("routeTableId") in gateways
    }
    for database in program.of(DATABASE):
        if database.inputs.get("publiclyAccessible") is not False:
            yield database.name, f"publiclyAccessible {database.inputs.get('publiclyAccessible', 'not set')}"
    for group in program.of("aws:rds/subnetGroup:SubnetGroup"):
        if set(map(str, group.inputs.get("subnetIds") or ())) & set(map(str, open_subnets)):
            yield group.name, "a subnet with a way to the Internet"


def state_encryption(program: Program) -> Broken:
    for database in program.of(DATABASE):
        if database.inputs.get("storageEncrypted") is not True:
            yield database.name, "storageEncrypted is not true"
    for files in program.of(FILES):
        if files.inputs.get("encrypted") is not True:
            yield files.name, "encrypted is not true"


def database_tls(program: Program) -> Broken:
    for database in program.of(DATABASE):
        version = str(database.inputs.get("engineVersion", "")).partition(".")[0]
        if database.inputs.get("engine") == "postgres" and (not version.isdigit() or int(version) < 15):
            yield database.name, f"engine version {version or 'not set'}"
    for group in program.of("aws:rds/parameterGroup:ParameterGroup"):
        for parameter in _list(group.inputs.get("parameters")):
            if parameter.get("name") == "rds.force_ssl" and str(parameter.get("value")) != "1":
                yield group.name, f"rds.force_ssl {parameter.get('value')}"


def database_password(program: Program) -> Broken:
    for database in program.of(DATABASE):
        if "password" in database.inputs or database.inputs.get("manageMasterUserPassword") is not True:
            yield database.name, "a password of the program's own"


def backups(program: Program) -> Broken:
    for database in program.of(DATABASE):
        if not _number(database.inputs.get("backupRetentionPeriod")):
            yield database.name, "no automatic backups"
    kept = {
        policy.inputs.get("fileSystemId")
        for policy in program.of(BACKUP_POLICY)
        if (policy.inputs.get("backupPolicy") or {}).get("status") == "ENABLED"
    }
    for files in program.of(FILES):
        if f"«{files.name}.id»" not in kept:
            yield files.name, "no backup policy"


def backups_short(program: Program) -> Broken:
    for database in program.of(DATABASE):
        days = _number(database.inputs.get("backupRetentionPeriod")) or 0
        if 0 < days < 7:
            yield database.name, f"{days:g} days"


def final_snapshot(program: Program) -> Broken:
    for database in program.of(DATABASE):
        if database.inputs.get("skipFinalSnapshot") is not False:
            yield database.name, "skipFinalSnapshot is not false"


def deletion_protection(program: Program) -> Broken:
    for resource in program.of(DATABASE, FILES):
        if not resource.options.get("protect"):
            yield resource.name, "not protected by Pulumi"
    for database in program.of(DATABASE):
        if database.inputs.get("deletionProtection") is not True:
            yield database.name, "not protected by AWS"


def files_transit(program: Program) -> Broken:
    safe = {
        policy.inputs.get("fileSystemId")
        for policy in program.of("aws:efs/fileSystemPolicy:FileSystemPolicy")
        if "aws:SecureTransport" in str(policy.inputs.get("policy"))
    }
    for files in program.of(FILES):
        if f"«{files.name}.id»" not in safe:
            yield files.name, "mounted by plain NFS"


def single_zone(program: Program) -> Broken:
    for database in program.of(DATABASE):
        if database.inputs.get("multiAz") is not True:
            yield database.name, "no standby"


# --- secrets ----------------------------------------------------------------------------------------------------------


def secret_in_open(program: Program) -> Broken:
    for resource in program.resources:
        for place in holding(resource.raw, program.secret):
            yield resource.name, place.removeprefix(".")
    for parameter in program.of(PARAMETER):
        value = parameter.raw.get("value")
        if (
            parameter.inputs.get("type") == "SecureString"
            and value is not None
            and not isinstance(value, Secret)
        ):
            yield parameter.name, "the value of a SecureString"


_CREDENTIAL = re.compile(
    r"(?P<AWS_access_key>\b(?:AKIA|ASIA)[A-Z0-9]{16}\b)"
    r"|(?P<private_key>-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----)"
    r"|(?P<GitHub_token>\bgh[pousr]_[A-Za-z0-9]{36,}\b|\bgithub_pat_\w{22,})"
    r"|(?P<Slack_token>\bxox[abprs]-[A-Za-z0-9-]{10,})"
    r"|(?P<Stripe_key>\b[sr]k_live_[A-Za-z0-9]{20,})"
    # base64 of a cloudflared token begins so: {"a":"
    r"|(?P<tunnel_token>\beyJhIjoi[A-Za-z0-9+/=]{40,})"
    r"|(?P<password_in_a_URL>\b[a-z][a-z0-9+]*://[^\s:/@«$\"']+:(?!\[secret\])[^\s:/@«$\"'{]{3,}@)"
)


def credential_in_text(program: Program) -> Broken:
    for resource in program.resources:
        for place, text in open_texts(resource.raw):
            for match in _CREDENTIAL.finditer(text):
                yield resource.name, f"{place.removeprefix('.')}: {str(match.lastgroup).replace('_', ' ')}"


_SECRET_NAME = re.compile(
    r"(^|_)(PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|CREDENTIALS?|(API|ACCESS|PRIVATE|SECRET|SIGNING)_?KEY)$",
    re.IGNORECASE,
)


def _looks_secret(name: str, value: Any) -> bool:
    """A secret's name with a value that is neither empty, a reference, a path nor a plain switch."""
    text = str(value if value is not None else "")
    plain = (
        not text or text.startswith(("$", "/", "«", "[secret]")) or text.lower() in ("true", "false", "none")
    )
    return bool(_SECRET_NAME.search(name)) and not plain and not text.isdigit()


def secret_in_env(program: Program) -> Broken:
    for template, file in program.files():
        if str(file.get("path")).endswith("/machine.json"):
            for variable, value in json.loads(file["content"]).get("env", {}).items():
                if _looks_secret(variable, value):
                    yield template, f"{variable} in app.env"
    for template, service, definition, _ in _services(program):
        given = definition.get("environment") or {}
        pairs = (
            given.items() if isinstance(given, dict) else (str(item).partition("=")[::2] for item in given)
        )
        for variable, value in pairs:
            if _looks_secret(variable, value):
                yield template, f"{variable} of service {service} in the compose file"


def parameter_plain(program: Program) -> Broken:
    for parameter in program.of(PARAMETER):
        name = str(parameter.inputs.get("name", parameter.name)).rpartition("/")[2]
        secret = isinstance(parameter.raw.get("value"), Secret) or _SECRET_NAME.search(name)
        if parameter.inputs.get("type") != "SecureString" and secret:
            yield parameter.name, f"type {parameter.inputs.get('type')}"


def secret_file(program: Program) -> Broken:
    for template, file in program.files():
        mode = str(file.get("permissions", "0644"))
        if not mode.endswith("00") and (
            str(file.get("path")).endswith("/secrets.json") or holding(file.get("content"), program.secret)
        ):
            yield template, f"{file.get('path')} has mode {mode}"


def user_data_secrets(program: Program) -> Broken:
    for template in program.of(TEMPLATE, INSTANCE):
        if isinstance(template.raw.get("userData"), Secret) or isinstance(
            template.raw.get("userDataBase64"), Secret
        ):
            yield template.name, "secrets are in user data"


# --- seeing -----------------------------------------------------------------------------------------------------------


def log_retention(program: Program) -> Broken:
    for group in program.of(LOG_GROUP):
        days = _number(group.inputs.get("retentionInDays")) or 0
        if days < 7:
            yield group.name, f"kept for {days:g} days" if days else "kept for ever"


def logs_leave(program: Program) -> Broken:
    if not program.of(LOG_GROUP):
        for template in program.of(TEMPLATE):
            yield template.name, "no log group"


def alerts(program: Program) -> Broken:
    if not program.of("aws:cloudwatch/metricAlarm:MetricAlarm"):
        for fleet in program.of(FLEET):
            yield fleet.name, "no alarm watches it"
    if not program.of("cloudflare:index/notificationPolicy:NotificationPolicy"):
        for tunnel in program.of(TUNNEL):
            yield tunnel.name, "nobody is told when it is down"


# --- house rules ------------------------------------------------------------------------------------------------------


def ownership(program: Program) -> Broken:
    urns = {resource.urn for resource in program.resources}
    for resource in program.resources:
        match = re.match(r"urn:pulumi:([^:]+)::([^:]+)::", resource.urn)
        if match and not resource.name.startswith(f"{match[2]}-{match[1]}-"):
            yield resource.name, f"its name does not begin with {match[2]}-{match[1]}-"
        is_component = not resource.options.get("custom", not resource.type.startswith("drawbridge:"))
        if not is_component and resource.parent not in urns:
            yield resource.name, "belongs to no component"
        elif is_component and resource.parent in urns:
            yield resource.name, "a component inside a component"


CHECKS: dict[str, Callable[[Program], Broken]] = {
    check.__name__.replace("_", "-"): check
    for check in (
        inbound_cidr,
        workload_inbound,
        ssh_endpoint,
        other_entrance,
        default_group,
        public_address,
        egress_open,
        egress_extra,
        flow_logs,
        catch_all,
        hostname_dns,
        access_decision,
        application_policy,
        access_everyone,
        access_by_address,
        admin_mfa,
        session_long,
        service_token_long,
        login_cookie,
        shared_host_paths,
        public_waf,
        public_rate_limit,
        zone_tls,
        origin_tls,
        tunnel_managed,
        ruleset_identity,
        imds,
        ssh_key,
        disk_encryption,
        iam_wildcard,
        iam_trust,
        image_mutable,
        image_digest,
        release_order,
        single_machine,
        database_public,
        state_encryption,
        database_tls,
        database_password,
        backups,
        backups_short,
        final_snapshot,
        deletion_protection,
        files_transit,
        single_zone,
        secret_in_open,
        credential_in_text,
        secret_in_env,
        parameter_plain,
        secret_file,
        user_data_secrets,
        log_retention,
        logs_leave,
        alerts,
        ownership,
    )
}
"""By the rule's id."""
