"""Alerts: who is told when a machine, the tunnel or the database is in trouble."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

import pulumi
import pulumi_aws as aws
import pulumi_cloudflare as cloudflare

from model import naming
from model.machine import figures
from model.settings import Alerts as AlertSettings


class Silence(Enum):
    """What an alarm makes of figures that do not come.

    None takes them for bad ones: there are none yet when a stack is new, and an alarm would ring for a stack that is well.
    An alarm begins without data, and only a change into that state from another one is told.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
    """

    TOLD = "without data, and told so"
    WAITS = "without data, and another alarm tells it"
    KEEPS_STATE = "the state stays as it is"
    GOOD = "nothing is wrong"


_MISSING_DATA = {
    Silence.TOLD: "missing",
    Silence.WAITS: "missing",
    Silence.KEEPS_STATE: "ignore",
    Silence.GOOD: "notBreaching",
}


@dataclass(frozen=True, kw_only=True)
class AlertsArgs:
    """What is watched. ``log_group``, ``database``: None where the stack has none.

    ``low_storage``: the database's free bytes below which its alarm rings.
    """

    stack: str
    host: naming.Host
    settings: AlertSettings
    account_id: str
    tunnel_id: pulumi.Output[str]
    replicas: int
    group_name: pulumi.Output[str]
    log_group: pulumi.Output[str] | None = None
    database: pulumi.Output[str] | None = None
    low_storage: int = 0


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
        machine = figures.dimensions(args.host)
        self._alarm(
            "disk",
            figures.NAMESPACE,
            figures.DISK,
            machine,
            settings.disk_percent,
            "a machine's disk is filling up; without data: no machine sends its figures",
            silence=Silence.TOLD,
        )
        self._alarm(
            "memory",
            figures.NAMESPACE,
            figures.MEMORY,
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
            # A release points this alarm at the new group, of which there is no figure yet.
            silence=Silence.KEEPS_STATE,
        )
        if args.log_group is not None:
            counted = figures.errors(stack)
            aws.cloudwatch.LogMetricFilter(
                self._names.error_filter,
                log_group_name=args.log_group,
                pattern="?ERROR ?CRITICAL ?FATAL",
                metric_transformation={"name": counted, "namespace": figures.NAMESPACE, "value": "1"},
                opts=self._child,
            )
            self._alarm(
                "errors",
                figures.NAMESPACE,
                counted,
                {},
                settings.errors_per_5_minutes,
                "the app's logs show errors",
                statistic="Sum",
                silence=Silence.GOOD,
            )
        if args.database is not None:
            instance = {"DBInstanceIdentifier": args.database}
            self._alarm(
                "database-storage",
                "AWS/RDS",
                "FreeStorageSpace",
                instance,
                args.low_storage,
                f"the database has under {args.low_storage / 1024**3:g} GiB left; without data: it does not run",
                below=True,
                silence=Silence.TOLD,
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
        silence: Silence = Silence.WAITS,
    ) -> None:
        """An alarm over three of five minutes' worst value."""
        long = namespace == figures.NAMESPACE and statistic == "Sum"
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
            treat_missing_data=_MISSING_DATA[silence],
            insufficient_data_actions=[self._topic.arn] if silence is Silence.TOLD else None,
            alarm_actions=[self._topic.arn],
            ok_actions=[self._topic.arn],
            opts=self._child,
        )
