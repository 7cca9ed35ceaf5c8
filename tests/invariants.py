"""What holds for every stack, as functions from an evaluation to the list of what breaks it.

They read the registered inputs themselves. The posture's checks, which judge the same in every report, have no part in it: a
check that is wrong must not be wrong on both sides.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import yaml

from preview.resources import Evaluation, Resource, Secret

INGRESS_CONFIG = "cloudflare:index/zeroTrustTunnelCloudflaredConfig:ZeroTrustTunnelCloudflaredConfig"
ACCESS_APPLICATION = "cloudflare:index/zeroTrustAccessApplication:ZeroTrustAccessApplication"
ACCESS_POLICY = "cloudflare:index/zeroTrustAccessPolicy:ZeroTrustAccessPolicy"
DNS_RECORD = "cloudflare:index/dnsRecord:DnsRecord"
INGRESS_RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS_RULE = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
DEFAULT_SECURITY_GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
VPC = "aws:ec2/vpc:Vpc"
DATABASE = "aws:rds/instance:Instance"
LAUNCH_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
AUTO_SCALING_GROUP = "aws:autoscaling/group:Group"
FILE_SYSTEM = "aws:efs/fileSystem:FileSystem"
BACKUP = "aws:efs/backupPolicy:BackupPolicy"
PARAMETER = "aws:ssm/parameter:Parameter"
RULESET = "cloudflare:index/ruleset:Ruleset"
TUNNEL = "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared"
CATCH_ALL = {"service": "http_status:404"}
# Nothing else is ever made: a load balancer, a bucket or a function would be another entrance, or another place for data.
_TYPES = """
aws:autoscaling/group:Group aws:cloudwatch/logGroup:LogGroup aws:cloudwatch/logMetricFilter:LogMetricFilter
aws:cloudwatch/metricAlarm:MetricAlarm aws:ec2/defaultSecurityGroup:DefaultSecurityGroup
aws:ec2/internetGateway:InternetGateway aws:ec2/launchTemplate:LaunchTemplate aws:ec2/route:Route
aws:ec2/routeTable:RouteTable aws:ec2/routeTableAssociation:RouteTableAssociation
aws:ec2/securityGroup:SecurityGroup aws:ec2/subnet:Subnet aws:ec2/vpc:Vpc
aws:ec2transitgateway/instanceConnectEndpoint:InstanceConnectEndpoint aws:efs/backupPolicy:BackupPolicy
aws:efs/fileSystem:FileSystem aws:efs/mountTarget:MountTarget aws:iam/instanceProfile:InstanceProfile
aws:iam/role:Role aws:iam/rolePolicy:RolePolicy aws:rds/instance:Instance
aws:rds/parameterGroup:ParameterGroup aws:rds/subnetGroup:SubnetGroup aws:sns/topic:Topic
aws:sns/topicSubscription:TopicSubscription aws:ssm/parameter:Parameter
aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule
aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule cloudflare:index/dnsRecord:DnsRecord
cloudflare:index/notificationPolicy:NotificationPolicy cloudflare:index/ruleset:Ruleset
cloudflare:index/urlNormalizationSettings:UrlNormalizationSettings
cloudflare:index/zeroTrustAccessApplication:ZeroTrustAccessApplication
cloudflare:index/zeroTrustAccessIdentityProvider:ZeroTrustAccessIdentityProvider
cloudflare:index/zeroTrustAccessPolicy:ZeroTrustAccessPolicy
cloudflare:index/zeroTrustAccessServiceToken:ZeroTrustAccessServiceToken
cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared
cloudflare:index/zeroTrustTunnelCloudflaredConfig:ZeroTrustTunnelCloudflaredConfig
cloudflare:index/zoneSetting:ZoneSetting random:index/randomId:RandomId
random:index/randomPassword:RandomPassword
"""
TYPES = frozenset(_TYPES.split())

Invariant = Callable[[Evaluation], Iterator[str]]


def no_inbound_rule_names_a_cidr(program: Evaluation) -> Iterator[str]:
    for rule in program.of_type(INGRESS_RULE):
        if set(rule.inputs) & {"cidrIpv4", "cidrIpv6", "prefixListId"}:
            yield f"{rule.name}: an address range"
        if not rule.inputs.get("referencedSecurityGroupId"):
            yield f"{rule.name}: no group"
    for group in program.of_type(GROUP):
        if set(group.inputs) & {"ingress", "egress"}:
            yield f"{group.name}: rules beside those that have a resource"
    for vpc in program.of_type(VPC):
        emptied = [
            g for g in program.of_type(DEFAULT_SECURITY_GROUP) if g.inputs["vpcId"] == f"«{vpc.name}.id»"
        ]
        if [(g.inputs.get("ingress"), g.inputs.get("egress")) for g in emptied] != [([], [])]:
            yield f"{vpc.name}: its default group is not emptied"
    yield from sorted({r.type for r in program.resources if r.options["custom"]} - TYPES)


def nothing_reaches_the_workload_group(program: Evaluation) -> Iterator[str]:
    yield from (
        rule.name
        for rule in program.of_type(INGRESS_RULE)
        if rule.inputs["securityGroupId"] == group(program, "workload")
    )


def ssh_comes_from_the_endpoint_alone(program: Evaluation) -> Iterator[str]:
    """Machines are in the groups `workload`, which admits nobody, and `ssh`."""
    workload, ssh, endpoint = (group(program, role) for role in ("workload", "ssh", "endpoint"))
    for template in program.of_type(LAUNCH_TEMPLATE):
        for interface in template.inputs["networkInterfaces"]:
            if interface["securityGroups"] != [workload, ssh]:
                yield f"{template.name}: in {interface['securityGroups']}"
    rules = [rule.inputs for rule in program.of_type(INGRESS_RULE) if rule.inputs["securityGroupId"] == ssh]
    admitted = [
        [r.get(k) for k in ("ipProtocol", "fromPort", "toPort", "referencedSecurityGroupId")] for r in rules
    ]
    if admitted != [["tcp", 22, 22, endpoint]]:
        yield f"ssh admits {admitted}"
    for connect in program.of_type("aws:ec2transitgateway/instanceConnectEndpoint:InstanceConnectEndpoint"):
        if connect.inputs["securityGroupIds"] != [endpoint]:
            yield f"{connect.name}: in {connect.inputs['securityGroupIds']}"


def egress_is_listed(program: Evaluation) -> Iterator[str]:
    needed = {("tcp", 443), ("tcp", 80), ("tcp", 7844), ("udp", 7844), ("udp", 123)}
    for rule in program.of_type(EGRESS_RULE):
        data = rule.inputs
        port = data.get("ipProtocol"), data.get("fromPort")
        if data.get("fromPort") != data.get("toPort") or port[1] is None:
            yield f"{rule.name}: several ports"
        if "referencedSecurityGroupId" not in data and port not in needed:
            yield f"{rule.name}: {port}"


def the_database_is_private_and_encrypted(program: Evaluation) -> Iterator[str]:
    wanted = {
        "publiclyAccessible": False,
        "storageEncrypted": True,
        "manageMasterUserPassword": True,
        "skipFinalSnapshot": False,
    }
    open_tables = {
        route.inputs["routeTableId"]
        for route in program.of_type("aws:ec2/route:Route")
        if route.inputs["destinationCidrBlock"] == "0.0.0.0/0"
    }
    open_subnets = {
        joined.inputs["subnetId"]
        for joined in program.of_type("aws:ec2/routeTableAssociation:RouteTableAssociation")
        if joined.inputs["routeTableId"] in open_tables
    }
    for database in program.of_type(DATABASE):
        data = database.inputs
        yield from (f"{database.name}: {k} {data.get(k)}" for k, v in wanted.items() if data.get(k) is not v)
        if "password" in data or int(data["engineVersion"].partition(".")[0]) < 15:
            yield f"{database.name}: a password of ours, or a version that takes plain connections"
    for subnets in program.of_type("aws:rds/subnetGroup:SubnetGroup"):
        yield from (f"{subnets.name}: {subnet}" for subnet in open_subnets & set(subnets.inputs["subnetIds"]))
    for parameters in program.of_type("aws:rds/parameterGroup:ParameterGroup"):
        if "rds.force_ssl" in [parameter["name"] for parameter in parameters.inputs["parameters"]]:
            yield f"{parameters.name}: AWS's default, which asks for TLS, is replaced"
    for files in program.of_type(FILE_SYSTEM):
        if files.inputs.get("encrypted") is not True:
            yield f"{files.name}: not encrypted"


def what_holds_state_is_protected(program: Evaluation) -> Iterator[str]:
    for resource in (*program.of_type(DATABASE), *program.of_type(FILE_SYSTEM)):
        if resource.options["protect"] is not True:
            yield f"{resource.name}: not protected by Pulumi"
    for database in program.of_type(DATABASE):
        data = database.inputs
        if (data["deletionProtection"], data["deleteAutomatedBackups"]) != (True, False):
            yield f"{database.name}: AWS deletes it, or its backups with it"
        if data["backupRetentionPeriod"] < 1:
            yield f"{database.name}: no backups"
    backed_up = {
        policy.inputs["fileSystemId"]
        for policy in program.of_type(BACKUP)
        if policy.inputs["backupPolicy"] == {"status": "ENABLED"}
    }
    yield from (
        f"{f.name}: no backups" for f in program.of_type(FILE_SYSTEM) if f"«{f.name}.id»" not in backed_up
    )


def machines_keep_their_credentials_to_themselves(program: Evaluation) -> Iterator[str]:
    for template in program.of_type(LAUNCH_TEMPLATE):
        options = template.inputs["metadataOptions"]
        if (options.get("httpTokens"), options.get("httpPutResponseHopLimit")) != ("required", 1):
            yield f"{template.name}: {options}"
        if "keyName" in template.inputs:
            yield f"{template.name}: a key"
        disks = [disk["ebs"].get("encrypted") for disk in template.inputs["blockDeviceMappings"]]
        if disks != ["true"]:
            yield f"{template.name}: disks {disks}"
    for role in program.of_type("aws:iam/role:Role"):
        (trust,) = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
        if (trust["Principal"], trust["Action"]) != ({"Service": "ec2.amazonaws.com"}, "sts:AssumeRole"):
            yield f"{role.name}: {trust}"
    for policy in program.of_type("aws:iam/rolePolicy:RolePolicy"):
        for statement in json.loads(policy.inputs["policy"])["Statement"]:
            actions = [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
            if any("*" in action for action in actions):
                yield f"{policy.name}: {statement['Sid']}: {actions}"
            # AWS binds these two to no resource.
            unbound = actions in (["cloudwatch:PutMetricData"], ["ecr:GetAuthorizationToken"])
            if statement["Resource"] == "*" and not unbound:
                yield f"{policy.name}: {statement['Sid']} on everything"


def a_release_is_a_new_group_before_the_old_one_goes(program: Evaluation) -> Iterator[str]:
    for fleet in program.of_type(AUTO_SCALING_GROUP):
        if fleet.options["replaceOnChanges"] != ["launchTemplate", "#initerror"]:
            yield f"{fleet.name}: a release is no new group, or a failed one is taken for done"
        if fleet.options["deleteBeforeReplace"] or "name" in fleet.inputs:
            yield f"{fleet.name}: the old group goes first"
        template = fleet.inputs["launchTemplate"]
        if template["version"] != template["id"].replace(".id»", ".latestVersion»"):
            yield f"{fleet.name}: the template's version floats"
        ends = {h["lifecycleTransition"].rpartition("_")[2]: h for h in fleet.inputs["initialLifecycleHooks"]}
        if ends["LAUNCHING"]["defaultResult"] != "ABANDON":
            yield f"{fleet.name}: a machine counts before its stack is healthy"
        wait = int(fleet.inputs["waitForCapacityTimeout"].removesuffix("s"))
        if wait <= ends["LAUNCHING"]["heartbeatTimeout"]:
            yield f"{fleet.name}: pulumi gives up before a machine may"


def the_catch_all_comes_last(program: Evaluation) -> Iterator[str]:
    for config in program.of_type(INGRESS_CONFIG):
        *rules, last = config.inputs["config"]["ingresses"]
        if last != CATCH_ALL or not all(rule.get("hostname") for rule in rules):
            yield f"{config.name}: {last}, or a rule for any hostname"


def rules_change_after_the_machines_serve(program: Evaluation) -> Iterator[str]:
    groups = {group.urn for group in program.of_type(AUTO_SCALING_GROUP)}
    for config in program.of_type(INGRESS_CONFIG):
        if not groups & set(config.options["dependsOn"]):
            yield f"{config.name} does not wait for the machines"


def every_hostname_has_dns_and_the_reverse(program: Evaluation) -> Iterator[str]:
    (tunnel,) = program.of_type(TUNNEL)
    wanted = {"type": "CNAME", "proxied": True, "ttl": 1, "content": f"«{tunnel.name}.id».cfargotunnel.com"}
    records = {record.inputs["name"]: record.inputs for record in program.of_type(DNS_RECORD)}
    for host in {rule["hostname"] for rule in routed(program)} ^ records.keys():
        yield f"{host}: a route or a record, not both"
    for host, record in records.items():
        yield from (
            f"{host}: {key} {record.get(key)}" for key, value in wanted.items() if record.get(key) != value
        )


def every_route_has_an_access_decision(program: Evaluation) -> Iterator[str]:
    """The output `access` names a decision for each route: an application before the host and the connector's check, or `public`."""
    decisions: dict[str, str] = program.outputs["access"]
    guarded = Counter(route.partition("/")[0] for route, access in decisions.items() if access != "public")
    applications = {
        f"«{application.name}.aud»": application for application in program.of_type(ACCESS_APPLICATION)
    }
    rules = routed(program)
    if len(rules) != len(decisions):
        yield "a route without a decision"
    checked = [rule for rule in rules if "access" in rule.get("originRequest", {})]
    if Counter(rule["hostname"] for rule in checked) != guarded:
        yield f"the connector checks {len(checked)} routes"
    for rule in checked:
        access = rule["originRequest"]["access"]
        if access.get("required") is not True or not access.get("teamName") or len(access["audTags"]) != 1:
            yield f"{rule['hostname']} {rule.get('path')}: {access}"
            continue
        (tag,) = access["audTags"]
        hosts = {d["uri"].partition("/")[0] for d in applications[tag].inputs["destinations"]}
        if hosts != {rule["hostname"]}:
            yield f"{rule['hostname']} {rule.get('path')}: the application of {sorted(hosts)}"


def every_application_has_a_policy(program: Evaluation) -> Iterator[str]:
    known = {f"«{policy.name}.id»" for policy in program.of_type(ACCESS_POLICY)}
    for application in program.of_type(ACCESS_APPLICATION):
        policies = [(p["id"] in known, p["precedence"]) for p in application.inputs["policies"]]
        if policies != [(True, 1)]:
            yield f"{application.name}: {policies}"


def rulesets_are_single_entry_points_with_stable_rules(program: Evaluation) -> Iterator[str]:
    rulesets = program.of_type(RULESET)
    phases = Counter(ruleset.inputs["phase"] for ruleset in rulesets)
    yield from (f"{phase}: {count} rulesets" for phase, count in phases.items() if count > 1)
    for ruleset in rulesets:
        if (ruleset.inputs["kind"], ruleset.options["deleteBeforeReplace"]) != ("zone", True):
            yield f"{ruleset.name}: no entry point, or one that its successor cannot replace"
        refs = Counter(rule.get("ref", "") for rule in ruleset.inputs["rules"])
        for ref, count in refs.items():
            if count > 1 or not ref.startswith(f"{program.project}-{program.stack}-"):
                yield f"{ruleset.name}: {count} rules called {ref!r}"


def the_tunnel_is_remotely_managed(program: Evaluation) -> Iterator[str]:
    for tunnel in program.of_type(TUNNEL):
        if tunnel.inputs.get("configSrc") != "cloudflare" or not isinstance(
            tunnel.raw["tunnelSecret"], Secret
        ):
            yield tunnel.name


def every_resource_is_parented_and_prefixed(program: Evaluation) -> Iterator[str]:
    components = {resource.urn for resource in program.resources if not resource.options["custom"]}
    for resource in program.resources:
        if not resource.name.startswith(f"{program.project}-{program.stack}-"):
            yield f"{resource.name}: without the stack's prefix"
        if resource.options["custom"] and resource.parent not in components:
            yield f"{resource.name}: belongs to no component"


def no_secret_is_in_the_open(program: Evaluation) -> Iterator[str]:
    """Neither a canary of the stack file nor anything that the engine itself made secret."""
    secret = re.compile("|".join(["canary-", *map(re.escape, made_secrets(program))]))
    places: dict[str, Any] = {resource.name: resource.raw for resource in program.resources}
    places |= {
        "outputs": program.raw_outputs,
        "warnings": list(program.warnings),
        "userData": program.user_data,
    }
    for place, value in places.items():
        yield from (
            f"{place}: {text[:60]}" for text, hidden in texts(value) if not hidden and secret.search(text)
        )
    for parameter in program.of_type(PARAMETER):
        if parameter.inputs["type"] != "SecureString" or not isinstance(parameter.raw["value"], Secret):
            yield f"{parameter.name}: plain"


def secrets_on_the_machine_are_root_only(program: Evaluation) -> Iterator[str]:
    for template in program.of_type(LAUNCH_TEMPLATE):
        for file in user_data_of(template)["write_files"]:
            secret = "canary-" in file["content"] or file["path"].endswith("/secrets.json")
            if secret and file["permissions"] != "0600":
                yield file["path"]


ALL: tuple[Invariant, ...] = tuple(
    value
    for name, value in sorted(globals().items())
    if callable(value)
    and getattr(value, "__module__", "") == __name__
    and value.__annotations__.get("return") == "Iterator[str]"
)


# What they read by ----------------------------------------------------------------------------------------------------------


def group(program: Evaluation, role: str) -> str:
    """The reference to a security group of the stack's network."""
    return f"«{program.project}-{program.stack}-network-{role}.id»"


def routed(program: Evaluation) -> list[dict[str, Any]]:
    """The connector's rules without the catch-all."""
    return [
        rule
        for config in program.of_type(INGRESS_CONFIG)
        for rule in config.inputs["config"]["ingresses"][:-1]
    ]


def made_secrets(program: Evaluation) -> list[str]:
    """Texts that only a `Secret` may hold: outputs that are secret with the engine, and whatever is secret in an input."""
    found = {
        f"«{resource.name}.{name}»"
        for resource in program.resources
        for name in resource.options["additionalSecretOutputs"]
        if name not in resource.inputs
    }
    found |= {
        text for resource in program.resources for text, hidden in texts(resource.raw, packed=False) if hidden
    }
    for template in program.of_type(LAUNCH_TEMPLATE):
        for file in user_data_of(template)["write_files"]:
            if file["path"].endswith("/secrets.json"):
                found |= set(json.loads(file["content"]).values())
    # A shorter text may stand somewhere by chance, and a whole user data stands nowhere but in itself.
    return sorted(text for text in found if len(text) > 8 and not text.startswith("H4sI"))


def texts(value: Any, hidden: bool = False, packed: bool = True) -> Iterator[tuple[str, bool]]:
    """Every text in a value and whether it lies in a `Secret`; ``packed``: user data as the text that it holds."""
    if isinstance(value, Secret):
        yield from texts(value.value, True, packed)
    elif isinstance(value, dict):
        for item in value.values():
            yield from texts(item, hidden, packed)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item, hidden, packed)
    elif isinstance(value, str):
        yield (unpacked(value) if packed and value.startswith("H4sI") else value), hidden


def unpacked(text: str) -> str:
    return gzip.decompress(base64.b64decode(text)).decode()


def user_data_of(template: Resource) -> dict[str, Any]:
    value = template.raw["userData"]
    return dict(yaml.safe_load(unpacked(value.value if isinstance(value, Secret) else value)))
