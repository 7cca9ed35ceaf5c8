"""What databases and file systems are billed for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from preview.analysis.billing.bill import Bill, Line, counted, number, times, unknown
from preview.analysis.billing.machines import GP3, beyond
from preview.resource_types import prices
from preview.resources import Resource

# From 400 GiB on RDS stripes gp3 over four volumes: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Storage.html#gp3-storage
_STRIPED_GIB = 400
_STRIPED: Mapping[str, float] = {"iops": 12000, "throughput": 500}


def database(bill: Bill, instance: Resource) -> Iterator[Line]:
    data = instance.inputs
    count, kind = (2 if data.get("multiAz") is True else 1), str(data.get("instanceClass"))
    if data.get("engine") == "postgres":
        yield _standby(bill, instance, "class", kind, count, 1, what=counted(kind, count), per_hour=True)
    else:
        why = f"the table has PostgreSQL alone, not {data.get('engine') or 'what it is copied from'}"
        yield unknown(instance, "class", why, what=counted(kind, count))
    storage = str(data.get("storageType") or "gp2")
    if data.get("allocatedStorage") is None:
        yield unknown(instance, "storage", "the snapshot or the source says how large it is")
    else:
        gib = number(data["allocatedStorage"], 0)
        what = counted("storage", count, f"{gib:g} GiB {storage}" if gib is not None else storage)
        yield _standby(bill, instance, "storage", storage, count, gib, what=what)
        asked = {"iops": data.get("iops"), "throughput": data.get("storageThroughput")}
        included = _STRIPED if (gib or 0) >= _STRIPED_GIB else GP3
        yield from beyond(bill, instance, "storage", "rds", storage, asked, count, included)
    if number(data.get("backupRetentionPeriod"), 0) != 0:
        backups = bill.assumed["database_backups_gib"]
        what = f"backups beyond its size ({backups:g} GiB)"
        yield bill.line(instance, "backups", "rds", "backup", backups, what=what, assumed=True)
    if data.get("manageMasterUserPassword") is True:
        yield bill.line(instance, "secret of the master password", "secrets", "secret", 1)
    yield from _extended_support(bill, instance, count)


def _standby(
    bill: Bill,
    instance: Resource,
    item: str,
    price: str,
    count: float,
    quantity: float | None,
    *,
    what: str,
    per_hour: bool = False,
) -> Line:
    """With a standby AWS has a price of its own, which is twice the single one: that one is taken where the table lacks it."""
    both = f"{price} multi-az"
    if count == 2 and bill.price(instance, "rds", both):
        return bill.line(instance, item, "rds", both, quantity, what=what, per_hour=per_hour)
    return bill.line(instance, item, "rds", price, times(count, quantity), what=what, per_hour=per_hour)


def _extended_support(bill: Bill, instance: Resource, count: float) -> Iterator[Line]:
    """What an old major version costs beyond its class. The day is the price table's, so that a report is the same every day."""
    data, today = instance.inputs, prices.general()["updated"]
    if str(data.get("engineLifecycleSupport", "")).endswith("disabled") or data.get("engine") != "postgres":
        return
    major, kind = str(data.get("engineVersion") or "").partition(".")[0], str(data.get("instanceClass"))
    ends = prices.general()["extended_support"].get(major)
    if ends is None or today <= ends:
        return
    third = today > ends.replace(year=ends.year + 2, day=28)
    item, vcpus = "extended support", _vcpus(kind)
    what = f"extended support of PostgreSQL {major}, {'third year' if third else 'years 1 and 2'}"
    if vcpus is None:
        yield unknown(instance, item, f"how many vCPUs {kind} has is not known", what=what)
    else:
        price = f"{item} year 3" if third else item
        yield bill.line(instance, item, "rds", price, count * vcpus, what=what, per_hour=True)


def _vcpus(kind: str) -> int | None:
    """By the class's name, as RDS's page of classes lists them; None: a family that does not follow the rule."""
    family, _, size = kind.removeprefix("db.").partition(".")
    if not re.fullmatch(r"(t[34]|[mrcx]\d)[a-z0-9]*", family):
        return None
    if size in ("micro", "small", "medium"):
        return 2 if family.startswith("t") else 1
    if size == "large":
        return 2
    extra = re.fullmatch(r"(\d*)xlarge", size)
    return 4 * int(extra[1] or 1) if extra else None


def files(bill: Bill, files: Resource) -> Iterator[Line]:
    stored, read, written = (bill.assumed[key] for key in ("files_gib", "files_read_gb", "files_written_gb"))
    storage = "one-zone" if files.inputs.get("availabilityZoneName") else "standard"
    what = f"files stored ({stored:g} GiB)"
    yield bill.line(files, "files stored", "efs", storage, stored, what=what, assumed=True)
    mode = files.inputs.get("throughputMode") or "bursting"
    if mode == "elastic":
        what = f"files read ({read:g} GB)"
        yield bill.line(files, "files read", "efs", "read", read, what=what, assumed=True)
        what = f"files written ({written:g} GB)"
        yield bill.line(files, "files written", "efs", "write", written, what=what, assumed=True)
    elif mode == "provisioned":
        mibps = number(files.inputs.get("provisionedThroughputInMibps"), 0)
        what = "provisioned throughput" + ("" if mibps is None else f" ({mibps:g} MiB/s)")
        yield bill.line(files, "provisioned throughput", "efs", "provisioned", mibps, what=what)


def file_backups(bill: Bill, policy: Resource) -> Iterator[Line]:
    if (policy.inputs.get("backupPolicy") or {}).get("status") == "ENABLED":
        kept = bill.assumed["file_backups_gib"]
        yield bill.line(
            policy, "file backups", "backup", "efs", kept, what=f"file backups ({kept:g} GiB)", assumed=True
        )
