"""Which resource of an earlier version is the same one: by its URN, else by an alias, as the engine matches them.

Source: `generateAliases`, `collapseAliasToUrn` and `inheritedChildAlias` in pulumi's pkg/resource/deploy/step_generator.go.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from preview.resources import Evaluation, Resource

_ROOT = "pulumi:pulumi:Stack"


@dataclass(frozen=True)
class Urn:
    """A URN's parts; ``qualified`` is the type with those of its parents before it, `A$B$C`."""

    stack: str
    project: str
    qualified: str
    name: str

    @classmethod
    def of(cls, text: str) -> Urn:
        return cls(*text.removeprefix("urn:pulumi:").split("::", 3))

    @property
    def type(self) -> str:
        return self.qualified.rpartition("$")[2]

    def __str__(self) -> str:
        return f"urn:pulumi:{self.stack}::{self.project}::{self.qualified}::{self.name}"

    def child(self, type_: str, name: str) -> Urn:
        """A resource below this one; directly below the root stack it has no parent type."""
        qualified = type_ if self.qualified == _ROOT else f"{self.qualified}${type_}"
        return Urn(self.stack, self.project, qualified, name)


def former_resources(before: Evaluation, after: Evaluation) -> dict[str, Resource]:
    """The earlier resource of each later one that had one, by the later one's URN."""
    old = {resource.urn: resource for resource in before.resources}
    current = {resource.urn for resource in after.resources}
    used: dict[str, str] = {}  # the alias by which a resource was found, by its URN
    found: dict[str, Resource] = {}
    taken: set[str] = set()
    for resource in after.resources:
        for urn in (resource.urn, *map(str, _aliases(resource, used))):
            # The engine refuses an alias that another resource bears or has claimed.
            if urn in old and urn not in taken and (urn == resource.urn or urn not in current):
                found[resource.urn] = old[urn]
                taken.add(urn)
                if urn != resource.urn:
                    used[resource.urn] = urn
                break
    return found


def renamed(former: Mapping[str, Resource], after: Evaluation) -> dict[tuple[str, str], str]:
    """The later name of each resource that was called otherwise, by its earlier type and name."""
    later = {resource.urn: resource.name for resource in after.resources}
    return {(old.type, old.name): later[urn] for urn, old in former.items() if later[urn] != old.name}


def _aliases(resource: Resource, used: Mapping[str, str]) -> Iterator[Urn]:
    own = [_collapsed(alias, resource, used) for alias in resource.options["aliases"]]
    yield from own
    if resource.parent in used:
        was, parent = Urn.of(used[resource.parent]), Urn.of(resource.parent).name
        urn = Urn.of(resource.urn)
        for child in (urn, *own):
            # A name that begins with its parent's follows it, by the convention `{name}-detail`.
            rest = child.name.removeprefix(parent)
            name = child.name if rest == child.name else was.name + rest
            here = Urn(urn.stack, urn.project, was.qualified, was.name)
            yield here.child(child.type, name)


def _collapsed(alias: Mapping[str, Any], resource: Resource, used: Mapping[str, str]) -> Urn:
    if alias.get("urn"):
        return Urn.of(alias["urn"])
    spec = alias.get("spec", {})
    own = Urn.of(resource.urn)
    # An empty text says nothing, as an absent one does.
    parent = spec.get("parentUrn") or ""
    parent = used.get(parent, parent) if parent else resource.parent
    name, type_ = spec.get("name") or resource.name, spec.get("type") or resource.type
    stack, project = spec.get("stack") or own.stack, spec.get("project") or own.project
    if spec.get("noParent") or not parent:
        return Urn(stack, project, type_, name)
    whole = Urn.of(parent)
    # Below a parent the stack and project are the parent's, whatever the alias says.
    child = whole.child(type_, name)
    return Urn(stack, project, type_, name) if whole.qualified == _ROOT else child
