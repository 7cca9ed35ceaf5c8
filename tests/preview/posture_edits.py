"""Changes of a good stack, as functions over its resources, for the tests of the posture."""

from __future__ import annotations

import base64
import copy
import dataclasses
import gzip
import json
from collections.abc import Callable
from typing import Any

import yaml

from preview.resource_types import type_names as types
from preview.resources import Resource, Secret, mask

Resources = list[Resource]
Change = Callable[[Resources], Resources]
P = "drawbridge-prod"
GONE = object()


def edit(kind: str, path: str, value: Any, name: str = "") -> Change:
    """Set one place (`a.0.b`) in the inputs of the first resource of a type whose name ends so; `options.x` sets an option."""

    def apply(resources: Resources) -> Resources:
        index = next(i for i, r in enumerate(resources) if r.type == kind and r.name.endswith(name))
        subject = resources[index]
        steps = [int(step) if step.isdigit() else step for step in path.split(".")]
        root: dict[str, Any] = copy.deepcopy(subject.options if steps[0] == "options" else subject.raw)
        *way, last = steps[1:] if steps[0] == "options" else steps
        place: Any = root
        for step in way:
            place = place[step] if not isinstance(place, dict) else place.setdefault(step, {})
        if value is GONE:
            del place[last]
        else:
            place[last] = value
        changed = {"options": root} if steps[0] == "options" else {"raw": root, "inputs": mask(root)}
        return [*resources[:index], dataclasses.replace(subject, **changed), *resources[index + 1 :]]

    return apply


def drop(kind: str) -> Change:
    return lambda resources: [r for r in resources if r.type != kind]


def add(kind: str, name: str, /, **inputs: Any) -> Change:
    def apply(resources: Resources) -> Resources:
        urn = f"urn:pulumi:prod::drawbridge::{kind}::{P}-{name}"
        return [
            *resources,
            Resource(
                urn,
                kind,
                f"{P}-{name}",
                resources[0].urn,
                mask(inputs),
                inputs,
                {"custom": not kind.startswith("drawbridge:")},
            ),
        ]

    return apply


def written(old: str, new: str) -> Change:
    """Replace a text in the machines' user data."""

    def apply(resources: Resources) -> Resources:
        (template,) = [r for r in resources if r.type == types.LAUNCH_TEMPLATE]
        value = template.raw["userData"]
        text = gzip.decompress(base64.b64decode(value.value if isinstance(value, Secret) else value)).decode()
        assert old in text
        encoded = base64.b64encode(gzip.compress(text.replace(old, new).encode())).decode()
        return edit(types.LAUNCH_TEMPLATE, "userData", encoded)(resources)

    return apply


def both(*changes: Change) -> Change:
    def apply(resources: Resources) -> Resources:
        for change in changes:
            resources = change(resources)
        return resources

    return apply


def policy(statement: dict[str, Any]) -> str:
    return json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Sid": "Mine", "Effect": "Allow", **statement}]}
    )


USERS, ADMINS = f"{P}-access-policy-users", f"{P}-access-policy-admins"
WORKLOAD, SSH = f"«{P}-network-workload.id»", f"«{P}-network-ssh.id»"
INGRESS, TEMPLATE, DATABASE = f"{P}-tunnel-ingress", f"{P}-host-template", f"{P}-database-postgres"


def service(**settings: Any) -> Change:
    """Give the service `backend` of the compose file more settings, and the file more top-level keys (`top`)."""

    def apply(resources: Resources) -> Resources:
        (template,) = [r for r in resources if r.type == types.LAUNCH_TEMPLATE]
        value = template.raw["userData"]
        text = gzip.decompress(base64.b64decode(value.value if isinstance(value, Secret) else value)).decode()
        document = yaml.safe_load(text)
        (file,) = [f for f in document["write_files"] if f["path"].endswith("/compose.yaml")]
        compose = yaml.safe_load(file["content"])
        for key, item in settings.pop("top", {}).items():
            compose[key] = {**(compose.get(key) or {}), **item}
        compose["services"]["backend"] |= settings
        file["content"] = yaml.safe_dump(compose)
        text = "#cloud-config\n" + yaml.safe_dump(document)
        encoded = base64.b64encode(gzip.compress(text.encode())).decode()
        return edit(types.LAUNCH_TEMPLATE, "userData", encoded)(resources)

    return apply
