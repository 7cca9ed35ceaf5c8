"""The headline of a comparison: all that it does to people, the worst first, in one wording for every format."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args

from preview.analysis.gate import Gate
from preview.changes import Comparison, Consequence, Effect, Exposure, Kind, Loss
from preview.findings import SEVERITIES, PostureFinding, Severity
from preview.findings import count as by_severity
from preview.report.change_tables import HEADLINES
from preview.report.tables import count, listed
from preview.resource_types.record import LOSSES


@dataclass(frozen=True)
class Headline:
    """``tone`` is that of `tables.Row`; ``counts`` is how many resources change how, and what closes the gate.

    ``parts`` are those of the title, the worst first, without what is harmless beside it; ``why`` says of the first one what
    happens, a sentence each.
    """

    tone: str
    title: str
    counts: str
    parts: tuple[str, ...] = ()
    why: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Part:
    """``gravity`` orders the parts: a consequence counts as its own number."""

    gravity: float
    tone: str
    text: str
    why: tuple[str, ...] = ()


# Between the consequences: worse than REFUSED, less bad than DOWNTIME, and so on.
_FAILED = Consequence.DATA_LOSS + 0.5
"""What would have come after the error is not known."""
_EXPOSURE = Consequence.REFUSED + 0.95
_CONTRACT = Consequence.REFUSED + 0.4
_UNKNOWN = Consequence.REFUSED + 0.85
"""Where something grave is known besides: that is read first."""
_SUPPRESSION = Consequence.AT_RISK + 0.5
_POSTURE: dict[Severity, float] = {
    "critical": Consequence.REFUSED + 0.9,
    "high": Consequence.REFUSED + 0.6,
    "medium": Consequence.ROLLING + 0.5,
    "low": Consequence.NONE + 0.3,
    "info": Consequence.NONE + 0.1,
}
_TONES: dict[Severity, str] = {"critical": "bad", "high": "bad", "medium": "warn"}
_KINDS: tuple[Kind, ...] = get_args(Kind)
_ORDER = {"bad": 3, "odd": 2, "warn": 1}


def headline(comparison: Comparison, gate: Gate) -> Headline:
    parts = sorted(_parts(comparison), key=lambda part: -part.gravity)
    texts = [part.text for part in parts] or ["no change"]
    tone = max((part.tone for part in parts), key=lambda given: _ORDER.get(given, 0), default="good")
    return Headline(
        "bad" if gate.closed else tone or "good",
        _capital("; ".join(texts)),
        _counts(comparison, gate),
        tuple(_capital(part.text) for number, part in enumerate(parts) if number == 0 or part.tone != "good")
        or ("No change",),
        parts[0].why if parts else (),
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _parts(comparison: Comparison) -> Iterator[_Part]:
    if comparison.errors:
        yield _Part(_FAILED, "bad", "the engine's preview failed", comparison.errors)
    worst = comparison.consequence
    posture = comparison.posture
    grave = any(item.rule.severity in ("critical", "high") for item in posture.brought) if posture else False
    if comparison.changed or comparison.stack_changes:
        tone, text = HEADLINES[worst]
        if worst == Consequence.DATA_LOSS:
            tone, text = _lost(comparison)
        known = worst == Consequence.UNKNOWN and (grave or comparison.exposures)
        yield _Part(
            _UNKNOWN if known else worst, tone, text[:1].lower() + text[1:], _reasons(comparison, worst)
        )
    if worst > Consequence.DOWNTIME and (reasons := _reasons(comparison, Consequence.DOWNTIME)):
        yield _Part(Consequence.DOWNTIME, "bad", "downtime", reasons)
    refused = sum(
        any(effect.consequence == Consequence.REFUSED for effect in effects)
        for _, effects in _effects(comparison)
    )
    if refused and worst > Consequence.REFUSED:
        reasons = _reasons(comparison, Consequence.REFUSED)
        yield _Part(Consequence.REFUSED, "warn", f"the cloud refuses {count(refused, 'change')}", reasons)
    if comparison.exposures:
        subjects = [*dict.fromkeys(item.subject for item in _worst_first(comparison.exposures))]
        text = f"opens {_first(subjects)} to more people or machines"
        yield _Part(_EXPOSURE, "warn", text, tuple(item.text for item in _worst_first(comparison.exposures)))
    if comparison.contract:
        broken = [*dict.fromkeys(item.output for item in comparison.contract)]
        text = f"breaks {'the outputs' if len(broken) > 1 else 'the output'} {_first(broken)} for whoever reads it"
        yield _Part(_CONTRACT, "warn", text, tuple(item.text for item in comparison.contract))
    if posture and posture.brought:
        found = min((item.rule.severity for item in posture.brought), key=SEVERITIES.index)
        reasons = tuple(item.text for item in posture.brought)
        yield _Part(_POSTURE[found], _TONES.get(found, ""), f"brings {findings(posture.brought)}", reasons)
    if posture and posture.hidden:
        reasons = tuple(item.text for item in posture.hidden)
        yield _Part(_SUPPRESSION, "warn", f"accepts {findings(posture.hidden)} by a suppression", reasons)


def _worst_first(exposures: tuple[Exposure, ...]) -> list[Exposure]:
    """What can be asked before what may be used, and what is not known at the end."""
    return sorted(exposures, key=lambda item: _KINDS.index(item.kind))


def _first(names: list[str]) -> str:
    """`app.example.com/admin and 2 more`."""
    return names[0] + (f" and {len(names) - 1:,} more" if len(names) > 1 else "")


def _effects(comparison: Comparison) -> Iterator[tuple[str, tuple[Effect, ...]]]:
    """What the stack as a whole, and each changed resource, means for people, by name."""
    yield from ((change.subject, change.effects) for change in comparison.stack_changes)
    yield from ((change.name, change.effects) for change in comparison.changed)


def _reasons(comparison: Comparison, consequence: Consequence) -> tuple[str, ...]:
    """Why it comes to this, of the stack as a whole and then with each resource's name; of data, what is worst to lose first."""
    found = [
        (-1, f"{change.subject}: {change.text}")
        for change in comparison.stack_changes
        if change.consequence == consequence
    ] + [
        (LOSSES.index(effect.loss) if effect.loss else len(LOSSES), f"{name}: {effect.why}")
        for name, effects in ((change.name, change.effects) for change in comparison.changed)
        for effect in effects
        if effect.consequence == consequence and effect.why
    ]
    return tuple(dict.fromkeys(text for _, text in sorted(found, key=lambda item: item[0])))


def _lost(comparison: Comparison) -> tuple[str, str]:
    """What is lost, the worst first, each with the resource that it is lost with. A past that is cut short is no data loss."""
    found: dict[Loss | None, list[str]] = {}
    for name, effect in ((name, effect) for name, effects in _effects(comparison) for effect in effects):
        if effect.consequence == Consequence.DATA_LOSS:
            found.setdefault(effect.loss, []).append(name)
    order = [loss for loss in (*LOSSES, None) if loss in found]
    lines = []
    for loss in order[:LOSSES_NAMED]:
        lines.append(f"{_LOST[loss]} ({_first([*dict.fromkeys(found[loss])])})")
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
