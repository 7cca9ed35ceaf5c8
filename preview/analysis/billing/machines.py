"""What machines, their disks and their addresses are billed for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from preview.analysis.billing import services
from preview.analysis.billing.bill import Bill, Line, counted, number, times, unknown
from preview.resource_types import type_names
from preview.resources import Resource

# What gp3 includes: https://docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html#gp3-ebs-volume-type
GP3: Mapping[str, float] = {"iops": 3000, "throughput": 125}

_DETAILED_METRICS = 7  # of EC2's detailed monitoring, each billed as one of our own


def fleet(bill: Bill, group: Resource) -> Iterator[Line]:
    template = _template(bill, group)
    if template is None or group.inputs.get("mixedInstancesPolicy"):
        yield unknown(group, "machines", "which machines the group starts is not known from the program")
        return
    yield from _machines(bill, group, template.inputs, *size(group))


def size(group: Resource) -> tuple[float | None, float | None]:
    """How many machines a group starts with, and how many it may come to have."""
    data = group.inputs
    wanted = data.get("desiredCapacity")
    count = number(data.get("minSize") if wanted is None else wanted, 1)
    return count, None if count is None else number(data.get("maxSize"), count)


def instance(bill: Bill, machine: Resource) -> Iterator[Line]:
    template = _template(bill, machine)
    yield from _machines(bill, machine, {**(template.inputs if template else {}), **machine.inputs}, 1, 1)


def _template(bill: Bill, resource: Resource) -> Resource | None:
    return bill.program.named(
        (resource.inputs.get("launchTemplate") or {}).get("id"), type_names.LAUNCH_TEMPLATE
    )


def _machines(
    bill: Bill, resource: Resource, machine: dict[str, Any], count: float | None, most: float | None
) -> Iterator[Line]:
    kind = str(machine.get("instanceType"))
    placement = machine.get("placement")
    tenancy = machine.get("tenancy") or (placement.get("tenancy") if isinstance(placement, dict) else None)
    growth = f"of at most {most:g}" if most and count is not None and most > count else ""
    what = counted(kind, count, growth)
    if machine.get("instanceMarketOptions"):
        yield unknown(resource, "machines", "spot prices change by the hour", what=what)
    elif tenancy not in (None, "", "default"):
        yield unknown(resource, "machines", f"tenancy {tenancy} is not in the table", what=what)
    else:
        yield bill.line(resource, "machines", "ec2", kind, count, what=what, per_hour=True)
    yield from _disks(bill, resource, machine, count)
    wanted = [machine, *(machine.get("networkInterfaces") or ())]
    if any(str(item.get("associatePublicIpAddress")).lower() == "true" for item in wanted):
        what = "public IPv4 address"
        yield bill.line(resource, what, "ipv4", "address", count, what=counted(what, count), per_hour=True)
    monitoring = machine.get("monitoring")
    if monitoring is True or (isinstance(monitoring, dict) and monitoring.get("enabled") is True):
        item, metrics = "detailed monitoring", times(count, _DETAILED_METRICS)
        what = counted(item, count, f"{_DETAILED_METRICS} metrics")
        yield bill.line(resource, item, "cloudwatch", "metric", metrics, what=what)


def _disks(bill: Bill, resource: Resource, machine: dict[str, Any], count: float | None) -> Iterator[Line]:
    disks = [mapping.get("ebs") or {} for mapping in machine.get("blockDeviceMappings") or ()]
    disks += filter(None, [machine.get("rootBlockDevice"), *(machine.get("ebsBlockDevices") or ())])
    if not disks:
        yield unknown(resource, "disk", "the image says how large it is")
    for place, disk in enumerate(disks):
        item = f"disk {place + 1}" if place else "disk"
        given = {**disk, "size": disk.get("volumeSize"), "type": disk.get("volumeType")}
        yield from _disk(bill, resource, item, given, count)


def volume(bill: Bill, disk: Resource) -> Iterator[Line]:
    yield from _disk(bill, disk, "disk", disk.inputs, 1)


def _disk(
    bill: Bill, resource: Resource, item: str, disk: dict[str, Any], count: float | None
) -> Iterator[Line]:
    if disk.get("size") is None:
        yield unknown(resource, item, "the image or the snapshot says how large it is")
        return
    gib, kind = number(disk["size"], 0), str(disk.get("type") or "gp3")
    what = counted(item, count, f"{gib:g} GiB {kind}" if gib is not None else kind)
    yield bill.line(resource, item, "ebs", kind, times(count, gib), what=what)
    yield from beyond(bill, resource, item, "ebs", kind, disk, count, GP3)


def beyond(
    bill: Bill,
    resource: Resource,
    item: str,
    service: str,
    kind: str,
    asked: dict[str, Any],
    count: float | None,
    included: Mapping[str, float],
) -> Iterator[Line]:
    """What is asked of a volume beyond what gp3 includes, and each operation a second of io1 and io2."""
    for name, free in included.items() if kind in ("gp3", "io1", "io2") else ():
        if name == "throughput" and kind != "gp3":
            continue
        extra = number(asked.get(name), 0)
        if extra is not None:
            extra -= free if kind == "gp3" else 0
        if extra is None or extra > 0:
            part = f"{item}: {'IOPS' if name == 'iops' else 'MiB/s'}"
            what = counted(part, count, "" if extra is None else f"{extra:g}")
            yield bill.line(resource, part, service, f"{kind}-{name}", times(count, extra), what=what)


def address(bill: Bill, elastic: Resource) -> Iterator[Line]:
    yield bill.line(elastic, "public IPv4 address", "ipv4", "address", 1, per_hour=True)


def use(bill: Bill) -> Iterator[Line]:
    """What the machines send, to the Internet and to CloudWatch."""
    machines = bill.program.of(type_names.AUTO_SCALING_GROUP, type_names.INSTANCE)
    if not machines:
        return
    out = bill.assumed["data_out_gb"]
    what = f"data out ({out:g} GB)"
    yield bill.line(machines[0], "data out", "transfer", "out", out, what=what, assumed=True)
    for group in bill.program.of(type_names.AUTO_SCALING_GROUP) if services.own_metrics(bill) else ():
        calls = times(size(group)[0], bill.assumed["metric_calls"])
        what = "metric calls" if calls is None else f"metric calls ({calls:,.0f})"
        yield bill.line(group, "metric calls", "cloudwatch", "request", calls, what=what, assumed=True)
