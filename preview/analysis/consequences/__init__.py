"""What a change of one resource means for the people who use the stack.

Each file asks one question of a change: `question(context, change)` yields an effect for each thing that it finds. The worst
counts, and every one is said. What nobody has a word for is in place where it is known to be harmless (`known.py`), else unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from preview.analysis.consequences.ahead import ahead
from preview.analysis.consequences.context import Context, changed_inputs, effect, in_place, unknown
from preview.analysis.consequences.database import database, parameters
from preview.analysis.consequences.doors import doors
from preview.analysis.consequences.files import files
from preview.analysis.consequences.gone import clashes, derived, derived_in_user_data, gone
from preview.analysis.consequences.guards import guards, telling
from preview.analysis.consequences.known import harmless_when_new, unjudged
from preview.analysis.consequences.machines import machines
from preview.analysis.consequences.migrations import migrations
from preview.analysis.consequences.network import network
from preview.analysis.consequences.origins import origins
from preview.analysis.consequences.services import services
from preview.analysis.consequences.values import values
from preview.analysis.consequences.zone_rules import rules
from preview.analysis.options import option_effects
from preview.analysis.reach import Reach
from preview.changes import Change, Consequence, Effect
from preview.resource_types import type_names
from preview.resource_types.registry import record_of
from preview.resources import Evaluation

__all__ = ["Judge"]

Question = Callable[[Context, Change], Iterator[Effect]]
QUESTIONS: tuple[Question, ...] = (
    gone,
    derived,
    derived_in_user_data,
    clashes,
    network,
    database,
    parameters,
    guards,
    telling,
    machines,
    migrations,
    services,
    files,
    values,
    ahead,
    origins,
    doors,
    rules,
)


class Judge:
    """Judges the steps of one comparison: ``judge(step)`` is the step with its effects, the worst first."""

    def __init__(
        self, before: Evaluation, after: Evaluation, steps: Sequence[Change], reach: tuple[Reach, Reach]
    ) -> None:
        self._context = Context(before, after, {step.urn: step for step in steps}, reach)

    def __call__(self, step: Change) -> Change:
        if step.action == "unchanged":
            return replace(step, effects=tuple(option_effects(step)))
        found = [
            *self._plain(step),
            *option_effects(step),
            *(e for question in QUESTIONS for e in question(self._context, step)),
        ]
        if not any(item.consequence for item in found):
            found = [item for item in [self._otherwise(step), *found] if item.why]
        found.sort(key=lambda item: -item.consequence)
        return replace(step, effects=tuple(dict.fromkeys(found)))

    def _plain(self, step: Change) -> Iterator[Effect]:
        """What follows from the action alone."""
        if step.action == "unknown":
            what = _inputs(step) or ", ".join(_of_provider(step))
            yield unknown(
                f"whether a change of {what} replaces a {type_names.short(step.type)} is not known here"
            )
        elif step.action == "created" and not (
            record_of(step.type).classified or harmless_when_new(self._context, step)
        ):
            yield unknown(f"what a new {type_names.short(step.type)} does is not known here")
        elif step.action == "updated":
            inputs = unjudged(step)
            if inputs:
                yield unknown(f"what a change of {', '.join(inputs)} means is not known here")

    def _otherwise(self, step: Change) -> Effect:
        if step.action == "created":
            return effect(Consequence.NONE, "new")
        inputs = _inputs(step) or ", ".join(_of_provider(step))
        return in_place(f"{inputs} in place") if inputs else effect(Consequence.NONE, "")


def _inputs(step: Change) -> str:
    return ", ".join(changed_inputs(step))


def _of_provider(step: Change) -> list[str]:
    return [difference.path for difference in step.differences if difference.path.startswith("provider.")]
