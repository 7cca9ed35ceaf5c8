"""Deployments by up.yml and looks by drift.yml, as the files stand: every step in its order, with the real CLI over the stand-in clouds."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from .workflow_deployment import DRIFT, READING, WRITING, Deployment
from .workflow_hub import Hub
from .workflow_machine import machine

GROUP = "aws:autoscaling/group:Group"
LOGS = "aws:cloudwatch/logGroup:LogGroup"
MORE = ("replicas: 1", "replicas: 2")
RELEASE = ("SERVER_TAG: v1.4.0", "SERVER_TAG: v1.5.0")
OPENED = ("access: admins", "access: public")
TITLE = "Drift: prod is not as it was deployed"

pytestmark = [
    pytest.mark.skipif(shutil.which("jq") is None, reason="not on PATH: jq"),
    pytest.mark.xdist_group("workflow-deployments"),
]


@pytest.fixture(scope="module")
def bin_(tmp_path_factory: pytest.TempPathFactory, plugins: Path) -> Path:
    return machine(tmp_path_factory.mktemp("machine"), plugins)


@pytest.fixture(scope="module")
def nothing(tmp_path_factory: pytest.TempPathFactory, plugins: Path, bin_: Path) -> Deployment:
    """A repository of which nothing is deployed yet."""
    return Deployment.make(tmp_path_factory.mktemp("nothing"), plugins, bin_)


@pytest.fixture(scope="module")
def first(nothing: Deployment, tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """The same after its first push."""
    made = nothing.fork(tmp_path_factory.mktemp("first"))
    with made.on_github():
        run, changed = made.up()
        assert run.conclusion == "success", run.log
        made.first = (run, changed)  # type: ignore[attr-defined]
    return made


@pytest.fixture
def deployed(first: Deployment, tmp_path: Path) -> Iterator[Deployment]:
    made = first.fork(tmp_path / "deployed")
    with made.on_github():
        yield made


def test_a_first_deployment_is_planned_approved_and_done(first: Deployment) -> None:
    run, changed = first.first  # type: ignore[attr-defined]
    assert run.results() == dict.fromkeys(
        ("Which stacks", "Plan (prod)", "Whose plan changes something", "Up (prod)"), "success"
    )
    assert run.not_run() == [], run.log
    assert run.approvals == ["prod"]
    assert set(re.findall(r"^\w+", "\n".join(changed), re.MULTILINE)) == {"create"}
    assert "59 created" in run.job("plan").summary
    assert (run.job("plan").role, run.job("up").role) == (READING.format("prod"), WRITING.format("prod"))
    assert sorted(run.artifacts["plan-prod"]) == [
        "changes",
        "first",
        "plan.json",
        "plan.md",
        "preview.json",
        "state",
    ]


def test_a_second_run_of_the_same_shows_an_empty_plan_and_asks_for_nothing(deployed: Deployment) -> None:
    run, changed = deployed.up()
    assert run.results() == {
        "Which stacks": "success",
        "Plan (prod)": "success",
        "Whose plan changes something": "success",
        "up": "skipped",
    }, run.log
    assert "59 unchanged of 59 resources" in run.job("plan").summary
    assert (run.conclusion, run.approvals, changed) == ("success", [], [])


def test_a_release_is_done_as_reviewed_and_the_next_run_has_nothing_to_do(deployed: Deployment) -> None:
    deployed.edit(RELEASE)
    run, changed = deployed.up()
    assert run.conclusion == "success", run.log
    assert "rolling" in run.job("plan").summary
    assert [change for change in changed if GROUP in change] == [f"create {GROUP}", f"delete {GROUP}"]
    again, changed = deployed.up()
    assert (again.conclusion, again.approvals, changed) == ("success", [], [])


def test_a_plan_that_the_gate_closes_on_is_not_done_until_it_is_acknowledged(deployed: Deployment) -> None:
    deployed.edit(OPENED)
    run, changed = deployed.up()
    assert (run.conclusion, run.approvals, changed) == ("failure", [], []), run.log
    assert run.results()["up"] == "skipped"
    entries = re.findall(r"`(- \{change: .*?\})`", run.job("plan").summary)
    assert "- {change: exposure, of: rec.example.com/admin, reason: …}" in entries, run.job("plan").summary
    assert "The gate is closed, so this plan of prod is not done" in run.log
    deployed.edit(
        (
            "config:\n",
            "config:\n  drawbridge:acknowledge:\n"
            + "".join(f"    {entry.replace('…', 'meant')}\n" for entry in entries),
        )
    )
    run, changed = deployed.up()
    assert (run.conclusion, run.approvals, changed != []) == ("success", ["prod"], True), run.log


def test_a_plan_that_a_person_rejects_is_not_done(deployed: Deployment) -> None:
    deployed.hub.approve = lambda run, environment: False
    deployed.edit(MORE)
    run, changed = deployed.up()
    assert (run.results()["Up (prod)"], changed) == ("failure", [])


def test_a_state_that_moves_while_the_plan_waits_is_refused(deployed: Deployment) -> None:
    def meanwhile(run: object, environment: str) -> bool:
        deployed.cloud.change(GROUP, deployed.cloud.one(GROUP).id, maxSize=7)
        deployed.engines["prod"].refresh()
        return True

    deployed.hub.approve = meanwhile
    deployed.edit(MORE)
    run, changed = deployed.up()
    assert (run.results()["Up (prod)"], changed) == ("failure", []), run.log
    assert "The state of prod has changed since the plan was made" in run.log


def test_what_is_pushed_while_a_plan_waits_is_not_deployed_with_it(deployed: Deployment) -> None:
    def meanwhile(run: object, environment: str) -> bool:
        deployed.edit(("replicas: 2", "replicas: 3"))
        return True

    deployed.hub.approve = meanwhile
    deployed.edit(MORE)
    run, _ = deployed.up()
    assert run.conclusion == "success", run.log
    assert deployed.cloud.one(GROUP).inputs["desiredCapacity"] == 2


def test_a_preview_that_fails_says_why_and_nothing_is_done(deployed: Deployment) -> None:
    deployed.edit(("accountId", "acountId"))
    run, changed = deployed.up()
    assert (run.results()["Plan (prod)"], run.approvals, changed) == ("failure", [], []), run.log
    assert "did you mean accountId?" in run.log


def test_an_up_that_fails_half_way_is_planned_from_there(deployed: Deployment) -> None:
    deployed.cloud.fault("fail", op="update", type=GROUP, message="Throttling: rate exceeded")
    deployed.edit(MORE)
    run, _ = deployed.up()
    assert (run.results()["Up (prod)"], "Throttling" in run.log) == ("failure", True), run.log
    deployed.cloud.heal()
    run, changed = deployed.up()
    assert (run.conclusion, f"update {GROUP}" in changed) == ("success", True), run.log


@pytest.mark.parametrize("environment", ["prod-plan", "prod"])
def test_a_missing_token_stops_before_anything_is_done(deployed: Deployment, environment: str) -> None:
    deployed.hub.environments[environment].secrets = {}
    deployed.edit(MORE)
    run, changed = deployed.up()
    assert (run.conclusion, changed) == ("failure", []), run.log
    assert "CLOUDFLARE_API_TOKEN is empty" in run.log


def test_a_stack_that_was_never_made_says_how_to_make_it_and_holds_up_no_other(deployed: Deployment) -> None:
    text = deployed.engines["prod"].file.read_text()
    deployed.repository.commit({"Pulumi.staging.yaml": text})
    staging = deployed.hub.environments["prod-plan"]
    deployed.hub.environments["staging-plan"] = staging
    deployed.hub.roles[READING.format("prod")] = "repo:o/r:environment:prod-plan"
    deployed.edit(MORE)
    run, changed = deployed.up()
    assert run.results() == {
        "Which stacks": "success",
        "Plan (prod)": "success",
        "Plan (staging)": "failure",
        "Whose plan changes something": "success",
        "Up (prod)": "success",
    }, run.log
    assert f"update {GROUP}" in changed


def test_a_run_by_hand_takes_the_one_stack_that_it_names(deployed: Deployment) -> None:
    (run,) = deployed.hub.dispatch({"stack": "prod"}, only={"up.yml"})
    assert (run.conclusion, run.job("plan").matrix) == ("success", {"stack": "prod"})
    (run,) = deployed.hub.dispatch({"stack": "prd"}, only={"up.yml"})
    assert (run.conclusion, "file not found: Pulumi.prd.yaml" in run.log) == ("failure", True)


def test_a_clone_without_a_backend_does_nothing(deployed: Deployment) -> None:
    del deployed.hub.variables["PULUMI_BACKEND_URL"]
    run, changed = deployed.up()
    assert (run.conclusion, changed) == ("skipped", [])
    assert deployed.hub.schedule(only=DRIFT)[0].conclusion == "skipped"


def test_a_drift_opens_its_issue_updates_it_and_closes_it(deployed: Deployment) -> None:
    hub: Hub = deployed.hub
    (run,) = hub.schedule(only=DRIFT)
    assert (run.conclusion, hub.github.issues) == ("success", []), run.log
    group = deployed.cloud.one(GROUP)
    deployed.cloud.change(GROUP, group.id, desiredCapacity=3)
    (run,) = hub.schedule(only=DRIFT)
    (issue,) = hub.github.issues
    assert (run.conclusion, issue["state"], issue["title"]) == ("success", "open", TITLE), run.log
    assert "desiredCapacity" in issue["body"] and "desiredCapacity" in run.job("look").summary
    deployed.cloud.remove(LOGS, deployed.cloud.one(LOGS).id)
    hub.schedule(only=DRIFT)
    (issue,) = hub.github.issues
    assert (issue["state"], "logs" in issue["body"]) == ("open", True)
    run, changed = deployed.up()
    assert changed == []  # the look took nothing into the state
    deployed.engines["prod"].up(refresh=True)
    (run,) = hub.schedule(only=DRIFT)
    (issue,) = hub.github.issues
    assert (run.not_run(), issue["state"]) == ([], "closed"), run.log


def test_a_look_that_fails_leaves_the_issue_as_it_is(deployed: Deployment) -> None:
    deployed.cloud.change(GROUP, deployed.cloud.one(GROUP).id, desiredCapacity=3)
    deployed.hub.schedule(only=DRIFT)
    deployed.cloud.fault("fail", op="read", type=GROUP, message="Throttling: rate exceeded")
    (run,) = deployed.hub.schedule(only=DRIFT)
    assert (run.conclusion, "Throttling" in run.log) == ("failure", True), run.log
    assert [issue["state"] for issue in deployed.hub.github.issues] == ["open"]


def test_a_stack_that_nothing_is_deployed_of_has_no_drift(nothing: Deployment, tmp_path: Path) -> None:
    made = nothing.fork(tmp_path / "nothing")
    with made.on_github() as hub:
        (run,) = hub.schedule(only=DRIFT)
        assert (run.conclusion, hub.github.issues) == ("success", []), run.log


def test_a_pull_request_on_a_deployed_stack_is_judged_by_the_engine_too(deployed: Deployment) -> None:
    deployed.edit(MORE, branch="topic")
    seen = len(deployed.cloud.operations())
    preview, comment = deployed.hub.pull_request(7, "topic", only={"preview.yml", "comment.yml"})
    assert preview.not_run() + comment.not_run() == [], preview.log
    assert deployed.changes(seen) == []
    (said,) = deployed.hub.github.comments
    assert (
        said["body"].count("2 updated and 57 unchanged of 59 resources") == 2
    )  # by the code, and by the engine


def test_a_pull_request_that_adds_a_stack_says_that_the_engine_has_none(deployed: Deployment) -> None:
    text = deployed.engines["prod"].file.read_text()
    deployed.repository.commit({"Pulumi.staging.yaml": text}, branch="topic")
    preview, _ = deployed.hub.pull_request(7, "topic", only={"preview.yml", "comment.yml"})
    assert preview.conclusion == "success", preview.log
    (said,) = deployed.hub.github.comments
    assert "## `staging` is a new stack: the engine has no state of it" in said["body"]


def test_an_engine_that_fails_says_why_in_the_comment(deployed: Deployment) -> None:
    (deployed.place / "backend" / ".pulumi" / "stacks").rename(deployed.place / "moved")
    deployed.hub.variables["PULUMI_BACKEND_URL"] = f"file://{deployed.place}/nowhere"
    deployed.edit(MORE, branch="topic")
    preview, comment = deployed.hub.pull_request(7, "topic", only={"preview.yml", "comment.yml"})
    assert (preview.conclusion, comment.conclusion) == ("failure", "success"), preview.log
    (said,) = deployed.hub.github.comments
    assert "The engine cannot preview prod" in said["body"]
