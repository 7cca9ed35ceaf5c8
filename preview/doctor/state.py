"""What the stack's own state holds: whatever is of that is not taken by somebody else."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class State:
    """``ids``: of everything that the stack has made; ``unread``: why it could not be read, "" where it was."""

    ids: frozenset[str] = frozenset()
    types: Mapping[str, int] | None = None
    unread: str = ""

    @property
    def deployed(self) -> bool:
        return bool(self.ids)

    def has(self, identifier: object) -> bool:
        """Is the thing with this id of the stack?"""
        return str(identifier) in self.ids

    def count(self, *kinds: str) -> int:
        return sum((self.types or {}).get(kind, 0) for kind in kinds)


def read(text: str) -> State:
    """The state that `pulumi stack export` writes. Raises ValueError for any other text."""
    document: Any = json.loads(text)
    deployment = document.get("deployment") if isinstance(document, dict) else None
    if not isinstance(deployment, dict):
        raise ValueError("expected what `pulumi stack export` writes, found no `deployment`")
    resources = [one for one in deployment.get("resources") or () if isinstance(one, dict) and one.get("id")]
    return State(
        frozenset(str(one["id"]) for one in resources), Counter(str(one.get("type")) for one in resources)
    )
