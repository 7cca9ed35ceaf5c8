"""Logs and alarms."""

from __future__ import annotations

from preview.posture.program import Program
from preview.posture.read import number
from preview.posture.rule import Broken, rule
from preview.resource_types.type_names import AUTO_SCALING_GROUP, LAUNCH_TEMPLATE, LOG_GROUP, TUNNEL


@rule(
    id="log-retention",
    severity="medium",
    title="Logs are kept for ever, or for less than a week",
    promise="Logs are kept for a set time, a week at least",
    why="For ever costs more each month and keeps what people asked to be deleted; days are too short to find a break-in.",
    fix="`host.logDays`.",
)
def log_retention(program: Program) -> Broken:
    for group in program.of(LOG_GROUP):
        days = number(group.inputs.get("retentionInDays")) or 0
        if days < 7:
            yield group.name, f"kept for {days:g} days" if days else "kept for ever"


@rule(
    id="logs-leave",
    severity="medium",
    title="Logs stay on the machine",
    promise="Logs leave the machine",
    why="A replaced machine takes its journal with it, and who broke in can change it.",
    fix="`host.logs: cloudwatch`.",
)
def logs_leave(program: Program) -> Broken:
    if not program.of(LOG_GROUP):
        for template in program.of(LAUNCH_TEMPLATE):
            yield template.name, "no log group"


@rule(
    id="alerts",
    severity="low",
    title="Nobody is told when the stack is in trouble",
    promise="Somebody is told when the stack is in trouble",
    why="Without alarms the first to notice are the visitors.",
    fix="Give addresses under `alerts.emails`.",
)
def alerts(program: Program) -> Broken:
    if not program.of("aws:cloudwatch/metricAlarm:MetricAlarm"):
        for fleet in program.of(AUTO_SCALING_GROUP):
            yield fleet.name, "no alarm watches it"
    if not program.of("cloudflare:index/notificationPolicy:NotificationPolicy"):
        for tunnel in program.of(TUNNEL):
            yield tunnel.name, "nobody is told when it is down"
