"""The plain data that the preview speaks in: what a program registers, without the SDK that it registered it with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

MASK = "[secret]"


@dataclass(frozen=True)
class Secret:
    """A secret value, on its way into a program or out of it."""

    value: Any


@dataclass(frozen=True)
class Resource:
    """A registered resource. ``inputs`` is masked; ``raw`` holds `Secret`s with their values."""

    urn: str
    type: str
    name: str
    parent: str
    inputs: dict[str, Any]
    raw: dict[str, Any]
    options: dict[str, Any]


@dataclass(frozen=True)
class Evaluation:
    """What a program would register, parents before children, siblings by name.

    ``user_data`` is each machine's cloud-init by its component, masked; ``config`` is the stack file's, secrets as placeholders;
    ``secret_keys`` are the keys that hold one.
    """

    project: str
    stack: str
    resources: tuple[Resource, ...]
    outputs: dict[str, Any]
    raw_outputs: dict[str, Any]
    warnings: tuple[str, ...]
    user_data: dict[str, str]
    config: dict[str, str]
    secret_keys: frozenset[str] = frozenset()

    def of_type(self, token: str) -> list[Resource]:
        return [resource for resource in self.resources if resource.type == token]


def mask(value: Any) -> Any:
    """The same value with `[secret]` in place of every secret."""
    if isinstance(value, Secret):
        return MASK
    if isinstance(value, dict):
        return {key: mask(item) for key, item in sorted(value.items())}
    return [mask(item) for item in value] if isinstance(value, list) else value


def bare(value: Any) -> Any:
    """The value without its secret marks, at any depth."""
    if isinstance(value, Secret):
        return bare(value.value)
    if isinstance(value, dict):
        return {key: bare(item) for key, item in value.items()}
    return [bare(item) for item in value] if isinstance(value, list) else value
