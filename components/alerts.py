"""Alerts: who is told when a machine, the tunnel or the database is in trouble."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
import pulumi_cloudflare as cloudflare

from model import naming
from model.settings import Alerts as AlertSettings


@dataclass(frozen=True, kw_only=True)
class AlertsArgs:
    """What is watched. ``log_group``, ``database``: None where the stack has none."""

    stack: str
    settings: AlertSettings
    account_id: str
    tunnel_id: pulumi.Output[str]
    replicas: int
    group_name: pulumi.Output[str]
    log_group: pulumi.Output[str] | None = None
    database: pulumi.Output[str] | None = None


class Alerts(pulumi.ComponentResource):
    """Alarms by mail: disk, memory, errors in the logs, too few machines, the database's storage, the tunnel."""

    def __init__(self, name: str, args: AlertsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("drawbridge:index:Alerts", name, {}, opts)
        settings, stack = args.settings, args.stack
        self._names, self._child = naming.Alerts(name), pulumi.ResourceOptions(parent=self)
        # No key: AWS's own SNS key would shut CloudWatch's alarms out, and the messages hold no secret.
        self._topic = aws.sns.Topic(self._names.topic, opts=self._child)
        for email in settings.emails:
            aws.sns.TopicSubscription(
                self._names.subscription(email),
                topic=self._topic.arn,
                protocol="email",
                endpoint=email,
                opts=self._child,
            )
        machine = {"Stack": stack}
        self._alarm(
            "disk",
            "Drawbridge",
            "DiskUsedPercent",
            machine,
            settings.disk_percent,
            "a machine's disk is filling up",
        )
        self._alarm(
            "memory",
            "Drawbridge",
            "MemoryUsedPercent",
            machine,
            settings.memory_percent,
            "a machine's memory is nearly used up",
        )
        self._alarm(
            "machines",
            "AWS/AutoScaling",
            "GroupInServiceInstances",
            {"AutoScalingGroupName": args.group_name},
            args.replicas,
            "fewer machines are in service than asked for",
            below=True,
        )
        if args.log_group is not None:
            aws.cloudwatch.LogMetricFilter(
                self._names.error_filter,
                log_group_name=args.log_group,
                pattern="?ERROR ?CRITICAL ?FATAL",
                metric_transformation={"name": f"{stack}-errors", "namespace": "Drawbridge", "value": "1"},
                opts=self._child,
            )
            self._alarm(
                "errors",
                "Drawbridge",
                f"{stack}-errors",
                {},
                settings.errors_per_5_minutes,
                "the app's logs show errors",
                statistic="Sum",
                missing="notBreaching",
            )
        if args.database is not None:
            instance = {"DBInstanceIdentifier": args.database}
            self._alarm(
                "database-storage",
                "AWS/RDS",
                "FreeStorageSpace",
                instance,
                2 * 1024**3,
                "the database has under 2 GiB left",
                below=True,
            )
            self._alarm(
                "database-cpu",
                "AWS/RDS",
                "CPUUtilization",
                instance,
                90,
                "the database's processor is busy",
                statistic="Average",
            )
        cloudflare.NotificationPolicy(
            self._names.tunnel,
            account_id=args.account_id,
            name=f"{stack}: tunnel",
            alert_type="tunnel_health_event",
            enabled=True,
            mechanisms={"emails": [{"id": email} for email in settings.emails]},
            filters={
                "tunnel_ids": [args.tunnel_id],
                "new_statuses": ["TUNNEL_STATUS_TYPE_DOWN", "TUNNEL_STATUS_TYPE_DEGRADED"],
            },
            opts=self._child,
        )
        self.register_outputs({})

    def _alarm(
        self,
        label: str,
        namespace: str,
        metric: str,
        dimensions: Mapping[str, pulumi.Input[str]],
        threshold: float,
        why: str,
        *,
        below: bool = False,
        statistic: str | None = None,
        missing: str = "breaching",
    ) -> None:
        """An alarm over three of five minutes' worst value. Figures that stop coming are trouble too, unless silence is good."""
        long = namespace == "Drawbridge" and statistic == "Sum"
        aws.cloudwatch.MetricAlarm(
            self._names.alarm(label),
            alarm_description=f"{self._names.name}: {why}",
            namespace=namespace,
            metric_name=metric,
            dimensions=dimensions,
            statistic=statistic or ("Minimum" if below else "Maximum"),
            comparison_operator="LessThanThreshold" if below else "GreaterThanThreshold",
            threshold=threshold,
            period=300 if long else 60,
            evaluation_periods=1 if long else 5,
            datapoints_to_alarm=1 if long else 3,
            treat_missing_data=missing,
            alarm_actions=[self._topic.arn],
            ok_actions=[self._topic.arn],
            opts=self._child,
        )
