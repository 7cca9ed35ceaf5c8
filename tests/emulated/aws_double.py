"""AWS on loopback: moto's server, and the answers that our resources need and moto 5.2.5 does not have.

    python -m tests.emulated.aws_double [--port N]        prints its address, serves until it is ended

What is added to moto, each in a function of its own below:

- EC2 Instance Connect Endpoints (moto: no such operation), one a VPC as AWS allows;
- EFS `PutBackupPolicy` (moto: HTTP 500, which SDKs try again and again), and a policy that was switched off is one (moto: none);
- the public SSM parameter with Canonical's current Ubuntu image (moto has Amazon's own only);
- machines: what a group starts reports itself ready, as cloud-init's last step does, or never does
  (`POST /_double/machines {"healthy": false}`), and then waits in its launch hook;
- values that moto drops, so that a second `up` would set them again: the description of a security group's rule for another group,
  a group's health check grace period (AWS's default is 0, moto's 300), a database's `EnablePerformanceInsights` and `EngineLifecycleSupport`;
- `CompleteLifecycleAction` and `RecordLifecycleActionHeartbeat`, which such a machine calls;
- what AWS refuses and moto takes (`tests/emulated/aws_refusals.py`): names, letters, a role's policies, a deletion without a snapshot's name;
- what the doctor asks of an account (`tests/emulated/aws_account.py`): the policy simulator, quotas, RDS's offers, regions.
"""

from __future__ import annotations

import argparse
import datetime
import io
import json
import logging
import re
import threading
from collections.abc import Callable, Iterable
from typing import Any, TextIO

from moto.autoscaling.models import AutoScalingBackend, FakeAutoScalingGroup, autoscaling_backends
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import ec2_backends
from moto.ec2.models.security_groups import SecurityGroupRule
from moto.ec2.responses import EC2Response
from moto.efs.models import FileSystem
from moto.efs.responses import EFSResponse
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.rds.models import DBInstance
from moto.ssm.models import Parameter, ssm_backends
from werkzeug.serving import make_server

from . import aws_account, aws_refusals

ACCOUNT = "123456789012"
IMAGE = "ami-0f00000000000000a"
UBUNTU = "/aws/service/canonical/ubuntu/server/24.04/stable/current/{architecture}/hvm/ebs-gp3/ami-id"
READY_TAG = "drawbridge:ready"
HOOK = "autoscaling:EC2_INSTANCE_LAUNCHING"

machines_are_healthy = True


# EC2 Instance Connect Endpoints ---------------------------------------------------------------------------------------

_endpoints: dict[str, dict[str, Any]] = {}


def _endpoint_missing(endpoint: str) -> EC2ClientError:
    return EC2ClientError(
        "InvalidInstanceConnectEndpointId.NotFound",
        f"The EC2 Instance Connect Endpoint ID '{endpoint}' does not exist",
    )


def create_instance_connect_endpoint(self: EC2Response) -> ActionResult:
    """Ready at once. Refused where the VPC has one already: the quota that makes replacement delete first."""
    subnet = self.ec2_backend.get_subnet(self._get_param("SubnetId"))
    if any(endpoint["VpcId"] == subnet.vpc_id for endpoint in _endpoints.values()):
        raise EC2ClientError(
            "InstanceConnectEndpointLimitExceeded",
            f"{subnet.vpc_id} has an EC2 Instance Connect Endpoint already",
        )
    groups = self._get_param("SecurityGroupIds", self._get_param("SecurityGroupId", []))
    for group in groups:
        if self.ec2_backend.get_security_group_from_id(group) is None:
            raise EC2ClientError("InvalidGroup.NotFound", f"The security group '{group}' does not exist")
    identifier = f"eice-{len(_endpoints):017x}"
    while identifier in _endpoints:
        identifier = f"eice-{int(identifier[5:], 16) + 1:017x}"
    _endpoints[identifier] = {
        "OwnerId": ACCOUNT,
        "InstanceConnectEndpointId": identifier,
        "InstanceConnectEndpointArn": f"arn:aws:ec2:{self.region}:{ACCOUNT}:instance-connect-endpoint/{identifier}",
        "State": "create-complete",
        "StateMessage": "",
        "DnsName": f"{identifier}.ec2-instance-connect-endpoint.{self.region}.amazonaws.com",
        "NetworkInterfaceIds": [f"eni-{identifier[5:]}"],
        "VpcId": subnet.vpc_id,
        "AvailabilityZone": subnet.availability_zone,
        "CreatedAt": datetime.datetime.now(datetime.UTC),
        "SubnetId": subnet.id,
        "PreserveClientIp": str(self._get_param("PreserveClientIp", "true")).lower() == "true",
        "SecurityGroupIds": list(groups),
        "IpAddressType": "ipv4",
        "Tags": [
            {"Key": tag["Key"], "Value": tag["Value"]}
            for specification in self._get_param("TagSpecifications", self._get_param("TagSpecification", []))
            for tag in specification.get("Tags", specification.get("Tag", []))
        ],
    }
    return ActionResult({"InstanceConnectEndpoint": _endpoints[identifier]})


def describe_instance_connect_endpoints(self: EC2Response) -> ActionResult:
    """All, or those that are named; an unknown name is an error."""
    wanted = self._get_param("InstanceConnectEndpointIds", self._get_param("InstanceConnectEndpointId", []))
    for endpoint in wanted:
        if endpoint not in _endpoints:
            raise _endpoint_missing(endpoint)
    return ActionResult({"InstanceConnectEndpoints": [_endpoints[name] for name in wanted or _endpoints]})


def delete_instance_connect_endpoint(self: EC2Response) -> ActionResult:
    """Gone at once."""
    endpoint = self._get_param("InstanceConnectEndpointId")
    if endpoint not in _endpoints:
        raise _endpoint_missing(endpoint)
    return ActionResult({"InstanceConnectEndpoint": {**_endpoints.pop(endpoint), "State": "delete-complete"}})


# EFS ------------------------------------------------------------------------------------------------------------------


def put_backup_policy(self: EFSResponse) -> tuple[str, dict[str, Any]]:
    """Kept on the file system."""
    policy = self._get_param("BackupPolicy")
    self.efs_backend.file_systems_by_id[self._get_param("FileSystemId")].put_policy = policy
    return json.dumps({"BackupPolicy": policy}), {"Content-Type": "application/json"}


def backup_policy(self: FileSystem) -> dict[str, str] | None:
    """What was put, else what the file system was made with."""
    return getattr(self, "put_policy", None) or ({"Status": "ENABLED"} if self._backup else None)


# Values that moto drops -----------------------------------------------------------------------------------------------


def rule_description(self: SecurityGroupRule) -> str | None:
    """moto looks at the description of an address range only."""
    return (self.ip_range or {}).get("Description") or (self.source_group or {}).get("Description")


def keep_dropped_values() -> None:
    """Wrap the methods of moto that lose a value on the way."""
    create_group, make_database, change_database = (
        AutoScalingBackend.create_auto_scaling_group,
        DBInstance.__init__,
        DBInstance.update,
    )

    def create_auto_scaling_group(
        self: AutoScalingBackend, *arguments: Any, **named: Any
    ) -> FakeAutoScalingGroup:
        group = create_group(self, *arguments, **named)
        group.health_check_grace_period = (
            named.get("health_check_period") or 0
        )  # AWS's default; moto's is the console's, 300
        return group

    def keep(database: DBInstance, named: dict[str, Any]) -> None:
        if "enable_performance_insights" in named:
            database.performance_insights_enabled = named["enable_performance_insights"]
        if "engine_lifecycle_support" in named:
            database.engine_lifecycle_support = named["engine_lifecycle_support"]

    def init(self: DBInstance, *arguments: Any, **named: Any) -> None:
        make_database(self, *arguments, **named)
        keep(self, named)

    def update(self: DBInstance, *arguments: Any, **named: Any) -> None:
        change_database(self, *arguments, **named)
        keep(self, named)

    AutoScalingBackend.create_auto_scaling_group = create_auto_scaling_group
    DBInstance.__init__, DBInstance.update = init, update
    SecurityGroupRule.description = property(rule_description)
    FileSystem.backup_policy = property(backup_policy)


# Machines -------------------------------------------------------------------------------------------------------------


def complete_lifecycle_action(self: AutoScalingResponse) -> ActionResult:
    """CONTINUE puts the machine into service; ABANDON does what a time-out does: here, it stays where it is."""
    machine = self._get_param("InstanceId")
    for group in self.autoscaling_backend.autoscaling_groups.values():
        for state in group.instance_states:
            if state.instance.id == machine and self._get_param("LifecycleActionResult") == "CONTINUE":
                state.lifecycle_state = "InService"
    return EmptyResult()


def record_lifecycle_action_heartbeat(self: AutoScalingResponse) -> ActionResult:
    """Nothing times out here."""
    return EmptyResult()


def boot(region: str) -> None:
    """What the machines that groups have started do by themselves."""
    autoscaling, ec2 = autoscaling_backends[ACCOUNT][region], ec2_backends[ACCOUNT][region]
    for group in autoscaling.autoscaling_groups.values():
        hooked = any(
            hook.lifecycle_transition == HOOK for hook in autoscaling.describe_lifecycle_hooks(group.name)
        )
        for state in group.instance_states:
            tags = {tag["key"] for tag in ec2.describe_tags(filters={"resource-id": [state.instance.id]})}
            if READY_TAG in tags or getattr(state, "stuck", False):
                continue
            if machines_are_healthy:
                ec2.create_tags([state.instance.id], {READY_TAG: "true"})
            elif hooked:
                state.lifecycle_state, state.stuck = "Pending:Wait", True


# The server -----------------------------------------------------------------------------------------------------------


def extend_moto() -> None:
    """Add what moto lacks. AttributeError: it has grown one of these, and ours can go."""
    ours: dict[type, tuple[Callable[..., Any], ...]] = {
        EC2Response: (
            create_instance_connect_endpoint,
            describe_instance_connect_endpoints,
            delete_instance_connect_endpoint,
        ),
        EFSResponse: (put_backup_policy,),
        AutoScalingResponse: (complete_lifecycle_action, record_lifecycle_action_heartbeat),
        **aws_account.ADDED,
    }
    for responses, functions in ours.items():
        for function in functions:
            if hasattr(responses, function.__name__):
                raise AttributeError(f"moto's {responses.__name__} has {function.__name__} now: remove ours")
            setattr(responses, function.__name__, function)
    keep_dropped_values()
    aws_account.replace()
    aws_refusals.replace()


def seed(region: str) -> None:
    """What every account finds in a region."""
    for architecture in ("amd64", "arm64"):
        name = UBUNTU.format(architecture=architecture)
        ssm_backends[ACCOUNT][region]._parameters[name].append(
            Parameter(
                account_id=ACCOUNT,
                name=name,
                value=IMAGE,
                parameter_type="String",
                description="",
                allowed_pattern=None,
                keyid=None,
                last_modified_date=datetime.datetime.now(datetime.UTC),
                version=1,
                data_type="aws:ec2:image",
                tier="Standard",
            )
        )


class Application:
    """moto's, with one lock around each request: its backends are no more than dictionaries."""

    def __init__(self, region: str, log: TextIO | None) -> None:
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._region = region
        self._log = log
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        if environ["PATH_INFO"] == "/_double/machines":
            global machines_are_healthy
            machines_are_healthy = json.loads(body)["healthy"]
            start("200 OK", [("Content-Type", "application/json")])
            return [b"{}"]
        if environ["PATH_INFO"] == "/_double/account":
            aws_account.set_account(json.loads(body))
            start("200 OK", [("Content-Type", "application/json")])
            return [b"{}"]
        statuses: list[str] = []

        def noting(status: str, *more: Any) -> Any:
            statuses.append(status)
            return start(status, *more)

        with self._lock:
            answer = list(self._moto(environ, noting))
            boot(self._region)
            if self._log:
                print(_operation(environ, body), statuses[-1].split()[0], file=self._log, flush=True)
        return answer


def _operation(environ: dict[str, Any], body: bytes) -> str:
    """`ec2 CreateVpc`, `efs PUT /2015-02-01/file-systems/…`."""
    scope = re.search(r"/([\w-]+)/aws4_request", environ.get("HTTP_AUTHORIZATION", ""))
    action = re.search(rb"(?:^|&)Action=(\w+)", body)
    target = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
    named = action[1].decode() if action else target or f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
    return f"{scope[1] if scope else '-'} {named}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="emulated.aws_double", description="AWS on loopback.")
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    parser.add_argument("--region", default="ap-northeast-1", help="the region whose machines boot")
    parser.add_argument(
        "--log", type=argparse.FileType("a"), help="a line a call: service, operation, status"
    )
    options = parser.parse_args()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    extend_moto()
    seed(options.region)
    server = make_server("127.0.0.1", options.port, Application(options.region, options.log), threaded=True)
    print(f"http://127.0.0.1:{server.port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
