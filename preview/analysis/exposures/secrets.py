"""Secrets made plain: values that were secret and now stand in the open, wherever they stand."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from preview.analysis.exposures.machine_files import SECRETS, machines, plain
from preview.analysis.exposures.versions import Versions, listed
from preview.changes import Exposure
from preview.resource_types import type_names
from preview.resources import MASK, Evaluation, Resource, Secret

SHORTEST = 9
"""A shorter text may stand somewhere by chance."""

_USER_DATA = ("userData", "userDataBase64")


def secrets(versions: Versions) -> Iterator[Exposure]:
    found = [*_made_plain(versions), *_parameters(versions), *_outputs(versions), *_standing(versions)]
    seen: set[str] = set()
    for exposure in found:
        # The first says best how it came about.
        if exposure.subject not in seen:
            seen.add(exposure.subject)
            yield exposure
    yield from _machines(versions)
    yield from _variables(versions)


def _exposed(subject: str, text: str) -> Exposure:
    return Exposure(kind="secret", subject=subject, text=f"{subject}: {text}")


# Inputs and outputs that lose the mark -------------------------------------------------------------------------------------


def _made_plain(versions: Versions) -> Iterator[Exposure]:
    for change in versions.changes:
        if not change.before or not change.after:
            continue
        for path in _unmarked(change.before.raw, change.after.raw):
            if path not in _USER_DATA:
                yield _exposed(change.name, f"a value that was secret with Pulumi is plain ({path})")
        dropped = set(_secret_outputs(change.before)) - set(_secret_outputs(change.after))
        if dropped:
            yield _exposed(change.name, f"outputs are no longer secret: {listed(sorted(dropped))}")


def _secret_outputs(resource: Resource) -> list[str]:
    return list(resource.options.get("additionalSecretOutputs") or ())


def _unmarked(old: Any, new: Any, path: str = "") -> Iterator[str]:
    """Paths of what was inside a secret and is not."""
    if isinstance(new, Secret) or new in (None, "", [], {}):
        return
    if isinstance(old, Secret):
        if not _marked(new):
            yield path
    elif isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in old.keys() & new.keys():
            yield from _unmarked(old[key], new[key], f"{path}.{key}" if path else key)
    elif isinstance(old, list) and isinstance(new, list):
        for number, (one, other) in enumerate(zip(old, new, strict=False)):
            yield from _unmarked(one, other, f"{path}[{number}]")


def _marked(value: Any) -> bool:
    """Is something in it still secret? Then it was taken apart, not made plain."""
    if isinstance(value, Secret):
        return True
    if isinstance(value, Mapping):
        return any(map(_marked, value.values()))
    return any(map(_marked, value)) if isinstance(value, list) else False


def _parameters(versions: Versions) -> Iterator[Exposure]:
    for old, new in versions.pairs(type_names.PARAMETER):
        kinds = [resource.inputs.get("type") for resource in (old, new)]
        if kinds[0] == "SecureString" != kinds[1]:
            yield _exposed(
                new.name, f"the parameter is a {kinds[1]}: it is kept in plain text (before: a SecureString)"
            )
        elif new.inputs.get("insecureValue") and not old.inputs.get("insecureValue"):
            yield _exposed(new.name, "the parameter's value is shown in plans and states")


def _outputs(versions: Versions) -> Iterator[Exposure]:
    before, after = versions.before.evaluation.raw_outputs, versions.after.evaluation.raw_outputs
    for path in _unmarked(before, after):
        yield _exposed("outputs", f"a value that was secret with Pulumi is plain ({path})")


# Values that stand elsewhere -----------------------------------------------------------------------------------------------


def _standing(versions: Versions) -> Iterator[Exposure]:
    """Secret values of either version that a plain text of the later one holds, and none of the earlier at that place did."""
    before, after = versions.before.evaluation, versions.after.evaluation
    known = _known(before) | _known(after)
    if not known:
        return
    for change in versions.changes:
        if change.after is None or (change.before is not None and change.before.raw == change.after.raw):
            continue
        was = set(_holding(change.before.raw, known)) if change.before else set()
        for place in _holding(change.after.raw, known):
            if place not in was:
                yield _exposed(change.name, f"a value that was secret with Pulumi is plain ({place})")
                break
    if before.raw_outputs != after.raw_outputs:
        was = set(_holding(before.raw_outputs, known))
        fresh = [place for place in _holding(after.raw_outputs, known) if place not in was]
        if fresh:
            yield _exposed("outputs", f"a value that was secret with Pulumi is plain ({listed(fresh)})")


def _known(evaluation: Evaluation) -> set[str]:
    """Texts that only a secret may hold. A whole user data is not looked for: what is secret in it is known otherwise."""
    found = {
        f"«{resource.name}.{name}»"
        for resource in evaluation.resources
        for name in resource.options.get("additionalSecretOutputs") or ()
        if name not in resource.inputs
    }
    for value in (*(r.raw for r in evaluation.resources), evaluation.raw_outputs):
        found |= set(_inside(value))
    return {text for text in found if len(text) >= SHORTEST and text != MASK and not text.startswith("H4sI")}


def _inside(value: Any, inside: bool = False) -> Iterator[str]:
    if isinstance(value, Secret):
        yield from _inside(value.value, True)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _inside(item, inside)
    elif isinstance(value, list):
        for item in value:
            yield from _inside(item, inside)
    elif inside and isinstance(value, str):
        yield value


def _holding(value: Any, known: Collection[str], path: str = "") -> Iterator[str]:
    """Places outside of a secret where one of the secrets' values stands, user data looked into."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _holding(item, known, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _holding(item, known, f"{path}[{number}]")
    elif isinstance(value, str):
        text = plain(value) if value.startswith("H4sI") else value
        if any(secret in text for secret in known):
            yield path


# Machines -----------------------------------------------------------------------------------------------------------------


def _machines(versions: Versions) -> Iterator[Exposure]:
    for pair in machines(versions):
        if SECRETS in pair.after.files and pair.before.document and SECRETS not in pair.before.files:
            text = "the secrets come in user data: whoever may read the launch template reads them"
            yield _exposed(pair.name, text)


def _variables(versions: Versions) -> Iterator[Exposure]:
    """Variables that came as a secret and are a plain part of `app.env`."""
    for pair in machines(versions):
        held = _secret_names(pair.before.specification, pair.before.files)
        now = _secret_names(pair.after.specification, pair.after.files)
        for name in sorted((held - now) & set(pair.after.specification.get("env") or {})):
            yield _exposed(name, "it came to the app as a secret, and is plain in its environment")


def _secret_names(specification: Mapping[str, Any], files: Mapping[str, Any]) -> set[str]:
    names = set(specification.get("parameters") or {})
    if SECRETS in files:
        with contextlib.suppress(ValueError):
            names |= set(json.loads(files[SECRETS].content))
    return names
