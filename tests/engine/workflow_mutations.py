"""Faults put into the workflows on purpose; each must make the scenario fail that is named with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDERS = {".yml": ".github/workflows", "": ".github/scripts"}


@dataclass(frozen=True)
class Mutation:
    name: str
    file: str
    old: str
    new: str
    scenario: Callable[..., None]

    def apply(self, project: Path) -> None:
        """Put the fault in. AssertionError: what it changes stands there no more, or twice."""
        path = project / FOLDERS[Path(self.file).suffix] / self.file
        text = path.read_text(encoding="utf-8")
        assert text.count(self.old) == 1, (
            f"{self.name}: {self.old!r} stands {text.count(self.old)} times in {self.file}"
        )
        path.write_text(text.replace(self.old, self.new), encoding="utf-8")

    def __str__(self) -> str:
        return self.name


def notices(mutation: Mutation, *arguments: Any) -> bool:
    """Does the scenario fail? What the runner does not know is no answer."""
    try:
        mutation.scenario(*arguments)
    except NotImplementedError:
        raise
    except (AssertionError, ValueError, StopIteration, LookupError):
        return True
    return False
