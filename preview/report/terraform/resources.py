"""The resources of one evaluation as Terraform shows them: addresses, planned values, configuration."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from preview.diff.leaves import unpacked
from preview.evaluate.declared_types import nested_class, nested_types, optional_properties, property_types
from preview.report.terraform.names import (
    PROVIDERS,
    attribute_name,
    has_blocks,
    is_cloud,
    package_of,
    terraform_type,
)
from preview.report.terraform.values import PLACEHOLDER, Value, converted, texts
from preview.resource_types.registry import record_of
from preview.resources import Evaluation, Resource


class Resources:
    """The resources of one evaluation with their addresses."""

    def __init__(self, evaluation: Evaluation) -> None:
        self.all = [r for r in evaluation.resources if is_cloud(r) and terraform_type(r.type)]
        self.by_urn = {r.urn: r for r in self.all}
        self.tags = json.loads(evaluation.config.get("aws:defaultTags") or "{}").get("tags", {})
        prefix = f"{evaluation.project}-{evaluation.stack}-"
        self.names: dict[str, str] = {}
        taken: set[tuple[str, str]] = set()
        for resource in self.all:
            name = re.sub(r"\W", "_", resource.name.removeprefix(prefix).replace("-", "_"))
            name = name if re.match(r"[A-Za-z_]", name) else f"_{name}"
            while (resource.type, name) in taken:
                name += "_"
            taken.add((resource.type, name))
            self.names[resource.urn] = name
        self._values: dict[str, Value] = {}
        self._by_name: dict[str, list[Resource]] = {}
        for resource in self.all:
            self._by_name.setdefault(resource.name, []).append(resource)

    def address(self, resource: Resource) -> str:
        return f"{terraform_type(resource.type)}.{self.names[resource.urn]}"

    def planned(self, resource: Resource) -> dict[str, Any]:
        value = self.value(resource)
        return {
            **self.identity(resource),
            "schema_version": 0,
            "values": value.after,
            "sensitive_values": value.secret or {},
        }

    def identity(self, resource: Resource) -> dict[str, Any]:
        return {
            "address": self.address(resource),
            "mode": "managed",
            "type": terraform_type(resource.type),
            "name": self.names[resource.urn],
            "provider_name": PROVIDERS[package_of(resource)],
        }

    def configured(self, resource: Resource) -> dict[str, Any]:
        declared, renamed = property_types(resource.type), record_of(resource.type).renamed
        expressions = {
            attribute_name(key, renamed): self._expression(value, resource, declared.get(key), renamed)
            for key, value in resource.raw.items()
        }
        result = self.identity(resource)
        del result["provider_name"]
        return {
            **result,
            "provider_config_key": package_of(resource),
            "expressions": expressions,
            "schema_version": 0,
        }

    def _read(self, resource: Resource) -> Value:
        declared, renamed = property_types(resource.type), record_of(resource.type).renamed
        after: dict[str, Any] = {}
        unknown: dict[str, Any] = {}
        secret: dict[str, Any] = {}
        optional = optional_properties(resource.type)
        for key in declared:
            if key not in resource.raw:
                name = attribute_name(key, renamed)
                if key in optional:
                    after[name] = None
                else:
                    unknown[name] = True
        unknown["id"] = True
        for key in resource.options.get("additionalSecretOutputs", ()):
            secret[attribute_name(key, renamed)] = True
        for key, raw in resource.raw.items():
            name = attribute_name(key, renamed)
            value = converted(raw, declared.get(key), renamed, has_blocks(resource), name)
            if value.unknown is not True:
                after[name] = value.after
            if value.unknown:
                unknown[name] = value.unknown
            if value.secret:
                secret[name] = value.secret
        if "tagsAll" in declared:
            unknown.pop("tags_all", None)
            after["tags_all"] = {**self.tags, **(after.get("tags") or {})}
        return Value(dict(sorted(after.items())), dict(sorted(unknown.items())), dict(sorted(secret.items())))

    def value(self, resource: Resource) -> Value:
        """Its attributes, read once."""
        if resource.urn not in self._values:
            self._values[resource.urn] = self._read(resource)
        return self._values[resource.urn]

    def _expression(self, raw: Any, owner: Resource, kind: Any, renamed: Mapping[str, str]) -> Any:
        nested = nested_class(kind)
        items = raw if isinstance(raw, list) else [raw]
        if nested and has_blocks(owner) and all(isinstance(item, dict) for item in items):
            declared = nested_types(nested)
            return [
                {
                    attribute_name(key, renamed): self._expression(value, owner, declared.get(key), renamed)
                    for key, value in item.items()
                }
                for item in items
            ]
        found = list(dict.fromkeys(self._references(raw, owner)))
        if found:
            return {"references": found}
        value = converted(raw, kind, renamed, blocks=False)
        return {} if value.unknown or value.secret else {"constant_value": value.after}

    def _references(self, raw: Any, owner: Resource) -> Iterator[str]:
        for text in texts(raw):
            for label in PLACEHOLDER.findall(unpacked(text)):
                name, _, prop = _split(label, self._by_name)
                target = self._target(name, owner)
                if target:
                    renamed = record_of(target.type).renamed
                    path = re.sub(r"\w+", lambda match, names=renamed: attribute_name(match[0], names), prop)  # type: ignore[misc]
                    yield f"{self.address(target)}.{path}"
                    yield self.address(target)

    def _target(self, name: str, owner: Resource) -> Resource | None:
        """Several resources may share a name; the owner depends on the one that is meant."""
        candidates = self._by_name.get(name, [])
        wanted = set(owner.options.get("dependsOn", ()))
        return next(
            (r for r in candidates if r.urn in wanted), next((r for r in candidates if r is not owner), None)
        )


def _split(label: str, names: Mapping[str, Any]) -> tuple[str, str, str]:
    """`NAME.property` where NAME may have dots of its own (hostnames have)."""
    for position, character in enumerate(label):
        if character == "." and label[:position] in names:
            return label[:position], ".", label[position + 1 :]
    return label.rpartition(".")
