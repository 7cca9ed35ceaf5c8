"""Differences as lines: of cloud-init, of lists of rules, of expressions and documents."""

from __future__ import annotations

import dataclasses
import functools
import json
import re
from collections.abc import Callable, Sequence
from difflib import unified_diff
from typing import Any

from model.naming import host_of_template
from preview.changes import Difference
from preview.diff.leaves import unpacked, value_at
from preview.diff.user_data import written
from preview.resources import Evaluation, Resource, bare, mask


def lists_whole(
    listed: Sequence[Difference],
    old: Resource,
    new: Resource,
    is_set: Callable[[str], bool] = lambda _: False,
) -> list[Difference]:
    """The same differences, with those in a list that gained, lost or moved objects as one difference of lines: a rule that comes
    in between moves all below it, and by their places every one of them would differ."""

    @functools.cache  # once for a list, however many of its leaves differ
    def whole(path: str) -> Difference | None:
        left, right = (mask(value_at(resource.raw, path)) for resource in (old, new))
        if not _of_objects(left) or not _of_objects(right) or is_set(path):
            return None
        if len(left) == len(right) and not _moved(left, right):
            return None
        return Difference(
            path=path, before=left, after=right, lines=diff_lines(list_lines(left), list_lines(right))
        )

    found: dict[str, Difference] = {}
    for difference in listed:
        lists = (difference.path[: match.start()] for match in re.finditer(r"\[\d+\]", difference.path))
        shown = next(filter(None, map(whole, lists)), difference)
        known = found.get(shown.path, shown)
        found[shown.path] = dataclasses.replace(
            known,
            replaces=known.replaces or difference.replaces,
            secret_before=known.secret_before or difference.secret_before,
            secret_after=known.secret_after or difference.secret_after,
        )
    return list(found.values())


def _of_objects(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def _moved(left: list[Any], right: list[Any]) -> bool:
    """Does an object that stays stand in another place among the others?"""
    stay = [item for item in left if item in right]
    return len(stay) > 1 and stay != [item for item in right if item in left]


def list_lines(items: list[dict[str, Any]]) -> list[str]:
    """Each object with a key a line, as YAML has it; `hostname`, by which people know a rule, first."""
    listed = []
    for item in items:
        keys = sorted(item, key=lambda key: (key not in ("hostname", "ref"), key))
        listed += [f"{'-' if n == 0 else ' '} {key}: {compact(item[key])}" for n, key in enumerate(keys)]
    return listed


def compact(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def user_data_lines(old: Resource, new: Resource, before: Evaluation, after: Evaluation) -> tuple[str, ...]:
    """Of the masked cloud-init; where only secrets differ, which ones do."""
    name = host_of_template(new.name)
    left, right = before.user_data.get(name, ""), after.user_data.get(name, "")
    lines = diff_lines(left.splitlines(), right.splitlines())
    others: set[str] = set()
    for inputs in ((old.raw, new.raw), (old.probed or {}, new.probed or {})):
        known = [_secrets(unpacked(str(bare(raw).get("userData", "")))) for raw in inputs]
        others |= {name for name in known[0].keys() & known[1].keys() if known[0][name] != known[1][name]}
    return lines + tuple(f"  # another value of the secret {name}" for name in sorted(others))


def _secrets(text: str) -> dict[str, str]:
    try:
        return dict(json.loads(written(text, "/etc/drawbridge/secrets.json") or "{}"))
    except ValueError:
        return {}


def as_lines(text: str) -> list[str]:
    """A text as a reader sees its parts: JSON indented, a rules expression a term a line."""
    if text[:1] in "{[":
        try:
            return json.dumps(json.loads(text), indent=2, ensure_ascii=False).splitlines()
        except ValueError:
            pass
    if "http." in text or "\n" in text:
        return [line for part in text.splitlines() for line in re.split(r" (?=(?:and|or) )", part)]
    return [text]


def diff_lines(left: Sequence[str], right: Sequence[str]) -> tuple[str, ...]:
    """A unified diff with three lines of context and without the header; nothing for texts of one line."""
    if max(len(left), len(right)) < 2:
        return ()
    return tuple(
        line for line in unified_diff(left, right, lineterm="", n=3) if not line.startswith(("---", "+++"))
    )
