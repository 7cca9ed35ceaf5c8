"""What the doctor says, as plain data."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal, get_args

Status = Literal["refused", "unknown", "warned", "fine"]
STATUSES: tuple[Status, ...] = get_args(Status)
"""From the worst. ``refused``: `pulumi up` fails, or nobody gets in. ``warned``: it goes on, and something else suffers."""


class Unasked(Exception):
    """A question that got no answer: no credentials, no permission, no network. The text says which.

    ``status`` is that of the HTTP answer, 0 where there was none; ``code`` the service's own.
    """

    def __init__(self, text: str, status: int = 0, code: str = "") -> None:
        super().__init__(text)
        self.status, self.code = status, code

    @property
    def denied(self) -> bool:
        """Did the service answer that the caller may not ask this?"""
        return self.status in (401, 403)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """``check`` names the question (`cloudflare.dns`); ``fix``: the line, setting, command or click that helps."""

    check: str
    status: Status
    text: str
    fix: str = ""
    taken: Taken | None = None
    """What stands there and could be taken over, if that is what ``fix`` offers."""


@dataclass(frozen=True)
class Taken:
    """A thing that stands where the stack wants one of its resources; ``identifier`` is what `pulumi import` takes."""

    type: str
    name: str
    identifier: str


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """All answers for one stack, the worst first, then in the order of the questions."""

    project: str
    stack: str
    answers: tuple[Answer, ...]

    def of(self, status: Status) -> tuple[Answer, ...]:
        return tuple(answer for answer in self.answers if answer.status == status)

    def counts(self) -> dict[Status, int]:
        found = Counter(answer.status for answer in self.answers)
        return {status: found[status] for status in STATUSES}

    @property
    def exit_code(self) -> int:
        """2: something would be refused; 3: nothing that we know of, and something could not be asked; 0: neither."""
        return 2 if self.of("refused") else 3 if self.of("unknown") else 0
