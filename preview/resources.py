"""The plain data that the preview speaks in: what a program registers, without the SDK that it registered it with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

MASK = "[secret]"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What the engine writes for a value that is not known yet: plugin/rpc.go in pulumi/pulumi."""


@dataclass(frozen=True)
class Secret:
    """A secret value, on its way into a program or out of it."""

    value: Any


@dataclass(frozen=True)
class Resource:
    """A registered resource. ``inputs`` is masked; ``raw`` holds `Secret`s with their values.

    ``probed`` are the inputs as they are when made-up values stand for what only the clouds know, never to be shown: None where
    nobody asked for them. Two inputs that read the same and differ there are derived differently.
    """

    urn: str
    type: str
    name: str
    parent: str
    inputs: dict[str, Any]
    raw: dict[str, Any]
    options: dict[str, Any]
    probed: dict[str, Any] | None = None


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
    project_file: dict[str, Any] = field(default_factory=dict)
    stack_file: dict[str, Any] = field(default_factory=dict)
    """What Pulumi.yaml says: `runtime`, `main`, `backend`."""
    probed_outputs: dict[str, Any] = field(default_factory=dict)
    probes: dict[str, str] = field(default_factory=dict)
    """The made-up value of each placeholder; empty where nobody asked, or where the program stopped under them."""
    probe_error: str = ""
    """Why the program stopped under made-up values."""

    def of_type(self, type_name: str) -> list[Resource]:
        return [resource for resource in self.resources if resource.type == type_name]


def referenced(value: Any) -> str | None:
    """The name of the resource whose id stands here (`«NAME.id»`); None for any other value."""
    if isinstance(value, str) and value.startswith("«") and value.endswith(".id»"):
        return value[1 : -len(".id»")]
    return None


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
