"""The engine's resources, as a policy pack sees them, in the form that the posture's checks read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pulumi_policy import PolicyResource
from pulumi_policy import Secret as PolicySecret
from pulumi_policy.proxy import _is_unknown

from preview.resources import Resource, Secret, mask


class Unknown:
    """A value that the engine will know after the update."""


class Inputs:
    """Inputs by URN, secrets marked, as the engine handed them over before the stack was judged."""

    def __init__(self) -> None:
        self._seen: dict[str, dict[str, Any]] = {}

    def remember(self, urn: str, props: Any) -> None:
        self._seen[urn] = plain(props)

    def of(self, resource: PolicyResource) -> dict[str, Any]:
        """What the program gave; where that was not seen, what the engine has as outputs."""
        found = self._seen.get(resource.urn)
        return found if found is not None else plain(resource.props)


def plain(value: Any) -> Any:
    """Plain data out of the policy SDK's proxies, which raise at every unknown value."""
    if isinstance(value, PolicySecret):
        return Secret(plain(value.value))
    if isinstance(value, Mapping | Sequence) and not isinstance(value, str | bytes | dict | list | tuple):
        value = value["__target"]  # type: ignore[call-overload]  # how the SDK's proxies give away what they hold
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items() if key != "__defaults"}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if _is_unknown(value):
        return Unknown()
    return int(value) if isinstance(value, float) and value.is_integer() else value


def to_resources(resources: Iterable[PolicyResource], inputs: Inputs) -> list[Resource]:
    """Unknown values and the ids of the stack's own resources read `«NAME.id»`, as in an evaluation without the engine."""
    everything = [resource for resource in resources if not resource.resource_type.startswith("pulumi:")]
    ids: dict[Any, str] = {}
    for resource in everything:
        known = plain(resource.props).get("id")
        if isinstance(known, str) and known:
            ids.setdefault(known, f"«{resource.name}.id»")
    return [_resource(resource, inputs.of(resource), ids) for resource in everything]


def _resource(resource: PolicyResource, given: dict[str, Any], ids: Mapping[Any, str]) -> Resource:
    raw = {}
    for key, value in given.items():
        sources = [f"«{source.name}.id»" for source in resource.property_dependencies.get(key, ())]
        raw[key] = _named(value, sources, ids, key)
    options = resource.opts
    return Resource(
        urn=resource.urn,
        type=resource.resource_type,
        name=resource.name,
        parent=resource.parent.urn if resource.parent else "",
        inputs=mask(raw),
        raw=raw,
        options={
            "protect": options.protect,
            "ignoreChanges": list(options.ignore_changes),
            "deleteBeforeReplace": bool(options.delete_before_replace),
            "additionalSecretOutputs": list(options.additional_secret_outputs),
            "custom": not resource.resource_type.startswith("drawbridge:"),
        },
    )


_REFERENCE = re.compile(r"(^id|I[Dd]s?|^securityGroups|^vpcZoneIdentifiers)$")
"""Properties that hold ids."""


def _named(value: Any, sources: list[str], ids: Mapping[Any, str], key: str = "") -> Any:
    """An unknown value takes the next resource that its property depends on, and the last one stays for more. So does a known
    id, where its owner does not say its own."""
    if isinstance(value, Secret):
        return Secret(_without_unknown(value.value))
    if isinstance(value, dict):
        return {name: _named(item, sources, ids, name) for name, item in value.items()}
    if isinstance(value, list):
        return [_named(item, sources, ids, key) for item in value]
    if isinstance(value, str) and value in ids:
        return ids[value]
    if isinstance(value, Unknown) or (isinstance(value, str) and _REFERENCE.search(key)):
        if sources:
            return sources.pop(0) if len(sources) > 1 else sources[0]
        return "«unknown»" if isinstance(value, Unknown) else value
    return value


def _without_unknown(value: Any) -> Any:
    """Inside a secret nothing is named: what is secret there must not make the name of a resource secret everywhere."""
    if isinstance(value, dict):
        return {key: _without_unknown(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_unknown(item) for item in value]
    return None if isinstance(value, Unknown) else value
