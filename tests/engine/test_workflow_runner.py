"""The runner of workflows: what GitHub documents of jobs, steps, events and permissions, and what it refuses to guess."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from .workflow_hub import Environment, Hub
from .workflow_job import WorkflowRun
from .workflow_machine import tools
from .workflow_world import Repository, hub_of

Start = Callable[..., WorkflowRun]


@pytest.fixture(scope="module")
def bin_(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tools(tmp_path_factory.mktemp("machine") / "bin")


@pytest.fixture
def hub(tmp_path: Path, bin_: Path) -> Iterator[Hub]:
    repository = Repository(tmp_path / "repository")
    with hub_of(repository, tmp_path / "runs", bin_) as made:
        made.variables["FOLDER"] = str(repository.folder)
        yield made


def run(hub: Hub, jobs: dict[str, Any], *, event: str = "push", **workflow: Any) -> WorkflowRun:
    """The run of a workflow with these jobs, each `{"run": …}` step written as its text alone."""
    for job in jobs.values():
        job.setdefault("runs-on", "ubuntu-24.04")
        job["steps"] = [{"run": step} if isinstance(step, str) else step for step in job["steps"]]
    document = {"on": event, "defaults": {"run": {"shell": "bash"}}, "jobs": jobs, **workflow}
    repository = Repository(Path(hub.variables["FOLDER"]))
    repository.commit({".github/workflows/w.yml": yaml.safe_dump(document, sort_keys=False)})
    if event == "pull_request":
        repository.commit({"other": "text"}, branch="topic")
        return hub.pull_request(7, "topic", fork=hub.variables.get("FORK") == "yes")[0]
    return hub.push()[0]


def test_a_job_waits_for_what_it_needs_and_is_skipped_when_that_failed(hub: Hub) -> None:
    done = run(
        hub,
        {
            "last": {"needs": ["middle"], "steps": ["true"]},
            "middle": {"needs": "first", "steps": ["true"]},
            "first": {"steps": ["exit 3"]},
            "anyway": {
                "needs": "middle",
                "if": "${{ !cancelled() }}",
                "steps": ["echo ${{ needs.middle.result }}"],
            },
            "sorry": {"needs": "last", "if": "failure()", "steps": ["true"]},
        },
    )
    assert done.results() == {
        "first": "failure",
        "middle": "skipped",
        "last": "skipped",
        "anyway": "success",
        "sorry": "success",
    }
    assert (done.conclusion, done.job("anyway").log) == ("failure", "skipped\n")


def test_without_a_status_function_a_job_asks_of_all_that_went_before_not_of_its_own_needs_alone(
    hub: Hub,
) -> None:
    """GitHub's success() looks at every ancestor: one that failed, and was forgiven in between, still skips the rest."""
    jobs = {
        "first": {"steps": ["false"]},
        "second": {"needs": "first", "if": "always()", "steps": ["true"]},
        "third": {"needs": "second", "steps": ["true"]},
        "fourth": {
            "needs": "second",
            "if": "${{ !cancelled() && needs.second.result == 'success' }}",
            "steps": ["true"],
        },
    }
    assert run(hub, jobs).results() == {
        "first": "failure",
        "second": "success",
        "third": "skipped",
        "fourth": "success",
    }


def test_outputs_go_from_a_step_to_a_job_to_a_matrix(hub: Hub) -> None:
    done = run(
        hub,
        {
            "list": {
                "outputs": {"names": "${{ steps.s.outputs.names }}", "text": "${{ steps.s.outputs.text }}"},
                "steps": [
                    {
                        "id": "s",
                        "run": 'echo \'names=["a","b c"]\' >>"$GITHUB_OUTPUT"; printf \'text<<E\\n1=2\\n\\n"x"\\nE\\n\' >>"$GITHUB_OUTPUT"',
                    }
                ],
            },
            "each": {
                "needs": "list",
                "name": "Each (${{ matrix.name }})",
                "strategy": {"matrix": {"name": "${{ fromJSON(needs.list.outputs.names) }}"}},
                "env": {"NAME": "${{ matrix.name }}", "TEXT": "${{ needs.list.outputs.text }}"},
                "steps": ['echo "$NAME|$TEXT"'],
            },
        },
    )
    assert done.results() == {"list": "success", "Each (a)": "success", "Each (b c)": "success"}
    assert done.job("each", name="b c").log == 'b c|1=2\n\n"x"\n'


@pytest.mark.parametrize("names", ["", "[]"])
def test_a_matrix_of_nothing_is_a_failure(hub: Hub, names: str) -> None:
    done = run(
        hub, {"each": {"strategy": {"matrix": {"n": f"${{{{ fromJSON('{names}') }}}}"}}, "steps": ["true"]}}
    )
    assert done.conclusion == "failure"


def test_one_of_several_that_fails_stops_the_others_unless_told_not_to(hub: Hub) -> None:
    for fail_fast, wanted in ((True, ["failure", "cancelled"]), (False, ["failure", "success"])):
        strategy = {"fail-fast": fail_fast, "matrix": {"n": [1, 2]}}
        done = run(hub, {"each": {"strategy": strategy, "steps": ["exit $((2 - ${{ matrix.n }}))"]}})
        assert [job.result for job in done.jobs] == wanted


def test_the_nearest_env_wins_and_what_a_step_adds_is_there_for_the_next(hub: Hub) -> None:
    done = run(
        hub,
        {
            "job": {
                "env": {"B": "job", "C": "job", "D": "job"},
                "steps": [
                    'echo "D=added" >>"$GITHUB_ENV"; mkdir tools; printf \'#!/bin/sh\\necho mine\\n\' >tools/mine; chmod +x tools/mine; echo "$PWD/tools" >>"$GITHUB_PATH"',
                    {"env": {"C": "step"}, "run": 'echo "$A $B $C $D ${{ env.C }}"; mine'},
                ],
            }
        },
        env={"A": "workflow", "B": "workflow", "C": "workflow"},
    )
    assert done.log.splitlines()[-2:] == ["workflow job step added step", "mine"]


def test_a_step_that_fails_skips_the_rest_but_for_what_asks(hub: Hub) -> None:
    steps = [
        {"id": "bad", "run": "false | true", "continue-on-error": True},
        "echo ${{ steps.bad.outcome }} ${{ steps.bad.conclusion }}",
        {"id": "worse", "run": "echo 1; false | true"},
        {"name": "not", "run": "echo not"},
        {
            "name": "still",
            "if": "${{ !cancelled() && steps.worse.outcome == 'failure' }}",
            "run": "echo still",
        },
        {"name": "sorry", "if": "failure()", "run": "echo sorry"},
    ]
    done = run(hub, {"job": {"steps": steps}}).job("job")
    assert [step.outcome for step in done.steps] == [
        "failure",
        "success",
        "failure",
        "skipped",
        "success",
        "success",
    ]
    assert done.steps[1].log == "failure success\n"
    assert done.result == "failure"


def test_only_the_named_shell_fails_with_a_part_of_a_pipe(hub: Hub) -> None:
    assert run(hub, {"job": {"steps": ["false | true"]}}, defaults={}).conclusion == "success"
    assert run(hub, {"job": {"steps": ["false; true"]}}, defaults={}).conclusion == "failure"
    assert run(hub, {"job": {"steps": ["false | true"]}}).conclusion == "failure"


def test_a_summary_that_is_too_long_is_dropped_and_a_step_that_runs_too_long_is_ended(hub: Hub) -> None:
    done = run(
        hub,
        {
            "job": {
                "steps": [
                    'echo short >>"$GITHUB_STEP_SUMMARY"',
                    'head -c 1048577 /dev/zero >>"$GITHUB_STEP_SUMMARY"',
                ]
            }
        },
    )
    assert (done.job("job").result, done.job("job").summary) == ("success", "short\n")
    assert "aborted" in done.job("job").errors[0]
    done = run(hub, {"job": {"timeout-minutes": 0.01, "steps": ["sleep 60"]}})
    assert (done.conclusion, "exceeded" in done.log) == ("failure", True)


def test_a_cancelled_run_does_what_always_asks_and_nothing_else(hub: Hub) -> None:
    hub.before_step = lambda run, job, name: "cancel" if name == "two" else None
    steps = ["true", {"name": "two", "run": "true"}, {"name": "three", "if": "always()", "run": "true"}]
    done = run(
        hub,
        {
            "job": {"steps": steps},
            "next": {"needs": "job", "steps": ["true"]},
            "not": {"needs": "job", "if": "${{ !cancelled() }}", "steps": ["true"]},
        },
    )
    assert [step.outcome for step in done.job("job").steps] == ["success", "skipped", "success"]
    assert (done.conclusion, done.results()) == (
        "cancelled",
        {"job": "cancelled", "next": "cancelled", "not": "skipped"},
    )


def test_an_environment_has_its_own_values_and_waits_for_its_reviewer(hub: Hub) -> None:
    hub.environments["prod"] = Environment(
        variables={"V": "v"}, secrets={"S": "s3cret"}, reviewers=True, branches=("main",)
    )
    hub.secrets["S"] = "another"
    job = {
        "environment": "prod",
        "env": {"V": "${{ vars.V }}"},
        "steps": [{"env": {"S": "${{ secrets.S }}"}, "run": 'echo "$V" "${#S} $S"'}],
    }
    done = run(hub, {"job": job})
    assert (done.approvals, done.job("job").log) == (["prod"], "v 6 ***\n")
    hub.approve = lambda run, name: False
    assert run(hub, {"job": job}).results() == {"job": "failure"}
    hub.environments["prod"] = Environment(branches=("other",))
    assert "not allowed to deploy" in run(hub, {"job": job}).log


def test_a_fork_has_no_secret_no_variable_and_a_token_that_only_reads(hub: Hub) -> None:
    hub.secrets["S"] = "s3cret"
    job = {
        "permissions": {"contents": "read", "pull-requests": "write", "id-token": "write"},
        "steps": [{"env": {"S": "${{ secrets.S }}${{ vars.FORK }}"}, "run": 'echo "[$S]"'}],
    }
    done = run(hub, {"job": job}, event="pull_request").job("job")
    assert (done.log, done.permissions["pull-requests"]) == ("[***]\n", "write")
    hub.variables["FORK"] = "yes"
    done = run(hub, {"job": job}, event="pull_request").job("job")
    assert (done.log, done.permissions) == ("[]\n", {"contents": "read", "pull-requests": "read"})


def test_a_call_without_the_permission_is_refused(hub: Hub) -> None:
    call = (
        'python3 -c "import json,urllib.request as u,os;'
        "print(u.urlopen(u.Request(os.environ['GITHUB_API_URL']+'/repos/o/r/issues',json.dumps({'title':'t','body':'b'}).encode(),"
        "{'Authorization':'Bearer '+os.environ['TOKEN']})).status)\""
    )
    for rights, wanted in (
        ({"issues": "write"}, "success"),
        ({"issues": "read"}, "failure"),
        ({}, "failure"),
    ):
        job = {"permissions": rights, "env": {"TOKEN": "${{ github.token }}"}, "steps": [call]}
        assert run(hub, {"job": job}).conclusion == wanted, rights
    assert len(hub.github.issues) == 1


@pytest.mark.parametrize(
    "workflow",
    [
        {"jobs": {"a": {"services": {}, "steps": ["true"]}}},
        {"jobs": {"a": {"steps": [{"uses": "stranger/action@v1"}]}}},
        {"jobs": {"a": {"steps": [{"uses": "actions/checkout@v7", "with": {"lfs": True}}]}}},
        {"jobs": {"a": {"steps": [{"run": "true", "shell": "pwsh"}]}}},
        {"jobs": {"a": {"steps": ["echo ${{ github.actor_id }}"]}}},
        {"jobs": {"a": {"steps": ["echo ::set-output name=a::b"]}}},
        {"jobs": {"a": {"environment": {"name": "prod"}, "steps": ["true"]}}},
        {"jobs": {"a": {"strategy": {"matrix": {"n": [1], "include": []}}, "steps": ["true"]}}},
        {"jobs": {"a": {"permissions": "write-all", "steps": ["true"]}}},
        {"jobs": {"a": {"steps": ["true"]}}, "run-name": "x"},
        {"jobs": {"a": {"steps": ["true"]}}, "on": {"push": None, "pull_request_target": None}},
        {"jobs": {"a": {"steps": ["true"]}}, "on": {"push": {"tags-ignore": ["v*"]}}},
    ],
)
def test_what_is_not_modelled_is_refused(hub: Hub, workflow: dict[str, Any]) -> None:
    with pytest.raises(NotImplementedError):
        run(hub, **workflow)


def test_an_artefact_alone_lies_where_several_have_folders(hub: Hub) -> None:
    """As actions/download-artifact does since v5 (`artifacts.length === 1`)."""

    def artefacts(count: int) -> dict[str, Any]:
        up = "actions/upload-artifact@v7"
        steps: list[Any] = [f"mkdir -p {n} && echo {n} >{n}/file && touch {n}/.hidden" for n in "ab"[:count]]
        steps += [{"uses": up, "with": {"name": f"plan-{n}", "path": f"{n}/"}} for n in "ab"[:count]]
        down = {"uses": "actions/download-artifact@v8", "with": {"pattern": "plan-*", "path": "got"}}
        return {"job": {"steps": [*steps, down, "find got -type f | sort"]}}

    assert run(hub, artefacts(1)).job("job").steps[-1].log == "got/file\n"
    assert run(hub, artefacts(2)).job("job").steps[-1].log == "got/plan-a/file\ngot/plan-b/file\n"
    twice = [{"uses": "actions/upload-artifact@v7", "with": {"name": "n", "path": "f"}}] * 2
    assert run(hub, {"job": {"steps": ["touch f", *twice]}}).conclusion == "failure"
