"""Every rule of the posture, a file a subject."""

from __future__ import annotations

from preview.findings import Rule
from preview.posture.rule import REGISTERED, Check

# The order of the imports is that of the reports and of docs/posture.md.
from preview.posture.rules import network  # isort: skip
from preview.posture.rules import entrances  # isort: skip
from preview.posture.rules import tunnel  # isort: skip
from preview.posture.rules import access  # isort: skip
from preview.posture.rules import edge  # isort: skip
from preview.posture.rules import machines  # isort: skip
from preview.posture.rules import identity  # isort: skip
from preview.posture.rules import containers  # isort: skip
from preview.posture.rules import database  # isort: skip
from preview.posture.rules import storage  # isort: skip
from preview.posture.rules import secrets  # isort: skip
from preview.posture.rules import watching  # isort: skip
from preview.posture.rules import ownership  # isort: skip

__all__ = [
    "BY_ID",
    "CHECKS",
    "RULES",
    "access",
    "containers",
    "database",
    "edge",
    "entrances",
    "identity",
    "machines",
    "network",
    "ownership",
    "secrets",
    "storage",
    "tunnel",
    "watching",
]

RULES: tuple[Rule, ...] = tuple(rule for rule, _ in REGISTERED.values())
BY_ID: dict[str, Rule] = {rule.id: rule for rule in RULES}
CHECKS: dict[str, Check] = {id: check for id, (_, check) in REGISTERED.items()}
