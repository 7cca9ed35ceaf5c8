"""What goes with a resource that is deleted or replaced, and what people miss meanwhile."""

from __future__ import annotations

import re
from collections.abc import Iterator

from model.naming import Names
from preview.analysis.consequences.context import (
    Context,
    apps_secret,
    by,
    downtime,
    effect,
    in_place,
    lost,
    new_inputs,
    old_inputs,
    refused,
)
from preview.analysis.rotation import rotated
from preview.changes import Change, Consequence, Effect
from preview.resource_types import type_names
from preview.resource_types.registry import record_of
from preview.resources import bare

# Who is no longer told of trouble, by type.
_TELLS = {
    "aws:cloudwatch/metricAlarm:MetricAlarm": "nobody is told any more: {alarmDescription}",
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": "errors in the logs are no longer counted",
    "aws:sns/topicSubscription:TopicSubscription": "{endpoint} is no longer told of anything",
    "aws:sns/topic:Topic": "nobody is told of any alarm that goes to it",
    "cloudflare:index/notificationPolicy:NotificationPolicy": "nobody is told any more: {name}",
    "aws:ec2/flowLog:FlowLog": "the network's traffic is no longer recorded",
}
# What a deletion means by type, where it is more than that the thing is away.
_DELETED = {
    type_names.SERVICE_TOKEN: "its clients are refused from now on",
    type_names.TUNNEL_CONFIGURATION: "no hostname leads to a service",
    type_names.AUTO_SCALING_GROUP: "no machine is left",
    type_names.TUNNEL: "no request comes in any more",
}
_REMADE = {
    type_names.IDENTITY_PROVIDER: "nobody logs in with the old one any more",
    type_names.ACCESS_APPLICATION: "logins made under it end",
}


def gone(context: Context, change: Change) -> Iterator[Effect]:
    if change.action not in ("deleted", "replaced"):
        return
    assert change.before is not None
    replaced, options = change.action == "replaced", change.before.options
    record = record_of(change.type)
    if not replaced and options.get("retainOnDelete"):
        yield in_place("Pulumi forgets it, and it stays in the cloud (retainOnDelete)")
        return
    if options.get("protect"):
        yield effect(Consequence.REFUSED, "`pulumi up` refuses this while the resource is protected")
    if change.type == type_names.DATABASE and old_inputs(change).get("deletionProtection"):
        yield effect(Consequence.REFUSED, "RDS deletes no instance under deletion protection")
    if record.holds and record.loss:
        kept = change.type == type_names.DATABASE and old_inputs(change).get("skipFinalSnapshot") is False
        kept_text = "; a final snapshot stays" if kept else ""
        yield lost(f"{by(change)}, and with it {record.holds}{kept_text}", record.loss)
    elif change.type == type_names.RANDOM_PASSWORD:
        yield _regenerated(change)
    elif change.type == type_names.DNS_RECORD and not replaced:
        yield downtime(f"deleted: {old_inputs(change).get('name')} no longer resolves")
    elif not replaced and change.type in _DELETED:
        yield downtime(f"deleted: {_DELETED[change.type]}")
    elif replaced and record.needed:
        yield downtime(f"{by(change)}: {record.needed}")
    elif change.type in _REMADE:
        yield in_place(f"{by(change)}: {_REMADE[change.type]}")
    elif change.type == type_names.INSTANCE_CONNECT_ENDPOINT:
        yield in_place(f"{by(change)}: no SSH {'for some minutes' if replaced else 'by it'}")
    elif change.type in _TELLS and not replaced:
        told = _TELLS[change.type].format_map(_Named(old_inputs(change)))
        yield in_place(f"deleted: {told}")
    else:
        yield in_place(by(change))


def derived(context: Context, change: Change) -> Iterator[Effect]:
    """A secret that the app gets, made in another way of a value that stays: what it wrote with it cannot be read."""
    if change.type != type_names.PARAMETER or change.action != "updated":
        return
    assert change.after is not None
    if not any(difference.path.startswith("value") for difference in change.differences):
        return
    yield from _in_urls(context, change)
    reads = change.after.options.get("propertyDependencies", {}).get("value", ())
    sources = [context.steps[urn] for urn in reads if urn in context.steps]
    if len(sources) == 1 and apps_secret(sources[0]) and sources[0].action == "unchanged":
        yield lost(
            "written in another form: the app gets another value, and what it encrypted or signed with the former one is lost",
            "secrets",
        )


_NOT_IN_URLS = re.compile(r"[/+=@:?#%\[\]]")
"""What ends or changes the password part of a URL. Source: RFC 3986, section 3.2."""


def _in_urls(context: Context, change: Change) -> Iterator[Effect]:
    """A secret that stands in a URL of the compose file's, and now may hold what a URL does not take there."""
    variable = Names.of_urn(change.urn).parameters.label(change.name)
    values = [
        str(bare(side.probed.get("value", ""))) if side and side.probed else ""
        for side in (change.before, change.after)
    ]
    if not variable or not _NOT_IN_URLS.search(values[1]) or _NOT_IN_URLS.search(values[0]):
        return
    if re.search(rf"\w://[^\s\"'/@]*\$\{{?{re.escape(variable)}\b[^\s\"'/@]*@", context.machines[1].text):
        yield downtime(
            f"{variable} may hold characters now that end a URL's password, and the compose file writes it into a URL as it is: "
            "whoever connects by it fails. Take hex or base64url"
        )


def derived_in_user_data(context: Context, change: Change) -> Iterator[Effect]:
    """The same, where the secrets come by cloud-init."""
    if change.type != type_names.LAUNCH_TEMPLATE or change.action != "updated":
        return
    for secret in context.kept_secrets():
        line = f"  # another value of the secret {secret}"
        if any(line in difference.lines for difference in change.differences):
            yield lost(
                f"{secret} is written in another form: the app gets another value, and what it encrypted or signed with the "
                "former one is lost",
                "secrets",
            )


def _regenerated(change: Change) -> Effect:
    asked = rotated(change)
    if apps_secret(change):
        if asked:
            return effect(
                Consequence.ROLLING,
                "regenerated, as its rotation asks: what the app signed or encrypted with the old value becomes invalid",
            )
        return lost(
            f"{by(change)}: the value is gone for good, and what the app encrypted with it cannot be read",
            "secrets",
        )
    if change.action == "replaced" and change.name != Names.of_urn(change.urn).tunnel.secret:
        return downtime(f"{by(change)}: {record_of(change.type).needed}")
    return in_place(by(change))


def clashes(context: Context, change: Change) -> Iterator[Effect]:
    """What cannot stand beside its predecessor, because there can be one of it: Pulumi makes the new one first."""
    if change.action == "created":
        rivals = [step for step in context.steps.values() if step.type == change.type and step.before]
    elif change.action == "replaced" and change.after and not change.after.options["deleteBeforeReplace"]:
        rivals = [change]
    else:
        return
    new = new_inputs(change)
    for rival in rivals:
        old = old_inputs(rival)
        if change.type == type_names.ACCESS_APPLICATION:
            shared = _uris(old) & _uris(new)
            if shared and (rival.action in ("deleted", "replaced") or shared & _uris(new_inputs(rival))):
                yield refused(
                    f"Access has an application for {', '.join(sorted(shared))} until {rival.name} is gone"
                )
            elif shared:
                yield refused(f"{rival.name} may not have let go of {', '.join(sorted(shared))} yet")
            continue
        keys = ONE_OF.get(change.type, ())
        # The AWS bridge deletes first by itself where a replacement keeps the name that it was given.
        bridged = change.action == "replaced" and change.type.startswith("aws:") and "name" in keys
        named = [new.get(key) for key in keys]
        # What has no name gets one of its own from the provider.
        unnamed = "name" in keys and not new.get("name")
        if keys and not unnamed and named == [old.get(key) for key in keys] and any(named) and not bridged:
            whose = "its predecessor" if rival is change else rival.name
            yield refused(
                f"{whose} has the same {', '.join(k for k in keys if new.get(k))} and goes only afterwards"
            )


def _uris(inputs: dict[str, object]) -> set[str]:
    listed = inputs.get("destinations")
    return {str(item.get("uri")) for item in listed} if isinstance(listed, list) else set()


_RULE = (
    "securityGroupId",
    "ipProtocol",
    "fromPort",
    "toPort",
    "cidrIpv4",
    "cidrIpv6",
    "prefixListId",
    "referencedSecurityGroupId",
)
ONE_OF: dict[str, tuple[str, ...]] = {
    type_names.TUNNEL: ("accountId", "name"),
    type_names.RULESET: ("zoneId", "accountId", "kind", "phase"),
    type_names.DNS_RECORD: ("zoneId", "name"),
    type_names.PARAMETER: ("name",),
    type_names.LOG_GROUP: ("name",),
    type_names.DATABASE: ("identifier",),
    type_names.SECURITY_GROUP: ("vpcId", "name"),
    type_names.LAUNCH_TEMPLATE: ("name",),
    type_names.AUTO_SCALING_GROUP: ("name",),
    type_names.INGRESS_RULE: _RULE,
    type_names.EGRESS_RULE: _RULE,
    "aws:iam/role:Role": ("name",),
    "aws:iam/instanceProfile:InstanceProfile": ("name",),
    "aws:rds/subnetGroup:SubnetGroup": ("name",),
    "aws:rds/parameterGroup:ParameterGroup": ("name",),
    "aws:secretsmanager/secret:Secret": ("name",),
    "aws:kms/alias:Alias": ("name",),
    "aws:backup/vault:Vault": ("name",),
    "aws:ec2/route:Route": ("routeTableId", "destinationCidrBlock", "destinationIpv6CidrBlock"),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": ("subnetId",),
    "aws:ec2/internetGateway:InternetGateway": ("vpcId",),
    type_names.MOUNT_TARGET: ("fileSystemId", "subnetId"),
}
"""Inputs that no two resources of the type may share. The APIs' own answers stand in tests/engine/refusals.py."""


class _Named(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return f"({key})"
