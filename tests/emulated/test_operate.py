"""Day two's questions to AWS and Cloudflare, over the doubles and by botocore itself."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import boto3
import pytest

from operate import logs
from operate.connection import Account
from operate.machines import machines
from operate.stack import Stack
from operate.status import exit_code, status
from preview.doctor.cloudflare import Cloudflare

from .doctor_world import ACCOUNT, REGION, TOKEN

GROUP = "shop-prod-host-group-1a2b3c4"


@pytest.fixture(scope="module")
def account(aws: str) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", aws)
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patch.delenv("AWS_PROFILE", raising=False)
        yield Account(REGION)


def client(aws: str, service: str) -> Any:
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return boto3.client(service, region_name=REGION, endpoint_url=aws, **keys)


@pytest.fixture(scope="module")
def stack(aws: str, account: Account) -> Stack:
    ec2, group = client(aws, "ec2"), client(aws, "autoscaling")
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    template = ec2.create_launch_template(
        LaunchTemplateName="t",
        LaunchTemplateData={"ImageId": "ami-0f00000000000000a", "InstanceType": "t3.small"},
    )["LaunchTemplate"]["LaunchTemplateId"]
    group.create_auto_scaling_group(
        AutoScalingGroupName=GROUP,
        LaunchTemplate={"LaunchTemplateId": template, "Version": "1"},
        MinSize=2,
        MaxSize=2,
        VPCZoneIdentifier=subnet,
    )
    client(aws, "rds").create_db_instance(
        DBInstanceIdentifier="shop-prod-database-postgres0a1b2c3",
        Engine="postgres",
        DBInstanceClass="db.t4g.micro",
        AllocatedStorage=20,
        MasterUsername="m",
        MasterUserPassword="not-a-password",
    )
    outputs = {
        "autoScalingGroup": GROUP,
        "databaseHost": f"shop-prod-database-postgres0a1b2c3.x.{REGION}.rds.amazonaws.com",
        "tunnelId": "0b3f6a2e-0000-4000-8000-000000000000",
    }
    settings = f'{{"accountId": "{ACCOUNT}"}}'
    return Stack("shop", "prod", {"aws:region": REGION, "drawbridge:cloudflare": settings}, outputs)


def test_machines_are_those_of_the_group_and_ready_when_they_say_so(account: Account, stack: Stack) -> None:
    found = machines(account, stack)
    assert [(one.state, one.health, one.ready, one.serves) for one in found] == [
        ("InService", "Healthy", True, True)
    ] * 2
    assert len({one.id for one in found}) == 2


def test_status_says_what_is_wrong_and_what_it_could_not_ask(
    aws: str, account: Account, stack: Stack, cloudflare: str
) -> None:
    alarm = {
        "MetricName": "CPU",
        "Namespace": "AWS/EC2",
        "Statistic": "Average",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 1.0,
        "ComparisonOperator": "GreaterThanThreshold",
    }
    watch = client(aws, "cloudwatch")
    for name in ("shop-prod-alerts-disk", "shop-production-alerts-disk"):
        watch.put_metric_alarm(AlarmName=name, **alarm)
    watch.set_alarm_state(AlarmName="shop-prod-alerts-disk", StateValue="OK", StateReason="")
    parts = status(account, Cloudflare(None), stack)
    assert [(part.subject, part.mark) for part in parts] == [
        ("machine 1", "ok"),
        ("machine 2", "ok"),
        ("database", "ok"),
        ("alarms", "ok"),
        ("connectors", "unknown"),
    ]
    assert exit_code(parts) == 3
    assert parts[3].text == "1 of 1 are quiet"  # another stack's is not counted
    watch.set_alarm_state(AlarmName="shop-prod-alerts-disk", StateValue="ALARM", StateReason="90 percent")
    parts = status(account, Cloudflare(TOKEN, cloudflare), stack)
    assert ("alarm", "bad", "shop-prod-alerts-disk: 90 percent") in [
        (p.subject, p.mark, p.text) for p in parts
    ]
    assert exit_code(parts) == 2


def test_lines_of_a_service_come_from_its_streams(aws: str, account: Account) -> None:
    kept, now = client(aws, "logs"), int(time.time() * 1000)
    kept.create_log_group(logGroupName="g")
    for stream, text in (("app-api-1/0a1b2c3d4e5f", "hello"), ("app-api-worker-1/0a1b2c3d4e5f", "other")):
        kept.create_log_stream(logGroupName="g", logStreamName=stream)
        events = [{"timestamp": now, "message": text}]
        kept.put_log_events(logGroupName="g", logStreamName=stream, logEvents=events)
    assert [line.text for line in logs.lines(account, "g", since=now - 1000, service="api")] == ["hello"]
    assert sorted(line.source for line in logs.lines(account, "g", since=now - 1000)) == ["api", "api-worker"]


def test_a_key_is_sent_as_the_api_takes_it(account: Account, tmp_path: Path) -> None:
    import subprocess

    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    account.send_key("i-0123456789abcdef0", "ubuntu", key.with_suffix(".pub").read_text().strip())
