"""What the questions about a change are asked with: both versions, every step, who reaches what, and what machines run."""

from __future__ import annotations

import functools
import json
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from model.naming import Names
from preview.analysis.reach import Reach
from preview.changes import Change, Consequence, Effect, Loss
from preview.diff.user_data import written
from preview.property_paths import top
from preview.resource_types import type_names
from preview.resources import Evaluation, Resource, bare

APP = "/opt/drawbridge/app"


def effect(consequence: Consequence, why: str, loss: Loss | None = None) -> Effect:
    return Effect(consequence=consequence, why=why, loss=loss)


def in_place(why: str) -> Effect:
    return effect(Consequence.IN_PLACE, why)


def downtime(why: str) -> Effect:
    return effect(Consequence.DOWNTIME, why)


def refused(why: str) -> Effect:
    return effect(Consequence.REFUSED, f"{why}: `pulumi up` fails here")


def at_risk(why: str) -> Effect:
    return effect(Consequence.AT_RISK, why)


def lost(why: str, loss: Loss) -> Effect:
    return effect(Consequence.DATA_LOSS, why, loss)


def unknown(why: str) -> Effect:
    return effect(Consequence.UNKNOWN, why)


@dataclass(frozen=True)
class Machines:
    """What a version's machines are told: `machine.json`, the app's compose file and the files beside it."""

    text: str
    """Their cloud-init, masked; empty where a version has no machines or a plan hides it."""

    @functools.cached_property
    def specification(self) -> dict[str, Any]:
        return dict(json.loads(written(self.text, "/etc/drawbridge/machine.json") or "{}"))

    @functools.cached_property
    def services(self) -> dict[str, dict[str, Any]]:
        """The services of the app's compose file, by name; as written, so with its variables still in it."""
        try:
            document = yaml.safe_load(textwrap.dedent(written(self.text, f"{APP}/compose.yaml")))
        except yaml.YAMLError:
            return {}
        found = document.get("services") if isinstance(document, dict) else None
        listed = found if isinstance(found, dict) else {}
        return {str(name): body for name, body in listed.items() if isinstance(body, dict)}

    @property
    def storage(self) -> list[str]:
        """The compose volumes that outlive a machine."""
        return list(self.specification.get("storage") or [])

    @property
    def env(self) -> dict[str, str]:
        return dict(self.specification.get("env") or {})


@dataclass(frozen=True)
class Context:
    before: Evaluation
    after: Evaluation
    steps: Mapping[str, Change]
    reach: tuple[Reach, Reach]

    @functools.cached_property
    def machines(self) -> tuple[Machines, Machines]:
        """Before and after."""
        return tuple(  # type: ignore[return-value]
            Machines("\n".join(text for _, text in sorted(evaluation.user_data.items())))
            for evaluation in (self.before, self.after)
        )

    def of(self, *types: str) -> Iterator[Change]:
        """The steps of these types that change anything."""
        return (step for step in self.steps.values() if step.type in types and step.action != "unchanged")

    def kept_secrets(self) -> Iterator[str]:
        """Names of the app's generated secrets whose random text stays as it is."""
        for step in self.steps.values():
            label = apps_secret(step)
            if label and step.action == "unchanged":
                yield label

    @functools.cached_property
    def released(self) -> bool:
        """Do new machines take over from old ones?"""
        return any(step.action in ("rolling", "replaced") for step in self.of(type_names.AUTO_SCALING_GROUP))

    def gone_with(self, change: Change) -> bool:
        """Is a rule deleted together with one of the groups that it speaks of?"""
        reads = change.before.options.get("dependsOn", ()) if change.before else ()
        return any(urn in self.steps and self.steps[urn].action == "deleted" for urn in reads)

    def waits_for_machines(self, change: Change) -> bool:
        """Does the resource change only when the new machines serve?"""
        groups = {fleet.urn for fleet in self.after.of_type(type_names.AUTO_SCALING_GROUP)}
        return bool(change.after and groups & set(change.after.options.get("dependsOn", ())))


def old_inputs(change: Change) -> dict[str, Any]:
    return _inputs(change.before)


def new_inputs(change: Change) -> dict[str, Any]:
    return _inputs(change.after)


def _inputs(resource: Resource | None) -> dict[str, Any]:
    return dict(bare(resource.raw)) if resource else {}


def changed_inputs(change: Change) -> tuple[str, ...]:
    """The inputs that differ, each once."""
    return tuple(dict.fromkeys(top(d.path) for d in change.differences if d.about_input))


def apps_secret(change: Change) -> str | None:
    """The variable that a random text is the app's secret for; None for any other resource."""
    names = Names.of_urn(change.urn)
    return names.secrets.label(change.name) if change.type == type_names.RANDOM_PASSWORD else None


def number(value: Any) -> float:
    """0 for what is none, a placeholder included."""
    try:
        return float(value or 0)
    except (TypeError, ValueError):
        return 0


def at(value: Any, *keys: str) -> Any:
    """What stands under these keys; None where something on the way is not there, or not known yet."""
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def listed(value: Any) -> list[Any]:
    """A list that is known; else none."""
    return value if isinstance(value, list) else []


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects of such a list."""
    return [item for item in listed(value) if isinstance(item, dict)]


def by(change: Change) -> str:
    return f"replaced because of {', '.join(change.because)}" if change.action == "replaced" else "deleted"
