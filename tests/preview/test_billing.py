"""What each type of resource is billed for, to the cent, and that nothing is ever taken for free by mistake."""

from __future__ import annotations

from typing import Any

import pytest

from preview.analysis.billing.lines import PRICED, lines
from preview.analysis.cost import estimate
from preview.resource_types.registry import RESOURCE_TYPES
from preview.resources import Evaluation, Resource

TEMPLATE, FLEET = "aws:ec2/launchTemplate:LaunchTemplate", "aws:autoscaling/group:Group"
DATABASE = "aws:rds/instance:Instance"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"


def resource(token: str, name: str = "it", provider: str = "", **inputs: Any) -> Resource:
    return Resource(
        f"urn:{token}::{name}", token, name, "", inputs, inputs, {"custom": True, "provider": provider}
    )


def billed(*resources: Resource, region: str = "us-east-1") -> dict[str, float | None]:
    """What is billed of the resources, without the assumed use, by what it is called."""
    stack = Evaluation("p", "prod", resources, {}, {}, (), {}, {"aws:region": region})
    return {line.what: line.monthly for line in lines(stack) if not line.assumed}


def fleet(template: dict[str, Any] | None = None, **group: Any) -> tuple[Resource, Resource]:
    disk = {"deviceName": "/dev/sda1", "ebs": {"volumeSize": 10, "volumeType": "gp3"}}
    inputs = {"instanceType": "t3.small", "blockDeviceMappings": [disk]} | (template or {})
    size = {"minSize": 1, "maxSize": 1} | group
    return (
        resource(TEMPLATE, "template", **inputs),
        resource(FLEET, "group", launchTemplate={"id": "«template.id»"}, **size),
    )


def database(**inputs: Any) -> Resource:
    given: dict[str, Any] = {
        "engine": "postgres",
        "engineVersion": "17",
        "instanceClass": "db.t4g.micro",
        "allocatedStorage": 20,
        "storageType": "gp3",
    }
    return resource(DATABASE, **{**given, **inputs})


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (billed(resource("aws:kms/key:Key")), {"KMS key": 1.0}),
        (
            billed(resource("aws:secretsmanager/secret:Secret", replicas=[{"region": "eu-west-1"}])),
            {"secret (2 ×)": 0.8},
        ),
        (billed(resource("aws:ec2/natGateway:NatGateway")), {"NAT gateway": 32.85}),
        (billed(resource("aws:ec2/natGateway:NatGateway"), region="ap-northeast-1"), {"NAT gateway": 45.26}),
        (
            billed(resource("aws:ec2/natGateway:NatGateway", availabilityMode="regional")),
            {"NAT gateway": None},
        ),
        (billed(resource("aws:ec2/eip:Eip")), {"public IPv4 address": 3.65}),
        (billed(resource("aws:cloudwatch/dashboard:Dashboard")), {"dashboard": 3.0}),
        (
            billed(resource("aws:ssm/parameter:Parameter", tier="Advanced", value="x")),
            {"advanced parameter": 0.05},
        ),
        (billed(resource("aws:ssm/parameter:Parameter", value="x")), {}),
        (billed(resource("aws:ssm/parameter:Parameter", tier="Intelligent-Tiering", value="x" * 4096)), {}),
        (
            billed(resource("aws:ssm/parameter:Parameter", tier="Intelligent-Tiering", value="x" * 4097)),
            {"advanced parameter": 0.05},
        ),
        (
            billed(
                resource("aws:ec2/vpcEndpoint:VpcEndpoint", vpcEndpointType="Interface", subnetIds=["a", "b"])
            ),
            {"VPC endpoint (2 ×)": 14.6},
        ),
        (billed(resource("aws:ec2/vpcEndpoint:VpcEndpoint", serviceName="s3")), {}),
        (
            billed(resource("aws:ec2/vpcEndpoint:VpcEndpoint", vpcEndpointType="GatewayLoadBalancer")),
            {"VPC endpoint": None},
        ),
        (billed(resource("aws:ec2transitgateway/instanceConnectEndpoint:InstanceConnectEndpoint")), {}),
        (billed(resource("aws:sns/topicSubscription:TopicSubscription", protocol="email")), {}),
        (
            billed(resource("aws:sns/topicSubscription:TopicSubscription", protocol="sms")),
            {"notifications": None},
        ),
        (billed(resource(ALARM, namespace="AWS/EC2", metricName="CPU", period=60)), {"alarms (1)": 0.1}),
        (
            billed(resource(ALARM, namespace="AWS/EC2", metricName="CPU", period=10)),
            {"alarms of high resolution (1)": 0.3},
        ),
        (
            billed(resource(ALARM, metricQueries=[{"metric": {}}, {"metric": {}}, {"expression": "a/b"}])),
            {"alarms (2)": 0.2},
        ),
        (billed(resource("aws:ebs/volume:Volume", size=100, type="gp3")), {"disk (100 GiB gp3)": 8.0}),
        (
            billed(resource("aws:ebs/volume:Volume", size=100, type="gp3", iops=4000, throughput=225)),
            {"disk (100 GiB gp3)": 8.0, "disk: IOPS (1000)": 5.0, "disk: MiB/s (100)": 4.0},
        ),
        (billed(resource("aws:ebs/volume:Volume", size="«x.size»", type="gp3")), {"disk (gp3)": None}),
        (billed(resource("aws:ebs/volume:Volume", snapshotId="snap-1")), {"disk": None}),
        (
            billed(
                resource(
                    "aws:efs/fileSystem:FileSystem",
                    throughputMode="provisioned",
                    provisionedThroughputInMibps=2,
                ),
                region="ap-northeast-1",
            ),
            {"provisioned throughput (2 MiB/s)": 14.4},
        ),
    ],
)
def test_a_resource_is_billed_for(found: dict[str, float | None], expected: dict[str, float | None]) -> None:
    assert found == expected


def test_machines_by_region_and_architecture() -> None:
    def month(kind: str, region: str) -> float | None:
        return billed(*fleet({"instanceType": kind}), region=region)[kind]

    assert month("t3.small", "eu-central-1") == round(0.024 * 730, 4)
    assert month("t4g.small", "eu-central-1") == round(0.0192 * 730, 4)
    assert month("m7g.large", "eu-west-1") == round(0.091 * 730, 4)
    assert month("t3.small", "xx-nowhere-1") is None
    assert month("u7i-12tb.224xlarge", "eu-central-1") is None


def test_a_group_is_reckoned_at_its_usual_number_and_says_how_many_it_may_have() -> None:
    assert billed(*fleet(minSize=2, maxSize=4))["t3.small (2 × of at most 4)"] == round(2 * 0.0208 * 730, 4)
    assert billed(*fleet(minSize=1, maxSize=6, desiredCapacity=3))["t3.small (3 × of at most 6)"] == round(
        3 * 0.0208 * 730, 4
    )
    assert billed(*fleet(minSize=0, maxSize=3))["t3.small (0 × of at most 3)"] == 0
    assert billed(*fleet(minSize="«x.count»", maxSize=3))["t3.small"] is None


@pytest.mark.parametrize(
    ("template", "group", "what"),
    [
        ({"instanceMarketOptions": {"marketType": "spot"}}, {}, "t3.small"),
        ({"placement": {"tenancy": "dedicated"}}, {}, "t3.small"),
        ({}, {"mixedInstancesPolicy": {"launchTemplate": {}}}, "machines"),
        ({}, {"launchTemplate": {"id": "lt-0123456789"}}, "machines"),
        ({"blockDeviceMappings": []}, {}, "disk"),
    ],
)
def test_machines_whose_price_nobody_can_know_are_unknown(
    template: dict[str, Any], group: dict[str, Any], what: str
) -> None:
    machine, machines = fleet(template)
    changed = resource(FLEET, "group", **(machines.inputs | group))
    assert billed(machine, changed)[what] is None


def test_detailed_monitoring_and_addresses_are_billed_for_each_machine() -> None:
    template = {
        "monitoring": {"enabled": True},
        "networkInterfaces": [{"associatePublicIpAddress": "true"}],
    }
    found = billed(*fleet(template, minSize=2, maxSize=2))
    assert found["detailed monitoring (2 × 7 metrics)"] == 4.2
    assert found["public IPv4 address (2 ×)"] == 7.3


def test_an_instance_is_billed_as_its_template_says() -> None:
    template, _ = fleet()
    instance = resource("aws:ec2/instance:Instance", "one", launchTemplate={"id": "«template.id»"})
    assert billed(template, instance) == {"t3.small": 15.184, "disk (10 GiB gp3)": 0.8}


def test_a_standby_costs_its_own_price_or_twice_the_single_one() -> None:
    found = billed(database(multiAz=True))
    assert found == {"db.t4g.micro (2 ×)": 23.36, "storage (2 × 20 GiB gp3)": 4.6}
    tokyo = billed(database(multiAz=True), region="ap-northeast-1")
    assert tokyo == {"db.t4g.micro (2 ×)": 36.5, "storage (2 × 20 GiB gp3)": 5.52}


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({"engineVersion": "17"}, {}),
        ({"engineVersion": "14.12"}, {}),
        ({"engineVersion": "13.15"}, {"extended support of PostgreSQL 13, years 1 and 2": 146.0}),
        ({"engineVersion": "11"}, {"extended support of PostgreSQL 11, third year": 292.0}),
        (
            {"engineVersion": "13", "multiAz": True},
            {"extended support of PostgreSQL 13, years 1 and 2": 292.0},
        ),
        (
            {"engineVersion": "13", "instanceClass": "db.m7g.2xlarge"},
            {"extended support of PostgreSQL 13, years 1 and 2": 584.0},
        ),
        ({"engineVersion": "13", "engineLifecycleSupport": "open-source-rds-extended-support-disabled"}, {}),
    ],
)
def test_an_old_major_version_costs_extended_support(
    inputs: dict[str, Any], expected: dict[str, float]
) -> None:
    found = billed(database(**inputs))
    assert {what: usd for what, usd in found.items() if what.startswith("extended")} == expected


def test_an_old_major_version_where_its_support_has_no_price_is_unknown() -> None:
    found = billed(database(engineVersion="13"), region="ap-northeast-1")
    assert found["extended support of PostgreSQL 13, years 1 and 2"] is None


def test_operations_beyond_what_a_database_of_its_size_includes_are_billed() -> None:
    assert billed(database(iops=4000))["storage: IOPS (1000)"] == 20.0
    assert "storage: IOPS (1000)" not in billed(database(iops=12000, allocatedStorage=400))
    assert billed(database(iops=13000, allocatedStorage=400))["storage: IOPS (1000)"] == 20.0


@pytest.mark.parametrize("engine", ["mysql", "oracle-ee", None])
def test_another_engine_is_unknown_and_never_postgresqls_price(engine: str | None) -> None:
    assert billed(database(engine=engine))["db.t4g.micro"] is None


@pytest.mark.parametrize(
    "token",
    [
        "aws:lb/loadBalancer:LoadBalancer",
        "aws:s3/bucket:Bucket",
        "aws:elasticache/cluster:Cluster",
        "aws:rds/cluster:Cluster",
        "gcp:compute/instance:Instance",
        "cloudflare:index/loadBalancer:LoadBalancer",
        "aws:ec2/flowLog:FlowLog",
    ],
)
def test_a_type_that_nobody_has_priced_is_unknown_not_free(token: str) -> None:
    stack = Evaluation("p", "prod", (resource(token),), {}, {}, (), {}, {"aws:region": "us-east-1"})
    (text,) = estimate(stack).unknown
    assert text.startswith("it: ") and text.endswith("(no price is known for this type)")


@pytest.mark.parametrize(
    "token",
    [
        "aws:iam/user:User",
        "random:index/randomPassword:RandomPassword",
        "pulumi:providers:aws",
        "drawbridge:index:Host",
        "cloudflare:index/dnsRecord:DnsRecord",
        "aws:lb/listener:Listener",
    ],
)
def test_what_nobody_bills_is_free(token: str) -> None:
    assert billed(resource(token)) == {}


def test_a_component_of_somebody_elses_is_not_billed_itself() -> None:
    component = Resource("urn:c", "awsx:ec2:Vpc", "c", "", {}, {}, {"custom": False})
    assert billed(component) == {}


def test_a_resource_of_another_region_has_that_regions_price() -> None:
    here = resource("aws:ebs/volume:Volume", size=100, type="gp3", region="ap-northeast-1")
    assert billed(here) == {"disk (100 GiB gp3)": 9.6}
    provider = resource("pulumi:providers:aws", "tokyo", region="ap-northeast-1")
    there = resource("aws:ebs/volume:Volume", provider=f"{provider.urn}::«id»", size=100, type="gp3")
    assert billed(provider, there) == {"disk (100 GiB gp3)": 9.6}


def test_the_records_say_of_each_type_whether_it_is_priced() -> None:
    said = {token for token, record in RESOURCE_TYPES.items() if record.billing == "priced"}
    assert said == PRICED
