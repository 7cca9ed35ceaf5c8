"""Every AWS call that our resources' provider makes and that moto lacks or answers wrongly: the double answers it as AWS does."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from preview import drift

REGION = "ap-northeast-1"
Client = Callable[[str], Any]


@pytest.fixture(scope="module")
def client(aws: str) -> Client:
    def make(service: str) -> Any:
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=aws,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=30),
        )

    return make


@pytest.fixture
def vpc(client: Client) -> Iterator[tuple[str, str]]:
    """(VPC, subnet)."""
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.80.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.80.0.0/24")["Subnet"]["SubnetId"]
    yield vpc, subnet


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_an_instance_connect_endpoint_lives_and_a_vpc_has_one(client: Client, vpc: tuple[str, str]) -> None:
    ec2 = client("ec2")
    group = ec2.create_security_group(GroupName="endpoint", Description="d", VpcId=vpc[0])["GroupId"]
    asked = {
        "SubnetId": vpc[1],
        "SecurityGroupIds": [group],
        "PreserveClientIp": False,
        "TagSpecifications": [
            {"ResourceType": "instance-connect-endpoint", "Tags": [{"Key": "Name", "Value": "n"}]}
        ],
    }
    made = ec2.create_instance_connect_endpoint(**asked)["InstanceConnectEndpoint"]
    name = made["InstanceConnectEndpointId"]
    shown = {
        key: made[key]
        for key in ("State", "SubnetId", "VpcId", "SecurityGroupIds", "PreserveClientIp", "Tags")
    }
    assert shown == {
        "State": "create-complete",
        "SubnetId": vpc[1],
        "VpcId": vpc[0],
        "SecurityGroupIds": [group],
        "PreserveClientIp": False,
        "Tags": [{"Key": "Name", "Value": "n"}],
    }
    assert ec2.describe_instance_connect_endpoints(InstanceConnectEndpointIds=[name])[
        "InstanceConnectEndpoints"
    ] == [made]
    with pytest.raises(ClientError) as second:
        ec2.create_instance_connect_endpoint(**asked)
    assert code(second) == "InstanceConnectEndpointLimitExceeded"
    deleted = ec2.delete_instance_connect_endpoint(InstanceConnectEndpointId=name)["InstanceConnectEndpoint"]
    assert deleted["State"] == "delete-complete"
    for call in (ec2.describe_instance_connect_endpoints, ec2.delete_instance_connect_endpoint):
        named = (
            {"InstanceConnectEndpointIds": [name]}
            if "describe" in call.__name__
            else {"InstanceConnectEndpointId": name}
        )
        with pytest.raises(ClientError) as gone:
            call(**named)
        assert code(gone) == "InvalidInstanceConnectEndpointId.NotFound"


def test_a_file_systems_backups_are_switched_on_and_off(client: Client) -> None:
    efs = client("efs")
    system = efs.create_file_system(CreationToken="t", Encrypted=True)["FileSystemId"]
    with pytest.raises(ClientError) as none:
        efs.describe_backup_policy(FileSystemId=system)
    assert code(none) == "PolicyNotFound"
    for status in ("ENABLED", "DISABLED"):
        assert efs.put_backup_policy(FileSystemId=system, BackupPolicy={"Status": status})[
            "BackupPolicy"
        ] == {"Status": status}
        assert efs.describe_backup_policy(FileSystemId=system)["BackupPolicy"] == {"Status": status}


@pytest.mark.parametrize("architecture", ["amd64", "arm64"])
def test_canonicals_image_is_a_public_parameter(client: Client, architecture: str) -> None:
    name = f"/aws/service/canonical/ubuntu/server/24.04/stable/current/{architecture}/hvm/ebs-gp3/ami-id"
    found = client("ssm").get_parameter(Name=name)["Parameter"]
    assert (found["Value"], found["DataType"]) == ("ami-0f00000000000000a", "aws:ec2:image")


def test_a_secure_parameter_keeps_its_tier_and_counts_its_versions(client: Client) -> None:
    ssm = client("ssm")
    for version, value in ((1, "one"), (2, "two")):
        put = ssm.put_parameter(Name="/drawbridge/x", Value=value, Type="SecureString", Overwrite=version > 1)
        assert put["Version"] == version
    assert ssm.get_parameter(Name="/drawbridge/x:1", WithDecryption=True)["Parameter"]["Value"] == "one"
    assert ssm.get_parameter(Name="/drawbridge/x", WithDecryption=True)["Parameter"]["Value"] == "two"


def test_a_rule_for_another_group_keeps_its_description(client: Client, vpc: tuple[str, str]) -> None:
    ec2 = client("ec2")
    one, two = (
        ec2.create_security_group(GroupName=name, Description="d", VpcId=vpc[0])["GroupId"]
        for name in ("one", "two")
    )
    pair = {"GroupId": two, "Description": "ssh"}
    permission = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "UserIdGroupPairs": [pair]}
    (made,) = ec2.authorize_security_group_ingress(GroupId=one, IpPermissions=[permission])[
        "SecurityGroupRules"
    ]
    (found,) = ec2.describe_security_group_rules(SecurityGroupRuleIds=[made["SecurityGroupRuleId"]])[
        "SecurityGroupRules"
    ]
    assert (found["Description"], found["ReferencedGroupInfo"]["GroupId"]) == ("ssh", two)


def test_a_database_keeps_what_it_was_given_and_gets_a_managed_password(client: Client) -> None:
    rds = client("rds")
    rds.create_db_instance(
        DBInstanceIdentifier="db",
        DBInstanceClass="db.t4g.micro",
        Engine="postgres",
        EngineVersion="16",
        AllocatedStorage=20,
        MasterUsername="master",
        ManageMasterUserPassword=True,
        EnablePerformanceInsights=True,
        DeletionProtection=True,
        EngineLifecycleSupport="open-source-rds-extended-support-disabled",
    )
    (found,) = rds.describe_db_instances(DBInstanceIdentifier="db")["DBInstances"]
    assert (found["PerformanceInsightsEnabled"], found["EngineLifecycleSupport"]) == (
        True,
        "open-source-rds-extended-support-disabled",
    )
    secret = client("secretsmanager").get_secret_value(SecretId=found["MasterUserSecret"]["SecretArn"])[
        "SecretString"
    ]
    assert set(json.loads(secret)) == {"username", "password"}
    with pytest.raises(ClientError) as refused:
        rds.delete_db_instance(DBInstanceIdentifier="db", SkipFinalSnapshot=True)
    assert code(refused) == "InvalidParameterCombination"
    rds.modify_db_instance(
        DBInstanceIdentifier="db", EnablePerformanceInsights=False, DeletionProtection=False
    )
    assert (
        rds.describe_db_instances(DBInstanceIdentifier="db")["DBInstances"][0]["PerformanceInsightsEnabled"]
        is False
    )
    rds.delete_db_instance(DBInstanceIdentifier="db", FinalDBSnapshotIdentifier="final")
    assert [s["DBSnapshotIdentifier"] for s in rds.describe_db_snapshots()["DBSnapshots"]] == ["final"]


def group(client: Client, name: str, subnet: str, *, hook: bool = True) -> None:
    """A group as the provider makes one with initial hooks: empty, then its hooks, then its size."""
    ec2, autoscaling = client("ec2"), client("autoscaling")
    template = ec2.create_launch_template(
        LaunchTemplateName=name, LaunchTemplateData={"ImageId": "ami-0f00000000000000a"}
    )
    autoscaling.create_auto_scaling_group(
        AutoScalingGroupName=name,
        MinSize=0,
        MaxSize=0,
        DesiredCapacity=0,
        VPCZoneIdentifier=subnet,
        LaunchTemplate={"LaunchTemplateId": template["LaunchTemplate"]["LaunchTemplateId"], "Version": "1"},
    )
    if hook:
        autoscaling.put_lifecycle_hook(
            AutoScalingGroupName=name,
            LifecycleHookName="ready",
            LifecycleTransition="autoscaling:EC2_INSTANCE_LAUNCHING",
            HeartbeatTimeout=900,
            DefaultResult="ABANDON",
        )
    autoscaling.update_auto_scaling_group(AutoScalingGroupName=name, MinSize=1, MaxSize=1, DesiredCapacity=1)


def states(client: Client, name: str) -> list[tuple[str, str]]:
    (found,) = client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])[
        "AutoScalingGroups"
    ]
    return [(machine["LifecycleState"], machine["InstanceId"]) for machine in found["Instances"]]


def ready(client: Client, name: str) -> list[str]:
    """As the program looks for a machine that is ready."""
    filters = [
        {"Name": "tag:aws:autoscaling:groupName", "Values": [name]},
        {"Name": "tag:drawbridge:ready", "Values": ["true"]},
        {"Name": "instance-state-name", "Values": ["running"]},
    ]
    found = client("ec2").describe_instances(Filters=filters)["Reservations"]
    return [machine["InstanceId"] for reservation in found for machine in reservation["Instances"]]


def healthy(aws: str, value: bool) -> None:
    body = json.dumps({"healthy": value}).encode()
    urllib.request.urlopen(
        urllib.request.Request(f"{aws}/_double/machines", data=body, method="POST"), timeout=10
    ).close()


def test_a_groups_machines_report_themselves_ready(client: Client, vpc: tuple[str, str]) -> None:
    group(client, "release-1", vpc[1])
    ((state, machine),) = states(client, "release-1")
    assert (state, ready(client, "release-1")) == ("InService", [machine])
    (found,) = client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=["release-1"])[
        "AutoScalingGroups"
    ]
    assert found["HealthCheckGracePeriod"] == 0


def test_a_machine_that_never_gets_healthy_waits_in_its_hook(
    aws: str, client: Client, vpc: tuple[str, str]
) -> None:
    healthy(aws, False)
    try:
        group(client, "release-2", vpc[1])
        ((state, machine),) = states(client, "release-2")
        assert (state, ready(client, "release-2")) == ("Pending:Wait", [])
        action = {"AutoScalingGroupName": "release-2", "LifecycleHookName": "ready", "InstanceId": machine}
        client("autoscaling").record_lifecycle_action_heartbeat(**action)
        assert states(client, "release-2") == [("Pending:Wait", machine)]
        client("autoscaling").complete_lifecycle_action(**action, LifecycleActionResult="CONTINUE")
        assert states(client, "release-2") == [("InService", machine)]
    finally:
        healthy(aws, True)


def test_the_rest_of_our_calls_are_motos_own(client: Client, vpc: tuple[str, str]) -> None:
    """A sample of each further service, so that a moto that loses one is noticed."""
    topic = client("sns").create_topic(Name="alerts")["TopicArn"]
    client("sns").subscribe(
        TopicArn=topic, Protocol="email", Endpoint="ops@example.com", ReturnSubscriptionArn=True
    )
    client("logs").create_log_group(logGroupName="app")
    client("logs").put_retention_policy(logGroupName="app", retentionInDays=30)
    transformation = {"metricName": "errors", "metricNamespace": "Drawbridge", "metricValue": "1"}
    client("logs").put_metric_filter(
        logGroupName="app",
        filterName="errors",
        filterPattern="?ERROR",
        metricTransformations=[transformation],
    )
    client("cloudwatch").put_metric_alarm(
        AlarmName="disk",
        Namespace="Drawbridge",
        MetricName="disk",
        Statistic="Maximum",
        Period=300,
        EvaluationPeriods=1,
        Threshold=80,
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[topic],
    )
    assert client("cloudwatch").describe_alarms(AlarmNames=["disk"])["MetricAlarms"][0]["AlarmActions"] == [
        topic
    ]
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}
        ],
    }
    iam = client("iam")
    iam.create_role(RoleName="host", AssumeRolePolicyDocument=json.dumps(trust))
    iam.create_instance_profile(InstanceProfileName="host")
    iam.add_role_to_instance_profile(InstanceProfileName="host", RoleName="host")
    assert (
        iam.get_instance_profile(InstanceProfileName="host")["InstanceProfile"]["Roles"][0]["RoleName"]
        == "host"
    )
    gateway = client("ec2").create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    client("ec2").attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc[0])
    assert client("sts").get_caller_identity()["Account"] == "123456789012"


def test_a_rule_added_by_hand_is_found_in_what_aws_lists(client: Client, vpc: tuple[str, str]) -> None:
    """drift.yml reads `aws ec2 describe-security-group-rules`, whose JSON is this answer's."""
    ec2 = client("ec2")
    workload = ec2.create_security_group(GroupName="workload", Description="d", VpcId=vpc[0])["GroupId"]
    ec2.revoke_security_group_egress(
        GroupId=workload, IpPermissions=[{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    )
    rules = []
    for port, direction in (
        (443, ec2.authorize_security_group_egress),
        (22, ec2.authorize_security_group_ingress),
    ):
        permission = {
            "IpProtocol": "tcp",
            "FromPort": port,
            "ToPort": port,
            "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
        }
        rules += direction(GroupId=workload, IpPermissions=[permission])["SecurityGroupRules"]
    type_ = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
    resources = [
        {"type": drift.GROUPS[0], "id": workload, "urn": "urn:pulumi:prod::drawbridge::t::workload"},
        {
            "type": type_,
            "id": rules[0]["SecurityGroupRuleId"],
            "urn": "urn:pulumi:prod::drawbridge::t::https",
        },
    ]
    listed = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [workload]}])
    found = list(drift.foreign_rules({"deployment": {"resources": resources}}, listed))
    assert [(change.name, change.property, change.after) for change in found] == [
        ("workload", rules[1]["SecurityGroupRuleId"], "inbound tcp/22 from 0.0.0.0/0")
    ]
