"""The verdict on a change: what becomes of each resource, what that means for people, and what it opens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from preview.analysis import consequences
from preview.analysis.contract import breaks
from preview.analysis.exposures import exposures
from preview.analysis.reach import Reach
from preview.changes import Change, Comparison
from preview.diff import stacks
from preview.diff.compare import Steps
from preview.diff.engine_plan import read_plan
from preview.diff.outputs import output_changes
from preview.posture.changes import posture_change
from preview.resources import Evaluation


def compare(before: Evaluation, after: Evaluation) -> Comparison:
    """The changes from ``before`` to ``after``, two evaluations of a stack of the same name."""
    made = Steps(before, after)
    return replace(
        assess(before, after, made.changes),
        stack_changes=(*stacks.stack_changes(before, after), *made.providers.stack_changes()),
        outputs=output_changes(before, after, made.found),
    )


def compare_plan(file: str, after: Evaluation) -> Comparison:
    """The changes of the engine's own plan in ``file``; ``after`` is the program as it is now. Raises PlanError."""
    plan = read_plan(file, after)
    return replace(
        assess(plan.before, after, plan.changes),
        stack_changes=plan.stack_changes,
        outputs=output_changes(plan.before, after, {change.urn: change for change in plan.changes}),
        errors=plan.errors,
    )


def gone(before: Evaluation, after: Evaluation, file: str) -> Comparison:
    """A stack whose file is gone: nothing of it changes, and nobody deploys it any more."""
    return Comparison(
        before=before, after=after, changes=(), exposures=(), stack_changes=(stacks.gone(before, file),)
    )


def assess(before: Evaluation, after: Evaluation, made: Sequence[Change]) -> Comparison:
    """The comparison whose steps are known, with what each means for people."""
    reach = Reach(before), Reach(after)
    judge = consequences.Judge(before, after, made, reach)
    changes = tuple(judge(change) for change in made)
    return Comparison(
        before=before,
        after=after,
        changes=changes,
        exposures=exposures(before, after, changes, reach),
        posture=posture_change(before, after, changes),
        contract=breaks(before, after, changes),
    )
