"""Small readers of what stands in inputs."""

from __future__ import annotations

import base64
import gzip
import json
import re
import zlib
from collections.abc import Iterator
from typing import Any

import yaml

from preview.resources import Resource, Secret


class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Cloud-config and compose files, whose `!reset` and `!override` mean nothing here."""


Loader.add_multi_constructor("!", lambda loader, _suffix, node: None)


def items(value: Any) -> list[Any]:
    """A list, even of one; nothing for what is unset, unknown or masked."""
    if isinstance(value, list):
        return value
    return [value] if isinstance(value, dict) else []


def modern(rule: dict[str, Any]) -> dict[str, Any]:
    """A rule of SecurityGroup or SecurityGroupRule with the keys of SecurityGroupIngressRule."""
    ranges = {"cidrIpv4": "cidrBlocks", "cidrIpv6": "ipv6CidrBlocks", "prefixListId": "prefixListIds"}
    found = {new: rule[old][0] for new, old in ranges.items() if rule.get(old)}
    source = rule.get("sourceSecurityGroupId") or next(iter(rule.get("securityGroups") or ()), None)
    if source or rule.get("self"):
        found["referencedSecurityGroupId"] = source or rule.get("securityGroupId", "self")
    return {
        "ipProtocol": rule.get("protocol"),
        "fromPort": rule.get("fromPort"),
        "toPort": rule.get("toPort"),
        "securityGroupId": rule.get("securityGroupId"),
        **found,
    }


def ingresses(config: Resource) -> list[dict[str, Any]]:
    inner = config.inputs.get("config")
    return items(inner.get("ingresses")) if isinstance(inner, dict) else []


def destinations(application: Resource) -> list[str]:
    named = [item["uri"] for item in items(application.inputs.get("destinations")) if "uri" in item]
    return named or [application.inputs[key] for key in ("domain",) if key in application.inputs]


def guard(rule: dict[str, Any]) -> dict[str, Any]:
    return dict((rule.get("originRequest") or {}).get("access") or {})


def number(value: Any) -> float | None:
    """AWS's SDK takes numbers as text too; None for what is no number yet."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def texts(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else [str(item) for item in items(value)]


def plain_text(value: Any) -> str | None:
    """User data as text: itself, base64, or gzip in base64."""
    if not isinstance(value, str) or value.startswith("#"):
        return value if isinstance(value, str) else None
    try:
        data = base64.b64decode(value, validate=True)
        return (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode()
    except (ValueError, OSError, EOFError, zlib.error):
        return None


def inside_secrets(value: Any, inside: bool = False) -> Iterator[str]:
    if isinstance(value, Secret):
        yield from inside_secrets(value.value, True)
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from inside_secrets(item, inside)
    elif inside and isinstance(value, str):
        yield value


def open_texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text outside a `Secret` with its place, user data decoded."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from open_texts(item, f"{path}.{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from open_texts(item, f"{path}[{index}]")
    elif isinstance(value, str):
        yield path, (plain_text(value) or value) if value.startswith("H4sI") else value


def holding(value: Any, secret: re.Pattern[str]) -> list[str]:
    """The places outside a `Secret` where one of the secrets stands."""
    return [place for place, text in open_texts(value) if secret.search(text)]


def statements(document: Any) -> list[dict[str, Any]]:
    """Those of a policy document; none where it is not known yet."""
    try:
        parsed = json.loads(document) if isinstance(document, str) else document
    except json.JSONDecodeError:
        return []
    return items(parsed.get("Statement")) if isinstance(parsed, dict) else []
