"""The gate: on which ground it closes, and how each of its findings is let pass."""

from __future__ import annotations

import dataclasses
import json

import pytest
import yaml

from model import go_yaml
from preview.analysis import gate
from preview.analysis.gate import Gate, GateFinding
from preview.changes import Action, Change, Comparison, Consequence, Effect, Exposure
from preview.resources import Evaluation

NAME = "prod-thing"


def evaluation(acknowledged: str = "") -> Evaluation:
    """Nothing but what a stack file acknowledges, given as YAML."""
    listed = yaml.load(acknowledged, Loader=go_yaml.Loader) if acknowledged else []
    return Evaluation(
        project="drawbridge",
        stack="prod",
        resources=(),
        outputs={},
        raw_outputs={},
        warnings=(),
        user_data={},
        config={"drawbridge:acknowledge": json.dumps(listed)},
    )


def comparison(
    consequence: Consequence = Consequence.NONE,
    action: Action = "updated",
    *,
    acknowledged: str = "",
    exposures: tuple[Exposure, ...] = (),
    errors: tuple[str, ...] = (),
) -> Comparison:
    change = Change(
        urn="urn:thing",
        type="aws:x/y:Y",
        name=NAME,
        action=action,
        before=None,
        after=None,
        effects=(Effect(consequence=consequence, why="because"),),
    )
    return Comparison(
        before=evaluation(),
        after=evaluation(acknowledged),
        changes=(change,),
        exposures=exposures,
        errors=errors,
    )


def rows(given: Gate) -> list[tuple[str, str]]:
    return [(found.ground, found.subject) for found in given.closed_by]


@pytest.mark.parametrize(
    ("consequence", "action", "found"),
    [
        (Consequence.NONE, "updated", []),
        (Consequence.IN_PLACE, "replaced", ["replace"]),
        (Consequence.ROLLING, "rolling", []),
        (Consequence.REFUSED, "updated", ["refused"]),
        (Consequence.REFUSED, "replaced", ["refused", "replace"]),
        (Consequence.DOWNTIME, "deleted", ["downtime"]),
        (Consequence.DATA_LOSS, "replaced", ["data-loss", "replace"]),
        (Consequence.UNKNOWN, "unknown", ["unknown"]),
        (Consequence.UNKNOWN, "replaced", ["unknown"]),
        (Consequence.UNKNOWN, "created", ["unknown"]),
    ],
)
def test_on_all_grounds_each_change_closes_on_its_own(
    consequence: Consequence, action: Action, found: list[str]
) -> None:
    judged = gate.decide(comparison(consequence, action), gate.grounds("all"))
    assert rows(judged) == [(ground, NAME) for ground in found]


def test_each_effect_of_a_change_is_a_finding_with_its_own_reason() -> None:
    effects = (
        Effect(consequence=Consequence.DATA_LOSS, why="the rows go", loss="rows"),
        Effect(consequence=Consequence.REFUSED, why="it is protected"),
        Effect(consequence=Consequence.AT_RISK, why="no snapshot is left"),
    )
    made = comparison()
    change = dataclasses.replace(made.changes[0], action="replaced", effects=effects)
    judged = gate.decide(dataclasses.replace(made, changes=(change,)), gate.grounds("all"))
    assert [(found.ground, found.text) for found in judged.closed_by] == [
        ("data-loss", "prod-thing: the rows go; no snapshot is left"),
        ("refused", "prod-thing: it is protected"),
        ("replace", "prod-thing: the rows go; it is protected; no snapshot is left"),
    ]


@pytest.mark.parametrize("ground", ["replace", "downtime", "exposure", "data-loss", "refused", "unknown"])
def test_what_is_not_known_closes_on_whatever_it_may_be(ground: str) -> None:
    judged = gate.decide(comparison(Consequence.UNKNOWN, "unknown"), gate.grounds(ground))
    assert rows(judged) == [("unknown", NAME)]


@pytest.mark.parametrize("ground", ["posture", "contract"])
def test_what_is_not_known_is_no_finding_of_what_is_always_known(ground: str) -> None:
    assert not gate.decide(comparison(Consequence.UNKNOWN, "unknown"), gate.grounds(ground)).closed


def test_an_unknown_passes_with_one_entry_or_with_one_of_each_ground() -> None:
    entry = "- {{change: {}, of: prod-thing, reason: Looked at}}"
    several = ["replace", "downtime", "exposure"]

    def closed(*acknowledged: str) -> bool:
        text = "\n".join(map(entry.format, acknowledged))
        made = comparison(Consequence.UNKNOWN, "unknown", acknowledged=text)
        return gate.decide(made, gate.grounds(",".join(several))).closed

    assert [closed("unknown"), closed(*several), closed(*several[:2]), closed("data-loss")] == [
        False,
        False,
        True,
        True,
    ]


@pytest.mark.parametrize(
    ("subject", "line"),
    [
        ("prod-thing", "- {change: exposure, of: prod-thing, reason: …}"),
        ("app.example.com/admin/*", "- {change: exposure, of: app.example.com/admin/*, reason: …}"),
        ("on", '- {change: exposure, of: "on", reason: …}'),
        ("0x1f", '- {change: exposure, of: "0x1f", reason: …}'),
        ("a: b, {c} # d", '- {change: exposure, of: "a: b, {c} # d", reason: …}'),
        ('say "no"\n', '- {change: exposure, of: "say \\"no\\"\\n", reason: …}'),
        ("ops@example.com", '- {change: exposure, of: "ops\\x40example.com", reason: …}'),
        ("«tunnel.id» ö", '- {change: exposure, of: "«tunnel.id» ö", reason: …}'),
        ("~", '- {change: exposure, of: "~", reason: …}'),
    ],
)
def test_a_finding_ends_with_the_entry_that_lets_it_pass(subject: str, line: str) -> None:
    opened = (Exposure(kind="reachable", subject=subject, text="open"),)
    (found,) = gate.decide(comparison(exposures=opened), ["exposure"]).closed_by
    assert found.acknowledgement == line
    judged = gate.decide(comparison(exposures=opened, acknowledged=line), ["exposure"])
    assert (judged.closed, judged.warnings) == (False, ())
    assert [item.reason for item in judged.acknowledged] == ["…"]


def test_a_plan_that_ended_early_cannot_be_acknowledged() -> None:
    (found,) = gate.decide(comparison(errors=("no credentials",)), ["replace"]).closed_by
    assert (found.text, found.acknowledgement) == ("the engine's preview failed: no credentials", "")
    line = GateFinding(ground="replace", subject=found.subject, text="").acknowledgement
    assert gate.decide(comparison(errors=("no credentials",), acknowledged=line), ["replace"]).closed


def test_the_grounds_of_the_command_line() -> None:
    assert gate.grounds("replace, refused") == ["replace", "refused"]
    assert gate.grounds("all") == list(gate.GROUNDS)
    with pytest.raises(
        ValueError, match="^expected one of replace, downtime, exposure, data-loss, ref.*, found 'dataloss'$"
    ):
        gate.grounds("replace,dataloss")
