"""A rule of the posture is one decorated function: what it is about, and the check itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from model.posture import RULE_IDS
from preview.findings import Rule, Severity
from preview.posture.program import Program

Broken = Iterator[tuple[str, str]]
"""The resource's name, and what of it breaks the rule."""
Check = Callable[[Program], Broken]

REGISTERED: dict[str, tuple[Rule, Check]] = {}
"""By the rule's id, in the order in which the modules of `preview.posture.rules` are loaded."""


def rule(
    *, id: str, severity: Severity, title: str, promise: str, why: str, fix: str
) -> Callable[[Check], Check]:
    """Register a check. ``id`` is one of `model.posture.RULE_IDS`, which stack files may name. Raises ValueError."""
    if id not in RULE_IDS or id in REGISTERED:
        raise ValueError(f"{id}: is listed once in model/posture.py and has one check")

    def register(check: Check) -> Check:
        REGISTERED[id] = (
            Rule(id=id, severity=severity, title=title, promise=promise, why=why, fix=fix),
            check,
        )
        return check

    return register
