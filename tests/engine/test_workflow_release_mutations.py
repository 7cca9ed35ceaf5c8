"""Faults put into the workflows that deploy and look: each makes its scenario fail, with the real CLI over the stand-in clouds."""

from __future__ import annotations

import shutil

import pytest

from . import test_workflow_deployments as scenarios
from .test_workflow_deployments import bin_, deployed, first, nothing  # noqa: F401
from .workflow_deployment import Deployment
from .workflow_mutations import Mutation, notices

pytestmark = [
    pytest.mark.skipif(shutil.which("jq") is None, reason="not on PATH: jq"),
    pytest.mark.xdist_group("workflow-mutations"),
]

MUTATIONS = [
    Mutation(
        "--show-sames is taken out",
        "engine",
        "--json --show-sames",
        "--json",
        scenarios.test_a_second_run_of_the_same_shows_an_empty_plan_and_asks_for_nothing,
    ),
    Mutation(
        "--show-sames is taken out, seen in a pull request",
        "engine",
        "--json --show-sames",
        "--json",
        scenarios.test_a_pull_request_on_a_deployed_stack_is_judged_by_the_engine_too,
    ),
    Mutation(
        "a job's needs are dropped",
        "up.yml",
        "    needs: changed\n",
        "",
        scenarios.test_what_is_pushed_while_a_plan_waits_is_not_deployed_with_it,
    ),
    Mutation(
        "the approval's environment is dropped",
        "up.yml",
        "    environment: ${{ matrix.stack }} # waits here for its reviewers\n",
        "",
        scenarios.test_what_is_pushed_while_a_plan_waits_is_not_deployed_with_it,
    ),
    Mutation(
        "the approval is asked for by the plan's environment",
        "up.yml",
        "environment: ${{ matrix.stack }} # waits",
        "environment: ${{ matrix.stack }}-plan # waits",
        scenarios.test_a_plan_that_a_person_rejects_is_not_done,
    ),
    Mutation(
        "the state's fingerprint is not compared",
        "release",
        'if [[ $(fingerprint "$export") != ',
        'if [[ $(fingerprint "$export") == ',
        scenarios.test_a_state_that_moves_while_the_plan_waits_is_refused,
    ),
    Mutation(
        "the plan's gate is swallowed",
        "up.yml",
        'release show "$STACK" plan "$FAIL_ON"',
        'release show "$STACK" plan "$FAIL_ON" || true',
        scenarios.test_a_plan_that_the_gate_closes_on_is_not_done_until_it_is_acknowledged,
    ),
    Mutation(
        "the plan's artefact has another name on one side",
        "up.yml",
        "name: plan-${{ matrix.stack }}\n          path: plan/",
        "name: plans-${{ matrix.stack }}\n          path: plan/",
        scenarios.test_what_is_pushed_while_a_plan_waits_is_not_deployed_with_it,
    ),
    Mutation(
        "the stacks are named by their artefacts' folders",
        "up.yml",
        "-exec cat {} +",
        "-printf '%h\\n' | sed 's|^plans/plan-||'",
        scenarios.test_what_is_pushed_while_a_plan_waits_is_not_deployed_with_it,
    ),
    Mutation(
        "the wrong stack is in the matrix",
        "up.yml",
        "stack: ${{ fromJSON(needs.changed.outputs.stacks) }}",
        'stack: ["staging"]',
        scenarios.test_what_is_pushed_while_a_plan_waits_is_not_deployed_with_it,
    ),
    Mutation(
        "pipefail is lost",
        "release",
        "set -euo pipefail",
        "set -eu",
        scenarios.test_an_up_that_fails_half_way_is_planned_from_there,
    ),
    Mutation(
        "up takes the branch, not the commit that was planned",
        "up.yml",
        "          persist-credentials: false\n      - name: Install\n        run: make .venv/.installed\n      - uses: pulumi/actions@8e5e406f4007fca908480587cb9893c07090f58d # v7.0.0\n        with:\n          pulumi-version-file: .pulumi.version\n      - uses: aws-actions/configure-aws-credentials@e6de054238d6b7531b4efff3b6587d9aade6a06c # v6.2.3\n        with:\n          role-to-assume: ${{ vars.AWS_ROLE }}\n          aws-region: ${{ vars.AWS_REGION }}\n          role-duration",
        "          ref: main\n          persist-credentials: false\n      - name: Install\n        run: make .venv/.installed\n      - uses: pulumi/actions@8e5e406f4007fca908480587cb9893c07090f58d # v7.0.0\n        with:\n          pulumi-version-file: .pulumi.version\n      - uses: aws-actions/configure-aws-credentials@e6de054238d6b7531b4efff3b6587d9aade6a06c # v6.2.3\n        with:\n          role-to-assume: ${{ vars.AWS_ROLE }}\n          aws-region: ${{ vars.AWS_REGION }}\n          role-duration",
        scenarios.test_what_is_pushed_while_a_plan_waits_is_not_deployed_with_it,
    ),
    Mutation(
        "a stack that fails holds up the others",
        "up.yml",
        "    if: ${{ !cancelled() && needs.plan.result != 'skipped' }}\n",
        "",
        scenarios.test_a_stack_that_was_never_made_says_how_to_make_it_and_holds_up_no_other,
    ),
    Mutation(
        "up asks for the success of all before it",
        "up.yml",
        "!cancelled() && needs.changed.outputs.stacks != '[]'",
        "needs.changed.outputs.stacks != '[]'",
        scenarios.test_a_stack_that_was_never_made_says_how_to_make_it_and_holds_up_no_other,
    ),
    Mutation(
        "a token that is missing is not looked for",
        "release",
        "[[ -n ${CLOUDFLARE_API_TOKEN:-} ]] ||",
        "true ||",
        scenarios.test_a_missing_token_stops_before_anything_is_done,
    ),
    Mutation(
        "the permission to write issues is missing",
        "drift.yml",
        "issues: write # one issue a stack",
        "issues: read",
        scenarios.test_a_look_that_fails_leaves_the_issue_as_it_is,
    ),
    Mutation(
        "what a look found is turned round",
        "drift.yml",
        '[ "$judged" = 0 ] || touch report/drifted',
        '[ "$judged" != 0 ] || touch report/drifted',
        scenarios.test_a_look_that_fails_leaves_the_issue_as_it_is,
    ),
]


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_a_fault_is_noticed(mutation: Mutation, deployed: Deployment) -> None:  # noqa: F811
    mutation.apply(deployed.repository.folder)
    deployed.repository.commit()
    more = (
        ["prod"] if mutation.scenario is scenarios.test_a_missing_token_stops_before_anything_is_done else []
    )
    assert notices(mutation, deployed, *more), f"{mutation.scenario.__name__} did not fail"
