"""The headline of a comparison: all that it does to people, the worst first, in one wording for every format."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from preview.analysis.gate import Gate
from preview.changes import Comparison, Consequence, Loss
from preview.findings import SEVERITIES, PostureFinding, Severity
from preview.findings import count as by_severity
from preview.report.change_tables import HEADLINES
from preview.report.tables import count, listed
from preview.resource_types.record import LOSSES


@dataclass(frozen=True)
class Headline:
    """``tone`` is that of `tables.Row`; ``counts`` is how many resources change how, and what closes the gate."""

    tone: str
    title: str
    counts: str


@dataclass(frozen=True)
class _Part:
    """``gravity`` orders the parts: a consequence counts as its own number."""

    gravity: float
    tone: str
    text: str


# Between the consequences: worse than REFUSED, less bad than DOWNTIME, and so on.
_EXPOSURE = Consequence.REFUSED + 0.8
_CONTRACT = Consequence.REFUSED + 0.4
_SUPPRESSION = Consequence.AT_RISK + 0.5
_POSTURE: dict[Severity, float] = {
    "critical": Consequence.REFUSED + 0.9,
    "high": Consequence.REFUSED + 0.6,
    "medium": Consequence.ROLLING + 0.5,
    "low": Consequence.NONE + 0.3,
    "info": Consequence.NONE + 0.1,
}
_TONES: dict[Severity, str] = {"critical": "bad", "high": "bad", "medium": "warn"}
_ORDER = {"bad": 3, "odd": 2, "warn": 1}


def headline(comparison: Comparison, gate: Gate) -> Headline:
    parts = sorted(_parts(comparison), key=lambda part: -part.gravity)
    title = "; ".join(part.text for part in parts) or "no change"
    tone = max((part.tone for part in parts), key=lambda given: _ORDER.get(given, 0), default="good")
    return Headline(
        "bad" if gate.closed else tone or "good", title[:1].upper() + title[1:], _counts(comparison, gate)
    )


def _parts(comparison: Comparison) -> Iterator[_Part]:
    worst = comparison.consequence
    if comparison.changed or comparison.stack_changes:
        tone, text = HEADLINES[worst]
        if worst == Consequence.DATA_LOSS:
            tone, text = _lost(comparison)
        yield _Part(worst, tone, text[:1].lower() + text[1:])
    effects = [change.effects for change in comparison.changed]
    effects += [change.effects for change in comparison.stack_changes]
    refused = sum(any(effect.consequence == Consequence.REFUSED for effect in of) for of in effects)
    if refused and worst > Consequence.REFUSED:
        yield _Part(Consequence.REFUSED, "warn", f"the cloud refuses {count(refused, 'change')}")
    if comparison.exposures:
        text = f"opens {count(len(comparison.exposures), 'thing')} to more people or machines"
        yield _Part(_EXPOSURE, "warn", text)
    if comparison.contract:
        yield _Part(
            _CONTRACT, "warn", f"breaks {count(len(comparison.contract), 'output')} for who reads them"
        )
    posture = comparison.posture
    if posture and posture.brought:
        found = min((item.rule.severity for item in posture.brought), key=SEVERITIES.index)
        yield _Part(_POSTURE[found], _TONES.get(found, ""), f"brings {findings(posture.brought)}")
    if posture and posture.hidden:
        yield _Part(_SUPPRESSION, "warn", f"accepts {findings(posture.hidden)} by a suppression")


def _lost(comparison: Comparison) -> tuple[str, str]:
    """What is lost, the worst first, each with the resource that it is lost with. A past that is cut short is no data loss."""
    found: dict[Loss | None, list[str]] = {}
    effects = [(change.subject, effect) for change in comparison.stack_changes for effect in change.effects]
    effects += [(change.name, effect) for change in comparison.changed for effect in change.effects]
    for name, effect in effects:
        if effect.consequence == Consequence.DATA_LOSS:
            found.setdefault(effect.loss, []).append(name)
    order = [loss for loss in (*LOSSES, None) if loss in found]
    lines = []
    for loss in order[:LOSSES_NAMED]:
        names = [*dict.fromkeys(found[loss])]
        more = f" and {len(names) - 1:,} more" if len(names) > 1 else ""
        lines.append(f"{_LOST[loss]} ({names[0]}{more})")
    left = [_LOST[loss].removeprefix("the ") for loss in order[LOSSES_NAMED:]]
    text = "; ".join([*lines, *([listed(left)] if left else [])])
    if set(order) <= {"logs", "backups"}:
        return "warn", f"Goes for good: {text}"
    return "bad", f"Data loss: {text}"


LOSSES_NAMED = 2
_LOST: dict[Loss | None, str] = {
    "rows": "the database's rows",
    "files": "the app's files",
    "objects": "a bucket's objects",
    "keys": "keys, with all that they encrypt",
    "secrets": "a secret's value",
    "backups": "backups",
    "logs": "logs",
    None: "data",
}


def findings(given: tuple[PostureFinding, ...]) -> str:
    """`3 posture findings (1 critical, 2 low)`."""
    several = ", ".join(f"{number} {severity}" for severity, number in by_severity(given).items() if number)
    return f"{count(len(given), 'posture finding')} ({several})"


def _counts(comparison: Comparison, gate: Gate) -> str:
    numbers = comparison.count()
    done = [f"{number:,} {action}" for action, number in numbers.items() if action != "unchanged"]
    same = numbers.get("unchanged", 0)
    text = f"{listed([*done, f'{same:,} unchanged'])} of {count(len(comparison.changes), 'resource')}."
    if comparison.posture and comparison.posture.taken:
        text += f" Ends {findings(comparison.posture.taken)}."
    if gate.closed:
        text += (
            f" The gate is closed: {listed(list(dict.fromkeys(found.ground for found in gate.closed_by)))}."
        )
    return text
