"""The stack's outputs as an engine's plan found them, in the words of an evaluation: `«tunnel.id»` for the id that a tunnel has.

The state has real values, and masks its secrets. What it masks is taken as it is now: whether such a value changes is not
known from a plan, only whether it stays a secret.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from preview.diff.leaves import holds_secret, value_at
from preview.resources import MASK, Evaluation, Secret, bare

STACK = "pulumi:pulumi:Stack"
_REFERENCE = re.compile(r"«([^«»]+)»")


def planned_outputs(steps: list[dict[str, Any]], after: Evaluation) -> dict[str, Any]:
    """The outputs before; {} for a stack that has none yet."""
    states = {step["urn"].rpartition("::")[2]: step.get("oldState") or {} for step in steps}
    whole = next(
        (step for step in steps if step["urn"].count("::") == 3 and f"::{STACK}::" in step["urn"]), {}
    )
    given = (whole.get("oldState") or {}).get("outputs") or {}
    names = dict(_names(after.raw_outputs, states))
    # The longest first: some values begin like others.
    ordered = {real: names[real] for real in sorted(names, key=len, reverse=True)}
    return {name: _before(value, after.raw_outputs.get(name), ordered) for name, value in given.items()}


def _names(outputs: Mapping[str, Any], states: Mapping[str, dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Each real value that the outputs name, with its placeholder."""
    text = json.dumps(bare(outputs), ensure_ascii=False, default=str)
    for inner in dict.fromkeys(_REFERENCE.findall(text)):
        # Names hold dots, as hosts do: the longest that a resource has.
        name = max((name for name in states if inner.startswith(f"{name}.")), key=len, default="")
        path = inner[len(name) + 1 :]
        state = states.get(name, {})
        found = state.get("id") if path == "id" else value_at(state.get("outputs") or {}, path)
        if isinstance(found, str) and len(found) > 3 and found != MASK:
            yield found, f"«{name}.{path}»"


def _before(old: Any, new: Any, names: Mapping[str, str]) -> Any:
    if old == MASK:
        return new if holds_secret(new) else Secret(MASK)
    inner = new.value if isinstance(new, Secret) else new
    if isinstance(old, dict):
        there = inner if isinstance(inner, Mapping) else {}
        return {key: _before(item, there.get(key), names) for key, item in old.items()}
    if isinstance(old, list):
        now = inner if isinstance(inner, list) and len(inner) == len(old) else [None] * len(old)
        return [_before(item, other, names) for item, other in zip(old, now, strict=True)]
    if isinstance(old, str):
        for real, placeholder in names.items():
            old = old.replace(real, placeholder)
    return old
