"""What stands for a value that only the clouds know: a placeholder for people, or a probe by which derivations are told apart.

A program derives values from unknown ones: another encoding of a random text, a slice of an id, JSON in base64. Under
placeholders two derivations may read the same, or hide what they came from. Under probes, made-up values of the shape that the
provider gives, each derivation has a value of its own, and the same program gives the same bytes. See docs/adr.
"""

from __future__ import annotations

import base64
import hashlib
import re
import string
import uuid
from collections.abc import Mapping
from typing import Any

Names = Mapping[tuple[str, str], str]
"""By type and name, the name that a resource's probes are made of: that of the resource which it is called by now."""

PLACEHOLDER = re.compile(r"«[^«»]*»")
_LETTERS = string.ascii_letters + string.digits
_RANDOM_TEXTS = ("random:index/randomPassword:RandomPassword", "random:index/randomString:RandomString")


class Placeholders:
    """`«name.property»` for each unknown."""

    def of(
        self, type_name: str, name: str, path: str, inputs: Mapping[str, Any], number: bool = False
    ) -> Any:
        return f"«{name}.{path}»"

    def configured(self, text: str) -> str:
        """A setting with its encrypted values as placeholders."""
        return text


class Probes(Placeholders):
    """A made-up value for each unknown. ``made`` has the probe of each placeholder that was asked for."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self.made: dict[str, str] = {}

    def of(
        self, type_name: str, name: str, path: str, inputs: Mapping[str, Any], number: bool = False
    ) -> Any:
        seed = f"{type_name} {self._names.get((type_name, name), name)}"
        value = _value(type_name, seed, path, inputs)
        if number:
            return int(_hex(seed + path, 6), 16)
        self.made[f"«{name}.{path}»"] = str(value)
        return value

    def configured(self, text: str) -> str:
        def probe(match: re.Match[str]) -> str:
            self.made[match[0]] = _letters(match[0], 32)
            return self.made[match[0]]

        return PLACEHOLDER.sub(probe, text)


def _value(type_name: str, seed: str, path: str, inputs: Mapping[str, Any]) -> str:
    last = path.rpartition(".")[2].partition("[")[0]
    if type_name in _RANDOM_TEXTS and path == "result":
        return _letters(seed, _whole(inputs.get("length"), 32))
    if type_name in ("random:index/randomId:RandomId", "random:index/randomBytes:RandomBytes"):
        size = _whole(inputs.get("byteLength", inputs.get("length")), 8)
        data = hashlib.shake_256(seed.encode()).digest(size)
        safe = base64.urlsafe_b64encode(data).decode().rstrip("=")
        forms = {
            "hex": data.hex(),
            "base64": base64.b64encode(data).decode(),
            "b64Std": base64.b64encode(data).decode(),
            "b64Url": safe,
            "dec": str(int.from_bytes(data, "big")),
            "id": safe,
        }
        return forms.get(path, safe)
    if type_name == "random:index/randomUuid:RandomUuid":
        return str(uuid.UUID(_hex(seed, 32)))
    if last.lower().endswith("arn"):
        return f"arn:aws:probe:us-east-1:000000000000:{_hex(seed + path, 20)}"
    return f"p{_hex(seed + path, 31)}"


def _whole(value: Any, otherwise: int) -> int:
    return int(value) if isinstance(value, int | float) else otherwise


def _hex(seed: str, length: int) -> str:
    return hashlib.shake_256(seed.encode()).hexdigest((length + 1) // 2)[:length]


def _letters(seed: str, length: int) -> str:
    return "".join(
        _LETTERS[octet % len(_LETTERS)] for octet in hashlib.shake_256(seed.encode()).digest(length)
    )
