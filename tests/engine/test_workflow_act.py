"""The runner against act (github.com/nektos/act), whose engine nobody here wrote: the same jobs, results and words.

act's success() asks a job's own needs alone, its comparisons bind from the right (`1 < 2 == true`; GitHub's own cases judge ours), and it has no environments, permissions, approvals or chained workflows: of these
`test_workflow_runner` asserts what GitHub documents.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from .test_workflow_runner import bin_, hub, run  # noqa: F401
from .workflow_hub import Hub

pytestmark = pytest.mark.skipif(
    shutil.which("act") is None, reason="not on PATH: act (go install github.com/nektos/act@v0.2.89)"
)

SAY = 'echo "SAY $SAID"'


def say(text: str, **step: Any) -> dict[str, Any]:
    return {"run": SAY, "env": {"SAID": text}, **step}


CASES: dict[str, dict[str, Any]] = {
    "a chain with a failure": {
        "a": {"steps": [say("a"), "exit 1", say("not")]},
        "b": {"needs": "a", "steps": [say("b")]},
        "c": {"needs": ["a"], "if": "${{ !cancelled() }}", "steps": [say("c ${{ needs.a.result }}")]},
        "d": {"needs": ["a"], "if": "failure()", "steps": [say("d")]},
        "e": {"needs": ["c"], "if": "always() && needs.c.result == 'success'", "steps": [say("e")]},
    },
    "a job that is skipped": {
        "a": {"if": "github.event_name == 'schedule'", "steps": [say("a")]},
        "b": {"needs": "a", "steps": [say("b")]},
        "c": {
            "needs": "a",
            "if": "always()",
            "steps": [say("c ${{ needs.a.result }} '${{ needs.a.outputs.x }}'")],
        },
    },
    "outputs and a matrix": {
        "a": {
            "outputs": {"list": "${{ steps.s.outputs.list }}", "none": "${{ steps.t.outputs.none }}"},
            "steps": [{"id": "s", "run": 'echo \'list=["x","y.z"]\' >>"$GITHUB_OUTPUT"'}],
        },
        "b": {
            "needs": "a",
            "if": "${{ needs.a.outputs.list != '[]' && needs.a.outputs.none == '' }}",
            "strategy": {"fail-fast": False, "matrix": {"n": "${{ fromJSON(needs.a.outputs.list) }}"}},
            "steps": [say("b ${{ matrix.n }}"), "[ ${{ matrix.n }} = x ]", say("after ${{ matrix.n }}")],
        },
        "c": {"needs": "b", "if": "${{ !cancelled() }}", "steps": [say("c ${{ needs.b.result }}")]},
    },
    "what steps become of others": {
        "a": {
            "steps": [
                {"id": "one", "run": "false | true", "continue-on-error": True},
                say("${{ steps.one.outcome }} ${{ steps.one.conclusion }} ${{ job.status }}"),
                {"id": "two", "run": "exit 4"},
                say("three"),
                say("four ${{ steps.two.conclusion }} ${{ job.status }}", **{"if": "failure()"}),
                say("five", **{"if": "${{ always() && steps.two.outcome == 'failure' }}"}),
                say("six", **{"if": "success()"}),
            ]
        }
    },
    "environment files": {
        "a": {
            "env": {"A": "job", "B": "job"},
            "steps": [
                'echo "A=file" >>"$GITHUB_ENV"; printf \'T<<END\\none\\n=two\\nEND\\n\' >>"$GITHUB_ENV"',
                {"run": 'echo "SAY $A $B"; echo "$T" | sed "s/^/SAY /"', "env": {"B": "step"}},
                say("${{ env.A }} ${{ env.B }}"),
            ],
        }
    },
    "expressions": {
        "a": {
            "steps": [
                say(f"${{{{ {expression} }}}}")
                for expression in (
                    "1 == '1' && 'A' == 'a'",
                    "!contains('Hello', 'ell') || 'fallback'",
                    "'' || null || 0 || 'last'",
                    "format('{0}-{{{1}}}', 'a', 2.50)",
                    "join(fromJSON('[1,2,3]'), '|')",
                    "startsWith('abc', 'AB') && endsWith('abc', 'BC')",
                    'fromJSON(\'{"a":{"b":[1,{"c":3}]}}\').a.b[1].c',
                    "github.event.nothing.at.all == null",
                    "toJSON(fromJSON('[\"a\"]')) == toJSON(fromJSON('[\"a\"]'))",
                )
            ]
        }
    },
}


@pytest.mark.parametrize("name", CASES)
def test_act_comes_to_the_same(hub: Hub, tmp_path: Path, name: str) -> None:  # noqa: F811
    ours = run(hub, json.loads(json.dumps(CASES[name])))
    project = Path(hub.variables["FOLDER"])
    command = [
        "act",
        "push",
        "-P",
        "ubuntu-24.04=-self-hosted",
        "--json",
        "-C",
        str(project),
        "--no-cache-server",
    ]
    environment = {
        "PATH": hub.environment["PATH"] + f":{Path(shutil.which('act') or '').parent}",
        "HOME": str(tmp_path),
    }
    shown = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    lines = [json.loads(line) for line in shown.stdout.splitlines() if line.startswith("{")]
    results: dict[str, list[str]] = {}
    for line in lines:
        if "jobResult" in line:
            results.setdefault(line["jobID"], []).append(line["jobResult"])
    theirs = sorted(text[1] for line in lines if (text := re.fullmatch(r"(SAY .*)\n", line["msg"])))
    assert lines, shown.stderr
    assert sorted(re.findall(r"^SAY .*", ours.log, re.MULTILINE)) == theirs
    ended: dict[str, list[str]] = {}
    for job in ours.jobs:
        if job.result != "skipped":
            ended.setdefault(job.key, []).append(job.result)
    assert ended == results
