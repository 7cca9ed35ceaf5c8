"""The plan's document: planned values, changes, outputs, providers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from preview.changes import Change, Comparison
from preview.property_paths import top
from preview.report.terraform.names import PROVIDERS, attribute_name, is_cloud, package_of, terraform_type
from preview.report.terraform.resources import Resources
from preview.report.terraform.values import PLACEHOLDER, Value, texts
from preview.resource_types.registry import record_of
from preview.resources import MASK, Evaluation, Resource, Secret

FORMAT_VERSION = "1.2"
TERRAFORM_VERSION = "1.11.4"
"""Of the Terraform whose form this is."""


def to_terraform(evaluation: Evaluation, comparison: Comparison | None = None) -> str:
    """The plan as JSON. With a comparison, what changes by it; without one, everything is created."""
    return json.dumps(plan(evaluation, comparison), ensure_ascii=False, indent=1) + "\n"


def plan(evaluation: Evaluation, comparison: Comparison | None = None) -> dict[str, Any]:
    """The plan's document, ready for json.dumps."""
    scope = Resources(evaluation)
    document: dict[str, Any] = {
        "format_version": FORMAT_VERSION,
        "terraform_version": TERRAFORM_VERSION,
        "planned_values": {
            "outputs": _outputs(evaluation),
            "root_module": {"resources": [scope.planned(r) for r in scope.all]},
        },
        "resource_changes": _changes(scope, comparison),
        "output_changes": {name: _output_change(value) for name, value in _outputs(evaluation).items()},
        "configuration": {
            "provider_config": _providers(evaluation, scope),
            "root_module": {"resources": [scope.configured(resource) for resource in scope.all]},
        },
        "applyable": True,
        "complete": True,
        "errored": False,
    }
    if comparison:
        old = Resources(comparison.before)
        document["prior_state"] = {
            "format_version": "1.0",
            "terraform_version": TERRAFORM_VERSION,
            "values": {
                "outputs": _outputs(comparison.before),
                "root_module": {"resources": [old.planned(r) for r in old.all]},
            },
        }
    return document


def left_out(evaluation: Evaluation) -> list[str]:
    """Types of cloud resources that have no name in Terraform here, and so are not in the plan."""
    return sorted({r.type for r in evaluation.resources if is_cloud(r) and terraform_type(r.type) is None})


def _changes(scope: Resources, comparison: Comparison | None) -> list[dict[str, Any]]:
    if comparison is None:
        changes = [
            {**scope.identity(resource), "change": _created(scope.value(resource))} for resource in scope.all
        ]
    else:
        old = Resources(comparison.before)
        changes = [
            {
                **(scope if step.after else old).identity(_resource(step)),
                "change": _change(step, scope, old),
            }
            for step in comparison.changes
            if terraform_type(step.type)
        ]
    return sorted(changes, key=lambda change: str(change["address"]))


def _created(value: Value) -> dict[str, Any]:
    return {
        "actions": ["create"],
        "before": None,
        "after": value.after,
        "after_unknown": value.unknown or {},
        "before_sensitive": False,
        "after_sensitive": value.secret or {},
    }


def _change(step: Change, scope: Resources, old: Resources) -> dict[str, Any]:
    """What the comparison says of a resource, in Terraform's terms. Its ``unknown`` is an update whose effect is not known."""
    before = old.value(step.before) if step.before else None
    if step.after is None or before is None:
        assert step.after or before
        if step.after:
            return _created(scope.value(step.after))
        return {
            "actions": ["delete"],
            "before": before.after if before else None,
            "after": None,
            "after_unknown": {},
            "before_sensitive": before.secret or {} if before else {},
            "after_sensitive": False,
        }
    change = {
        **_created(scope.value(step.after)),
        "before": before.after,
        "before_sensitive": before.secret or {},
    }
    names = record_of(step.type).renamed
    touched = dict.fromkeys(attribute_name(top(difference.path), names) for difference in step.differences)
    if step.action in ("replaced", "rolling"):
        first = (
            ["delete", "create"] if step.after.options.get("deleteBeforeReplace") else ["create", "delete"]
        )
        return {
            **change,
            "actions": first,
            "replace_paths": [[attribute_name(name, names)] for name in step.because],
        }
    # What the provider filled in when it was made is known to it and stays.
    unknown = {name: value for name, value in change["after_unknown"].items() if name in touched}
    return {
        **change,
        "actions": ["no-op"] if step.action == "unchanged" else ["update"],
        "after_unknown": unknown,
    }


def _outputs(evaluation: Evaluation) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for name, raw in evaluation.raw_outputs.items():
        secret = isinstance(raw, Secret) or MASK in list(texts(evaluation.outputs.get(name)))
        value = evaluation.outputs.get(name)
        known = not any(PLACEHOLDER.search(text) for text in texts(value))
        found[name] = {"sensitive": secret, **({"value": value} if known else {})}
    return found


def _output_change(output: Mapping[str, Any]) -> dict[str, Any]:
    known = "value" in output
    return {
        "actions": ["create"],
        "before": None,
        **({"after": output["value"]} if known else {}),
        "after_unknown": not known,
        "before_sensitive": False,
        "after_sensitive": output["sensitive"],
    }


def _providers(evaluation: Evaluation, scope: Resources) -> dict[str, Any]:
    used: Iterable[str] = sorted({package_of(resource) for resource in scope.all})
    found: dict[str, Any] = {name: {"name": name, "full_name": PROVIDERS[name]} for name in used}
    if "aws" in found and evaluation.config.get("aws:region"):
        found["aws"]["expressions"] = {"region": {"constant_value": evaluation.config["aws:region"]}}
        if scope.tags:
            found["aws"]["expressions"]["default_tags"] = [{"tags": {"constant_value": scope.tags}}]
    return found


def _resource(step: Change) -> Resource:
    """The resource as it is after the change, or as it was where it goes."""
    found = step.after or step.before
    assert found is not None
    return found
