"""An example's user-data as EC2 would hand it over: what the program registers, with the values that the clouds would give."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote

import yaml

from model.machine.cloud_init import encode
from preview.resources import Evaluation, Secret
from tests import invariants
from tests.evaluations import EXAMPLES, deployed

TUNNEL_CONFIG = "cloudflare:index/zeroTrustTunnelCloudflaredConfig:ZeroTrustTunnelCloudflaredConfig"
PARAMETER = "aws:ssm/parameter:Parameter"
TUNNEL_ID = "c0ffee00-1111-4222-8333-444455556666"


@dataclass(frozen=True)
class Example:
    """`user_data` is the packed text; `parameters` are the store's, by `name:version`; `rules` the tunnel's ingress rules."""

    name: str
    user_data: bytes
    document: dict[str, Any]
    parameters: dict[str, str]
    rules: list[dict[str, Any]]
    logins: dict[str, tuple[str, str]] = field(default_factory=dict)

    def file(self, path: str) -> str:
        return next(str(file["content"]) for file in self.document["write_files"] if file["path"] == path)

    @property
    def served(self) -> list[dict[str, Any]]:
        """The tunnel's rules that lead to a service; the others are answered by the connector itself."""
        return [
            rule for rule in self.rules if rule["hostname"] and not rule["service"].startswith("http_status:")
        ]

    @property
    def facts(self) -> dict[str, Any]:
        return dict(json.loads(self.file("/etc/drawbridge/machine.json")))

    @property
    def compose(self) -> dict[str, Any]:
        return dict(yaml.safe_load(self.file("/opt/drawbridge/app/compose.yaml")))

    @property
    def secrets(self) -> dict[str, str]:
        if not self.parameters:
            return dict(json.loads(self.file("/etc/drawbridge/secrets.json")))
        return {name: self.parameters[reference] for name, reference in self.facts["parameters"].items()}


def cloud_value(label: str) -> str:
    """What the clouds answer for `«label»`."""
    name, _, output = label.rpartition(".")
    made = hashlib.sha256(label.encode()).hexdigest()
    if output == "version":
        return "1"
    if output == "dnsName":
        return "fs-0123456789abcdef0.efs.ap-northeast-1.amazonaws.com"
    if output == "address":
        return "prod.c1a2b3.ap-northeast-1.rds.amazonaws.com"
    if output == "secretArn":
        return "arn:aws:secretsmanager:ap-northeast-1:111122223333:secret:rds!db-1-a1b2c3"
    if output == "id" and "tunnel" in name:
        return TUNNEL_ID
    if output == "base64":
        return base64.b64encode(bytes.fromhex(made)).decode()
    if output == "hex":
        return made[:48]
    if output == "result":
        return made[:40]
    return f"{name}-1a2b3c4"


def resolve(text: str) -> str:
    """Text with the clouds' values in place of every placeholder; inside tokens and URLs too."""
    text = re.sub(r"%C2%AB(.*?)%C2%BB", lambda m: quote(cloud_value(unquote(m[1])), safe=""), text)
    text = re.sub(r"«([^»]*)»", lambda m: cloud_value(m[1]), text)

    def token(match: re.Match[str]) -> str:
        inside = json.loads(base64.b64decode(match[0]))
        if not isinstance(inside, dict) or set(inside) != {"a", "t", "s"}:
            return match[0]
        return base64.b64encode(json.dumps({k: resolve(v) for k, v in inside.items()}).encode()).decode()

    return re.sub(r"eyJ[A-Za-z0-9+/]{40,}={0,2}", token, text)


def example(name: str, **changes: Any) -> Example:
    """An example as it is, or with sections of its stack file changed (see `tests.evaluations.deployed`)."""
    evaluation = deployed(name, **changes)
    (template,) = evaluation.of_type(invariants.LAUNCH_TEMPLATE)
    raw = template.raw["userData"]
    text = gzip.decompress(base64.b64decode(raw.value if isinstance(raw, Secret) else raw)).decode()
    rendered = resolve(text)
    document = yaml.safe_load(rendered)
    parameters = {
        f"{p.raw['name']}:1": resolve(_plain(p.raw["value"])) for p in evaluation.of_type(PARAMETER)
    }
    here = Example(name, base64.b64decode(encode(rendered)), document, parameters, _rules(evaluation))
    logins = {
        r["server"]: (r["username"], here.secrets[r["password"]])
        for r in here.facts["registries"]
        if r.get("password")
    }
    here.logins.update(logins)
    return here


def _plain(value: Any) -> str:
    return str(value.value if isinstance(value, Secret) else value)


def _rules(evaluation: Evaluation) -> list[dict[str, Any]]:
    (config,) = evaluation.of_type(TUNNEL_CONFIG)
    rules = config.raw["config"]["ingresses"]
    return [{key: rule.get(key) for key in ("hostname", "path", "service")} for rule in rules]


__all__ = ["EXAMPLES", "Example", "example"]
