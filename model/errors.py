"""Findings: what is wrong with a stack file, where, and what cures it."""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from .printable import printable

_NOTHING = object()


@dataclass(frozen=True, order=True)
class Finding:
    """One thing wrong in a stack file.

    ``path`` is slash-separated below the `drawbridge:` namespace (``routes/2/service``). ``rule`` says what must hold,
    with what is allowed; ``got`` is the offending value as compact JSON, or "" where there is none or it may be secret.
    """

    path: str
    rule: str
    got: str = ""
    cure: str = ""

    def __str__(self) -> str:
        text = f"{self.path}: {self.rule}"
        if self.got:
            text += f", got {self.got}"
        if self.cure:
            text += f". {self.cure}"
        return printable(text)


def finding(path: str, rule: str, got: object = _NOTHING, cure: str = "") -> Finding:
    """A finding whose value is rendered as JSON, cut at 80 characters so that a pasted file does not fill the terminal."""
    if got is _NOTHING:
        return Finding(path, rule, "", cure)
    text = json.dumps(got, ensure_ascii=False, default=str)
    return Finding(path, rule, text if len(text) <= 80 else text[:77] + "...", cure)


class UnreadableFile(OSError):
    """A file of the project that is none of those which are read; its text says which are."""


class SettingsError(ValueError):
    """All findings of one stack file; its text is the report, one line a finding, in the order of the paths."""

    def __init__(self, findings: Iterable[Finding], stack: str = "") -> None:
        self.findings: Sequence[Finding] = tuple(sorted(set(findings), key=_reading_order))
        count = len(self.findings)
        head = f"{count} problem{'' if count == 1 else 's'} in the stack file" + (
            f" of '{stack}'" if stack else ""
        )
        super().__init__("\n".join([head + ":", *(f"  {item}" for item in self.findings)]))


def _reading_order(item: Finding) -> tuple[list[tuple[int, int, str]], str]:
    """Paths sort part by part, list positions as numbers: `routes/2` before `routes/10`."""
    parts = [
        (0, int(part), "") if part.isascii() and part.isdigit() else (1, 0, part)
        for part in item.path.split("/")
    ]
    return parts, item.rule


def did_you_mean(word: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"Did you mean {near[0]}?" if near else ""
