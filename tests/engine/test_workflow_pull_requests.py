"""Pull requests, by preview.yml and comment.yml as they stand: every step in its order, over a double of GitHub. No Pulumi CLI is needed."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.evaluations import ROOT, example_file

from .harness import copy_project
from .workflow_hub import Hub
from .workflow_job import WorkflowRun
from .workflow_world import Repository, hub_of

pytestmark = pytest.mark.slow

EXAMPLE = "maycast-recorder"
PULL = {"preview.yml", "comment.yml"}
STACK = "Pulumi.prod.yaml"
MARKER = "<!-- drawbridge:preview -->\n"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project in a repository, with one stack; made once, and to be copied."""
    folder = copy_project(ROOT, tmp_path_factory.mktemp("template") / "repository")
    Repository(folder).commit({STACK: example_file(EXAMPLE).read_text()})
    return folder


@pytest.fixture
def repository(template: Path, tmp_path: Path) -> Repository:
    return Repository(shutil.copytree(template, tmp_path / "repository", symlinks=True))


@pytest.fixture
def hub(repository: Repository, runner_tools: Path, tmp_path: Path) -> Iterator[Hub]:
    with hub_of(repository, tmp_path / "runs", runner_tools) as made:
        yield made


def edited(*changes: tuple[str, str]) -> dict[str, str | None]:
    """The stack file with these texts replaced."""
    text = example_file(EXAMPLE).read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return {STACK: text}


RELEASE = ("SERVER_TAG: v1.4.0", "SERVER_TAG: v1.5.0")
OPENED = (
    "path: /admin/*, service: http://nginx:80, access: admins",
    "path: /admin/*, service: http://nginx:80, access: public",
)


def asked(
    hub: Hub, repository: Repository, changes: dict[str, str | None], *, fork: bool = False
) -> tuple[WorkflowRun, WorkflowRun]:
    """The runs of preview.yml and comment.yml for a pull request with these changes."""
    repository.commit(changes, branch="topic")
    preview, comment = hub.pull_request(7, "topic", fork=fork, only=PULL)
    return preview, comment


def the_comment(hub: Hub) -> str:
    (comment,) = hub.github.comments
    return str(comment["body"])


def test_a_release_passes_and_is_commented(hub: Hub, repository: Repository) -> None:
    preview, comment = asked(hub, repository, edited(RELEASE))
    assert preview.results() == {
        "Without any cloud": "success",
        "Code scanning": "success",
        "Which stacks": "skipped",
        "engine": "skipped",
    }, preview.log
    assert (preview.conclusion, comment.conclusion) == ("success", "success"), comment.log
    said = the_comment(hub)
    assert said.startswith(f"{MARKER}## `drawbridge` / `prod`: "), said[:300]
    assert "rolling" in said and "The gate is closed" not in said
    assert f"Made from {hub.head('topic')[:12]} · " in said
    assert preview.job("static").summary.startswith("<!-- drawbridge:preview prod -->")
    assert list(preview.artifacts["pages"]) == ["prod.html"]


def test_a_second_push_updates_the_one_comment(hub: Hub, repository: Repository) -> None:
    asked(hub, repository, edited(RELEASE))
    repository.commit(edited(RELEASE, ("replicas: 1", "replicas: 2")), branch="topic")
    hub.pull_request(7, "topic", action="synchronize", only=PULL)
    said = the_comment(hub)
    assert ("actions/runs/3" in said, "desiredCapacity" in said) == (True, True)


def test_a_change_that_opens_something_fails_the_check_and_says_what_would_let_it_pass(
    hub: Hub, repository: Repository
) -> None:
    preview, comment = asked(hub, repository, edited(OPENED))
    assert (preview.conclusion, comment.conclusion) == ("failure", "success")
    job = preview.job("static")
    assert [step.name for step in job.steps if step.conclusion == "failure"] == [
        "Stop what the gate closes on, unless the stack file acknowledges it"
    ]
    wanted = r"`- \{change: exposure, of: rec\.example\.com/admin, reason: …\}`"
    assert re.search(wanted, job.summary) and re.search(wanted, the_comment(hub))
    assert the_comment(hub).rstrip().endswith("failure</sub>")


def test_what_a_change_opens_is_an_alert_although_the_check_fails(hub: Hub, repository: Repository) -> None:
    preview, _ = asked(hub, repository, {**edited(OPENED), "Pulumi.staging.yaml": str(edited()[STACK])})
    assert (preview.job("static").result, preview.job("scanning").result) == ("failure", "success")
    (found, staging) = (
        hub.analyses[f"drawbridge/{name}/", "Drawbridge", preview.id] for name in ("prod", "staging")
    )
    (opened,) = [result for result in found if result["ruleId"].startswith("exposure/")]
    location = opened["locations"][0]["physicalLocation"]
    line = str(edited(OPENED)[STACK]).splitlines()[location["region"]["startLine"] - 1]
    assert (location["artifactLocation"]["uri"], "path: /admin/*" in line) == (STACK, True)
    assert [result["ruleId"] for result in staging if result["ruleId"].startswith("exposure/admin")] == []


def test_a_private_repository_uploads_where_it_says_that_it_may(hub: Hub, repository: Repository) -> None:
    hub.private = True
    preview, _ = asked(hub, repository, edited(RELEASE))
    assert (preview.conclusion, preview.job("scanning").result) == ("success", "skipped"), preview.log
    hub.code_security, hub.variables["CODE_SCANNING"] = True, "true"
    preview = hub.pull_request(7, "topic", action="synchronize", only=PULL)[0]
    assert preview.job("scanning").result == "success", preview.log


def test_an_acknowledged_change_passes(hub: Hub, repository: Repository) -> None:
    text = str(edited(OPENED)[STACK])
    entries = "  drawbridge:acknowledge:\n"
    preview, _ = asked(hub, repository, {STACK: text})
    for entry in re.findall(r"`(- \{change: .*?\})`", the_comment(hub)):
        entries += f"    {entry.replace('…', 'the admin pages are to be public')}\n"
    repository.commit({STACK: text + entries}, branch="topic")
    preview = hub.pull_request(7, "topic", only=PULL)[0]
    assert preview.conclusion == "success", preview.log


def test_a_fork_gets_its_comment_without_any_secret_or_right(hub: Hub, repository: Repository) -> None:
    hub.variables_for_forks = True  # GitHub passes none; it is not what this rests on
    hub.variables |= {"AWS_PREVIEW_ROLE": "arn:reading", "PULUMI_BACKEND_URL": "file:///nowhere"}
    hub.secrets["CLOUDFLARE_API_TOKEN"] = "a-token-of-ours"
    preview, comment = asked(hub, repository, edited(RELEASE), fork=True)
    assert preview.results() == {
        "Without any cloud": "success",
        "Code scanning": "skipped",
        "Which stacks": "skipped",
        "engine": "skipped",
    }
    assert hub.analyses == {}
    assert preview.job("static").permissions == {"contents": "read"}
    assert comment.conclusion == "success", comment.log
    assert "by a fork's own code, in its author's words" in the_comment(hub)


def test_a_fork_cannot_speak_on_another_pull_request(hub: Hub, repository: Repository) -> None:
    asked(hub, repository, edited(RELEASE))
    before = the_comment(hub)
    evil = (
        (ROOT / ".github/workflows/preview.yml")
        .read_text()
        .replace('echo "$NUMBER" >comment/number', "echo 7 >comment/number")
    )
    repository.git("checkout", "--quiet", "main")
    repository.commit({".github/workflows/preview.yml": evil}, branch="evil")
    _, comment = hub.pull_request(8, "evil", fork=True, only=PULL)
    assert (comment.conclusion, the_comment(hub)) == ("failure", before)


def test_a_fork_cannot_have_its_code_run_by_what_writes_the_comment(hub: Hub, repository: Repository) -> None:
    asked(
        hub,
        repository,
        {".github/scripts/talk.py": "raise SystemExit('taken over')\n", **edited(RELEASE)},
        fork=True,
    )
    comment = hub.runs[-1]
    assert (comment.name, comment.conclusion, "taken over" in comment.log) == ("Comment", "success", False)


def test_a_stack_file_that_is_renamed_is_said_first(hub: Hub, repository: Repository) -> None:
    text = example_file(EXAMPLE).read_text()
    preview, _ = asked(hub, repository, {STACK: None, "Pulumi.production.yaml": text})
    first, _, rest = the_comment(hub).removeprefix(MARKER).partition("\n")
    assert first == (
        "**🛑 Nobody deploys `prod` any more:** `Pulumi.prod.yaml` is gone. `Pulumi.production.yaml` is another stack, which starts with nothing. "
        "What `prod` has stays as it is in the clouds, is paid for, and is not looked at for drift. Destroy it first "
        "(`pulumi destroy --stack prod`), or keep the file."
    )
    assert "## `drawbridge` / `production`" in rest
    assert "Nobody deploys prod any more." in preview.job("static").errors
    assert (preview.conclusion, "`- {change: downtime, of: prod, reason: …}`" in rest) == ("failure", True)


def test_the_last_stack_file_that_goes_is_said_and_the_check_ends_well(
    hub: Hub, repository: Repository
) -> None:
    preview, comment = asked(hub, repository, {STACK: None})
    assert (preview.conclusion, comment.conclusion) == ("success", "success"), preview.log
    assert preview.job("scanning").result == "skipped"
    assert the_comment(hub).startswith(
        f"{MARKER}**🛑 Nobody deploys `prod` any more:** `Pulumi.prod.yaml` is gone. What `prod` has"
    )


def test_a_new_stack_beside_another_closes_nothing(hub: Hub, repository: Repository) -> None:
    preview, _ = asked(hub, repository, {"Pulumi.staging.yaml": example_file(EXAMPLE).read_text()})
    assert preview.conclusion == "success", preview.log
    assert "`drawbridge` / `prod`" in the_comment(hub) and "`drawbridge` / `staging`" in the_comment(hub)


def test_one_stack_that_cannot_be_previewed_fails_the_check_and_hides_no_other(
    hub: Hub, repository: Repository
) -> None:
    broken = str(edited(RELEASE)[STACK]).replace("accountId", "acountId")
    preview, comment = asked(hub, repository, {"Pulumi.broken.yaml": broken, **edited(RELEASE)})
    assert (preview.conclusion, comment.conclusion) == ("failure", "success")
    assert [category for category, _, _ in hub.analyses] == ["drawbridge/prod/"]
    said = the_comment(hub)
    assert "## broken cannot be previewed" in said and "did you mean accountId?" in said
    assert "## `drawbridge` / `prod`" in said
    assert "did you mean accountId?" in preview.job("static").summary


def test_a_run_that_fails_before_it_compares_is_said_in_the_comment(hub: Hub, repository: Repository) -> None:
    preview, comment = asked(hub, repository, {"requirements.lock": None})
    assert [step.name for step in preview.job("static").steps if step.conclusion == "failure"] == ["Install"]
    assert comment.conclusion == "success", comment.log
    assert "The preview ended without a result" in the_comment(hub)


def test_a_run_without_any_artefact_is_nothing_to_say(hub: Hub, repository: Repository) -> None:
    hub.before_step = lambda run, job, name: hub.runs[0].artifacts.clear() if run.name == "Comment" else None
    _, comment = asked(hub, repository, edited(RELEASE))
    assert (comment.conclusion, hub.github.comments) == ("success", [])


def test_a_cancelled_preview_leaves_the_comment_to_the_next(hub: Hub, repository: Repository) -> None:
    hub.before_step = lambda run, job, name: "cancel" if name.startswith("Compare") else None
    repository.commit(edited(RELEASE), branch="topic")
    preview, comment = hub.pull_request(7, "topic", only=PULL)
    assert (preview.conclusion, comment.conclusion, hub.github.comments) == ("cancelled", "skipped", [])
