"""What every question may use: the stack, the services' clients, and what of the stack is there already."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from preview.doctor.answers import Answer, Unasked
from preview.doctor.aws import Aws
from preview.doctor.cloudflare import Cloudflare
from preview.doctor.registry import Registry
from preview.doctor.state import State
from preview.doctor.wanted import Wanted


@dataclass(frozen=True, kw_only=True)
class Context:
    """``checkout``: Drawbridge's own folder; ``project``: the user's."""

    wanted: Wanted
    aws: Aws
    cloudflare: Cloudflare
    registry: Registry
    state: State
    checkout: Path
    project: Path
    environment: Mapping[str, str] = field(default_factory=dict)


Question = Callable[[Context], Iterable[Answer]]


def question(name: str) -> Callable[[Callable[[Context], Iterator[Answer]]], Question]:
    """A question by its name. What it could not ask is an answer of it, too: `unknown`, never `fine`.

    One that yields nothing has nothing to ask for this stack.
    """

    def named(ask: Callable[[Context], Iterator[Answer]]) -> Question:
        @functools.wraps(ask)
        def asked(context: Context) -> list[Answer]:
            found: list[Answer] = []
            try:
                found.extend(ask(context))
            except Unasked as reason:
                fix = (
                    "allow it to whoever deploys, for reading"
                    if reason.denied
                    else "ask again where that can be answered"
                )
                found.append(
                    Answer(check=name, status="unknown", text=f"could not be asked: {reason}", fix=fix)
                )
            return found

        return asked

    return named
