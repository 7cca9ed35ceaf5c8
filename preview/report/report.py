"""All that a report tells, computed once; every format lays out the same one."""

from __future__ import annotations

from dataclasses import dataclass, field

from preview.analysis import cost
from preview.analysis.cost import CostChange, Estimate
from preview.analysis.gate import Gate
from preview.changes import Comparison
from preview.evaluate.places import Places
from preview.findings import Posture
from preview.posture import judgement
from preview.report.groups import Group, groups
from preview.resources import Evaluation


@dataclass(frozen=True, kw_only=True)
class Report:
    """``comparison``, ``gate`` and ``cost_change`` are there where two versions are compared."""

    evaluation: Evaluation
    posture: Posture
    cost: Estimate
    comparison: Comparison | None = None
    gate: Gate | None = None
    groups: tuple[Group, ...] = ()
    cost_change: CostChange | None = None
    places: Places = field(default_factory=Places)
    """Where the settings stand; only code scanning asks."""

    @property
    def compared(self) -> tuple[Comparison, Gate] | None:
        """The comparison with its gate, where there is one."""
        return (self.comparison, self.gate) if self.comparison and self.gate else None


def build(evaluation: Evaluation, comparison: Comparison | None = None, gate: Gate | None = None) -> Report:
    """The report on a stack, or on a change of it."""
    change = cost.compare(comparison.before, comparison.after) if comparison else None
    return Report(
        evaluation=evaluation,
        posture=judgement.of(evaluation, comparison),
        cost=cost.estimate(evaluation),
        comparison=comparison,
        gate=gate,
        groups=groups(comparison) if comparison else (),
        cost_change=change,
    )
