"""Everything that a stack is billed for.

A price that is not in the table is unknown, and so is the price of a type that nobody has looked up; neither is ever taken for
nothing. Which types cost nothing by themselves, their records in `preview.resource_types` say (`billing`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from preview.analysis.billing import databases, machines, services
from preview.analysis.billing.bill import Bill, Line, unknown
from preview.resource_types import prices, type_names
from preview.resource_types.registry import record_of
from preview.resources import Evaluation, Resource

# Packages whose resources are values or files, nothing that anybody bills.
_NOT_BILLED = frozenset({"random", "pulumi", "tls", "time", "std", "command", "drawbridge"})

# Services of AWS that cost nothing, whatever one makes in them.
_FREE_SERVICES = ("aws:iam/",)


def lines(evaluation: Evaluation) -> list[Line]:
    """Everything that the stack is billed for, resource by resource in the program's order of types."""
    bill = Bill(evaluation)
    found = [
        line
        for type_name, billed in _BILLED.items()
        for resource in bill.program.of(type_name)
        for line in billed(bill, resource)
    ]
    found += services.watching(bill)
    found += machines.use(bill)
    found += _unpriced(evaluation)
    return [*found, *_zone(bill)]


def _unpriced(evaluation: Evaluation) -> Iterator[Line]:
    """Resources whose type no record prices or calls free: unknown, each by itself."""
    for resource in evaluation.resources:
        package = resource.type.partition(":")[0]
        record = record_of(resource.type)
        if package in _NOT_BILLED or record.component or not resource.options.get("custom", True):
            continue
        if resource.type in _BILLED or resource.type in _TOGETHER or record.billing == "free":
            continue
        if package == "cloudflare" and record.classified:
            continue  # the zone's plan covers it
        if resource.type.startswith(_FREE_SERVICES):
            continue
        short = type_names.short(resource.type)
        yield unknown(resource, short, "no price is known for this type")


def _zone(bill: Bill) -> Iterator[Line]:
    settings = json.loads(bill.evaluation.config.get("drawbridge:cloudflare", "{}"))
    zone = str(settings.get("zone"))
    if "plan" in settings:
        plan = str(settings["plan"])
        found = prices.cloudflare(plan)
        yield Line(
            resource=zone,
            item="Cloudflare's plan",
            what=f"Cloudflare {plan} (billed monthly)",
            quantity=1,
            price=found.usd if found else None,
            unknown="" if found else f"Cloudflare's plan {plan} is not in the table",
            source=found.source if found else "",
        )
    if bill.evaluation.of_type(type_names.ACCESS_APPLICATION):
        seats, free, each = (
            bill.assumed["access_seats"],
            prices.access("seats-free"),
            prices.access("seat"),
        )
        assert free and each, "prices.yaml has both"
        yield Line(
            resource=zone,
            item="Access seats",
            what=f"Access seats ({seats:g})",
            quantity=seats if seats > free.usd else 0,
            price=each.usd,
            source=each.source,
            assumed=True,
        )


_BILLED: dict[str, Callable[[Bill, Resource], Iterator[Line]]] = {
    type_names.AUTO_SCALING_GROUP: machines.fleet,
    type_names.INSTANCE: machines.instance,
    "aws:ebs/volume:Volume": machines.volume,
    "aws:ec2/eip:Eip": machines.address,
    type_names.DATABASE: databases.database,
    "aws:secretsmanager/secret:Secret": services.secret,
    type_names.FILE_SYSTEM: databases.files,
    type_names.BACKUP_POLICY: databases.file_backups,
    "aws:ec2/natGateway:NatGateway": services.nat,
    "aws:ec2/vpcEndpoint:VpcEndpoint": services.endpoint,
    "aws:kms/key:Key": services.key,
    type_names.PARAMETER: services.parameter,
    "aws:cloudwatch/dashboard:Dashboard": services.dashboard,
    "aws:sns/topicSubscription:TopicSubscription": services.subscription,
}
_TOGETHER = frozenset({type_names.LOG_GROUP, "aws:cloudwatch/metricAlarm:MetricAlarm"})

PRICED = frozenset(_BILLED) | _TOGETHER
"""Every type that an estimate can have lines for; their records say `billing="priced"`."""
