"""What `new` proposes for a stack file: values, each with the reason that stands beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from model.settings import App

HAS_SINGLE = "single" in App.model_fields
"""Whether a volume with one writer has a place of its own."""


@dataclass(kw_only=True)
class Proposal:
    """Filled step by step. ``why`` has, by key of `drawbridge:app` or by name of a section, the lines of its comment."""

    compose: str
    host: str
    files: dict[str, str] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)
    secrets: list[str] = field(default_factory=list)
    generate: dict[str, Any] = field(default_factory=dict)
    once: list[str] = field(default_factory=list)
    storage: list[str] = field(default_factory=list)
    single: list[str] = field(default_factory=list)
    scratch: list[str] = field(default_factory=list)
    mounts: dict[str, str] = field(default_factory=dict)
    images: dict[str, str] = field(default_factory=dict)
    healthchecks: dict[str, Any] = field(default_factory=dict)
    restart: list[str] = field(default_factory=list)
    without: list[str] = field(default_factory=list)
    environment: dict[str, dict[str, str]] = field(default_factory=dict)
    mutable: list[str] = field(default_factory=list)
    routes: list[tuple[str, int]] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    database: dict[str, Any] | None = None
    instance: str = "t3.small"
    egress: list[dict[str, Any]] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    why: dict[str, list[str]] = field(default_factory=dict)

    def because(self, key: str, reason: str) -> None:
        reasons = self.why.setdefault(key, [])
        if reason not in reasons:
            reasons.append(reason)

    def app(self) -> Mapping[str, Any]:
        """`drawbridge:app`, without what is empty."""
        found: dict[str, Any] = {
            "compose": self.compose,
            "files": self.files,
            "env": self.env,
            "secrets": self.secrets,
            "generate": self.generate,
            "once": self.once,
            "storage": self.storage,
            **({"single": self.single} if HAS_SINGLE else {}),
            "scratch": self.scratch,
            "mounts": self.mounts,
            "images": self.images,
            "healthchecks": self.healthchecks,
            "restart": self.restart,
            "without": self.without,
            "environment": self.environment,
            "allow": {"mutableImages": self.mutable} if self.mutable else {},
        }
        return {key: value for key, value in found.items() if value}
