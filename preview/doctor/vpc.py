"""What is there already in AWS: names, and in an adopted VPC its endpoint, its subnets and their way out."""

from __future__ import annotations

from collections.abc import Iterator

from preview.doctor.answers import Answer
from preview.doctor.context import Context, question
from preview.resource_types import type_names as types


@question("aws.names")
def names(context: Context) -> Iterator[Answer]:
    """Parameters are the one kind of AWS resource whose names the stack chooses to the letter: Pulumi adds to all others."""
    wanted = sorted(str(one.inputs["name"]) for one in context.wanted.of(types.PARAMETER))
    taken: list[str] = []
    for start in range(0, len(wanted), 50):
        filters = [{"Key": "Name", "Option": "Equals", "Values": wanted[start : start + 50]}]
        found = context.aws.all("ssm", "DescribeParameters", "Parameters", ParameterFilters=filters)
        taken += [str(one["Name"]) for one in found if not context.state.has(one["Name"])]
    for name in sorted(taken):
        yield Answer(
            check="aws.names",
            status="refused",
            text=f"the parameter {name} exists and is not of this stack",
            fix=f"delete it, if nothing reads it (`aws ssm delete-parameter --name {name}`), or give the project or the stack "
            "another name",
        )
    if wanted and not taken:
        yield Answer(
            check="aws.names", status="fine", text=f"none of the {len(wanted)} parameters' names is taken"
        )


@question("aws.vpc")
def vpc(context: Context) -> Iterator[Answer]:
    """An adopted VPC: is it there, with these subnets, in two zones of each kind, and do the machines' reach the Internet?"""
    settings = context.wanted.section("network")
    if not (wanted := settings.get("vpcId")):
        return
    name, aws = "aws.vpc", context.aws
    if not _with_id(context, "DescribeVpcs", "Vpcs", "vpc-id", wanted):
        yield Answer(
            check=name,
            status="refused",
            text=f"this account has no {wanted} in {context.wanted.region}",
            fix="correct network.vpcId or aws:region; `aws ec2 describe-vpcs` lists them",
        )
        return
    subnets = {
        str(one["SubnetId"]): one
        for one in aws.all(
            "ec2", "DescribeSubnets", "Subnets", Filters=[{"Name": "vpc-id", "Values": [wanted]}]
        )
    }
    tables = aws.all(
        "ec2", "DescribeRouteTables", "RouteTables", Filters=[{"Name": "vpc-id", "Values": [wanted]}]
    )
    wrong = False
    for key in ("publicSubnetIds", "privateSubnetIds"):
        chosen = [str(one) for one in settings.get(key) or ()]
        zones = {subnets[one]["AvailabilityZone"] for one in chosen if one in subnets}
        if missing := [one for one in chosen if one not in subnets]:
            wrong = True
            yield Answer(
                check=name,
                status="refused",
                text=f"{wanted} has no {', '.join(missing)}",
                fix=f"correct network.{key}; it has {', '.join(sorted(subnets)) or 'no subnet'}",
            )
        elif len(zones) < 2:
            wrong = True
            yield Answer(
                check=name,
                status="refused",
                text=f"network.{key} lie in one availability zone, {', '.join(zones)}",
                fix="name subnets of two",
            )
    for subnet in settings.get("publicSubnetIds") or ():
        if subnet in subnets and not _leads_out(tables, str(subnet)):
            wrong = True
            yield Answer(
                check=name,
                status="refused",
                text=f"{subnet} has no route to an Internet gateway: machines there with their own addresses reach nothing",
                fix="network.publicSubnetIds of subnets whose route table leads 0.0.0.0/0 to an igw-…",
            )
    if not wrong:
        yield Answer(
            check=name, status="fine", text=f"{wanted} has the subnets that the stack names, and a way out"
        )


def _with_id(
    context: Context, operation: str, key: str, filter_name: str, value: str
) -> list[dict[str, object]]:
    """By a filter, which finds nothing where an id would be an error."""
    return context.aws.all("ec2", operation, key, Filters=[{"Name": filter_name, "Values": [value]}])


def _leads_out(tables: list[dict[str, object]], subnet: str) -> bool:
    own, main = None, None
    for table in tables:
        associations = table.get("Associations")
        for association in associations if isinstance(associations, list) else ():
            if association.get("SubnetId") == subnet:
                own = table
            elif association.get("Main"):
                main = table
    routes = (own or main or {}).get("Routes")
    return any(
        route.get("DestinationCidrBlock") == "0.0.0.0/0"
        and str(route.get("GatewayId", "")).startswith("igw-")
        for route in (routes if isinstance(routes, list) else ())
    )


@question("aws.endpoint")
def endpoint(context: Context) -> Iterator[Answer]:
    """A VPC has one EC2 Instance Connect Endpoint: one that is there is used, not made again."""
    settings, name = context.wanted.section("network"), "aws.endpoint"
    if group := settings.get("endpointSecurityGroupId"):
        if _with_id(context, "DescribeSecurityGroups", "SecurityGroups", "group-id", group):
            yield Answer(check=name, status="fine", text=f"{group}, from which the endpoint sends, is there")
        else:
            yield Answer(
                check=name,
                status="refused",
                text=f"there is no security group {group}",
                fix="network.endpointSecurityGroupId of the endpoint's group: `aws ec2 describe-instance-connect-endpoints`",
            )
    if not context.wanted.of(types.INSTANCE_CONNECT_ENDPOINT):
        return
    if not (wanted := settings.get("vpcId")):
        yield Answer(
            check=name, status="fine", text="the VPC is new, and so is its Instance Connect Endpoint"
        )
        return
    found = [
        one
        for one in context.aws.all("ec2", "DescribeInstanceConnectEndpoints", "InstanceConnectEndpoints")
        if one.get("VpcId") == wanted
        and not str(one.get("State", "")).startswith("delete")
        and not context.state.has(one["InstanceConnectEndpointId"])
    ]
    for one in found:
        groups = [str(group) for group in one.get("SecurityGroupIds") or ()]
        yield Answer(
            check=name,
            status="refused",
            text=f"{wanted} has an Instance Connect Endpoint, {one['InstanceConnectEndpointId']}, and AWS allows one a VPC",
            fix=f"network: {{endpoint: existing, endpointSecurityGroupId: {(groups or ['the group that it sends from'])[0]}}}",
        )
    if not found:
        yield Answer(check=name, status="fine", text=f"{wanted} has no Instance Connect Endpoint yet")


QUESTIONS = (names, vpc, endpoint)
