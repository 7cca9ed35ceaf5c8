"""What guarded data, or could bring it back, and goes: nothing is lost by it, and the next mistake is final."""

from __future__ import annotations

from collections.abc import Iterator

from preview.analysis.consequences.context import (
    Context,
    at,
    at_risk,
    in_place,
    lost,
    new_inputs,
    number,
    old_inputs,
)
from preview.changes import Change, Effect
from preview.resource_types import type_names
from preview.resource_types.registry import record_of

_BACKUPS = (
    type_names.BACKUP_POLICY,
    "aws:backup/plan:Plan",
    "aws:backup/selection:Selection",
    "aws:backup/vaultLockConfiguration:VaultLockConfiguration",
)


def guards(context: Context, change: Change) -> Iterator[Effect]:
    if change.action == "updated" and change.type == type_names.DATABASE:
        yield from _database(change)
    if change.type in _BACKUPS and change.action == "deleted" and not _parent_goes(context, change):
        yield at_risk("deleted: no further backups are made")
    if change.type == type_names.BACKUP_POLICY and change.action == "updated":
        status = [at(inputs, "backupPolicy", "status") for inputs in (old_inputs(change), new_inputs(change))]
        if status[0] == "ENABLED" and status[1] != "ENABLED":
            yield at_risk("no further backups of the files are made")
    if change.type == type_names.LOG_GROUP and change.action == "updated":
        days = [
            int(number(inputs.get("retentionInDays"))) for inputs in (old_inputs(change), new_inputs(change))
        ]
        if days[1] and (days[1] < days[0] or not days[0]):
            had = f"{days[0]} days" if days[0] else "for ever"
            yield lost(f"logs older than {days[1]} days are deleted (before: {had})", "logs")


def _database(change: Change) -> Iterator[Effect]:
    old, new = old_inputs(change), new_inputs(change)
    if old.get("deletionProtection") and not new.get("deletionProtection"):
        yield at_risk("RDS no longer refuses to delete it")
    if old.get("skipFinalSnapshot") is False and new.get("skipFinalSnapshot") is not False:
        yield at_risk("no final snapshot is taken when it is deleted")
    if old.get("deleteAutomatedBackups") is False and new.get("deleteAutomatedBackups") is not False:
        yield at_risk("its automated backups go when it is deleted")


def _parent_goes(context: Context, change: Change) -> bool:
    """A file system that is deleted with its policy says so itself."""
    assert change.before is not None
    return any(
        context.steps[urn].action in ("deleted", "replaced")
        for urn in change.before.options.get("dependsOn", ())
        if urn in context.steps and record_of(context.steps[urn].type).holds
    )


def telling(context: Context, change: Change) -> Iterator[Effect]:
    """Alarms that say less."""
    if change.action != "updated" or change.type not in (
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        "cloudflare:index/notificationPolicy:NotificationPolicy",
    ):
        return
    old, new = old_inputs(change), new_inputs(change)
    quiet = [
        key for key in ("actionsEnabled", "enabled") if old.get(key, True) and new.get(key, True) is False
    ]
    if quiet or (old.get("alarmActions") and not new.get("alarmActions")):
        yield in_place("nobody is told any more")
