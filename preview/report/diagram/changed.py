"""The diagram of a change: what comes, what goes, what opens, and what answers from outside beside the tunnel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from preview.changes import Change, Comparison
from preview.findings import Posture
from preview.report.diagram.canvas import Card
from preview.report.diagram.picture import ROUTES, SERVICES, Picture, picture
from preview.report.posture_tables import BESIDE
from preview.report.report import Report
from preview.resource_types import type_names
from preview.resources import Evaluation

ENTRANCES = 6
_OPENS = ("reachable", "port", "address")


def of_report(report: Report) -> Picture:
    """The picture of a stack; where versions are compared, with what the change makes of it."""
    known = picture(report.evaluation)
    if report.comparison:
        known = _changed(known, picture(report.comparison.before), report.comparison)
    return replace(known, entrances=_entrances(report.evaluation, report.posture, report.comparison))


def _changed(new: Picture, old: Picture, comparison: Comparison) -> Picture:
    fresh = not comparison.before.resources
    if fresh:
        return new
    return replace(
        new,
        routes=tuple(_routes(new.routes, old.routes, comparison)),
        routed=tuple(_services(new.routed, (*old.routed, *old.others), (), SERVICES)),
        others=tuple(
            _services(new.others, (*old.routed, *old.others), _gone(new, old), SERVICES),
        ),
        state=tuple(_state(new, old, comparison)),
        release=_release(comparison),
    )


def _routes(new: Sequence[Card], old: Sequence[Card], comparison: Comparison) -> Iterator[Card]:
    before = {card.title: card for card in old}
    opened = {exposure.subject.removesuffix("/*") for exposure in comparison.exposures}
    for card in new:
        was = before.get(card.title)
        if card.title.removesuffix("/*") in opened:
            yield card.marked("opened", "! new, and reachable" if was is None else "! opens to others")
        elif was is None:
            yield card.marked("added", "+ new")
        elif was.lines != card.lines:
            differs = [
                text for (text, _), (other, _) in zip(was.lines, card.lines, strict=False) if text != other
            ]
            yield card.marked("changed", f"~ before: {'; '.join(differs).removeprefix('→ ')}")
        else:
            yield card
    left = [
        card for card in old if card.title not in {card.title for card in new} and "more" not in card.kind
    ]
    for card in left[: max(ROUTES - len(new), 1)]:
        yield card.marked("removed", "− removed")


def _gone(new: Picture, old: Picture) -> tuple[str, ...]:
    there = {*new.routed, *new.others}
    return tuple(
        name for name in (*old.routed, *old.others) if name not in there and not name.startswith("and ")
    )


def _services(names: Sequence[str], before: Sequence[str], gone: Sequence[str], limit: int) -> Iterator[str]:
    for name in names:
        yield name if name in before or name.startswith("and ") or not before else f"+ {name}"
    for name in gone[: max(limit - len(names), 1)]:
        yield f"− {name}"


_STATE = {type_names.DATABASE: "RDS", type_names.FILE_SYSTEM: "EFS"}
_MARKS = {
    "created": ("added", "+ new"),
    "replaced": ("removed", "± replaced: its data goes"),
    "deleted": ("removed", "− deleted: its data goes"),
    "updated": ("changed", "~ changed in place"),
    "unknown": ("opened", "? not known what happens"),
}


def _state(new: Picture, old: Picture, comparison: Comparison) -> Iterator[tuple[Card, str]]:
    becomes = {_kind(change.type): change for change in comparison.changed if change.type in _STATE}
    for card, port in new.state:
        change = becomes.pop(_kind_of(card), None)
        yield (card.marked(*_MARKS[change.action]) if change and change.action in _MARKS else card), port
    for card, port in old.state:
        if _kind_of(card) in becomes:
            yield card.marked(*_MARKS["deleted"]), port


def _kind(type_name: str) -> str:
    return _STATE[type_name]


def _kind_of(card: Card) -> str:
    """The service that a card of state stands for: its first line begins or ends with it."""
    return "RDS" if card.lines and card.lines[0][0].startswith("RDS") else "EFS"


def _release(comparison: Comparison) -> str:
    fleets: list[Change] = [
        change for change in comparison.changed if change.type == type_names.AUTO_SCALING_GROUP
    ]
    actions = {change.action for change in fleets}
    if actions & {"replaced", "deleted"}:
        return "± the old machines go first"
    if "rolling" in actions:
        return "↻ replaced, new before old"
    return "~ changed" if "updated" in actions else "+ new" if "created" in actions else ""


def _entrances(evaluation: Evaluation, posture: Posture, comparison: Comparison | None) -> tuple[Card, ...]:
    """Each resource that answers from outside beside the tunnel, new ones first."""
    found: dict[str, Card] = {}
    names = {resource.name: resource for resource in evaluation.resources}
    for exposure in comparison.exposures if comparison else ():
        if exposure.kind in _OPENS and exposure.subject in names:
            type_name = type_names.short(names[exposure.subject].type)
            card = Card(exposure.subject, ((type_name, "code"), (exposure.text, "text")), "entrance")
            found.setdefault(exposure.subject, card.marked("opened", "! new"))
    for finding in posture.findings:
        if finding.rule.id in BESIDE and finding.resource in names:
            type_name = type_names.short(names[finding.resource].type)
            card = Card(finding.resource, ((type_name, "code"), (finding.detail, "text")), "entrance")
            found.setdefault(finding.resource, card)
    cards = [*found.values()]
    if len(cards) > ENTRANCES:
        more = Card(f"and {len(cards) - ENTRANCES + 1} more", (("in the tables", "text"),), "entrance")
        cards = [*cards[: ENTRANCES - 1], more]
    return tuple(cards)
