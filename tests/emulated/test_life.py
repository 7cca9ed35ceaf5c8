"""The life of a stack with the official AWS and Cloudflare plugins over the doubles: `.github/workflows/emulated.yml` runs it.

It needs the Pulumi CLI and the plugins that the SDKs name (`pulumi install` downloads them); without them it is skipped, unless
EMULATED_LIFE=1 says that they must be there.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from .conftest import double

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = "image2model"  # with a database, storage, logins, rules and alerts: every resource there is
REGION = "ap-northeast-1"
SERVICES = (
    "autoscaling",
    "cloudwatch",
    "ec2",
    "efs",
    "iam",
    "kms",
    "logs",
    "rds",
    "secretsmanager",
    "sns",
    "ssm",
    "sts",
)
CLOUDFLARE_TOKEN = "not-a-token-but-as-long-as-one-0123456789"


def missing() -> str | None:
    """Why the life cannot be lived here; None when it can."""
    if shutil.which("pulumi") is None:
        return "not on PATH: pulumi (https://www.pulumi.com/docs/install)"
    home = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    for package in ("aws", "cloudflare", "random"):
        plugin = f"resource-{package}-v{version(f'pulumi-{package}')}"
        if not (home / "plugins" / plugin).is_dir():
            return f"not installed: the official plugin {plugin} (pulumi install)"
    return None


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    reason = missing()
    if reason:
        assert os.environ.get("EMULATED_LIFE") != "1", reason
        pytest.skip(reason)
    place = tmp_path_factory.mktemp("life")
    with (
        double("aws_double", "--region", REGION, "--log", str(place / "aws.log")) as aws,
        double("cloudflare_double", "--log", str(place / "cloudflare.log")) as cloudflare,
    ):
        yield Life(place, aws, cloudflare)


class Life:
    """One stack, its project directory, its backend, and the two doubles."""

    def __init__(self, place: Path, aws: str, cloudflare: str) -> None:
        self.aws, self.cloudflare, self.project = aws, cloudflare, place / "project"
        listed = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout
        for name in filter(None, listed.split("\0")):
            (self.project / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, self.project / name)
        (self.project / ".venv").symlink_to(ROOT / ".venv")
        (place / "backend").mkdir()
        self.environment = {
            **os.environ,
            "PULUMI_BACKEND_URL": f"file://{place / 'backend'}",
            "PULUMI_CONFIG_PASSPHRASE": "life",
            "PULUMI_STACK": "prod",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "CLOUDFLARE_API_TOKEN": CLOUDFLARE_TOKEN,
        }
        self.file = self.project / "Pulumi.prod.yaml"
        shutil.copy(ROOT / "examples" / EXAMPLE / "Pulumi.prod.yaml", self.file)
        config = self.config()
        config |= {
            "aws:endpoints": [dict.fromkeys(SERVICES, aws)],
            "aws:skipCredentialsValidation": True,
            "aws:skipMetadataApiCheck": True,
            "cloudflare:baseUrl": cloudflare,
        }
        config["drawbridge:host"]["bootTimeout"] = "60s"
        self.write(config)
        self.run("stack", "init", "prod")
        providers = config["drawbridge:identityProviders"].values()
        names = {
            *config["drawbridge:app"]["secrets"],
            *(one["clientSecret"] for one in providers if "clientSecret" in one),
        }
        for name in names:
            self.run(
                "config", "set", "--secret", "--path", f"drawbridge:secrets.{name}", f"canary-{name.lower()}"
            )

    def config(self) -> dict[str, Any]:
        return dict(yaml.safe_load(self.file.read_text())["config"])

    def write(self, config: dict[str, Any]) -> None:
        document = yaml.safe_load(self.file.read_text())
        self.file.write_text(yaml.safe_dump({**document, "config": config}, sort_keys=False))

    def run(self, *arguments: str, fails: bool = False) -> str:
        """A command of the CLI; AssertionError with all that it printed when it does not end as expected."""
        command = ["pulumi", "--non-interactive", "--color", "never", *arguments]
        done = subprocess.run(
            command,
            cwd=self.project,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert (done.returncode != 0) is fails, (
            f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}"
        )
        assert "canary-" not in done.stdout
        return done.stdout

    def groups(self) -> list[str]:
        found = self.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
        return [group["AutoScalingGroupName"] for group in found]

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.aws,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def cloudflares(self, path: str) -> list[dict[str, Any]]:
        """What a collection of the Cloudflare double holds."""
        account, zone = (
            self.config()["drawbridge:cloudflare"]["accountId"],
            self.config()["drawbridge:cloudflare"]["zoneId"],
        )
        request = urllib.request.Request(
            f"{self.cloudflare}/{path.format(account=account, zone=zone)}",
            headers={"Authorization": f"Bearer {CLOUDFLARE_TOKEN}"},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            return list(json.load(answer)["result"])

    def machines(self, healthy: bool) -> None:
        body = json.dumps({"healthy": healthy}).encode()
        urllib.request.urlopen(
            urllib.request.Request(f"{self.aws}/_double/machines", data=body, method="POST"), timeout=20
        ).close()


COLLECTIONS = (
    "accounts/{account}/cfd_tunnel",
    "accounts/{account}/access/apps",
    "accounts/{account}/access/policies",
    "accounts/{account}/access/identity_providers",
    "accounts/{account}/alerting/v3/policies",
    "zones/{zone}/dns_records",
    "zones/{zone}/rulesets",
)


def test_a_stack_lives_and_leaves_nothing(life: Life) -> None:
    life.run("up", "--yes", "--skip-preview")
    (first,) = life.groups()
    assert {path: len(life.cloudflares(path)) > 0 for path in COLLECTIONS} == dict.fromkeys(COLLECTIONS, True)
    (tunnel,) = life.cloudflares(COLLECTIONS[0])
    # Nothing moves by itself: not in the program's eyes, not in the clouds'.
    life.run("preview", "--expect-no-changes")
    life.run("refresh", "--yes", "--skip-preview", "--expect-no-changes")
    life.run("up", "--yes", "--skip-preview", "--expect-no-changes")
    assert "canary-" not in life.run("stack", "export")

    # A release is a new group; the tunnel and the database stay.
    (database,) = life.client("rds").describe_db_instances()["DBInstances"]
    config = life.config()
    config["drawbridge:host"]["instanceType"] = "t3.large"
    life.write(config)
    life.run("up", "--yes", "--skip-preview")
    (second,) = life.groups()
    assert second != first
    assert life.cloudflares(COLLECTIONS[0])[0]["id"] == tunnel["id"]
    (after,) = life.client("rds").describe_db_instances()["DBInstances"]
    assert after["DbiResourceId"] == database["DbiResourceId"]

    # A release that never gets healthy fails and keeps the group that serves; put right, it goes on.
    life.machines(healthy=False)
    config["drawbridge:host"]["instanceType"] = "t3.xlarge"
    life.write(config)
    life.run("up", "--yes", "--skip-preview", fails=True)
    assert second in life.groups()
    life.machines(healthy=True)
    life.run("up", "--yes", "--skip-preview")
    (third,) = life.groups()
    assert third not in (first, second)

    # Protected until unprotected; then everything goes.
    assert "protected" in life.run("destroy", "--yes", "--skip-preview", fails=True)
    life.write({**config, "drawbridge:protect": False})
    life.run("up", "--yes", "--skip-preview")
    life.run("destroy", "--yes", "--skip-preview")
    assert life.groups() == []
    assert {path: life.cloudflares(path) for path in COLLECTIONS} == {path: [] for path in COLLECTIONS}
    assert life.client("rds").describe_db_instances()["DBInstances"] == []
    assert life.client("efs").describe_file_systems()["FileSystems"] == []
    vpcs = life.client("ec2").describe_vpcs(Filters=[{"Name": "is-default", "Values": ["false"]}])["Vpcs"]
    assert vpcs == []
