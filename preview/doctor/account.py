"""The AWS account: who asks, where, and what that identity may do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from model import limits
from model.naming import Names
from preview.doctor.answers import Answer, Unasked
from preview.doctor.context import Context, question
from preview.resource_types import type_names as types
from preview.resource_types.iam_actions import actions
from preview.resource_types.iam_arns import ANY, Scope, arns, condition

SIMULATED_AT_ONCE = 50
_ASSUMED = re.compile(r"arn:([\w-]+):sts::(\d+):assumed-role/([^/]+)/.+")


@question("aws.credentials")
def credentials(context: Context) -> Iterator[Answer]:
    name = "aws.credentials"
    config = context.wanted.evaluation.config
    try:
        identity = context.aws.call("sts", "GetCallerIdentity")
    except Unasked as reason:
        if reason.status or "credentials" in str(reason):
            yield Answer(
                check=name,
                status="refused",
                text=f"no usable AWS credentials: {reason}",
                fix="`aws sso login` or `aws configure`, or set AWS_PROFILE; then `aws sts get-caller-identity`",
            )
            return
        raise
    account, arn = str(identity["Account"]), str(identity["Arn"])
    allowed = json.loads(config.get("aws:allowedAccountIds", "[]"))
    if allowed and account not in map(str, allowed):
        yield Answer(
            check=name,
            status="refused",
            text=f"the credentials are of account {account}, and aws:allowedAccountIds names {', '.join(map(str, allowed))}",
            fix="set AWS_PROFILE to that account's",
        )
        return
    if "aws:assumeRoles" in config or "aws:assumeRole" in config:
        yield Answer(
            check=name,
            status="unknown",
            text=f"asked as {arn}, and `pulumi up` will act as the role of aws:assumeRoles, which is not asked here",
            fix="run this with that role's credentials: a profile with role_arn in ~/.aws/config",
        )
        return
    yield Answer(check=name, status="fine", text=f"{arn} of account {account}")


@question("aws.region")
def region(context: Context) -> Iterator[Answer]:
    wanted, name = context.wanted, "aws.region"
    found = context.aws.all(
        "ec2",
        "DescribeRegions",
        "Regions",
        AllRegions=True,
        Filters=[{"Name": "region-name", "Values": [wanted.region]}],
    )
    named = [one for one in found if one["RegionName"] == wanted.region]
    if not named:
        yield Answer(
            check=name,
            status="refused",
            text=f"AWS knows no region {wanted.region}",
            fix="correct aws:region in the stack file",
        )
        return
    if named[0].get("OptInStatus") == "not-opted-in":
        yield Answer(
            check=name,
            status="refused",
            text=f"the region {wanted.region} is not enabled in this account",
            fix=f"aws account enable-region --region-name {wanted.region}, or choose another aws:region",
        )
        return
    zones = {str(one.inputs["availabilityZone"]) for one in wanted.of(types.SUBNET)}
    listed = context.aws.all("ec2", "DescribeAvailabilityZones", "AvailabilityZones")
    usable = {str(one["ZoneName"]) for one in listed if one.get("State", "available") == "available"}
    if missing := sorted(zones - usable):
        yield Answer(
            check=name,
            status="refused",
            text=f"availability zones that this account has not: {', '.join(missing)}; it has {', '.join(sorted(usable))}",
            fix=f"network.zones: [{', '.join(sorted(usable)[:2])}] in the stack file",
        )
        return
    yield Answer(
        check=name, status="fine", text=f"{wanted.region} is enabled, with the zones that the stack uses"
    )


@question("aws.sizes")
def sizes(context: Context) -> Iterator[Answer]:
    """Are the machines' type and the database's class on offer where they are to run?"""
    wanted, name = context.wanted, "aws.sizes"
    chosen = wanted.instance_type
    filters = [{"Name": "instance-type", "Values": [chosen]}]
    offered = {
        str(one["Location"])
        for one in context.aws.all(
            "ec2",
            "DescribeInstanceTypeOfferings",
            "InstanceTypeOfferings",
            LocationType="availability-zone",
            Filters=filters,
        )
        if one["InstanceType"] == chosen
    }
    zones = {str(one.inputs["availabilityZone"]) for one in wanted.of(types.SUBNET)}
    missing = sorted(zones - offered) if zones else ([] if offered else [wanted.region])
    if missing:
        yield Answer(
            check=name,
            status="refused",
            text=f"{chosen} is not offered in {', '.join(missing)}",
            fix="another host.instanceType, or network.zones where it is: "
            + (", ".join(sorted(offered)) or "none here"),
        )
    else:
        yield Answer(check=name, status="fine", text=f"{chosen} is offered in the stack's zones")
    for database in wanted.of(types.DATABASE):
        engine, version = str(database.inputs["engine"]), str(database.inputs["engineVersion"])
        size = str(database.inputs["instanceClass"])
        orderable = context.aws.all(
            "rds",
            "DescribeOrderableDBInstanceOptions",
            "OrderableDBInstanceOptions",
            Engine=engine,
            DBInstanceClass=size,
        )
        versions = {str(one["EngineVersion"]) for one in orderable}
        if any(one == version or one.startswith(f"{version}.") for one in versions):
            yield Answer(check=name, status="fine", text=f"{engine} {version} is offered on {size}")
        else:
            offered_versions = sorted(versions, key=lambda one: [int(x) for x in re.findall(r"\d+", one)])
            yield Answer(
                check=name,
                status="refused",
                text=f"{engine} {version} is not offered on {size} in {wanted.region}",
                fix="database.instanceClass or database.version of those on offer: "
                + (", ".join(offered_versions[-5:]) or f"no version on {size}"),
            )


@question("aws.permissions")
def permissions(context: Context) -> Iterator[Answer]:
    """Asks the policy simulator for every action that the stack's resources need, on things as the stack will call them."""
    name = "aws.permissions"
    identity = context.aws.call("sts", "GetCallerIdentity")
    arn = _principal(context, str(identity["Arn"]))
    if arn.endswith(":root"):
        yield Answer(
            check=name,
            status="warned",
            text="the credentials are the account's root user, who may do everything",
            fix="deploy as a role of its own, with the policies of `python -m preview --format iam`",
        )
        return
    evaluation = context.wanted.evaluation
    needed, unlisted = actions([resource.type for resource in evaluation.resources])
    scope = Scope(
        prefix=Names(evaluation.project, evaluation.stack).prefix,
        region=context.wanted.region,
        account=str(identity["Account"]),
        partition=limits.partition(context.wanted.region) or "aws",
    )
    said = _simulated(context, arn, [*needed.reads, *needed.writes], scope)
    denied = sorted(action for action, decisions in said.items() if decisions != {"allowed"})
    # An action that is allowed on some of the things it may be asked of, as a policy narrower than ours would have it.
    partly = [action for action in denied if "allowed" in said[action]]
    refused = [action for action in denied if action not in partly]
    if refused:
        yield Answer(
            check=name,
            status="refused",
            text=f"{arn} may not: {', '.join(refused)}",
            fix="allow these to it: `python -m preview --format iam` writes the policies that suffice",
        )
    if partly:
        yield Answer(
            check=name,
            status="unknown",
            text=f"{arn} may do these on some of the things that they may be asked of: {', '.join(partly)}",
            fix="compare its policies with those of `python -m preview --format iam`",
        )
    if not denied:
        yield Answer(
            check=name,
            status="fine",
            text=f"the policy simulator allows {arn} each of the {len(said)} actions that the stack needs",
        )
    if unlisted:
        yield Answer(
            check=name,
            status="unknown",
            text=f"which actions these need is not known: {', '.join(unlisted)}",
            fix="look them up in the Service Authorization Reference",
        )


def _simulated(context: Context, principal: str, wanted: list[str], scope: Scope) -> dict[str, set[str]]:
    """By action: what the simulator says of it. What it says nothing of is not allowed."""
    groups: dict[str, list[str]] = {}
    for action in wanted:
        groups.setdefault(json.dumps([arns(action, scope), condition(action, scope)]), []).append(action)
    said: dict[str, set[str]] = {action: set() for action in wanted}
    for key, group in groups.items():
        resources, under = json.loads(key)
        # One thing of each kind; what a pattern leaves open is called anything.
        asked = [resource.replace("*", "doctor") if resource != ANY else ANY for resource in resources]
        values = [
            {
                "ContextKeyName": name,
                "ContextKeyType": "string",
                "ContextKeyValues": [str(value if isinstance(value, str) else value[0]).removesuffix("*")],
            }
            for operator in under.values()
            for name, value in operator.items()
        ]
        for start in range(0, len(group), SIMULATED_AT_ONCE):
            results = context.aws.all(
                "iam",
                "SimulatePrincipalPolicy",
                "EvaluationResults",
                PolicySourceArn=principal,
                ActionNames=group[start : start + SIMULATED_AT_ONCE],
                ResourceArns=asked,
                ContextEntries=values,
            )
            for one in results:
                specific = [
                    str(part["EvalResourceDecision"]) for part in one.get("ResourceSpecificResults") or ()
                ]
                said[str(one["EvalActionName"])].update(specific or [str(one["EvalDecision"])])
    return said


def _principal(context: Context, arn: str) -> str:
    """What the simulator takes: of an assumed role the role itself, with its path. Raises Unasked."""
    if not (assumed := _ASSUMED.fullmatch(arn)):
        return arn
    return str(context.aws.call("iam", "GetRole", RoleName=assumed[3])["Role"]["Arn"])


@question("aws.partition")
def partition(context: Context) -> Iterator[Answer]:
    if limits.partition(context.wanted.region) is None:
        yield Answer(
            check="aws.partition",
            status="unknown",
            text=f"{context.wanted.region} is in a partition whose addresses nothing here knows",
            fix="look at every answer yourself",
        )


QUESTIONS = (credentials, region, sizes, permissions, partition)
