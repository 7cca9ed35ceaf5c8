"""Whoever breaks a workflow learns it: each fault makes its scenario fail. Those of deployments are in test_workflow_release_mutations."""

from __future__ import annotations

import pytest

from tests.evaluations import ROOT

from . import test_workflow_pull_requests as pulls
from .test_workflow_pull_requests import hub, repository, template  # noqa: F401
from .workflow_hub import Hub
from .workflow_mutations import Mutation, notices
from .workflow_world import Repository

pytestmark = pytest.mark.slow

MUTATIONS = [
    Mutation(
        "fetch-depth 1",
        "preview.yml",
        "fetch-depth: 2",
        "fetch-depth: 1",
        pulls.test_a_release_passes_and_is_commented,
    ),
    Mutation(
        "the comment's artefact has another name on one side",
        "preview.yml",
        "name: comment\n          path",
        "name: words\n          path",
        pulls.test_a_release_passes_and_is_commented,
    ),
    Mutation(
        "the gate's answer is swallowed",
        "preview.yml",
        "            exit 1\n",
        "",
        pulls.test_a_change_that_opens_something_fails_the_check_and_says_what_would_let_it_pass,
    ),
    Mutation(
        "an output's name is mistyped",
        "compare",
        'echo "closed=',
        'echo "close=',
        pulls.test_a_change_that_opens_something_fails_the_check_and_says_what_would_let_it_pass,
    ),
    Mutation(
        "--fail-on is dropped",
        "compare",
        'gate=(--fail-on "$grounds")',
        "gate=()",
        pulls.test_a_change_that_opens_something_fails_the_check_and_says_what_would_let_it_pass,
    ),
    Mutation(
        "a preview that fails is forgiven",
        "preview.yml",
        'compare HEAD^1 "$FAIL_ON" >>"$GITHUB_OUTPUT"',
        'compare HEAD^1 "$FAIL_ON" >>"$GITHUB_OUTPUT" || true',
        pulls.test_one_stack_that_cannot_be_previewed_fails_the_check_and_hides_no_other,
    ),
    Mutation(
        "what stops a preview is not uploaded",
        "preview.yml",
        "        if: ${{ !cancelled() }} # what stops a preview belongs into the comment\n",
        "",
        pulls.test_one_stack_that_cannot_be_previewed_fails_the_check_and_hides_no_other,
    ),
    Mutation(
        "the permission to comment is missing",
        "comment.yml",
        "pull-requests: write",
        "pull-requests: read",
        pulls.test_a_release_passes_and_is_commented,
    ),
    Mutation(
        "the permission to read artefacts is missing",
        "comment.yml",
        "      actions: read # download the run's artefacts\n",
        "",
        pulls.test_a_release_passes_and_is_commented,
    ),
    Mutation(
        "an if is inverted",
        "comment.yml",
        "workflow_run.event == 'pull_request'",
        "workflow_run.event != 'pull_request'",
        pulls.test_a_release_passes_and_is_commented,
    ),
    Mutation(
        "what may write checks out the fork's commit",
        "comment.yml",
        "ref: ${{ github.event.repository.default_branch }}",
        "ref: ${{ github.event.workflow_run.head_sha }}",
        pulls.test_a_fork_cannot_have_its_code_run_by_what_writes_the_comment,
    ),
    Mutation(
        "a fork's code is let near the roles",
        "preview.yml",
        "github.event.pull_request.head.repo.full_name == github.repository && ",
        "",
        pulls.test_a_fork_gets_its_comment_without_any_secret_or_right,
    ),
    Mutation(
        "a stack file that goes is not looked for",
        "compare",
        'done <<<"$earlier"',
        "done </dev/null",
        pulls.test_a_stack_file_that_is_renamed_is_said_first,
    ),
    Mutation(
        "the workflow that the comment follows has another name",
        "preview.yml",
        "name: Preview\n\non:",
        "name: Look\n\non:",
        pulls.test_a_release_passes_and_is_commented,
    ),
    Mutation(
        "a gate that closes keeps its findings from code scanning",
        "preview.yml",
        "!cancelled() && needs.static.outputs.compared",
        "needs.static.outputs.compared",
        pulls.test_what_a_change_opens_is_an_alert_although_the_check_fails,
    ),
    Mutation(
        "a fork uploads its own findings",
        "preview.yml",
        "      && github.event.pull_request.head.repo.full_name == github.repository\n",
        "",
        pulls.test_a_fork_gets_its_comment_without_any_secret_or_right,
    ),
    Mutation(
        "one format is left out",
        "compare",
        ' --format "sarif=sarif/$stack.sarif"',
        "",
        pulls.test_a_release_passes_and_is_commented,
    ),
]


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_a_fault_is_noticed(mutation: Mutation, hub: Hub, repository: Repository) -> None:  # noqa: F811
    mutation.apply(repository.folder)
    repository.commit()
    assert notices(mutation, hub, repository), f"{mutation.scenario.__name__} did not fail"


def test_every_fault_is_documented() -> None:
    from .test_workflow_release_mutations import MUTATIONS as OTHERS

    text = (ROOT / "docs" / "workflows.md").read_text(encoding="utf-8")
    faults = [*MUTATIONS, *OTHERS]
    assert len({fault.name for fault in faults}) == len(faults)
    assert [fault.name for fault in faults if f"| {fault.name} |" not in text] == []
