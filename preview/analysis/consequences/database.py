"""What a change of the database means: what RDS refuses, what restarts it, what it loses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from preview.analysis.consequences.context import (
    Context,
    at,
    changed_inputs,
    downtime,
    in_place,
    listed,
    lost,
    new_inputs,
    number,
    objects,
    old_inputs,
    refused,
)
from preview.changes import Change, Effect
from preview.resource_types import type_names
from preview.resource_types.record import names
from preview.resources import bare

PARAMETER_GROUP = "aws:rds/parameterGroup:ParameterGroup"
STRIPED_GIB = 400  # from here on gp3 for PostgreSQL has four volumes, and takes IOPS and throughput: CHAP_Storage, "gp3 storage"
_RESTARTS = {
    "instanceClass": "instanceClass",
    "engineVersion": "engineVersion",
    "port": "port",
    "identifier": "identifier",
    "identifierPrefix": "identifier",
    "parameterGroupName": "",  # only with the next restart
    "dedicatedLogVolume": "dedicatedLogVolume",
}
_OLD_FAMILIES = (
    "t2",
    "m3",
    "m4",
    "r3",
    "r4",
    "x1",
    "m1",
    "m2",
    "cr1",
)  # no PostgreSQL above 12: Concepts.DBInstanceClass
_BURSTABLE = ("micro", "small", "medium", "large", "xlarge", "2xlarge")


def database(context: Context, change: Change) -> Iterator[Effect]:
    if change.type != type_names.DATABASE or change.action not in ("created", "updated"):
        return
    old, new = old_inputs(change), new_inputs(change)
    changed = set(changed_inputs(change)) if change.action == "updated" else set(new)
    yield from _impossible(new, changed)
    if change.action == "updated":
        yield from _refused(old, new, changed)
        yield from _restarts(old, new, changed)
        yield from _backups(old, new)
        yield from _less(old, new)


def _windows(new: dict[str, Any], changed: set[str]) -> Iterator[Effect]:
    """Windows of half an hour at least that do not overlap, and insights for as long as RDS keeps them."""
    backup = _minutes(new.get("backupWindow"), daily=True)
    upkeep = _minutes(new.get("maintenanceWindow"), daily=False)
    for name, window in (("backupWindow", backup), ("maintenanceWindow", upkeep)):
        if name in changed and window and window[1] < 30:
            yield refused(f"{name} {new.get(name)}: RDS takes no window of less than 30 minutes")
    if changed & {"backupWindow", "maintenanceWindow"} and backup and upkeep:
        apart = (upkeep[0] - backup[0]) % 1440
        if apart < backup[1] or apart + upkeep[1] > 1440:
            yield refused(f"the maintenance window {new.get('maintenanceWindow')} overlaps the backup window")
    days = int(number(new.get("performanceInsightsRetentionPeriod")))
    kept = days in (0, 7, 731) or (days % 31 == 0 and days <= 23 * 31)
    if "performanceInsightsRetentionPeriod" in changed and not kept:
        yield refused(f"RDS keeps insights for 7 days, a multiple of 31, or 731, not for {days}")


def _minutes(window: Any, *, daily: bool) -> tuple[int, int] | None:
    """(minute of the day at which it begins, length) of `17:00-17:30` or `sun:18:00-sun:18:30`."""
    day = r"" if daily else r"[a-z]{3}:"
    match = re.fullmatch(rf"{day}(\d\d):(\d\d)-{day}(\d\d):(\d\d)", str(window or "").lower())
    if not match:
        return None
    begins, ends = (int(match[i]) * 60 + int(match[i + 1]) for i in (1, 3))
    return begins, (ends - begins) % 1440


def _impossible(new: dict[str, Any], changed: set[str]) -> Iterator[Effect]:
    """What RDS takes of nobody."""
    yield from _windows(new, changed)
    family, _, size = str(new.get("instanceClass", "")).removeprefix("db.").partition(".")
    if changed & {"instanceClass", "engineVersion"}:
        if family in _OLD_FAMILIES and _version(new.get("engineVersion"))[:1] >= (13,):
            yield refused(f"RDS has no db.{family} for PostgreSQL {new.get('engineVersion')}")
        if family in ("t3", "t4g") and size and size not in _BURSTABLE:
            yield refused(f"RDS has no db.{family}.{size}")
    if changed & {"allocatedStorage", "iops", "storageThroughput", "storageType"}:
        kind, size_gib, iops = (
            new.get("storageType"),
            number(new.get("allocatedStorage")),
            number(new.get("iops")),
        )
        if kind == "gp3" and 0 < size_gib < STRIPED_GIB and (iops or new.get("storageThroughput")):
            yield refused(f"gp3 under {STRIPED_GIB} GiB takes neither iops nor storageThroughput")
        if kind == "gp3" and size_gib >= STRIPED_GIB and 0 < iops < 12000:
            yield refused(f"gp3 from {STRIPED_GIB} GiB on has at least 12000 IOPS")
        if kind in ("io1", "io2"):
            if iops < 1000:
                yield refused(f"{kind} wants iops, from 1000 on")
            if 0 < size_gib < 100:
                yield refused(f"{kind} has at least 100 GiB")


def _refused(old: dict[str, Any], new: dict[str, Any], changed: set[str]) -> Iterator[Effect]:
    sizes = number(old.get("allocatedStorage")), number(new.get("allocatedStorage"))
    if 0 < sizes[1] < sizes[0]:
        yield refused(f"RDS cannot make storage smaller ({sizes[0]:.0f} to {sizes[1]:.0f} GiB)")
    elif sizes[0] < sizes[1]:
        little = " RDS rounds it up to 10 %, and the stack file then says less than there is." * (
            sizes[1] < sizes[0] * 1.1
        )
        yield in_place(
            f"{sizes[0]:.0f} to {sizes[1]:.0f} GiB in place, if it has not changed in the last six hours.{little}"
        )
    versions = _version(old.get("engineVersion")), _version(new.get("engineVersion"))
    common = min(map(len, versions))
    if versions[1][:common] < versions[0][:common]:
        yield refused("PostgreSQL does not go back to an earlier version")
    elif versions[1][:1] > versions[0][:1] and new.get("allowMajorVersionUpgrade") is not True:
        yield refused("RDS wants allowMajorVersionUpgrade for another major version")
    if "dbSubnetGroupName" in changed:
        yield refused("RDS moves no instance to another subnet group of its network in place")
    if old.get("storageType") != new.get("storageType") and "standard" in (
        old.get("storageType"),
        new.get("storageType"),
    ):
        yield downtime("storage moves to or from magnetic disks: minutes to hours without it")
    blue_green = bool(at(new, "blueGreenUpdate", "enabled"))
    if blue_green and new.get("manageMasterUserPassword") and changed & _BY_BLUE_GREEN:
        yield refused("blue/green deployments take no database whose master password RDS manages")


_BY_BLUE_GREEN = {
    "instanceClass",
    "engineVersion",
    "allocatedStorage",
    "storageType",
    "iops",
    "parameterGroupName",
    "multiAz",
}


def _restarts(old: dict[str, Any], new: dict[str, Any], changed: set[str]) -> Iterator[Effect]:
    restarts = sorted(dict.fromkeys(name for key, name in _RESTARTS.items() if name and key in changed))
    versions = _version(old.get("engineVersion")), _version(new.get("engineVersion"))
    if versions[1] < versions[0] and "engineVersion" in restarts:
        restarts.remove("engineVersion")  # refused
    if restarts:
        fails_over = bool(new.get("multiAz")) and "engineVersion" not in restarts
        length = "about a minute (failover)" if fails_over else "minutes"
        blue_green = bool(at(new, "blueGreenUpdate", "enabled"))
        length = "under a minute (blue/green)" if blue_green else length
        yield downtime(f"{', '.join(restarts)} restarts the database: {length} without it")
    if {"identifier", "identifierPrefix"} & changed:
        yield downtime("its endpoint changes with its identifier: machines that still serve lose it at once")
    if "caCertIdentifier" in changed:
        yield in_place("another certificate: clients that do not have its authority's are refused")
    if "parameterGroupName" in changed and not restarts:
        yield in_place("another parameter group: it counts from the next restart on")


def _backups(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Effect]:
    days = int(number(old.get("backupRetentionPeriod"))), int(number(new.get("backupRetentionPeriod")))
    if days[1] < days[0]:
        which = f"backups older than {days[1]} days are" if days[1] else "every automated backup is"
        yield lost(f"{which} deleted (before: {days[0]} days)", "backups")


def _less(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Effect]:
    if old.get("multiAz") and not new.get("multiAz"):
        yield in_place("no standby any more: when its zone fails, so does the database")
    stopped = set(listed(old.get("enabledCloudwatchLogsExports"))) - set(
        listed(new.get("enabledCloudwatchLogsExports"))
    )
    if stopped:
        yield in_place(f"its logs no longer go to CloudWatch: {', '.join(sorted(stopped))}")


def _version(text: Any) -> tuple[int, ...]:
    found = re.match(r"\d+(\.\d+)*", str(text or ""))
    return tuple(map(int, found[0].split("."))) if found else ()


# Parameters: `pg_settings.context` is `postmaster` for these, so they wait for a restart (PostgreSQL 18, guc_tables).
_STATIC = frozenset(
    names(
        """
        max_connections shared_buffers shared_preload_libraries wal_level max_wal_senders
        max_replication_slots max_worker_processes max_prepared_transactions
        max_locks_per_transaction huge_pages wal_buffers track_commit_timestamp
        autovacuum_max_workers autovacuum_freeze_max_age max_files_per_process
        superuser_reserved_connections track_activity_query_size rds.logical_replication
        rds.force_autovacuum_logging_level
        """
    )
)
_LOWERED = {
    "max_connections": "the app's pools may then find no connection left",
    "work_mem": "queries spill to disk earlier",
    "statement_timeout": "queries that take longer are cut off",
    "idle_in_transaction_session_timeout": "sessions that wait longer inside a transaction are cut off",
    "lock_timeout": "queries that wait longer for a lock fail",
}
_OFF_AT = ("statement_timeout", "idle_in_transaction_session_timeout", "lock_timeout")  # 0: no limit


def parameters(context: Context, change: Change) -> Iterator[Effect]:
    if change.type != PARAMETER_GROUP or change.action != "updated":
        return
    old, new = (_by_name(inputs) for inputs in (old_inputs(change), new_inputs(change)))
    restarts = any(_restarts_now(step) for step in context.of(type_names.DATABASE))
    when = "with the restart that this change brings" if restarts else "at the database's next restart"
    for name in sorted(old.keys() | new.keys()):
        was, now = old.get(name, {}), new.get(name, {})
        if was == now:
            continue
        if name in _STATIC and now.get("applyMethod", "pending-reboot") == "immediate":
            yield refused(f"{name} is read at the start alone: RDS takes it with pending-reboot")
            continue
        waits = (now or was).get("applyMethod", "immediate") == "pending-reboot"
        said = f"{name}: {was.get('value', 'the default')} to {now.get('value', 'the default')} {when if waits else 'at once'}"
        values = number(was.get("value")), number(now.get("value"))
        tighter = (
            values[1] < values[0]
            if name not in _OFF_AT
            else bool(values[1]) and not 0 < values[0] <= values[1]
        )
        if name in _LOWERED and tighter and now:
            said += f"; {_LOWERED[name]}"
            if name in _OFF_AT or name == "max_connections":
                yield downtime(said)
                continue
        yield in_place(said)


def _by_name(inputs: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {str(item.get("name")): bare(item) for item in objects(inputs.get("parameters"))}


def _restarts_now(step: Change) -> bool:
    return step.action == "updated" and any(_RESTARTS.get(name) for name in changed_inputs(step))
