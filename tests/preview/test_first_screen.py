"""What a reader decides by: the verdict, what happens, which edit does it, what to do, and what is compared with what."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from preview.analysis import gate
from preview.analysis.verdict import compare
from preview.changes import Cause, Comparison, Edited, Side
from preview.report.first_screen import FirstScreen, first_screen
from preview.report.markdown import to_markdown
from preview.report.page import to_html
from preview.report.report import Report, build
from preview.report.text import to_text
from preview.resources import Evaluation
from tests.evaluations import deployed
from tests.preview.programs import program, resource

BALANCER = "aws:lb/loadBalancer:LoadBalancer"
BEFORE = Side(
    ref="HEAD^1",
    commit="0123456789abcdef",
    date="2026-11-26T08:00:00+00:00",
    file="Pulumi.prod.yaml",
    stack="prod",
    version="1.0.0",
)
SIDES = (
    BEFORE,
    dataclasses.replace(BEFORE, ref="topic", commit="fedcba9876543210", date="2026-11-27T08:00:00+00:00"),
)


def report(before: Evaluation, after: Evaluation, *grounds: Any, edit: Edited | None = None) -> Report:
    """On a comparison of which one edit causes everything."""
    comparison = dataclasses.replace(compare(before, after), sides=SIDES)
    if edit:
        urns = frozenset(change.urn for change in comparison.changed)
        comparison = dataclasses.replace(comparison, causes=(Cause(edits=(edit,), urns=urns),))
    return build(after, comparison, gate.decide(comparison, grounds))


def first(*arguments: Any, **options: Any) -> FirstScreen:
    return first_screen(report(*arguments, **options))


def with_balancer() -> Report:
    here = resource("aws:ebs/volume:Volume", "data", {"size": 1})
    return report(
        program(here), program(here, resource(BALANCER, "lb", {"internal": False})), "exposure", "unknown"
    )


def released() -> Report:
    before = deployed("maycast-recorder")
    app = json.loads(before.config["drawbridge:app"])
    after = deployed("maycast-recorder", app={**app, "env": {**app["env"], "SERVER_TAG": "v1.5.0"}})
    return report(
        before, after, "exposure", edit=Edited(path="app.env.SERVER_TAG", before="v1.4.0", after="v1.5.0")
    )


def test_what_is_known_to_open_is_read_before_what_is_not_known() -> None:
    said = first_screen(with_balancer())
    assert (said.state, said.title) == (
        "Stop: the gate is closed",
        "Opens lb to more people or machines",
    )
    assert said.why[0] == "lb: a load balancer that faces the Internet"
    assert "Not known what this does" in said.also
    assert said.to_do == (
        f"Undo the edit. Or, if each of the {len(gate_of(with_balancer()).closed_by)} lines below is meant, "
        "write its entry into `drawbridge:acknowledge` of `Pulumi.prod.yaml`, with a reason."
    )


def gate_of(given: Report) -> gate.Gate:
    assert given.gate
    return given.gate


def test_nothing_else_answers_is_not_said_where_something_does() -> None:
    for written in (to_markdown(with_balancer()), to_html(with_balancer())):
        assert "nothing else answers" not in written
    assert "beside the tunnel lb can be asked from outside" in to_html(with_balancer())


def test_a_release_says_its_edit_and_that_nothing_is_to_do() -> None:
    said = first_screen(released())
    assert (said.tone, said.state, said.to_do) == (
        "good",
        "Go ahead",
        "Nothing. No downtime, no data lost, nothing opened.",
    )
    assert [edit.path for edit in said.edits] == ["app.env.SERVER_TAG"]
    written = to_html(released())
    assert (
        written.index('class="state"') < written.index("app.env.SERVER_TAG") < written.index('id="changes"')
    )


def test_what_is_grave_without_a_gate_is_to_be_decided() -> None:
    before = program(resource("aws:efs/fileSystem:FileSystem", "files", {"encrypted": True}))
    after = program(resource("aws:ebs/volume:Volume", "other", {"size": 1}))
    said = first(before, after)
    assert (said.tone, said.state) == ("bad", "Decide: read this first")
    assert said.to_do == "Deploy it only if all of this is meant."
    closed = first(before, after, "data-loss")
    assert closed.to_do.startswith("Undo the edit. Or, if the line below is meant, write its entry into")
    assert closed.to_do.endswith("Once deployed, undoing the edit brings no data back.")


def test_a_plan_that_failed_is_never_waved_through() -> None:
    same = deployed("maycast-recorder")
    comparison = dataclasses.replace(compare(same, same), errors=("access denied",))
    for grounds in ([], ["replace"]):
        judged = gate.decide(comparison, grounds)  # type: ignore[arg-type]
        said = first_screen(build(same, comparison, judged))
        assert (said.tone, said.state, said.title, said.why) == (
            "bad",
            "Stop: the preview failed",
            "The engine's preview failed",
            ("access denied",),
        )


def test_nothing_that_changes_is_nothing_to_do() -> None:
    same = deployed("maycast-recorder")
    said = first(same, same, "replace")
    assert (said.state, said.title, said.to_do, said.edits) == ("Nothing to do", "No change", "", ())


def test_many_reasons_and_edits_are_counted() -> None:
    before = program(*(resource(BALANCER, f"lb{n}", {"internal": True}) for n in range(5)))
    after = program(*(resource(BALANCER, f"lb{n}", {"internal": False}) for n in range(5)))
    comparison = compare(before, after)
    edits = tuple(Edited(path=f"routes[{n}]", before="a", after="b") for n in range(5))
    urns = frozenset(change.urn for change in comparison.changed)
    comparison = dataclasses.replace(comparison, causes=(Cause(edits=edits, urns=urns),))
    said = first_screen(build(after, comparison, gate.decide(comparison, [])))
    assert said.title == "Opens lb0 and 4 more to more people or machines"
    assert (len(said.why), said.why[-1], len(said.edits), said.more_edits) == (3, "3 more, below", 3, 2)


@pytest.mark.parametrize("render", [to_markdown, to_html])
def test_what_is_compared_with_what_stands_at_the_top(render: Any) -> None:
    written = render(released())
    plain = written.replace("`", "").replace("<span>", "").replace("</span>", "")
    words = [
        "HEAD^1 (0123456789ab of 2026-11-26)",
        "topic (fedcba987654 of 2026-11-27)",
        "Pulumi.prod.yaml, stack prod, Drawbridge 1.0.0",
    ]
    places = [plain.find(word) for word in words]
    assert -1 not in places and places == sorted(places), written[:800]
    assert places[-1] < plain.find("What changes" if render is to_html else "What causes what")
    assert plain.count(words[2]) == 1


def test_sides_that_differ_are_told_whole() -> None:
    former = dataclasses.replace(SIDES[0], stack="production", file="Pulumi.production.yaml")
    given = released()
    assert isinstance(given.comparison, Comparison)
    given = dataclasses.replace(
        given, comparison=dataclasses.replace(given.comparison, sides=(former, SIDES[1]))
    )
    assert first_screen(given).compared == (
        "HEAD^1 (0123456789ab of 2026-11-26), Pulumi.production.yaml, stack production, Drawbridge 1.0.0",
        "topic (fedcba987654 of 2026-11-27), Pulumi.prod.yaml, stack prod, Drawbridge 1.0.0",
    )
    here = deployed("maycast-recorder")
    assert first_screen(build(here, compare(here, here), gate.decide(compare(here, here), []))).compared == ()


def test_a_comment_on_a_small_change_stays_under_a_screen() -> None:
    """Of what is not folded: the headline, what is compared, one table row, and the footer."""
    written = to_markdown(released())
    shown, depth = [], 0
    for line in written.splitlines():
        depth += line.count("<details>")
        if not depth and line.strip():
            shown.append(line)
        depth -= line.count("</details>")
    assert len(shown) <= 12, shown


def test_the_text_begins_with_the_decision_and_ends_its_head_with_what_to_do() -> None:
    shown = to_text(with_balancer())
    head = shown[shown.index("Stop:") : shown.index("Consequence:")].split("\n")
    assert head[0] == "Stop: the gate is closed."
    assert " ".join(head[1:]).partition("To do: ")[2].strip() == (
        "Undo the edit. Or, if each of the 2 lines below is meant, write its entry into `drawbridge:acknowledge` of "
        "`Pulumi.prod.yaml`, with a reason."
    )
    assert "to let it pass: - {change: exposure, of: lb" in shown


def test_the_text_of_a_change_that_nobody_notices_says_so() -> None:
    shown = to_text(released())
    assert "Go ahead.\n" in shown
    assert "To do: Nothing. No downtime, no data lost, nothing opened." in shown
