"""The leaves of inputs and outputs: their values, their secret marks, and which of them another resource's change moves on."""

from __future__ import annotations

import base64
import contextlib
import gzip
import json
import re
import urllib.parse
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from preview.changes import Change
from preview.property_paths import step
from preview.resource_types.registry import record_of
from preview.resources import Secret, bare

_ANY = re.compile(r"«[^«»]*»")
_ENCODED_JSON = re.compile(r"eyJ[A-Za-z0-9+/]{8,}={0,2}")
_STEP = re.compile(r'\["([^"]*)"\]|\[(\d+)\]|([^.\[\]]+)')


def value_at(value: Any, leaf: str) -> Any:
    """The value at a path, in a `Secret` if it lies in one; None where there is none."""
    secret = False
    for quoted, index, key in _STEP.findall(leaf):
        if isinstance(value, Secret):
            secret, value = True, value.value
        if index:
            value = value[int(index)] if isinstance(value, list) and int(index) < len(value) else None
        else:
            value = value.get(quoted or key) if isinstance(value, dict) else None
    return Secret(value) if secret and value is not None and not isinstance(value, Secret) else value


def holds_secret(value: Any) -> bool:
    """Is it secret, or a part of it?"""
    if isinstance(value, Secret):
        return True
    if isinstance(value, dict):
        return any(map(holds_secret, value.values()))
    return isinstance(value, list) and any(map(holds_secret, value))


def output_of(inner: str, name: str) -> str:
    """The output that `NAME.OUTPUT[0].more` is of; "" where it is another resource's. Names hold dots as well."""
    found = re.match(r"[A-Za-z0-9_]+", inner[len(name) + 1 :]) if inner.startswith(f"{name}.") else None
    return found[0] if found else ""


def marks_that_differ(
    old: Any, new: Any, path: str = "", secret: tuple[bool, bool] = (False, False)
) -> Iterator[str]:
    """Leaves that both have and that are secret in one of them alone."""
    secret = (secret[0] or isinstance(old, Secret), secret[1] or isinstance(new, Secret))
    old, new = (item.value if isinstance(item, Secret) else item for item in (old, new))
    if isinstance(old, dict) and isinstance(new, dict):
        for key in old.keys() & new.keys():
            yield from marks_that_differ(old[key], new[key], step(path, key), secret)
    elif isinstance(old, list) and isinstance(new, list):
        for index, (left, right) in enumerate(zip(old, new, strict=False)):
            yield from marks_that_differ(left, right, f"{path}[{index}]", secret)
    elif secret[0] != secret[1] and old is not None and new is not None:
        yield path


class MovedOn:
    """Which leaves hold another value because a resource that they are made from changes.

    ``probes`` are an evaluation's made-up values, by which a leaf that names none of its sources is told from a constant.
    """

    def __init__(self, probes: Mapping[str, str]) -> None:
        self._probes = probes

    def leaves(
        self, value: Any, probed: Any, path: str, sources: Callable[[str], Sequence[Change]]
    ) -> Iterator[str]:
        """Paths below ``path``; ``sources`` gives by path the steps of the resources that the value may be made from."""
        if isinstance(value, Secret):
            yield from self.leaves(value.value, bare(probed), path, sources)
        elif isinstance(value, dict):
            for key, item in value.items():
                below = probed.get(key) if isinstance(probed, dict) else None
                yield from self.leaves(item, below, step(path, key), sources)
        elif isinstance(value, list):
            for index, item in enumerate(value):
                below = probed[index] if isinstance(probed, list) and index < len(probed) else None
                yield from self.leaves(item, below, f"{path}[{index}]", sources)
        elif isinstance(value, str):
            moving = [source for source in sources(path) if _moving(source)]
            if moving and (self._names_one(value, moving) or self._hides_one(value, bare(probed))):
                yield path

    def _names_one(self, text: str, moving: Sequence[Change]) -> bool:
        named = [match[0][1:-1] for match in _ANY.finditer(expanded(text))]
        return any(
            _moves(source, output)
            for source in moving
            for output in (output_of(inner, source.name) for inner in named)
            if output
        )

    def _hides_one(self, text: str, probed: Any) -> bool:
        """Is it made from something unknown in a way that the placeholders in it do not tell?"""
        if not isinstance(probed, str) or probed == text:
            return False
        filled = _ANY.sub(lambda match: self._probes.get(match[0], match[0]), _opened(text))
        return filled != _opened(probed)


def _moving(change: Change) -> bool:
    """Does it get outputs that it did not have?"""
    if change.action in ("created", "replaced", "rolling"):
        return True
    return change.action == "updated" and bool(record_of(change.type).changing) and _touches(change)


def _touches(change: Change) -> bool:
    return any(difference.about_input for difference in change.differences)


def _moves(change: Change, output: str) -> bool:
    assert change.after is not None
    if change.action in ("created", "replaced", "rolling"):
        return output not in change.after.inputs
    return change.action == "updated" and output in record_of(change.type).changing and _touches(change)


def _opened(text: str) -> str:
    """The text with what is packed in it in its own place: gzip, the base64 of a JSON object, JSON's and URLs' escapes."""

    def opened(match: re.Match[str]) -> str:
        try:
            return json.dumps(json.loads(base64.b64decode(match[0])), ensure_ascii=False)
        except ValueError:
            return match[0]

    text = _ENCODED_JSON.sub(opened, unpacked(text))
    return urllib.parse.unquote(text.replace(r"\u00ab", "«").replace(r"\u00bb", "»"))


def expanded(text: str) -> str:
    """The text with what is packed in it: gzip, the base64 of a JSON object, percent-encoding."""
    text = unpacked(text)
    parts = [text]
    for match in _ENCODED_JSON.finditer(text):
        with contextlib.suppress(ValueError):
            # Serialised again, because JSON may have escaped the placeholders' marks.
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
