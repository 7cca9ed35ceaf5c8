"""What becomes of each resource when one version of a stack follows another."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import functools
import graphlib
import gzip
import json
import re
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from difflib import unified_diff
from typing import Any

from preview.changes import Action, Change, Difference
from preview.diff.differences import differences, top
from preview.diff.user_data import written
from preview.resource_types import tokens
from preview.resource_types.record import covers
from preview.resource_types.registry import record_of
from preview.resources import MASK, Evaluation, Resource, Secret, bare

_PLACEHOLDER = re.compile(r"«([^«»]+?)\.([A-Za-z0-9_]+)((?:\.[A-Za-z0-9_]+|\[[0-9]+\])*)»")
_ENCODED_JSON = re.compile(r"eyJ[A-Za-z0-9+/]{8,}={0,2}")


def steps(before: Evaluation, after: Evaluation) -> list[Change]:
    old = {resource.urn: resource for resource in before.resources if resource.options["custom"]}
    new = {resource.urn: resource for resource in after.resources if resource.options["custom"]}
    former = {urn: _former(resource, old) for urn, resource in new.items()}
    moved_region = before.config.get("aws:region") != after.config.get("aws:region")
    found: dict[str, Change] = {}
    for urn in _dependencies_first(new):
        found[urn] = _step(former[urn], new[urn], found, before, after, moved_region)
    gone = [resource for urn, resource in old.items() if resource not in former.values()]
    deleted = [
        Change(urn=r.urn, type=r.type, name=r.name, action="deleted", before=r, after=None) for r in gone
    ]
    return [*(found[urn] for urn in new), *deleted]


def _former(resource: Resource, old: Mapping[str, Resource]) -> Resource | None:
    """The same resource before: by its URN, else by an alias."""
    if resource.urn in old:
        return old[resource.urn]
    for alias in resource.options["aliases"]:
        spec = alias.get("spec", {})
        wanted = (
            spec.get("name", resource.name),
            spec.get("type", resource.type),
            spec.get("parentUrn", resource.parent),
        )
        for other in old.values():
            if other.urn == alias.get("urn") or (
                "spec" in alias and (other.name, other.type, other.parent) == wanted
            ):
                return other
    return None


def _dependencies_first(resources: Mapping[str, Resource]) -> Iterator[str]:
    graph = {
        urn: [d for d in resource.options["dependsOn"] if d in resources]
        for urn, resource in resources.items()
    }
    return iter(graphlib.TopologicalSorter(graph).static_order())


def _step(
    old: Resource | None,
    new: Resource,
    found: Mapping[str, Change],
    before: Evaluation,
    after: Evaluation,
    moved_region: bool,
) -> Change:
    base: dict[str, Any] = {"urn": new.urn, "type": new.type, "name": new.name, "before": old, "after": new}
    if old is None:
        return Change(**base, action="created")
    listed: list[Difference] = []
    values = bare(old.raw), bare(new.raw)
    record = record_of(new.type)
    for leaf in differences(*values, is_set=lambda path, _items: record.is_set(path)):
        if not any(covers(path, leaf) for path in new.options["ignoreChanges"]):
            listed.append(_difference(leaf, old, new, before, after))
    seen = {difference.path for difference in listed}
    listed = lists_whole(listed, old, new)
    for leaf in _moved(new.raw, new, found):
        if leaf not in seen and not any(covers(path, leaf) for path in new.options["ignoreChanges"]):
            listed.append(_remade(leaf, old, new))
    if moved_region and new.type.startswith("aws:"):
        regions = before.config.get("aws:region"), after.config.get("aws:region")
        listed.append(Difference(path="region", before=regions[0], after=regions[1], replaces=True))
    if old.options["protect"] != new.options["protect"]:
        listed.append(Difference(path="protect", before=old.options["protect"], after=new.options["protect"]))
    listed.sort(key=lambda difference: difference.path)
    return Change(**base, action=_action(new, listed), differences=tuple(listed))


def _action(resource: Resource, found: Sequence[Difference]) -> Action:
    if not [d for d in found if d.path != "protect"]:
        return "updated" if found else "unchanged"
    if not any(difference.replaces for difference in found):
        effects = [record_of(resource.type).effect(d.path) for d in found if d.path != "protect"]
        return "updated" if all(effects) else "unknown"
    # The group is made anew before the old one goes; see components/host.py.
    rolls = (
        resource.type == tokens.FLEET
        and "name" not in resource.inputs
        and not resource.options["deleteBeforeReplace"]
    )
    return "rolling" if rolls and not any(d.path == "region" for d in found) else "replaced"


def _replacing(resource: Resource, leaf: str) -> bool:
    forced = [path for path in resource.options["replaceOnChanges"] if not path.startswith("#")]
    return record_of(resource.type).effect(leaf) == "replaces" or any(covers(path, leaf) for path in forced)


# Values -----------------------------------------------------------------------------------------------------------------


def _difference(leaf: str, old: Resource, new: Resource, before: Evaluation, after: Evaluation) -> Difference:
    left, right = _at(old, leaf), _at(new, leaf)
    lines: tuple[str, ...] = ()
    if leaf == "userData":
        lines = _user_data_lines(old, new, before, after)
        left, right = "cloud-init", "cloud-init"
    elif isinstance(left, str) and isinstance(right, str) and MASK not in (left, right):
        lines = diff_lines(as_lines(left), as_lines(right))
    elif record_of(new.type).is_set(leaf) and isinstance(left, list) and isinstance(right, list):
        lines = diff_lines(*(sorted(_compact(item) for item in items) for items in (left, right)))
    elif left == right == MASK:
        right = f"{MASK} (another)"
    return Difference(path=leaf, before=left, after=right, lines=lines, replaces=_replacing(new, leaf))


def _remade(leaf: str, old: Resource, new: Resource) -> Difference:
    """A leaf that reads the same and yet holds another value: what it names is made anew."""
    left, right = _at(old, leaf), _at(new, leaf)
    if leaf == "userData":
        left = right = "cloud-init"
    return Difference(path=leaf, before=left, after=f"{right} (another)", replaces=_replacing(new, leaf))


def _at(resource: Resource, leaf: str) -> Any:
    """The masked value at a path; None where it is not."""
    value: Any = resource.inputs
    for step in re.findall(r'\["([^"]*)"\]|\[(\d+)\]|([^.\[\]]+)', leaf):
        quoted, index, key = step
        if value == MASK:
            return MASK
        if index:
            value = value[int(index)] if isinstance(value, list) and int(index) < len(value) else None
        else:
            value = value.get(quoted or key) if isinstance(value, dict) else None
    return value


def _moved(
    value: Any, resource: Resource, found: Mapping[str, Change], path: str = "", secret: bool = False
) -> Iterator[str]:
    """Leaves that name an output which another resource's change moves on, and secrets derived from a value drawn anew."""
    if isinstance(value, Secret):
        yield from _moved(value.value, resource, found, path, True)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _moved(item, resource, found, f"{path}.{key}" if path else key, secret)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _moved(item, resource, found, f"{path}[{index}]", secret)
    elif isinstance(value, str):
        reads = resource.options["propertyDependencies"].get(top(path), ())
        sources = [found[urn] for urn in reads if urn in found]
        named = (
            {(match[1], match[2]) for match in _PLACEHOLDER.finditer(expanded(value))} if sources else set()
        )
        # What is derived from a drawn value (model.drawn) no longer names it.
        drawn = secret and any(
            s.type.startswith("random:") and s.action in ("created", "replaced") for s in sources
        )
        if drawn or any(
            _moves(source, prop) for source in sources for name, prop in named if name == source.name
        ):
            yield path


def _moves(change: Change, output: str) -> bool:
    assert change.after is not None
    if change.action in ("created", "replaced", "rolling"):
        return output not in change.after.inputs
    return (
        change.action == "updated" and output in record_of(change.type).changing and change.differences != ()
    )


def expanded(text: str) -> str:
    """The text with what is packed in it: gzip, the base64 of a JSON object, percent-encoding."""
    text = unpacked(text)
    parts = [text]
    for match in _ENCODED_JSON.finditer(text):
        with contextlib.suppress(ValueError):
            # Written anew, because JSON may have escaped the placeholders' marks.
            parts.append(json.dumps(json.loads(base64.b64decode(match[0])), ensure_ascii=False))
    if text[:1] in ("{", "["):
        with contextlib.suppress(ValueError):
            parts.append(json.dumps(json.loads(text), ensure_ascii=False))
    if "%C2%AB" in text:
        parts.append(urllib.parse.unquote(text))
    return "\n".join(parts)


def unpacked(text: str) -> str:
    """A machine's cloud-init as text; any other text as it is."""
    if not text.startswith("H4sI"):
        return text
    try:
        return gzip.decompress(base64.b64decode(text)).decode()
    except (ValueError, OSError):
        return text


def lists_whole(listed: Sequence[Difference], old: Resource, new: Resource) -> list[Difference]:
    """The same differences, with those in a list that gained or lost objects as one difference of lines: a rule that comes in
    between moves all below it, and by their places every one of them would differ."""

    @functools.cache  # once for a list, however many of its leaves differ
    def whole(path: str) -> Difference | None:
        left, right = _at(old, path), _at(new, path)
        if not _of_objects(left) or not _of_objects(right) or len(left) == len(right):
            return None
        return Difference(
            path=path, before=left, after=right, lines=diff_lines(_list_lines(left), _list_lines(right))
        )

    found: dict[str, Difference] = {}
    for difference in listed:
        lists = (difference.path[: match.start()] for match in re.finditer(r"\[\d+\]", difference.path))
        shown = next(filter(None, map(whole, lists)), difference)
        known = found.get(shown.path, shown)
        found[shown.path] = dataclasses.replace(known, replaces=known.replaces or difference.replaces)
    return list(found.values())


def _of_objects(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def _list_lines(items: list[dict[str, Any]]) -> list[str]:
    """Each object with a key a line, as YAML has it; `hostname`, by which people know a rule, first."""
    listed = []
    for item in items:
        keys = sorted(item, key=lambda key: (key not in ("hostname", "ref"), key))
        listed += [f"{'-' if n == 0 else ' '} {key}: {_compact(item[key])}" for n, key in enumerate(keys)]
    return listed


def _compact(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


# Lines ------------------------------------------------------------------------------------------------------------------


def _user_data_lines(old: Resource, new: Resource, before: Evaluation, after: Evaluation) -> tuple[str, ...]:
    """Of the masked cloud-init; where only secrets differ, which ones do."""
    name = new.name.removesuffix("-template")
    left, right = before.user_data.get(name, ""), after.user_data.get(name, "")
    lines = diff_lines(left.splitlines(), right.splitlines())
    known = [_secrets(unpacked(str(bare(resource.raw).get("userData", "")))) for resource in (old, new)]
    others = sorted(name for name in known[0].keys() & known[1].keys() if known[0][name] != known[1][name])
    return lines + tuple(f"  # another value of the secret {name}" for name in others)


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
