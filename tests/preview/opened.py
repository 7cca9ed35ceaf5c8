"""Two versions of a small program, and what the later one opens."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import yaml

from preview.analysis.verdict import compare
from preview.resources import Evaluation, Resource
from tests.preview.programs import program, resource

Found = list[tuple[str, str, str]]

LAUNCH_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
CF = "cloudflare:index/"


def between(before: Evaluation, after: Evaluation) -> Found:
    """(kind, subject, text) of everything that ``after`` opens."""
    return [(item.kind, item.subject, item.text) for item in compare(before, after).exposures]


def opens(before: list[Resource], after: list[Resource], **config: Any) -> Found:
    return between(program(*before, **config), program(*after, **config))


def edited(
    token: str, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None, *others: Resource
) -> Found:
    """Of one resource `it` that comes (``old`` is None), changes, or goes (``new`` is None), beside others that stay."""
    versions = [
        [*others, resource(token, "it", dict(inputs))] if inputs is not None else [*others]
        for inputs in (old, new)
    ]
    return opens(*versions)


def texts(found: Found) -> list[tuple[str, str]]:
    return [(kind, text) for kind, _, text in found]


def machine(
    compose: Mapping[str, Any] | str | None = None,
    overlay: Mapping[str, Any] | str | None = None,
    *,
    files: Mapping[str, str | tuple[str, str]] | None = None,
    facts: Mapping[str, Any] | None = None,
    **document: Any,
) -> Resource:
    """A launch template whose user data writes these files; a file is its content, or (mode, content)."""
    facts_file = json.dumps({"env": {}, "parameters": {}, "packages": [], **(facts or {})})
    written = {"/etc/drawbridge/machine.json": ("0644", facts_file)}
    for name, content in (("compose", compose), ("overlay", overlay)):
        if content is not None:
            text = content if isinstance(content, str) else yaml.safe_dump(content)
            written[f"/opt/drawbridge/app/{name}.yaml"] = ("0644", text)
    for path, given in (files or {}).items():
        written[path] = ("0644", given) if isinstance(given, str) else given
    listed = [{"path": path, "permissions": mode, "content": text} for path, (mode, text) in written.items()]
    text = "#cloud-config\n" + yaml.safe_dump(
        {"write_files": listed, "runcmd": [["/opt/drawbridge/bin/boot"]], **document}
    )
    disk = [{"deviceName": "/dev/sda1", "ebs": {"encrypted": "true"}}]
    return resource(
        LAUNCH_TEMPLATE,
        "host-template",
        {"userData": text, "metadataOptions": SAFE, "blockDeviceMappings": disk},
    )


SAFE = {"httpEndpoint": "enabled", "httpTokens": "required", "httpPutResponseHopLimit": 1}


def service(old: Mapping[str, Any], new: Mapping[str, Any]) -> Found:
    """Of a service `app` that changes."""
    return opens([machine({"services": {"app": dict(old)}})], [machine({"services": {"app": dict(new)}})])
