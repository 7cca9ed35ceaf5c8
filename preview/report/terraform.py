"""The evaluation as `terraform show -json PLAN` would give it, for the tools of that world: checkov, conftest, infracost.

Names of types and attributes are Terraform's (hashicorp/aws 5 and 6, cloudflare/cloudflare 5, hashicorp/random 3), from which
the Pulumi providers are bridged: snake case, lists in the singular where Terraform has them so (`ResourceType.renamed`), and
a list of one where Terraform has a block. Three things differ from a plan of Terraform's own, each on purpose:

- All resources stand in the root module: a reference between modules goes through variables, which graph checks lose.
- A secret's value is masked; Terraform marks it in `after_sensitive` and prints it all the same.
- An IAM policy with an unknown ARN in it is shown with a placeholder; Terraform would call the whole document unknown.
"""

from __future__ import annotations

import functools
import importlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from pulumi import _types

from preview.changes import Change, Comparison
from preview.diff.differences import top
from preview.diff.leaves import unpacked
from preview.resource_types.registry import record_of
from preview.resources import MASK, Evaluation, Resource, Secret

FORMAT_VERSION = "1.2"
TERRAFORM_VERSION = "1.11.4"
"""Of the Terraform whose form this is."""

PROVIDERS = {
    "aws": "registry.terraform.io/hashicorp/aws",
    "cloudflare": "registry.terraform.io/cloudflare/cloudflare",
    "random": "registry.terraform.io/hashicorp/random",
}

DOCUMENTS = {"policy", "assume_role_policy"}
_PLACEHOLDER = re.compile(r"«([^«»]*)»")


def to_terraform(evaluation: Evaluation, comparison: Comparison | None = None) -> str:
    """The plan as JSON. With a comparison, what changes by it; without one, everything is created."""
    return json.dumps(plan(evaluation, comparison), ensure_ascii=False, indent=1) + "\n"


def plan(evaluation: Evaluation, comparison: Comparison | None = None) -> dict[str, Any]:
    """The plan's document, ready for json.dumps."""
    scope = _Scope(evaluation)
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
        old = _Scope(comparison.before)
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
    return sorted({r.type for r in evaluation.resources if _is_cloud(r) and terraform_type(r.type) is None})


def terraform_type(token: str) -> str | None:
    """`aws:ec2/vpc:Vpc` is aws_vpc; None for what is not known."""
    package, _, rest = token.partition(":")
    name = _snake(rest.rpartition(":")[2])
    if package in ("cloudflare", "random"):
        return name if package == "random" else f"cloudflare_{name}"
    # AWS's names follow no rule that the SDK knows; Cloudflare's and random's do.
    return record_of(token).terraform or None


def _is_cloud(resource: Resource) -> bool:
    return resource.type.partition(":")[0] not in ("drawbridge", "pulumi")


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


@dataclass(frozen=True)
class _Value:
    """A value in three readings of one shape: what is known of it, what is not, and what is secret."""

    after: Any
    unknown: Any = False
    secret: Any = False


class _Scope:
    """The resources of one evaluation with their addresses."""

    def __init__(self, evaluation: Evaluation) -> None:
        self.all = [r for r in evaluation.resources if _is_cloud(r) and terraform_type(r.type)]
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
        self._values: dict[str, _Value] = {}
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
            "provider_name": PROVIDERS[resource.type.partition(":")[0]],
        }

    def configured(self, resource: Resource) -> dict[str, Any]:
        kinds, renamed = _kinds(resource.type), record_of(resource.type).renamed
        expressions = {
            _name(key, renamed): self._expression(value, resource, kinds.get(key), renamed)
            for key, value in resource.raw.items()
        }
        result = self.identity(resource)
        del result["provider_name"]
        return {
            **result,
            "provider_config_key": resource.type.partition(":")[0],
            "expressions": expressions,
            "schema_version": 0,
        }

    def _read(self, resource: Resource) -> _Value:
        kinds, renamed = _kinds(resource.type), record_of(resource.type).renamed
        after: dict[str, Any] = {}
        unknown: dict[str, Any] = {}
        secret: dict[str, Any] = {}
        optional = _optional(resource.type)
        for key in kinds:
            if key not in resource.raw:
                name = _name(key, renamed)
                if key in optional:
                    after[name] = None
                else:
                    unknown[name] = True
        unknown["id"] = True
        for key in resource.options.get("additionalSecretOutputs", ()):
            secret[_name(key, renamed)] = True
        for key, raw in resource.raw.items():
            name = _name(key, renamed)
            value = self._value(raw, kinds.get(key), renamed, _blocks(resource), name)
            if value.unknown is not True:
                after[name] = value.after
            if value.unknown:
                unknown[name] = value.unknown
            if value.secret:
                secret[name] = value.secret
        if "tagsAll" in kinds:
            unknown.pop("tags_all", None)
            after["tags_all"] = {**self.tags, **(after.get("tags") or {})}
        return _Value(
            dict(sorted(after.items())), dict(sorted(unknown.items())), dict(sorted(secret.items()))
        )

    def value(self, resource: Resource) -> _Value:
        """Its attributes, read once."""
        if resource.urn not in self._values:
            self._values[resource.urn] = self._read(resource)
        return self._values[resource.urn]

    def _value(self, raw: Any, kind: Any, renamed: Mapping[str, str], blocks: bool, name: str = "") -> _Value:
        if isinstance(raw, Secret):
            inner = self._value(raw.value, kind, renamed, blocks)
            return (
                _Value(MASK, inner.unknown, True)
                if inner.unknown is True
                else _Value(_masked(inner.after), False, True)
            )
        if isinstance(raw, dict):
            nested = _nested(kind)
            kinds = _types.output_type_types(nested) if nested else {}
            labels = {key: _name(key, renamed) if nested else key for key in raw}
            parts = {
                labels[key]: self._value(item, kinds.get(key), renamed, blocks) for key, item in raw.items()
            }
            whole = _Value(
                {key: part.after for key, part in parts.items() if part.unknown is not True},
                {key: part.unknown for key, part in parts.items() if part.unknown} or False,
                {key: part.secret for key, part in parts.items() if part.secret} or False,
            )
            return _as_block(whole) if nested and blocks and not _is_list(kind) else whole
        if isinstance(raw, list):
            items = [self._value(item, kind, renamed, blocks) for item in raw]
            if items and all(item.unknown is True for item in items):
                return _Value(None, True, any(item.secret for item in items))
            return _Value(
                [None if item.unknown is True else item.after for item in items],
                [item.unknown or _empty(item.after) for item in items]
                if any(item.unknown for item in items)
                else False,
                [item.secret or _empty(item.after) for item in items]
                if any(item.secret for item in items)
                else False,
            )
        if isinstance(raw, str) and self._is_unknown(raw) and name not in DOCUMENTS:
            return _Value(None, True)
        return _Value(raw)

    def _is_unknown(self, text: str) -> bool:
        """Does it hold something that only a cloud can tell? A secret of the stack file is known, just not here."""
        return any(not name.startswith("secrets.") for name in _PLACEHOLDER.findall(unpacked(text)))

    def _expression(self, raw: Any, owner: Resource, kind: Any, renamed: Mapping[str, str]) -> Any:
        nested = _nested(kind)
        items = raw if isinstance(raw, list) else [raw]
        if nested and _blocks(owner) and all(isinstance(item, dict) for item in items):
            kinds = _types.output_type_types(nested)
            return [
                {
                    _name(key, renamed): self._expression(value, owner, kinds.get(key), renamed)
                    for key, value in item.items()
                }
                for item in items
            ]
        found = list(dict.fromkeys(self._references(raw, owner)))
        if found:
            return {"references": found}
        value = self._value(raw, kind, renamed, blocks=False)
        return {} if value.unknown or value.secret else {"constant_value": value.after}

    def _references(self, raw: Any, owner: Resource) -> Iterator[str]:
        for text in _texts(raw):
            for label in _PLACEHOLDER.findall(unpacked(text)):
                name, _, prop = _split(label, self._by_name)
                target = self._target(name, owner)
                if target:
                    renamed = record_of(target.type).renamed
                    path = re.sub(r"\w+", lambda match, names=renamed: _name(match[0], names), prop)  # type: ignore[misc]
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


def _texts(raw: Any) -> Iterator[str]:
    if isinstance(raw, Secret):
        yield from _texts(raw.value)
    elif isinstance(raw, dict | list):
        for item in raw.values() if isinstance(raw, dict) else raw:
            yield from _texts(item)
    elif isinstance(raw, str):
        yield raw


def _masked(value: Any) -> Any:
    """The same shape with its leaves masked, so that a reader of the plan still finds its blocks."""
    if isinstance(value, dict):
        return {key: _masked(item) for key, item in value.items()}
    return [_masked(item) for item in value] if isinstance(value, list) else MASK


def _as_block(value: _Value) -> _Value:
    return _Value(
        [value.after], [value.unknown] if value.unknown else False, [value.secret] if value.secret else False
    )


def _empty(value: Any) -> Any:
    """What Terraform writes at the place of a list's element of which it has nothing to say."""
    return {} if isinstance(value, dict) else [] if isinstance(value, list) else False


def _name(key: str, renamed: Mapping[str, str]) -> str:
    return renamed.get(key) or _snake(key)


def _blocks(resource: Resource) -> bool:
    """Cloudflare's provider has nested attributes, which are plain objects; AWS's and random's have blocks."""
    return not resource.type.startswith("cloudflare:")


# --- what the SDK knows of a type -------------------------------------------------------------------------------------


@functools.cache
def _kinds(token: str) -> dict[str, Any]:
    """The declared types of a resource's properties by Pulumi's names; nothing for a class that the SDK does not have."""
    resource = _class(token)
    return dict(_types.resource_types(resource)) if resource else {}


@functools.cache
def _class(token: str) -> type | None:
    package, module, name = token.split(":")
    place = module.partition("/")[0]
    where = (
        f"pulumi_{package}"
        if place == "index"
        else f"pulumi_{package}.{'lambda_' if place == 'lambda' else place}"
    )
    try:
        found: type = getattr(importlib.import_module(where), name)
    except (ImportError, AttributeError):
        return None
    return found


@functools.cache
def _optional(token: str) -> frozenset[str]:
    """Properties that may be nothing at all; every other is filled in by the provider where the program leaves it out."""
    resource = _class(token)
    hints = _types._raw_return_hints(resource) if resource else {}
    return frozenset(
        name for name, hint in hints.items() if type(None) in get_args(next(iter(get_args(hint)), None))
    )


def _bare(kind: Any) -> Any:
    return _types.unwrap_optional_type(kind) if kind is not None else None


def _is_list(kind: Any) -> bool:
    return str(getattr(_bare(kind), "__origin__", None)).endswith(("Sequence'>", "list'>"))


def _element(kind: Any) -> Any:
    arguments = getattr(_bare(kind), "__args__", ())
    return arguments[0] if _is_list(kind) and arguments else kind


def _nested(kind: Any) -> Any:
    """The class of a nested object, itself or as a list's element; None for a mapping of names and for plain values."""
    inner = _bare(_element(kind))
    return inner if isinstance(inner, type) and _types.is_output_type(inner) else None


# --- changes, outputs, providers --------------------------------------------------------------------------------------


def _changes(scope: _Scope, comparison: Comparison | None) -> list[dict[str, Any]]:
    if comparison is None:
        changes = [
            {**scope.identity(resource), "change": _created(scope.value(resource))} for resource in scope.all
        ]
    else:
        old = _Scope(comparison.before)
        changes = [
            {
                **(scope if step.after else old).identity(_resource(step)),
                "change": _change(step, scope, old),
            }
            for step in comparison.changes
            if terraform_type(step.type)
        ]
    return sorted(changes, key=lambda change: str(change["address"]))


def _created(value: _Value) -> dict[str, Any]:
    return {
        "actions": ["create"],
        "before": None,
        "after": value.after,
        "after_unknown": value.unknown or {},
        "before_sensitive": False,
        "after_sensitive": value.secret or {},
    }


def _change(step: Change, scope: _Scope, old: _Scope) -> dict[str, Any]:
    """What the comparison says of a resource, in Terraform's words. Its ``unknown`` is an update whose effect is not known."""
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
    touched = dict.fromkeys(_name(top(difference.path), names) for difference in step.differences)
    if step.action in ("replaced", "rolling"):
        first = (
            ["delete", "create"] if step.after.options.get("deleteBeforeReplace") else ["create", "delete"]
        )
        return {**change, "actions": first, "replace_paths": [[_name(name, names)] for name in step.because]}
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
        secret = isinstance(raw, Secret) or MASK in list(_texts(evaluation.outputs.get(name)))
        value = evaluation.outputs.get(name)
        known = not any(_PLACEHOLDER.search(text) for text in _texts(value))
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


def _providers(evaluation: Evaluation, scope: _Scope) -> dict[str, Any]:
    used: Iterable[str] = sorted({resource.type.partition(":")[0] for resource in scope.all})
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
