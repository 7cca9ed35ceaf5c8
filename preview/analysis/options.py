"""What it means that a resource's options differ, or that they hide a difference."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from preview.changes import Change, Consequence, Difference, Effect
from preview.property_paths import top
from preview.resource_types.registry import record_of


def option_effects(step: Change) -> Iterator[Effect]:
    """One for each option that differs, and one for what `ignoreChanges` keeps from happening."""
    for difference in step.differences:
        if difference.path.startswith("options."):
            yield _effect(step, difference, difference.path.removeprefix("options."))
    if step.ignored:
        names = ", ".join(dict.fromkeys(top(difference.path) for difference in step.ignored))
        yield Effect(
            consequence=Consequence.NONE,
            why=f"the program has another {names}, and `ignoreChanges` keeps what is deployed: the edit is without effect",
        )


def _effect(step: Change, difference: Difference, name: str) -> Effect:
    old, new = difference.before, difference.after
    holds = bool(record_of(step.type).holds)
    if name == "protect":
        refuses = "refuses" if new else "no longer refuses"
        risk = holds and not new and step.action != "created"
        return _said(f"Pulumi {refuses} to delete it", Consequence.AT_RISK if risk else Consequence.NONE)
    if name == "retainOnDelete":
        return _said(
            "when it is deleted or replaced, it stays in the cloud from now on, unmanaged, and its name stays taken"
            if new
            else "when it is deleted or replaced, it goes from the cloud from now on",
            Consequence.AT_RISK if holds and not new else Consequence.NONE,
        )
    if name == "deleteBeforeReplace":
        order = "before its successor is there" if new else "after its successor is there"
        return _said(f"a replacement deletes it {order} from now on")
    if name == "ignoreChanges":
        gone, come = sorted(set(old or ()) - set(new or ())), sorted(set(new or ()) - set(old or ()))
        parts = []
        if come:
            parts.append(f"later edits of {', '.join(come)} are without effect from now on")
        if gone:
            parts.append(f"{', '.join(gone)} is set to what the program says, whatever is deployed now")
        # What the state holds there is unknown here, and so is what setting it does.
        known = all(record_of(step.type).effect(path) == "updates" for path in gone)
        return _said("; ".join(parts), Consequence.NONE if known else Consequence.UNKNOWN)
    if name == "replaceOnChanges":
        return _said(
            f"a change of {_list(new)} replaces it from now on"
            if new
            else "fewer changes replace it from now on"
        )
    if name == "additionalSecretOutputs":
        gone = sorted(set(old or ()) - set(new or ()))
        return _said(
            f"its {', '.join(gone)} stands in plain text in the state from now on"
            if gone
            else f"its {_list(new)} is a secret from now on"
        )
    if name == "import":
        return _said(f"takes over the existing {new}" if new else "no longer taken over from an existing one")
    if name == "parent":
        return _said(f"stands below {new} from now on")
    if name == "customTimeouts":
        return _said("the engine waits for it another time")
    return _said(f"by another plugin: {name} {old or 'none'} to {new or 'none'}", Consequence.UNKNOWN)


def _said(why: str, consequence: Consequence = Consequence.NONE) -> Effect:
    return Effect(consequence=consequence, why=why)


def _list(names: Any) -> str:
    return ", ".join(names or ())
