"""AWS's quotas: is there room for what the stack makes, and for the second set of machines that a release starts?"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from preview.doctor.answers import Answer, Unasked
from preview.doctor.context import Context, Question, question
from preview.resource_types import type_names as types

EIP = "aws:ec2/eip:Eip"
_STANDARD = "acdhimrtz"
"""The families of which AWS counts the vCPUs of running On-Demand instances together; each other group has a quota of its own."""
_FAMILIES = {
    "f": "L-74FC7D96",
    "g": "L-DB2E81BA",
    "vt": "L-DB2E81BA",
    "p": "L-417A185B",
    "x": "L-7295265B",
    "inf": "L-1945791B",
    "trn": "L-2C3B7624",
    "dl": "L-6E869C2A",
    "hpc": "L-F7808C92",
    "u": "L-43DA4232",
}


@dataclass(frozen=True)
class Quota:
    """``used`` counts what there is; ``needed`` what the stack adds. ``spare``: what a later release needs on top."""

    check: str
    name: str
    service: str
    code: str
    needed: Callable[[Context], int]
    used: Callable[[Context], int]
    spare: Callable[[Context], int] = lambda _: 0


def _missing(*kinds: str) -> Callable[[Context], int]:
    """How many of these types the stack asks for and does not have yet."""
    return lambda context: max(context.wanted.count(*kinds) - context.state.count(*kinds), 0)


def _count(service: str, operation: str, key: str) -> Callable[[Context], int]:
    return lambda context: len(context.aws.all(service, operation, key))


def family(instance_type: str) -> str:
    """`t` of t3.small, `inf` of inf2.xlarge: the letters before the generation's digit."""
    return instance_type[: next((i for i, letter in enumerate(instance_type) if not letter.isalpha()), 0)]


def quota_of(instance_type: str) -> str | None:
    """The quota that machines of this type are counted by; None of a family that we do not know."""
    letters = family(instance_type)
    return _FAMILIES.get(letters) or ("L-1216C47A" if letters and letters[0] in _STANDARD else None)


def _cpus(context: Context, kinds: list[str]) -> dict[str, int]:
    """vCPUs by instance type."""
    found = context.aws.all("ec2", "DescribeInstanceTypes", "InstanceTypes", InstanceTypes=sorted(set(kinds)))
    return {str(one["InstanceType"]): int(one["VCpuInfo"]["DefaultVCpus"]) for one in found}


def _new_cpus(context: Context) -> int:
    """Of one set of machines: what the first `up` starts, and each release beside the ones that serve."""
    kind = context.wanted.instance_type
    count = _cpus(context, [kind]).get(kind)
    if count is None:
        raise Unasked(f"ec2:DescribeInstanceTypes says nothing of {kind}")
    return context.wanted.replicas * count


def _used_cpus(context: Context) -> int:
    wanted = quota_of(context.wanted.instance_type)
    running: list[str] = []
    for one in context.aws.all(
        "ec2",
        "DescribeInstances",
        "Reservations",
        Filters=[{"Name": "instance-state-name", "Values": ["pending", "running"]}],
    ):
        running += [str(machine["InstanceType"]) for machine in one.get("Instances") or ()]
    counted = [kind for kind in running if quota_of(kind) == wanted]
    sizes = _cpus(context, counted) if counted else {}
    return sum(sizes[kind] for kind in counted)


QUOTAS = (
    Quota(
        "aws.quotas.vpcs",
        "VPCs",
        "vpc",
        "L-F678F1CE",
        _missing(types.VPC),
        _count("ec2", "DescribeVpcs", "Vpcs"),
    ),
    Quota(
        "aws.quotas.gateways",
        "Internet gateways",
        "vpc",
        "L-A4707A72",
        _missing("aws:ec2/internetGateway:InternetGateway"),
        _count("ec2", "DescribeInternetGateways", "InternetGateways"),
    ),
    Quota(
        "aws.quotas.addresses",
        "Elastic IPs",
        "ec2",
        "L-0263D0A3",
        _missing(EIP),
        _count("ec2", "DescribeAddresses", "Addresses"),
    ),
    Quota(
        "aws.quotas.databases",
        "RDS instances",
        "rds",
        "L-7B6409FD",
        _missing(types.DATABASE),
        _count("rds", "DescribeDBInstances", "DBInstances"),
    ),
    Quota(
        "aws.quotas.files",
        "EFS file systems",
        "elasticfilesystem",
        "L-848C634D",
        _missing(types.FILE_SYSTEM),
        _count("efs", "DescribeFileSystems", "FileSystems"),
    ),
)


def _allowed(context: Context, service: str, code: str) -> int:
    """The quota that applies, or AWS's default where the account has none of its own. Raises Unasked."""
    asked = {"ServiceCode": service, "QuotaCode": code}
    try:
        found = context.aws.call("service-quotas", "GetServiceQuota", **asked)
    except Unasked as reason:
        if reason.code != "NoSuchResourceException":
            raise
        found = context.aws.call("service-quotas", "GetAWSDefaultServiceQuota", **asked)
    return int(found["Quota"]["Value"])


def _room(context: Context, quota: Quota) -> Iterator[Answer]:
    name, needed = quota.check, quota.needed(context)
    if not needed:
        return
    used, allowed = quota.used(context), _allowed(context, quota.service, quota.code)
    more = (
        f"aws service-quotas request-service-quota-increase --service-code {quota.service} --quota-code {quota.code} "
        f"--desired-value {used + needed + quota.spare(context)} --region {context.wanted.region}"
    )
    said = f"{quota.name}: {used} of {allowed} are used, and the stack needs {needed} more"
    if used + needed > allowed:
        yield Answer(check=name, status="refused", text=said, fix=more)
    elif used + needed + quota.spare(context) > allowed:
        text = f"{said}, and each release {quota.spare(context)} more for as long as it lasts: there is no room for one"
        yield Answer(check=name, status="warned", text=text, fix=more)
    else:
        yield Answer(check=name, status="fine", text=said)


def _machines(context: Context) -> Quota:
    code = quota_of(context.wanted.instance_type)
    if code is None:
        raise Unasked(f"which quota counts the vCPUs of {context.wanted.instance_type} is not known here")
    return Quota(
        "aws.quotas.cpus",
        "vCPUs of running machines",
        "ec2",
        code,
        _new_cpus,
        _used_cpus,
        # Deployed, the machines that serve are among those that run: what is new is the release's own.
        (lambda _: 0) if context.state.deployed else _new_cpus,
    )


def _asking(name: str, quota: Callable[[Context], Quota]) -> Question:
    """A question each, so that one that gets no answer hides no other."""
    return question(name)(lambda context: _room(context, quota(context)))


QUESTIONS = (
    *(_asking(quota.check, functools.partial(lambda one, _: one, quota)) for quota in QUOTAS),
    _asking("aws.quotas.cpus", _machines),
)
