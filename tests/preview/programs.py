"""Programs of a few resources, made by hand, and what a comparison says of one of them."""

from __future__ import annotations

import json
from typing import Any

from preview.changes import Change, Comparison
from preview.resources import Evaluation, Resource, mask

PARAMETER = "aws:ssm/parameter:Parameter"
ROLE = "aws:iam/role:Role"
BUCKET = "aws:s3/bucket:Bucket"


OPTIONS: dict[str, Any] = {
    "protect": False,
    "ignoreChanges": [],
    "deleteBeforeReplace": False,
    "replaceOnChanges": [],
    "aliases": [],
    "custom": True,
    "dependsOn": [],
    "propertyDependencies": {},
    "additionalSecretOutputs": [],
}
"""A resource's that sets none."""


def resource(
    type_: str, name: str, raw: dict[str, Any], reads: dict[str, list[str]] | None = None, **options: Any
) -> Resource:
    """A resource without a parent; ``reads`` gives by input the URNs that it depends on."""
    every: dict[str, Any] = {
        **OPTIONS,
        "dependsOn": sorted({urn for urns in (reads or {}).values() for urn in urns}),
        "propertyDependencies": reads or {},
        **options,
    }
    return Resource(urn(type_, name), type_, name, "", mask(raw), raw, every)


def urn(type_: str, name: str) -> str:
    return f"urn:pulumi:prod::drawbridge::{type_}::{name}"


def program(*resources: Resource, outputs: dict[str, Any] | None = None, **config: Any) -> Evaluation:
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()}
    return Evaluation(
        project="drawbridge",
        stack="prod",
        resources=resources,
        outputs=mask(outputs or {}),
        raw_outputs=outputs or {},
        warnings=(),
        user_data={},
        config={f"drawbridge:{key}": text for key, text in texts.items()},
    )


def only(comparison: Comparison, name: str) -> Change:
    (found,) = [change for change in comparison.changes if change.name == name]
    return found
