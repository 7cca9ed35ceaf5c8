"""Errors of settings: `FILE:LINE path: what was expected, what was found, how to fix it`."""

from __future__ import annotations

import dataclasses
import difflib
import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from .lines import nearest
from .printable import printable

_NOTHING = object()


@dataclass(frozen=True, order=True)
class Finding:
    """One thing wrong in the project's files.

    ``path`` is that of the setting, as in `routes[2].service`, below the `drawbridge:` namespace or in ``file``. Either
    ``expected`` says what has to stand there and ``found`` what does (compact JSON; "" where nothing does or it may be
    secret), or ``problem`` is the whole statement. ``file`` is "" and ``line`` 0 until somebody knows them.
    """

    path: str
    expected: str = ""
    found: str = ""
    fix: str = ""
    problem: str = ""
    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.file and self.line else self.file
        return printable(f"{' '.join(filter(None, (place, self.path)))}: {self.text}")

    @property
    def text(self) -> str:
        """The error without its place."""
        said = self.problem
        if self.expected:
            said = f"expected {self.expected}" + (f", found {self.found}" if self.found else "")
        return f"{said}; {self.fix}" if self.fix else said


def finding(path: str, expected: str, found: object = _NOTHING, fix: str = "") -> Finding:
    """`expected …, found …; fix`. The value is rendered as JSON, cut at 80 characters: a pasted file would fill the terminal."""
    return Finding(path, expected, "" if found is _NOTHING else _shown(found), fix)


def problem(path: str, text: str, fix: str = "") -> Finding:
    """`text; fix`, where there is no value that could be another: an unknown key, a missing one, two that exclude each other."""
    return Finding(path, fix=fix, problem=text)


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else text[:77] + "..."


class Invalid(ValueError):
    """For validators of settings: a `Finding` whose path is yet to come, or ends in ``key``, the place below the value."""

    def __init__(
        self, expected: str = "", found: object = _NOTHING, fix: str = "", *, problem: str = "", key: str = ""
    ) -> None:
        shown = "" if found is _NOTHING else _shown(found)
        self.finding = Finding(key, expected, shown, fix, problem)
        super().__init__(self.finding.text)


class UnreadableFile(OSError):
    """A file of the project that is none of those which are read; its text says which are."""


class SettingsError(ValueError):
    """All findings of one stack; its text is the report, one line a finding, in the order of the paths."""

    def __init__(self, findings: Iterable[Finding], stack: str = "") -> None:
        self.findings: Sequence[Finding] = tuple(sorted(set(findings), key=_reading_order))
        self.stack = stack
        count = len(self.findings)
        head = f"{count} error{'' if count == 1 else 's'} in the settings"
        head += f" of stack '{stack}'" if stack else ""
        super().__init__("\n".join([head + ":", *(f"  {item}" for item in self.findings)]))

    def placed(self, file: str, lines: Mapping[str, int]) -> SettingsError:
        """The same, with the stack file's name and the lines of its paths in it (see `model.lines`)."""
        return SettingsError(
            [
                item if item.file else dataclasses.replace(item, file=file, line=nearest(lines, item.path))
                for item in self.findings
            ],
            self.stack,
        )


def _reading_order(item: Finding) -> tuple[str, list[tuple[int, int, str]], str]:
    """Paths sort part by part, list positions as numbers: `routes[2]` before `routes[10]`; other files come last."""
    other = item.file if item.file and not item.file.startswith("Pulumi.") else ""
    parts = [
        (0, int(part), "") if part.isascii() and part.isdigit() else (1, 0, part)
        for part in re.findall(r'"[^"]*"|[^.\[\]]+', item.path)
    ]
    return other, parts, item.text


def did_you_mean(word: str, known: Collection[str]) -> str:
    """`did you mean …?`, or "" where nothing known is near."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"did you mean {near[0]}?" if near else ""
