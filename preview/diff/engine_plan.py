"""The engine's own plan, `pulumi preview --json --show-sames`, read as a comparison's steps are.

The plan decides what happens to each resource and which inputs differ. Its ids are read as this package's placeholders
(`«name.id»`), so that who reaches what before and after is known by the same means.
"""

from __future__ import annotations

import copy
import json
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from model.naming import host_of_template
from preview.changes import Action, Change, Difference, StackChange
from preview.diff import providers
from preview.diff.differences import differences
from preview.diff.leaves import holds_secret, unpacked
from preview.diff.lines import as_lines, diff_lines, lists_whole
from preview.diff.options import option_differences
from preview.diff.planned_outputs import planned_outputs
from preview.property_paths import top
from preview.resource_types.registry import record_of
from preview.resources import MASK, UNKNOWN, Evaluation, Resource, Secret, bare, mask

_ACTIONS = {
    "same": "unchanged",
    "create": "created",
    "import": "created",
    "update": "updated",
    "replace": "replaced",
    "delete": "deleted",
}
_OTHERS = (
    "create-replacement",
    "delete-replaced",
    "discard-replaced",
    "remove-pending-replace",
    "read",
    "read-replacement",
    "refresh",
)


class PlanError(ValueError):
    """The file is no whole plan of this stack; the text says what to run."""


@dataclass(frozen=True, kw_only=True)
class PlannedChanges:
    """What a plan says. ``before`` is the stack as the plan found it; ``errors`` are those of the preview that made the plan."""

    before: Evaluation
    changes: tuple[Change, ...]
    stack_changes: tuple[StackChange, ...]
    errors: tuple[str, ...]


def read_plan(file: str, after: Evaluation) -> PlannedChanges:
    """The changes that a plan's file (`-`: standard input) describes; ``after`` is the program as it is now.

    A plan whose own preview failed is read as far as it goes. Raises PlanError.
    """
    plan = _load(file)
    steps = {step["urn"]: step for step in plan["steps"] if step["op"] not in _OTHERS and _custom(step)}
    errors = tuple(
        str(d.get("message", "")).strip()
        for d in plan.get("diagnostics") or []
        if d.get("severity") == "error"
    )
    listed = sum(1 for step in plan["steps"] if step["op"] == "same")
    if listed < int((plan.get("changeSummary") or {}).get("same", 0)):
        raise PlanError(
            f"{file}: expected a plan with what stays the same, found changes alone; make it with {_COMMAND}"
        )
    ours = {
        resource.urn: resource
        for resource in after.resources
        if resource.options["custom"] and not resource.type.startswith("pulumi:")
    }
    planned = {urn for urn, step in steps.items() if step["op"] != "delete"}
    strangers = sorted(planned - set(ours) if errors else planned ^ set(ours))
    if strangers:
        raise PlanError(
            f"{file}: expected a plan of this stack and version, found {strangers[0].rpartition('::')[2]}, which is not in both; "
            "run `pulumi preview` again"
        )
    names = _names(plan["steps"])
    changes: list[Change] = []
    before: list[Resource] = [resource for resource in after.resources if not resource.options["custom"]]
    for urn, resource in ours.items():
        change = _change(steps[urn], resource, names) if urn in steps else _same({}, resource)
        changes.append(change)
        before += [change.before] if change.before else []
    for urn, step in steps.items():
        if step["op"] == "delete":
            gone = _gone(step, names)
            before.append(gone)
            changes.append(
                Change(urn=urn, type=gone.type, name=gone.name, action="deleted", before=gone, after=None)
            )
    outputs = planned_outputs(plan["steps"], after)
    earlier = replace(
        after,
        resources=tuple(before),
        user_data=_user_data(steps, after),
        raw_outputs=outputs,
        outputs=mask(outputs),
        config=_config(after),
    )
    return PlannedChanges(
        before=earlier,
        changes=tuple(changes),
        stack_changes=tuple(providers.planned(plan["steps"])),
        errors=errors,
    )


_COMMAND = "`pulumi preview --json --show-sames`"


def _load(file: str) -> dict[str, Any]:
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
        # The CLI may print warnings before its JSON.
        plan = json.loads(text[max(text.find("{"), 0) :])
    except (OSError, UnicodeDecodeError) as error:
        raise PlanError(
            f"{file}: file cannot be read: {getattr(error, 'strerror', None) or error}; give --engine the output of {_COMMAND}"
        ) from None
    except ValueError as error:
        raise PlanError(f"{file}: not valid JSON: {error}; give --engine the output of {_COMMAND}") from None
    if not isinstance(plan, dict) or not isinstance(plan.get("steps"), list):
        if isinstance(plan, dict) and plan.get("diagnostics"):
            raise PlanError(
                f"{file}: the preview failed before it had a plan: {plan['diagnostics'][0].get('message', '').strip()}"
            )
        raise PlanError(f"{file} steps: required key is missing; give --engine the output of {_COMMAND}")
    return plan


def _custom(step: Mapping[str, Any]) -> bool:
    state = step.get("newState") or step.get("oldState") or {}
    return bool(state.get("custom")) and not str(state.get("type", "")).startswith("pulumi:")


def _names(steps: list[dict[str, Any]]) -> dict[str, str]:
    """Real ids, audiences and ARNs, each with the placeholder that stands for it here."""
    found: dict[str, str] = {}
    for step in steps:
        state = step.get("oldState") or {}
        name = step["urn"].rpartition("::")[2]
        for output, value in (("id", state.get("id")), ("aud", (state.get("outputs") or {}).get("aud"))):
            if isinstance(value, str) and len(value) > 8 and value != MASK:
                # A tunnel's configuration has the tunnel's id: the first to bear it made it.
                found.setdefault(value, f"«{name}.{output}»")
        for path, value in _arns(state.get("outputs") or {}):
            found.setdefault(value, f"«{name}.{path}»")
    return found


def _arns(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _arns(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _arns(item, f"{path}[{index}]")
    elif isinstance(value, str) and value.startswith("arn:"):
        yield path, value


def _placed(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        # What the provider named by itself is none of the program's inputs.
        made = {"__defaults", *(value.get("__defaults") or [])}
        return {key: _placed(item, names) for key, item in sorted(value.items()) if key not in made}
    if isinstance(value, list):
        return [_placed(item, names) for item in value]
    if isinstance(value, str):
        if value == MASK:
            return Secret(MASK)
        if value == UNKNOWN:
            return "«unknown»"
        if value.startswith("{"):
            # A policy document: ARNs stand in it, the longest ones first because some begin like others.
            for real in sorted(names, key=len, reverse=True):
                value = value.replace(real, names[real]) if real.startswith("arn:") else value
            return value
        # Ids stand alone or before a dot, as in TUNNEL.cfargotunnel.com.
        head, dot, rest = value.partition(".")
        return names.get(value) or (names[head] + dot + rest if head in names else value)
    return value


def _same(step: Mapping[str, Any], resource: Resource) -> Change:
    """A resource whose inputs stay; the engine writes another option into its state without a step of its own."""
    former = _with_options(step, resource)
    found = tuple(option_differences(former, resource, former.parent))
    return Change(
        urn=resource.urn,
        type=resource.type,
        name=resource.name,
        action="updated" if found else "unchanged",
        before=former,
        after=resource,
        differences=found,
    )


def _with_options(step: Mapping[str, Any], resource: Resource) -> Resource:
    """The resource with those options of its former state that a plan tells of."""
    state = step.get("oldState")
    if not state:
        return resource
    options = {name: bool(state.get(name)) for name in ("protect", "retainOnDelete")}
    return replace(resource, options={**resource.options, **options})


def _change(step: Mapping[str, Any], resource: Resource, names: Mapping[str, str]) -> Change:
    action = cast(Action, _ACTIONS[step["op"]])
    base: dict[str, Any] = {
        "urn": resource.urn,
        "type": resource.type,
        "name": resource.name,
        "after": resource,
    }
    if action == "unchanged":
        return _same(step, resource)
    if action == "created":
        return Change(**base, action=action, before=None)
    states = step["oldState"], step["newState"]
    old, new = (_placed(state.get("inputs") or {}, names) for state in states)
    record = record_of(resource.type)
    found_leaves = differences(bare(old), bare(new), is_set=lambda path, _items: record.is_set(path))
    leaves = dict.fromkeys([*found_leaves, *_detailed(step)])
    raw = copy.deepcopy(resource.raw)
    replacing = set(step.get("replaceReasons") or [])
    found: list[Difference] = []
    for leaf in leaves:
        value = _get(old, leaf)
        _put(raw, leaf, value)
        lines: tuple[str, ...] = ()
        was, now = mask(value), mask(_get(resource.raw, leaf))
        if leaf == "userData":
            texts = [unpacked(str(bare(inputs).get("userData", ""))) for inputs in (old, new)]
            known = all(text.startswith("#cloud-config") for text in texts)
            lines = diff_lines(*(text.splitlines() for text in texts)) if known else ()
            was = now = "cloud-init"
        elif isinstance(was, str) and isinstance(now, str):
            lines = diff_lines(as_lines(was), as_lines(now)) if MASK not in (was, now) else ()
        if was == now and not lines:
            now = f"{now} (another)"
        found.append(
            Difference(
                path=leaf,
                before=was,
                after=now,
                lines=lines,
                replaces=top(leaf) in replacing,
                secret_before=holds_secret(value),
                secret_after=holds_secret(_get(resource.raw, leaf)),
            )
        )
    former = replace(_with_options(step, resource), raw=raw, inputs=mask(raw))
    if (
        action == "replaced"
        and resource.type.endswith(":Group")
        and "name" not in resource.inputs
        and "region" not in replacing
    ):
        action = "rolling"
    listed = lists_whole(found, former, resource, record.is_set)
    listed += option_differences(former, resource, former.parent)
    return Change(**base, action=action, before=former, differences=tuple(listed))


def _gone(step: Mapping[str, Any], names: Mapping[str, str]) -> Resource:
    state = step["oldState"]
    raw = _placed(state.get("inputs") or {}, names)
    options: dict[str, Any] = {
        "protect": bool(state.get("protect")),
        "ignoreChanges": [],
        "deleteBeforeReplace": False,
        "replaceOnChanges": [],
        "dependsOn": state.get("dependencies") or [],
        "propertyDependencies": state.get("propertyDependencies") or {},
        "retainOnDelete": bool(state.get("retainOnDelete")),
        "additionalSecretOutputs": [],
        "aliases": [],
        "customTimeouts": {},
        "provider": state.get("provider", ""),
        "custom": True,
    }
    name = step["urn"].rpartition("::")[2]
    return Resource(step["urn"], state["type"], name, state.get("parent", ""), mask(raw), raw, options)


def _detailed(step: Mapping[str, Any]) -> Iterator[str]:
    """Leaves that the provider names and whose values the plan hides."""
    for path, detail in (step.get("detailedDiff") or {}).items():
        if detail.get("inputDiff", True) and _get(step["newState"].get("inputs") or {}, path) in (
            MASK,
            UNKNOWN,
        ):
            yield path


def _steps_of(leaf: str) -> list[str | int]:
    return [
        int(index) if index else quoted or key
        for quoted, index, key in re.findall(r'\["([^"]*)"\]|\[(\d+)\]|([^.\[\]]+)', leaf)
    ]


def _get(value: Any, leaf: str) -> Any:
    for step in _steps_of(leaf):
        if isinstance(value, Secret):
            return value
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and step < len(value) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


def _put(value: Any, leaf: str, item: Any) -> None:
    """Set a leaf, or remove it where ``item`` is None. A secret on the way hides it: then the secret is another one."""
    *steps, last = _steps_of(leaf)
    for step in steps:
        value = value[step] if _has(value, step) else None
    if isinstance(value, list) and isinstance(last, int):
        if item is None:
            del value[last:]
        elif last < len(value):
            value[last] = item
        else:
            value.append(item)
    elif isinstance(value, dict) and isinstance(last, str):
        if item is None:
            value.pop(last, None)
        else:
            value[last] = item


def _has(value: Any, step: str | int) -> bool:
    if isinstance(value, list):
        return isinstance(step, int) and step < len(value)
    return isinstance(value, dict) and step in value


def _user_data(steps: Mapping[str, Mapping[str, Any]], after: Evaluation) -> dict[str, str]:
    """The machines' earlier cloud-init, where the plan shows it; else the present one, which then tells of no difference."""
    texts = dict(after.user_data)
    for urn, step in steps.items():
        text = unpacked(str(((step.get("oldState") or {}).get("inputs") or {}).get("userData", "")))
        if text.startswith("#cloud-config"):
            texts[host_of_template(urn.rpartition("::")[2])] = text
    return texts


def _config(after: Evaluation) -> dict[str, str]:
    return {key: value for key, value in after.config.items() if key != "drawbridge:acknowledge"}
