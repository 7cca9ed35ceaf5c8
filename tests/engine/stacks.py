"""The stacks that are rehearsed: every example there is, and the top-level stack file."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.evaluations import EXAMPLES, ROOT, canary, example_file, secret_names

from .harness import EngineStack, Run, copy_project

GROUP = "aws:autoscaling/group:Group"
LAUNCH_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
DATABASE = "aws:rds/instance:Instance"
FILE_SYSTEM = "aws:efs/fileSystem:FileSystem"
PARAMETER = "aws:ssm/parameter:Parameter"
TUNNEL = "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared"
DNS_RECORD = "cloudflare:index/dnsRecord:DnsRecord"
ACCESS_APPLICATION = "cloudflare:index/zeroTrustAccessApplication:ZeroTrustAccessApplication"
ACCESS_POLICY = "cloudflare:index/zeroTrustAccessPolicy:ZeroTrustAccessPolicy"
LASTING = {DATABASE, FILE_SYSTEM, "aws:ec2/vpc:Vpc", TUNNEL}


def _config(file: Path) -> Any:
    return yaml.safe_load(file.read_text(encoding="utf-8"))["config"]


TOP = ROOT / "Pulumi.prod.yaml"
STACKS: dict[str, Path] = {name: example_file(name) for name in EXAMPLES}
if _config(TOP) not in [_config(file) for file in STACKS.values()]:  # as a rule it is one of the examples
    STACKS["top-level"] = TOP


def every_stack() -> Any:
    """Parametrizes a test's `engine` with every stack, each kept on one worker, whose first `up` its tests share."""
    cases = [pytest.param(name, marks=pytest.mark.xdist_group(name), id=name) for name in STACKS]
    return pytest.mark.parametrize("engine", cases, indirect=True)


def prepare(stack: str, place: Path, home: Path) -> EngineStack:
    """A copy of the project with the stack's file, canaries for its secrets, and nothing deployed."""
    project = copy_project(ROOT, place / "project")
    shutil.copy(STACKS[stack], project / "Pulumi.prod.yaml")
    engine = EngineStack(project, "prod", place, home)
    for name in secrets_of(stack):
        engine.secret(f"drawbridge:secrets.{name}", canary(name))
    return engine


def secrets_of(stack: str) -> list[str]:
    """Names of the secrets that the stack's file asks values for."""
    return secret_names(stack) if stack in EXAMPLES else secret_names("image2model")


def deploy(stack: str, place: Path, home: Path) -> EngineStack:
    """The stack after its first `up`."""
    engine = prepare(stack, place, home)
    engine.up()
    return engine


def changes(run: Run) -> list[tuple[str, str]]:
    """What was done to the clouds, in order; random values are no cloud's."""
    done = [o for o in run.operations if o.outcome == "ok" and o.op in ("create", "update", "delete")]
    return [(o.op, o.type) for o in done if not o.type.startswith("random:")]


def edit_host(engine: EngineStack, **settings: Any) -> None:
    """Change keys of `drawbridge:host`."""
    engine.edit(lambda config: config.setdefault("drawbridge:host", {}).update(settings))


def release(engine: EngineStack) -> None:
    """Ask for a release: a launch template with a larger disk, which every example can have."""
    engine.edit(lambda config: config.setdefault("drawbridge:host", {}).update(diskGiB=_disk(config) + 1))


def hears_its_hosts(engine: EngineStack) -> bool:
    """Does `drawbridge:app.facts` hand the routes' host names to the machines?"""
    facts = _config(engine.file)["drawbridge:app"].get("facts", {})
    return bool({"hostnames", "urls", "websocketUrls"} & set(re.findall(r"\w+", str(list(facts.values())))))


def _disk(config: dict[str, Any]) -> int:
    return int(config.get("drawbridge:host", {}).get("diskGiB", 30))


def secrets_in(engine: EngineStack, stack: str) -> dict[str, str]:
    """All secret texts of a deployed stack, by what they are: given, made, and what holds them."""
    found = {f"given {name}": canary(name) for name in secrets_of(stack)}
    found["the tunnel's secret"] = engine.cloud.one(TUNNEL).inputs["tunnelSecret"]
    found |= {f"parameter {thing.id}": thing.inputs["value"] for thing in engine.cloud.live(PARAMETER)}
    for thing in engine.cloud.live(
        "cloudflare:index/zeroTrustAccessServiceToken:ZeroTrustAccessServiceToken"
    ):
        found[f"service token {thing.id}"] = thing.outputs["clientSecret"]
    if _config(engine.file).get("drawbridge:secretDelivery", "cloud-init") == "cloud-init":
        found["user data"] = engine.cloud.one(LAUNCH_TEMPLATE).inputs["userData"]
    return found
