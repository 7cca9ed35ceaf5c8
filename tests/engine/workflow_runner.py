"""Runs one workflow of GitHub Actions on this machine: its graph of jobs, and in each job its steps.

What the YAML says is done as GitHub documents it: expressions, `needs` and `if`, matrices, environments with their approval,
permissions, outputs, environment files, summaries, timeouts. `run:` lines run for real, in their own order; actions are replaced by what they
leave behind (`workflow_actions`). Whatever is not modelled raises Unsupported.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from typing import Any

from .workflow_expressions import condition, render, value_of
from .workflow_hub import Event, Hub, Unsupported
from .workflow_job import Job, JobRun, WorkflowRun, only
from .workflow_values import ExpressionError, Known

_WORKFLOW = {"name", "on", "permissions", "defaults", "concurrency", "env", "jobs"}
_JOB = set(
    [
        "name",
        "needs",
        "if",
        "strategy",
        "runs-on",
        "timeout-minutes",
        "environment",
        "permissions",
        "env",
        "steps",
        "outputs",
        "defaults",
    ]
)


def run_workflow(hub: Hub, file: str, document: Mapping[str, Any], event: Event) -> WorkflowRun:
    only(document, _WORKFLOW, file)
    run = WorkflowRun(id=next(hub.numbers), file=file, name=document.get("name", file), event=event)
    order, wants = graph(document["jobs"])
    variables = {} if event.fork and not hub.variables_for_forks else dict(hub.variables)
    base = {"github": github_context(hub, run), "vars": variables, "inputs": inputs_of(document, event)}
    group = document.get("concurrency")
    if isinstance(group, dict):
        only(group, {"group", "cancel-in-progress"}, f"{file} concurrency")
        assert render(group["group"], base), f"{file}: an empty concurrency group"
    elif group is not None:
        raise Unsupported(f"{file} concurrency: {group}")
    results: dict[str, str] = {}
    outputs: dict[str, dict[str, str]] = {}
    for key in order:
        job = document["jobs"][key]
        where = f"{file} jobs.{key}"
        only(job, _JOB, where)
        needs = {name: {"result": results[name], "outputs": outputs[name]} for name in wants[key]}
        earlier = frozenset(results[name] for name in ancestors_of(key, wants))
        worked, failed = earlier <= {"success"}, "failure" in earlier
        contexts = {**base, "needs": needs}
        status: dict[str, Any] = {
            "always": lambda: True,
            "cancelled": lambda: run.cancelled,
            "success": lambda worked=worked: worked and not run.cancelled,
            "failure": lambda failed=failed: failed,
        }
        outputs[key] = {}
        if not condition(job.get("if", ""), contexts, status):
            results[key] = "cancelled" if run.cancelled and "if" not in job else "skipped"
            name = job.get("name", key)
            name = key if "${{" in name else name
            run.jobs.append(JobRun(key=key, name=name, matrix={}, result=results[key]))
            continue
        results[key] = _run_matrix(hub, run, document, key, contexts, outputs[key])
    ends = set(results.values())
    run.conclusion = (
        "cancelled"
        if run.cancelled
        else "failure"
        if "failure" in ends
        else "skipped"
        if ends == {"skipped"}
        else "success"
    )
    return run


def _run_matrix(
    hub: Hub,
    run: WorkflowRun,
    document: Mapping[str, Any],
    key: str,
    contexts: dict[str, Any],
    outputs: dict[str, str],
) -> str:
    """Every combination of a job's matrix, one after the other; the job's result."""
    job = document["jobs"][key]
    strategy = job.get("strategy", {})
    only(strategy, {"fail-fast", "matrix"}, f"{run.file} jobs.{key}.strategy")
    try:
        combinations = matrix_of(strategy.get("matrix"), contexts)
    except ExpressionError as error:
        run.jobs.append(JobRun(key=key, name=key, matrix={}, result="failure", errors=[str(error)]))
        return "failure"
    ends: list[str] = []
    for number, matrix in enumerate(combinations):
        here = {
            **contexts,
            "matrix": matrix,
            "strategy": Known({"job-index": number, "job-total": len(combinations)}),
        }
        done = JobRun(key=key, name=render(job.get("name", key), here), matrix=matrix)
        run.jobs.append(done)
        if "failure" in ends and strategy.get("fail-fast", True):
            done.result = "cancelled"
        else:
            Job(hub, run, document, job, done, here).run()
        ends.append(done.result)
        outputs.update({name: value for name, value in done.outputs.items() if value})
    return next((end for end in ("failure", "cancelled") if end in ends), "success")


def graph(jobs: Mapping[str, Any]) -> tuple[list[str], dict[str, list[str]]]:
    """The jobs in an order in which each comes after what it needs, and what each needs."""
    wants = {
        key: [needs] if isinstance(needs := job.get("needs", []), str) else needs for key, job in jobs.items()
    }
    order: list[str] = []
    while len(order) < len(jobs):
        ready = [key for key in jobs if key not in order and set(wants[key]) <= set(order)]
        if not ready:
            raise ExpressionError(f"needs: a circle, or a job that there is not, in {wants}")
        order += ready
    return order, wants


def ancestors_of(key: str, wants: Mapping[str, list[str]]) -> set[str]:
    return {name for need in wants[key] for name in (need, *ancestors_of(need, wants))}


def matrix_of(matrix: Any, contexts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The combinations. ExpressionError: GitHub refuses the matrix."""
    if matrix is None:
        return [{}]
    found = value_of(matrix, contexts)
    if not isinstance(found, dict) or {"include", "exclude"} & set(found):
        raise Unsupported(f"matrix: {matrix}")
    for name, values in found.items():
        if not isinstance(values, list):
            raise ExpressionError(f"Matrix vector '{name}' is no list")
        if not values:
            raise ExpressionError(f"Matrix vector '{name}' does not contain any values")
    return [dict(zip(found, values, strict=True)) for values in itertools.product(*found.values())]


def inputs_of(document: Mapping[str, Any], event: Event) -> dict[str, Any]:
    """`inputs`: null each where nobody dispatched the workflow."""
    declared = (document["on"].get("workflow_dispatch") or {}).get("inputs") or {}
    for name, described in declared.items():
        only(described, {"description", "required", "type", "default"}, f"inputs.{name}")
    asked = event.name == "workflow_dispatch"
    return {
        name: event.inputs.get(name, described.get("default", ""))
        for name, described in declared.items()
        if asked
    }


def github_context(hub: Hub, run: WorkflowRun) -> Known:
    event = run.event
    ref_name = re.sub(r"^refs/(heads|tags|pull)/", "", event.ref)
    payload = {
        **event.payload,
        "repository": {
            "id": 1,
            "full_name": hub.repository,
            "default_branch": hub.default_branch,
            "private": hub.private,
        },
    }
    if event.name == "schedule":
        payload.pop("repository")
    return Known(
        api_url=hub.github.url,
        base_ref=event.base_ref,
        event=payload,
        event_name=event.name,
        head_ref=event.head_ref,
        ref=event.ref,
        ref_name=ref_name,
        repository=hub.repository,
        repository_owner=hub.repository.partition("/")[0],
        run_attempt="1",
        run_id=str(run.id),
        run_number=str(run.id),
        server_url="https://github.com",
        sha=event.sha,
        workflow=run.name,
    )
