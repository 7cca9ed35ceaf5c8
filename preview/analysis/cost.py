"""What a stack costs a month: list prices from `prices.yaml`, by resource. A price that is not there is unknown, not guessed."""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from preview.posture.program import Program
from preview.resource_types import tokens
from preview.resource_types.registry import record_of
from preview.resources import Evaluation, Resource

PRICES = Path(__file__).resolve().parents[1] / "resource_types" / "prices.yaml"

LIMITS = (
    "list prices without tax, discounts, credits and free tiers",
    "not included: data transfer, backups beyond the database's size and those of files, bursts beyond the CPU credits, the "
    "domain, whatever lies outside the stack",
    "a release runs the machines twice for a while",
    "Cloudflare's plan is the zone's: all stacks of a zone share it; Access is free for teams under 50",
)


@dataclass(frozen=True, kw_only=True)
class Line:
    """One item of one resource. ``price`` is for one unit, in USD; None: it is not in the table, and ``place`` says what is."""

    resource: str
    what: str
    quantity: float
    price: float | None
    place: str
    source: str = ""
    assumed: bool = False

    @property
    def monthly(self) -> float | None:
        return None if self.price is None else round(self.quantity * self.price, 4)


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A month in USD. ``total`` is of what is known; with something ``unknown`` it is the least that the stack costs."""

    region: str
    updated: str
    lines: tuple[Line, ...]
    unknown: tuple[str, ...]
    assumptions: tuple[str, ...]

    @property
    def total(self) -> float:
        return round(sum(line.monthly or 0 for line in self.lines), 2)


@dataclass(frozen=True, kw_only=True)
class Delta:
    """What a change makes of an item's monthly price; None where there is none or it is unknown."""

    resource: str
    what: str
    before: float | None
    after: float | None


@functools.cache
def table() -> dict[str, Any]:
    """`prices.yaml`."""
    return dict(
        yaml.load(PRICES.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    )


def estimate(evaluation: Evaluation) -> Estimate:
    """The monthly price of an evaluated stack."""
    region = evaluation.config.get("aws:region", "")
    lines = tuple(_lines(evaluation, region))
    unknown = [
        f"{line.resource}: {line.what} ({line.place} is not in the table)"
        for line in lines
        if line.price is None
    ]
    unpriced = sorted({r.type for r in evaluation.resources if _unpriced(r)})
    assumed = table()["assumptions"]
    words = (
        f"{assumed['files_gib']} GiB on each file system, of which {assumed['files_read_gb']} GB are read and "
        f"{assumed['files_written_gb']} GB written a month",
        f"{assumed['logs_gb']} GB of logs a month",
    )
    needed = tuple(
        text for text, on in zip(words, (_has(lines, "files"), _has(lines, "logs")), strict=True) if on
    )
    return Estimate(
        region=region,
        updated=str(table()["updated"]),
        lines=lines,
        assumptions=needed,
        unknown=tuple(
            unknown + [f"{tokens.short(token)}: no price is known for this type" for token in unpriced]
        ),
    )


def compare(before: Evaluation, after: Evaluation) -> tuple[Delta, ...]:
    """The items whose monthly price changes, comes or goes, the largest change first."""
    old, new = (_by_item(estimate(evaluation)) for evaluation in (before, after))
    deltas = [
        Delta(resource=key[0], what=key[1], before=old.get(key), after=new.get(key))
        for key in dict.fromkeys([*old, *new])
        if (key in old) != (key in new) or old[key] != new[key]
    ]
    return tuple(sorted(deltas, key=lambda d: -abs((d.after or 0) - (d.before or 0))))


def _by_item(found: Estimate) -> dict[tuple[str, str], float | None]:
    items: dict[tuple[str, str], float | None] = {}
    for line in found.lines:
        items[line.resource, line.what.partition(" (")[0]] = line.monthly
    return items


def _has(lines: tuple[Line, ...], what: str) -> bool:
    return any(line.assumed and line.what.startswith(what) for line in lines)


def _unpriced(resource: Resource) -> bool:
    return resource.type.startswith("aws:") and record_of(resource.type).billing == "unknown"


def _lines(evaluation: Evaluation, region: str) -> Iterator[Line]:
    prices, hours = table(), float(table()["hours"])
    program, assumed = Program(evaluation.resources), prices["assumptions"]

    def line(
        resource: Resource,
        what: str,
        quantity: float,
        service: str,
        item: str,
        *,
        per_hour: bool = False,
        assumed: bool = False,
    ) -> Line:
        group = prices["regions"].get(region, {}).get(service, {})
        entry = group.get(item)
        price, source = (
            (entry["price"], entry["source"]) if isinstance(entry, dict) else (entry, group.get("source", ""))
        )
        return Line(
            resource=resource.name,
            what=what,
            quantity=quantity * (hours if per_hour else 1),
            price=price,
            assumed=assumed,
            place=f"{service} {item} in {region or 'no region'}",
            source=prices["sources"].get(source, {}).get("url", ""),
        )

    def machines(resource: Resource, machine: Resource, count: float) -> Iterator[Line]:
        kind = str(machine.inputs.get("instanceType"))
        yield line(resource, _counted(kind, count), count, "ec2", kind, per_hour=True)
        for disk in machine.inputs.get("blockDeviceMappings") or ():
            ebs = disk.get("ebs") or {}
            size, volume = float(ebs.get("volumeSize", 8)), str(ebs.get("volumeType", "gp3"))
            yield line(
                resource, _counted("disk", count, f"{size:g} GiB {volume}"), count * size, "ebs", volume
            )
        wanted = [machine.inputs, *(machine.inputs.get("networkInterfaces") or ())]
        if any(str(item.get("associatePublicIpAddress")).lower() == "true" for item in wanted):
            yield line(
                resource, _counted("public IPv4 address", count), count, "ipv4", "address", per_hour=True
            )

    for fleet in program.of(tokens.FLEET):
        template = program.named((fleet.inputs.get("launchTemplate") or {}).get("id"), tokens.TEMPLATE)
        if template:
            yield from machines(
                fleet,
                template,
                float(fleet.inputs.get("desiredCapacity") or fleet.inputs.get("minSize") or 1),
            )
    for instance in program.of(tokens.INSTANCE):
        yield from machines(instance, instance, 1)
    for volume in program.of("aws:ebs/volume:Volume"):
        size, kind = float(volume.inputs.get("size", 0)), str(volume.inputs.get("type", "gp3"))
        yield line(volume, f"disk ({size:g} GiB {kind})", size, "ebs", kind)
    for address in program.of("aws:ec2/eip:Eip"):
        yield line(address, "public IPv4 address", 1, "ipv4", "address", per_hour=True)
    for database in program.of(tokens.DATABASE):
        data = database.inputs
        count, kind = (2 if data.get("multiAz") is True else 1), str(data.get("instanceClass"))
        size, storage = float(data.get("allocatedStorage", 0)), str(data.get("storageType", "gp2"))
        yield line(database, _counted(kind, count), count, "rds", kind, per_hour=True)
        yield line(
            database, _counted("storage", count, f"{size:g} GiB {storage}"), count * size, "rds", storage
        )
        if data.get("manageMasterUserPassword") is True:
            yield line(database, "secret of the master password", 1, "secrets", "secret")
    for secret in program.of("aws:secretsmanager/secret:Secret"):
        yield line(secret, "secret", 1, "secrets", "secret")
    stored, read, written, logs = (
        assumed[key] for key in ("files_gib", "files_read_gb", "files_written_gb", "logs_gb")
    )
    for files in program.of(tokens.FILES):
        yield line(files, f"files stored ({stored} GiB)", stored, "efs", "standard", assumed=True)
        if files.inputs.get("throughputMode", "bursting") == "elastic":
            yield line(files, f"files read ({read} GB)", read, "efs", "read", assumed=True)
            yield line(files, f"files written ({written} GB)", written, "efs", "write", assumed=True)
    for group in program.of(tokens.LOG_GROUP)[:1]:  # the assumption is for the stack's logs as a whole
        yield line(group, f"logs taken in ({logs} GB)", logs, "cloudwatch", "ingest", assumed=True)
        yield line(group, f"logs kept ({logs} GB)", logs, "cloudwatch", "storage", assumed=True)
    alarms = program.of("aws:cloudwatch/metricAlarm:MetricAlarm")
    metrics = {
        json.dumps([a.inputs.get(k) for k in ("namespace", "metricName", "dimensions")])
        for a in alarms
        if _own(a)
    }
    if alarms:
        owner = dataclasses.replace(alarms[0], name=alarms[0].parent.rpartition("::")[2] or alarms[0].name)
        yield line(owner, f"alarms ({len(alarms)})", len(alarms), "cloudwatch", "alarm")
        if metrics:
            yield line(owner, f"metrics of our own ({len(metrics)})", len(metrics), "cloudwatch", "metric")
    yield from _zone(evaluation, prices)


def _own(alarm: Resource) -> bool:
    return not str(alarm.inputs.get("namespace", "")).startswith("AWS/")


def _counted(what: str, count: float, size: str = "") -> str:
    """`disk (2 × 30 GiB gp3)`: what it is comes first and stays the same when there are more of it."""
    inside = " ".join(filter(None, ["" if count == 1 else f"{count:g} ×", size]))
    return f"{what} ({inside})" if inside else what


def _zone(evaluation: Evaluation, prices: dict[str, Any]) -> Iterator[Line]:
    settings = json.loads(evaluation.config.get("drawbridge:cloudflare", "{}"))
    if "plan" in settings:
        group, plan = prices["cloudflare"], settings["plan"]
        yield Line(
            resource=str(settings.get("zone")),
            what=f"Cloudflare {plan} (billed monthly)",
            quantity=1,
            price=group.get(plan),
            place=f"Cloudflare's plan {plan}",
            source=prices["sources"][group["source"]]["url"],
        )


def to_data(found: Estimate) -> dict[str, Any]:
    """For the JSON report, USD a month."""
    return {
        "currency": "USD",
        "monthly": found.total,
        "complete": not found.unknown,
        "region": found.region,
        "pricesOf": found.updated,
        "lines": [
            {
                "resource": line.resource,
                "what": line.what,
                "quantity": line.quantity,
                "price": line.price,
                "monthly": line.monthly,
                "assumed": line.assumed,
                "source": line.source,
            }
            for line in found.lines
        ],
        "unknown": list(found.unknown),
        "assumptions": list(found.assumptions),
        "limits": list(LIMITS),
    }
