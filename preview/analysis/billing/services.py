"""What gateways, endpoints, keys, secrets, alarms and logs are billed for."""

from __future__ import annotations

import json
from collections.abc import Iterator

from preview.analysis.billing.bill import Bill, Line, counted, number, unknown
from preview.resource_types import type_names
from preview.resources import Resource, bare

_STANDARD_PARAMETER_BYTES = 4096


def nat(bill: Bill, gateway: Resource) -> Iterator[Line]:
    if gateway.inputs.get("availabilityMode") == "regional":
        yield unknown(
            gateway, "NAT gateway", "a regional gateway is billed by the zones that it comes to serve"
        )
    else:
        yield bill.line(gateway, "NAT gateway", "nat", "hour", 1, per_hour=True)
    through = bill.assumed["nat_gb"]
    what = f"data through the NAT gateway ({through:g} GB)"
    yield bill.line(gateway, "data through the NAT gateway", "nat", "gb", through, what=what, assumed=True)


def endpoint(bill: Bill, endpoint: Resource) -> Iterator[Line]:
    kind = endpoint.inputs.get("vpcEndpointType") or "Gateway"
    if kind == "Gateway":
        return
    subnets = endpoint.inputs.get("subnetIds") or endpoint.inputs.get("subnetConfigurations")
    if kind != "Interface" or not isinstance(subnets, list):
        yield unknown(
            endpoint, "VPC endpoint", f"an endpoint of type {kind}, its zones are not known from the program"
        )
        return
    what = counted("VPC endpoint", len(subnets))
    yield bill.line(endpoint, "VPC endpoint", "endpoint", "hour", len(subnets), what=what, per_hour=True)
    through = bill.assumed["endpoint_gb"]
    what = f"data through the VPC endpoint ({through:g} GB)"
    yield bill.line(
        endpoint, "data through the VPC endpoint", "endpoint", "gb", through, what=what, assumed=True
    )


def key(bill: Bill, key: Resource) -> Iterator[Line]:
    yield bill.line(key, "KMS key", "kms", "key", 1)


def secret(bill: Bill, secret: Resource) -> Iterator[Line]:
    copies = 1 + len(secret.inputs.get("replicas") or ())
    yield bill.line(secret, "secret", "secrets", "secret", copies, what=counted("secret", copies))


def parameter(bill: Bill, parameter: Resource) -> Iterator[Line]:
    tier = parameter.inputs.get("tier")
    value = bare(parameter.raw.get("value", parameter.inputs.get("value")))
    grown = tier == "Intelligent-Tiering" and len(str(value).encode()) > _STANDARD_PARAMETER_BYTES
    if tier == "Advanced" or grown:
        yield bill.line(parameter, "advanced parameter", "parameters", "advanced", 1)


def dashboard(bill: Bill, dashboard: Resource) -> Iterator[Line]:
    yield bill.line(dashboard, "dashboard", "cloudwatch", "dashboard", 1)


def subscription(bill: Bill, subscription: Resource) -> Iterator[Line]:
    if subscription.inputs.get("protocol") not in ("email", "email-json", "lambda", "sqs", "http", "https"):
        yield unknown(subscription, "notifications", "they are billed by country or carrier")


def watching(bill: Bill) -> Iterator[Line]:
    """What is reckoned for the stack as a whole, not resource by resource: alarms, their metrics, logs."""
    alarms = bill.program.of("aws:cloudwatch/metricAlarm:MetricAlarm")
    counts = {"alarm": 0, "alarm-high-resolution": 0}
    for alarm in alarms:
        metrics = [
            query for query in alarm.inputs.get("metricQueries") or () if query.get("metric") is not None
        ]
        fast = 0 < (number(alarm.inputs.get("period"), 60) or 60) < 60
        counts["alarm-high-resolution" if fast else "alarm"] += len(metrics) or 1
    if alarms:
        owner = _owner(alarms[0])
        for price, many in counts.items():
            if many:
                item = "alarms" if price == "alarm" else "alarms of high resolution"
                yield bill.line(owner, item, "cloudwatch", price, many, what=f"{item} ({many})")
        if own := own_metrics(bill):
            item = "metrics of our own"
            yield bill.line(owner, item, "cloudwatch", "metric", len(own), what=f"{item} ({len(own)})")
    for group in bill.program.of(type_names.LOG_GROUP)[
        :1
    ]:  # the assumption is for the stack's logs as a whole
        logs = bill.assumed["logs_gb"]
        price = "ingest-ia" if group.inputs.get("logGroupClass") == "INFREQUENT_ACCESS" else "ingest"
        what = f"logs taken in ({logs:g} GB)"
        yield bill.line(group, "logs taken in", "cloudwatch", price, logs, what=what, assumed=True)
        what = f"logs kept ({logs:g} GB)"
        yield bill.line(group, "logs kept", "cloudwatch", "storage", logs, what=what, assumed=True)


def _owner(alarm: Resource) -> Resource:
    """The component that the alarms belong to, by name."""
    name = alarm.parent.rpartition("::")[2] or alarm.name
    return Resource(alarm.urn, alarm.type, name, alarm.parent, {}, {}, {})


def own_metrics(bill: Bill) -> set[str]:
    """The metrics that AWS does not measure by itself, by what the alarms ask for."""
    return {
        json.dumps([alarm.inputs.get(key) for key in ("namespace", "metricName", "dimensions")])
        for alarm in bill.program.of("aws:cloudwatch/metricAlarm:MetricAlarm")
        if alarm.inputs.get("metricName") and not str(alarm.inputs.get("namespace", "")).startswith("AWS/")
    }
