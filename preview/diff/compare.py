"""What becomes of each resource when one version of a stack follows another."""

from __future__ import annotations

import dataclasses
import graphlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from preview.aliases import former_resources, renamed
from preview.changes import Action, Change, Difference
from preview.diff.differences import differences
from preview.diff.leaves import MovedOn, holds_secret, marks_that_differ, value_at
from preview.diff.lines import as_lines, compact, diff_lines, lists_whole, user_data_lines
from preview.diff.options import option_differences
from preview.diff.providers import Providers, regional
from preview.property_paths import top
from preview.resource_types import type_names
from preview.resource_types.record import covers
from preview.resource_types.registry import record_of
from preview.resources import MASK, Evaluation, Resource, Secret, bare, mask


class Steps:
    """The steps from one version to the other: ``changes``, in the order of the later one, what is deleted at the end."""

    def __init__(self, before: Evaluation, after: Evaluation) -> None:
        self._before, self._after = before, after
        self._former = former_resources(before, after)
        self._renamed = {old: new for (_, old), new in renamed(self._former, after).items()}
        self._moved = MovedOn(after.probes)
        self.providers = Providers(before, after)
        old = {r.urn: r for r in before.resources if r.options["custom"]}
        new = {r.urn: r for r in after.resources if r.options["custom"]}
        self.found: dict[str, Change] = {}
        for urn in _dependencies_first(new):
            self.found[urn] = self._step(new[urn])
        stays = {resource.urn for resource in self._former.values()}
        deleted = [
            Change(urn=r.urn, type=r.type, name=r.name, action="deleted", before=r, after=None)
            for urn, r in old.items()
            if urn not in stays
        ]
        self.changes = [*(self.found[urn] for urn in new), *deleted]

    def _step(self, new: Resource) -> Change:
        old = self._former.get(new.urn)
        base: dict[str, Any] = {
            "urn": new.urn,
            "type": new.type,
            "name": new.name,
            "before": old,
            "after": new,
        }
        if old is None:
            return Change(**base, action="created")
        record = record_of(new.type)
        listed: list[Difference] = []
        ignored: list[Difference] = []
        for leaf, another in self._leaves(old, new).items():
            difference = self._difference(leaf, old, new, another)
            kept = any(covers(path, leaf) for path in new.options["ignoreChanges"])
            (ignored if kept else listed).append(difference)
        listed = lists_whole(listed, old, new, record.is_set)
        listed += option_differences(old, new, self._former_parent(new))
        move = self.providers.move(old, new)
        if move and not (new.type.startswith("pulumi:providers:")):
            for difference in move.differences:
                if difference.path == "provider.region":
                    listed += [dataclasses.replace(difference, path="region")] if regional(new) else []
                else:
                    listed.append(difference)
        listed.sort(key=lambda difference: difference.path)
        ignored.sort(key=lambda difference: difference.path)
        return Change(
            **base,
            action=_action(new, listed, move.reach if move else "here"),
            differences=tuple(listed),
            ignored=tuple(ignored),
        )

    def _former_parent(self, new: Resource) -> str:
        former = self._former.get(new.parent)
        return former.urn if former else new.parent

    def _leaves(self, old: Resource, new: Resource) -> dict[str, bool]:
        """Each leaf that differs, and whether by a value that no reader sees: it reads the same."""
        record = record_of(new.type)

        def is_set(path: str, _items: list[Any]) -> bool:
            return record.is_set(path)

        shown = dict.fromkeys(differences(self._as_now(bare(old.raw)), bare(new.raw), is_set=is_set), False)
        marks = dict.fromkeys(marks_that_differ(old.raw, new.raw), False)
        if old.probed is None or new.probed is None:
            hidden: dict[str, bool] = {}
        else:
            hidden = dict.fromkeys(differences(bare(old.probed), bare(new.probed), is_set=is_set), True)
            if self._renamed:
                # Placeholders packed in a text have the former names; the values under them tell whether they differ.
                shown = {leaf: False for leaf in shown if leaf in hidden or not _packed(new, leaf)}
        moved = self._moved.leaves(new.raw, new.probed, "", lambda leaf: self._sources(new, leaf))
        return {**hidden, **dict.fromkeys(moved, True), **marks, **shown}

    def _sources(self, resource: Resource, leaf: str) -> list[Change]:
        reads = resource.options["propertyDependencies"].get(top(leaf), ())
        return [self.found[urn] for urn in reads if urn in self.found]

    def _as_now(self, value: Any) -> Any:
        """The earlier value with the placeholders of renamed resources under their later names."""
        if not self._renamed:
            return value
        if isinstance(value, dict):
            return {key: self._as_now(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._as_now(item) for item in value]
        if isinstance(value, str) and "«" in value:
            for old, new in self._renamed.items():
                value = value.replace(f"«{old}.", f"«{new}.")
        return value

    def _difference(self, leaf: str, old: Resource, new: Resource, another: bool) -> Difference:
        was, now = value_at(old.raw, leaf), value_at(new.raw, leaf)
        left, right = mask(was), mask(now)
        lines: tuple[str, ...] = ()
        if leaf == "userData":
            lines = user_data_lines(old, new, self._before, self._after)
            left = right = "cloud-init"
        elif isinstance(left, str) and isinstance(right, str) and MASK not in (left, right):
            lines = diff_lines(as_lines(left), as_lines(right))
        elif record_of(new.type).is_set(leaf) and isinstance(left, list) and isinstance(right, list):
            lines = diff_lines(*(sorted(compact(item) for item in items) for items in (left, right)))
        if left == right and (another or MASK in (left, right)):
            right = f"{right} (another)" if leaf != "userData" or another else right
        return Difference(
            path=leaf,
            before=left,
            after=right,
            lines=lines,
            replaces=_replacing(new, leaf),
            secret_before=holds_secret(was),
            secret_after=holds_secret(now),
        )


def _packed(resource: Resource, leaf: str) -> bool:
    value = value_at(resource.raw, leaf)
    return isinstance(value, Secret | str) and "«" not in str(bare(value))


def steps(before: Evaluation, after: Evaluation) -> list[Change]:
    """The changes alone; see `Steps`."""
    return Steps(before, after).changes


def _dependencies_first(resources: Mapping[str, Resource]) -> Iterator[str]:
    graph = {
        urn: [d for d in resource.options["dependsOn"] if d in resources]
        for urn, resource in resources.items()
    }
    return iter(graphlib.TopologicalSorter(graph).static_order())


def _action(resource: Resource, found: Sequence[Difference], reach: str) -> Action:
    if not found:
        return "unchanged"
    if any(difference.replaces for difference in found):
        # The group is created again before the old one goes; see components/host.py.
        rolls = (
            resource.type == type_names.AUTO_SCALING_GROUP
            and "name" not in resource.inputs
            and not resource.options["deleteBeforeReplace"]
        )
        elsewhere = any(d.path == "region" or d.path.startswith("provider.") for d in found)
        return "rolling" if rolls and not elsewhere else "replaced"
    if reach == "perhaps elsewhere":
        return "unknown"
    effects = [record_of(resource.type).effect(d.path) for d in found if d.about_input]
    return "updated" if all(effects) else "unknown"


def _replacing(resource: Resource, leaf: str) -> bool:
    forced = [path for path in resource.options["replaceOnChanges"] if not path.startswith("#")]
    return record_of(resource.type).effect(leaf) == "replaces" or any(covers(path, leaf) for path in forced)
