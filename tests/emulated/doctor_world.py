"""A project and the clouds that the doctor asks about it, each a double; and the doctor's run, which may only read."""

from __future__ import annotations

import json
import os
import re
import stat
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from preview.doctor import command, http
from preview.doctor.tools import pinned
from tests.evaluations import ROOT
from tests.preview.doctor.registry_double import Registry, registry

from .conftest import double

ACCOUNT, ZONE = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"
REGION = "ap-northeast-1"
TOKEN = "not-a-token-but-as-long-as-one-0123456789"
GROUPS = {
    "account": [
        "Cloudflare Tunnel Write",
        "Access: Apps and Policies Write",
        "Access: Organizations, Identity Providers, and Groups Write",
        "Notifications Write",
    ],
    "zone": ["DNS Write", "Zone WAF Write", "Zone Settings Write", "Transform Rules Write"],
}
NAMES = {"account": ACCOUNT, "zone": f"zone.{ZONE}"}
PULUMI = """#!/bin/sh
[ "$1" = --non-interactive ] && shift
case "$1 $2" in
version*) echo v%s ;;
"plugin ls") echo '%s' ;;
*) echo "error: no stack named 'prod' found" >&2; exit 255 ;;
esac
"""
READING = re.compile(r"[\w-]+ (Describe|Get|List|Simulate)\w+ \d+|elasticfilesystem GET \S+ \d+")


def policy(*actions: str) -> dict[str, Any]:
    """One that allows these on anything."""
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


@dataclass
class World:
    """The two clouds, a registry, a machine with a Pulumi CLI, and a project."""

    place: Path
    aws: str
    cloudflare: str
    registry: Registry
    config: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    account: dict[str, Any] = field(default_factory=dict)
    pulumi: str = "3.260.0"
    plugins: bool = True
    policies: list[dict[str, Any]] = field(default_factory=lambda: [policy("*")])

    def client(self, service: str) -> Any:
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return boto3.client(service, region_name=REGION, endpoint_url=self.aws, **keys)

    def post(self, address: str, document: Any) -> Any:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        request = urllib.request.Request(address, json.dumps(document).encode(), headers, method="POST")
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    def make(self, path: str, document: Any) -> dict[str, Any]:
        return dict(self.post(f"{self.cloudflare}/{path}", document)["result"])


def images(port: str) -> dict[str, Any]:
    return {
        "services": {
            "web": {"image": "nginx:1.28.0-alpine"},
            "api": {"image": f"{port}/shop/api:1", "expose": ["8000"]},
        }
    }


def settings() -> dict[str, Any]:
    return {
        "aws:region": REGION,
        "drawbridge:cloudflare": {
            "accountId": ACCOUNT,
            "zoneId": ZONE,
            "zone": "example.com",
            "plan": "pro",
            "team": "acme",
        },
        "drawbridge:app": {
            "compose": "compose.yaml",
            "allow": {"noHealthcheck": ["web", "api"]},
            "generate": {"KEY": {"bytes": 32, "encoding": "hex"}},
        },
        "drawbridge:routes": [
            {"hostname": "shop.example.com", "service": "http://web:80", "access": "staff"},
            {"hostname": "api.example.com", "service": "http://api:8000", "access": "staff"},
        ],
        "drawbridge:access": {
            "staff": {"allow": {"emails": ["ops@example.com"]}, "mfa": True, "providers": ["sso", "pin"]}
        },
        "drawbridge:firewall": {"managed": True},
        "drawbridge:host": {"instanceType": "t3.small"},
        "drawbridge:database": {"version": "17", "instanceClass": "db.t4g.micro", "name": "app"},
        "drawbridge:alerts": {"emails": ["ops@example.com"]},
        "drawbridge:secretDelivery": "parameter-store",
    }


@contextmanager
def in_order(tmp_path: Path) -> Iterator[World]:
    """With nothing in the way."""
    with (
        double("aws_double", "--region", REGION, "--log", str(tmp_path / "aws.log")) as aws,
        double("cloudflare_double", "--log", str(tmp_path / "cloudflare.log")) as cloudflare,
        registry() as images_there,
    ):
        images_there.images = {
            "library/nginx:1.28.0-alpine": ["linux/amd64", "linux/arm64"],
            "shop/api:1": ["linux/amd64"],
            "cloudflare/cloudflared:2026.8.2": ["linux/amd64", "linux/arm64"],
        }
        images_there.callbacks = {"https://acme.cloudflareaccess.com/cdn-cgi/access/callback"}
        images_there.limit = 100
        made = World(tmp_path, aws, cloudflare, images_there, settings())
        made.config["drawbridge:identityProviders"] = {
            "pin": {"type": "onetimepin"},
            "sso": {
                "type": "oidc",
                "clientId": "shop",
                "clientSecret": "SSO",
                **{key: "https://sso.example.com" for key in ("authUrl", "tokenUrl", "certsUrl")},
            },
        }
        made.facts = {
            "user/tokens/verify": {"id": "t1", "status": "active"},
            "user/tokens/t1": {
                "id": "t1",
                "policies": [
                    {
                        "effect": "allow",
                        "permission_groups": [{"name": name} for name in names],
                        "resources": {f"com.cloudflare.api.account.{NAMES[level]}": "*"},
                    }
                    for level, names in GROUPS.items()
                ],
            },
            f"zones/{ZONE}": {
                "name": "example.com",
                "status": "active",
                "paused": False,
                "account": {"id": ACCOUNT},
                "plan": {"legacy_id": "pro"},
                "name_servers": ["a.ns.cloudflare.com", "b.ns.cloudflare.com"],
            },
            f"accounts/{ACCOUNT}/access/organizations": {
                "auth_domain": "acme.cloudflareaccess.com",
                "mfa_configuration_allowed": True,
                "mfa_config": {"allowed_authenticators": ["totp", "biometrics", "security_key"]},
            },
        }
        yield made


def project(world: World) -> Path:
    """The folder of its Pulumi.yaml."""
    folder = world.place / "project"
    folder.mkdir(exist_ok=True)
    main = os.path.relpath(ROOT, folder)
    (folder / "Pulumi.yaml").write_text(f"name: shop\nruntime: python\nmain: {main}\n")
    (folder / "Pulumi.prod.yaml").write_text(yaml.safe_dump({"config": world.config}))
    port = world.registry.address.removeprefix("http://")
    (folder / "compose.yaml").write_text(yaml.safe_dump(images(port)))
    return folder


def diagnosed(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *more: str
) -> tuple[int, dict[str, Any], str]:
    """(exit code, the JSON, standard error) of the command, which may only read."""
    iam = world.client("iam")
    user = iam.create_user(UserName="deployer")["User"]["UserName"]
    for number, document in enumerate(world.policies):
        iam.put_user_policy(UserName=user, PolicyName=f"p{number}", PolicyDocument=json.dumps(document))
    keys = iam.create_access_key(UserName=user)["AccessKey"]
    world.post(f"{world.cloudflare}/_double/facts", world.facts)
    world.post(f"{world.aws}/_double/account", world.account)
    folder = project(world)
    programs = world.place / "bin"
    programs.mkdir()
    if world.pulumi:
        listed = [
            {"name": name, "kind": "resource", "version": version} for name, version in pinned(ROOT).items()
        ]
        text = PULUMI % (world.pulumi, json.dumps(listed if world.plugins else []))
        (programs / "pulumi").write_text(text)
        (programs / "pulumi").chmod(stat.S_IRWXU)
    for name, value in {
        "AWS_ENDPOINT_URL": world.aws,
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_CONFIG_FILE": str(world.place / "none"),
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    # The provider's address is https in a stack file; here it is the double's.
    asked = http.ask
    monkeypatch.setattr(
        http,
        "ask",
        lambda url, *rest: asked(
            url.replace("https://sso.example.com/authorize", f"{world.registry.address}/authorize").replace(
                "https://sso.example.com/keys", f"{world.registry.address}/keys"
            ),
            *rest,
        ),
    )
    logs = [world.place / "aws.log", world.place / "cloudflare.log"]
    before = [len(log.read_text()) for log in logs]
    code = command.main(
        ["--project", str(folder), "--format", "json", *more],
        {
            "PATH": f"{programs}:/usr/bin:/bin",
            "CLOUDFLARE_API_TOKEN": TOKEN,
            "CLOUDFLARE_BASE_URL": world.cloudflare,
            "DRAWBRIDGE_HUB": world.registry.address,
        },
    )
    printed = capsys.readouterr()
    assert code != 1, printed.err
    asked_aws, asked_cloudflare = (
        log.read_text()[start:].splitlines() for log, start in zip(logs, before, strict=True)
    )
    assert len(asked_aws) > 10
    assert [line for line in asked_aws if not READING.fullmatch(line)] == []
    assert len(asked_cloudflare) > 10
    assert [line for line in asked_cloudflare if not line.startswith("GET ")] == []
    assert [line for line in world.registry.calls if not re.match("GET |HEAD ", line)] == []
    return code, json.loads(printed.out), printed.err
