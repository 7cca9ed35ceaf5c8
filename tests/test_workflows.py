"""What the workflows promise, asserted on what GitHub reads: hashes, permissions, secrets, and that their commands exist."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.evaluations import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ids: dict[str, Any] = {"ids": lambda path: path.name}


def load(path: Path) -> dict[str, Any]:
    document = yaml.safe_load(path.read_text())
    document["on"] = document.pop(True)  # YAML 1.1 reads the key `on` as a truth value
    if not isinstance(document["on"], dict):
        document["on"] = dict.fromkeys(
            [document["on"]] if isinstance(document["on"], str) else document["on"]
        )
    return dict(document)


def jobs(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from load(path)["jobs"].items()


def steps(path: Path) -> Iterator[dict[str, Any]]:
    for _, job in jobs(path):
        yield from job["steps"]


def used(path: Path, action: str) -> list[dict[str, Any]]:
    return [step for step in steps(path) if step.get("uses", "").startswith(f"{action}@")]


@pytest.mark.parametrize("path", WORKFLOWS, **ids)
def test_every_action_is_pinned_by_its_commit_and_says_its_version(path: Path) -> None:
    lines = re.findall(r"uses: (.*)", path.read_text())
    assert [
        line for line in lines if not re.fullmatch(r"[\w-]+/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line)
    ] == []
    assert len(lines) == len([step for step in steps(path) if "uses" in step])


def test_an_action_has_one_version_in_all_workflows() -> None:
    pins: dict[str, set[str]] = {}
    for path in WORKFLOWS:
        for name, pin in re.findall(r"uses: ([\w/-]+)@(.*)", path.read_text()):
            pins.setdefault(name, set()).add(pin)
    assert {name: found for name, found in pins.items() if len(found) != 1} == {}


# What a job may do beyond reading the code; every other permission is absent.
BEYOND_READING = {
    "preview.yml/engine": {"id-token": "write"},
    "preview.yml/scanning": {"actions": "read", "security-events": "write"},
    "comment.yml/comment": {"actions": "read", "pull-requests": "write"},
    "up.yml/plan": {"id-token": "write"},
    "up.yml/up": {"id-token": "write"},
    "drift.yml/look": {"id-token": "write"},
    "drift.yml/tell": {"issues": "write"},
    "release.yml/publish": {"contents": "write"},
}


@pytest.mark.parametrize("path", WORKFLOWS, **ids)
def test_a_job_may_do_what_it_needs_and_nothing_else(path: Path) -> None:
    assert load(path)["permissions"] == {}
    for name, job in jobs(path):
        wanted = BEYOND_READING.get(f"{path.name}/{name}", {})
        assert {
            key: value for key, value in job["permissions"].items() if (key, value) != ("contents", "read")
        } == wanted, name


@pytest.mark.parametrize("path", WORKFLOWS, **ids)
def test_no_checkout_leaves_a_token_behind(path: Path) -> None:
    assert [
        step
        for step in used(path, "actions/checkout")
        if step.get("with", {}).get("persist-credentials") is not False
    ] == []


@pytest.mark.parametrize("path", WORKFLOWS, **ids)
def test_no_script_is_put_together_from_expressions(path: Path) -> None:
    assert [step["run"] for step in steps(path) if "${{" in step.get("run", "")] == []


@pytest.mark.parametrize("path", WORKFLOWS, **ids)
def test_a_script_stops_where_a_part_of_a_pipe_fails(path: Path) -> None:
    assert load(path)["defaults"] == {"run": {"shell": "bash"}}  # named so, GitHub adds pipefail
    assert [step["run"] for step in steps(path) if "shell" in step] == []


@pytest.mark.parametrize("path", WORKFLOWS, **ids)
def test_every_job_ends_by_itself_and_every_workflow_is_alone_where_it_must_be(path: Path) -> None:
    assert [name for name, job in jobs(path) if not isinstance(job.get("timeout-minutes"), int)] == []
    assert "concurrency" in load(path) or all("concurrency" in job for _, job in jobs(path))


@pytest.mark.parametrize("path", WORKFLOWS, **ids)
def test_no_stored_cloud_key_is_used_anywhere(path: Path) -> None:
    text = path.read_text()
    assert not re.search(
        r"aws-access-key-id|aws-secret-access-key|secrets\.AWS|secrets: inherit", text, re.IGNORECASE
    )
    for step in used(path, "aws-actions/configure-aws-credentials"):
        assert set(step["with"]) - {"role-duration-seconds"} == {"role-to-assume", "aws-region"}


def test_code_of_a_pull_request_never_meets_a_secret_or_a_token_that_writes() -> None:
    for path in WORKFLOWS:
        if "pull_request" in load(path)["on"]:
            assert "secrets." not in path.read_text(), path.name
            writes = [
                (name, key)
                for name, job in jobs(path)
                for key, value in job["permissions"].items()
                if value == "write"
            ]
            assert writes in ([], [("scanning", "security-events"), ("engine", "id-token")]), path.name
        assert "pull_request_target" not in load(path)["on"], path.name
    preview = dict(jobs(ROOT / ".github/workflows/preview.yml"))
    assert [step for step in preview["scanning"]["steps"] if "run" in step] == []
    assert preview["engine"]["needs"] == "stacks"
    assert (
        preview["stacks"]["if"] == "github.event.pull_request.head.repo.full_name == github.repository"
        " && vars.AWS_PREVIEW_ROLE != '' && vars.PULUMI_BACKEND_URL != ''"
    )


def test_what_may_write_a_comment_runs_nothing_of_the_pull_request() -> None:
    path = ROOT / ".github/workflows/comment.yml"
    (checkout,) = used(path, "actions/checkout")
    assert checkout["with"] == {
        "ref": "${{ github.event.repository.default_branch }}",
        "sparse-checkout": ".github/scripts",
        "persist-credentials": False,
    }
    (download,) = used(path, "actions/download-artifact")
    assert download["with"]["path"] == "${{ runner.temp }}/untrusted"
    # Isolated: neither the environment nor the working directory can give it a module.
    assert [step["run"] for step in steps(path) if "run" in step] == [
        'python3 -I .github/scripts/talk.py comment "$FOUND"'
    ]


def test_credentials_last_as_long_as_the_job_that_changes_the_clouds() -> None:
    up = dict(jobs(ROOT / ".github/workflows/up.yml"))["up"]
    (entering,) = [step for step in up["steps"] if "configure-aws-credentials" in step.get("uses", "")]
    assert entering["with"]["role-duration-seconds"] == up["timeout-minutes"] * 60


def test_what_changes_the_clouds_waits_for_the_stacks_own_environment_and_reads_under_another() -> None:
    up, drift = (
        dict(jobs(ROOT / ".github/workflows/up.yml")),
        dict(jobs(ROOT / ".github/workflows/drift.yml")),
    )
    assert (up["plan"]["environment"], drift["look"]["environment"]) == ("${{ matrix.stack }}-plan",) * 2
    assert up["up"]["environment"] == "${{ matrix.stack }}"
    applying = [
        f"{path.name}/{name}"
        for path in WORKFLOWS
        for name, job in jobs(path)
        if re.search(
            r"pulumi (up|destroy|import|refresh)|scripts/release up",
            "\n".join(s.get("run", "") for s in job["steps"]),
        )
    ]
    assert applying == ["up.yml/up"]


def test_a_secret_is_given_to_the_one_step_that_needs_it() -> None:
    for path in WORKFLOWS:
        for name, job in jobs(path):
            assert "secrets." not in str(job.get("env", {})), f"{path.name}/{name}"
            for step in job["steps"]:
                for value in re.findall(r"secrets\.\w+", str(step)):
                    assert (value, next(iter(step["env"]))) == (
                        "secrets.CLOUDFLARE_API_TOKEN",
                        "CLOUDFLARE_API_TOKEN",
                    )
        assert "secrets." not in str(load(path).get("env", {}))


def commands(path: Path) -> str:
    """What a workflow runs, with the text of the scripts that it calls."""
    text = "\n".join(step.get("run", "") for step in steps(path))
    return "\n".join(
        [
            text,
            *(
                (ROOT / name).read_text()
                for name in set(re.findall(r"\.github/scripts/[a-z]+(?!\.)\b", text))
            ),
        ]
    )


@pytest.mark.parametrize("path", WORKFLOWS, **ids)
def test_every_make_target_exists(path: Path) -> None:
    made = re.findall(r"\bmake ([\w./-]+)", commands(path))
    targets = set(
        re.findall(
            r"^([\w./$()-]+):", (ROOT / "Makefile").read_text().replace("$(VENV)", ".venv"), re.MULTILINE
        )
    )
    assert [target for target in made if target not in targets] == []


@pytest.mark.parametrize("path", WORKFLOWS, **ids)
def test_every_file_that_is_called_exists(path: Path) -> None:
    called = re.findall(r"(?<![\w/.])((?:\.github|\.ci|docs|tests)/[\w./-]+)", commands(path))
    assert [file for file in called if not (ROOT / file).exists()] == []
    assert (ROOT / ".pulumi.version").read_text() == "3.260.0\n"


def test_the_list_of_stacks_holds_what_may_be_a_stacks_name_only(tmp_path: Path) -> None:
    script = ROOT / ".github/scripts/stacks"

    def listed(*arguments: str) -> tuple[int, str]:
        done = subprocess.run([script, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout or done.stderr

    assert listed() == (1, f"file not found: Pulumi.NAME.yaml in {tmp_path}\n")
    for name in ("prod", "eu-west.2", "staging"):
        (tmp_path / f"Pulumi.{name}.yaml").touch()
    (tmp_path / "Pulumi.yaml").touch()
    assert listed() == (0, 'stacks=["eu-west.2","prod","staging"]\n')
    assert listed("prod") == (0, 'stacks=["prod"]\n')
    assert listed("pro") == (1, f"file not found: Pulumi.pro.yaml in {tmp_path}\n")
    for name, why in (
        ("Preview", "expected a stack's name other than preview and NAME-plan, found 'Preview'"),
        (
            "prod-plan",
            "expected a stack's name other than preview and NAME-plan, found 'prod-plan'",
        ),
        ("PROD", "expected names that differ by more than capitals, found 'prod' twice"),
    ):
        (tmp_path / f"Pulumi.{name}.yaml").touch()
        code, said = listed()
        assert code == 1 and said.partition(": ")[2].startswith(why)
        (tmp_path / f"Pulumi.{name}.yaml").unlink()
    (tmp_path / "Pulumi.a b.yaml").touch()
    assert listed() == (
        1,
        "Pulumi.a b.yaml: expected a stack's name of letters, digits, _ . and -, found 'a b'; rename the file\n",
    )


def test_a_refused_plan_shows_no_value_however_many_lines_it_has(tmp_path: Path) -> None:
    if shutil.which("jq") is None or shutil.which("awk") is None:
        pytest.skip("not on PATH: jq or awk")
    pulumi = tmp_path / "pulumi"
    pulumi.write_text(
        '#!/bin/sh\n[ "$1" = stack ] && exec echo state\n'
        "printf 'created one\\nerror: two violates plan: properties changed: =~key[canary-1\\ncanary-2\\n]\\nlast\\n' >&2\nexit 255\n"
    )
    pulumi.chmod(0o755)
    (tmp_path / "state").write_text(hashlib.sha256(b"state\n").hexdigest() + "\n")
    release: list[str | Path] = [ROOT / ".github/scripts/release", "up", "prod", tmp_path]
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "CLOUDFLARE_API_TOKEN": "token"}
    done = subprocess.run(release, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (255, "")
    assert done.stdout.splitlines() == [
        "created one",
        "error: two violates plan (values withheld: they may be secret)",
        "::error::The program now wants something else than the reviewed plan. What was done until then stays done: "
        "run the workflow again and review the new plan.",
    ]
    (tmp_path / "state").write_text("another\n")
    done = subprocess.run(release, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.startswith("::error::The state of prod has changed since")) == (
        1,
        True,
    )


def tool(name: str) -> str:
    found = shutil.which(name, path=f"{Path(sys.executable).parent}:{Path.home()}/go/bin") or shutil.which(
        name
    )
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def test_zizmor_finds_nothing() -> None:
    done = subprocess.run(
        [tool("zizmor"), "--pedantic", "--offline", "--quiet", "--no-progress", ROOT / ".github"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_actionlint_finds_nothing() -> None:
    arguments = ["-shellcheck", tool("shellcheck"), "-pyflakes", ""]
    done = subprocess.run(
        [tool("actionlint"), *arguments, *WORKFLOWS], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_shellcheck_finds_nothing_in_the_workflows_scripts() -> None:
    scripts = [path for path in (ROOT / ".github" / "scripts").iterdir() if path.suffix == ""]
    assert sorted(path.name for path in scripts) == ["ask", "compare", "engine", "look", "release", "stacks"]
    done = subprocess.run([tool("shellcheck"), *scripts], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def modules_used(text: str) -> Iterator[tuple[str, list[str]]]:
    """(module, its words) of each `python -m preview…` of a script; a command that goes on over several lines is one."""
    for line in text.replace("\\\n", " ").splitlines():
        for module, arguments in re.findall(r"python -m (preview[\w.]*)((?: (?!\|\|)[^\s>;]+)*)", line):
            yield module, [word.strip('"') for word in arguments.split()]


def test_every_option_of_the_preview_that_is_used_exists() -> None:
    used_options: dict[str, set[str]] = {}
    used_formats: dict[str, set[str]] = {}
    for path in WORKFLOWS:
        for module, words in modules_used(commands(path)):
            used_options.setdefault(module, set()).update(word for word in words if word.startswith("-"))
            formats_here = {
                words[place + 1].partition("=")[0] for place, word in enumerate(words) if word == "--format"
            }
            used_formats.setdefault(module, set()).update(formats_here)
    assert set(used_options) == {"preview", "preview.drift"}
    for module, options in used_options.items():
        command = [sys.executable, "-m", module, "--help"]
        shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        assert sorted(options - set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", shown))) == [], module
        formats = re.findall(r"--format \{([\w,]+)\}", " ".join(shown.split()))[0]
        assert sorted(used_formats[module] - set(formats.split(","))) == [], module


def test_the_documented_trust_policy_trusts_one_environment_of_one_repository() -> None:
    text = (ROOT / "docs" / "workflows.md").read_text()
    policy = json.loads(re.search(r"```json\n(.*?)```", text, re.DOTALL)[1])  # type: ignore[index]
    (statement,) = policy["Statement"]
    assert statement["Condition"] == {
        "StringEquals": {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": "repo:OWNER/REPOSITORY:environment:prod",
        }
    }


def test_every_variable_and_secret_is_documented() -> None:
    text = (ROOT / "docs" / "workflows.md").read_text()
    names = {name for path in WORKFLOWS for name in re.findall(r"(?:vars|secrets)\.(\w+)", path.read_text())}
    assert {name for name in names if f"`{name}`" not in text} == set()
    assert {f"`{path.name}`" for path in WORKFLOWS} == set(
        re.findall(r"^\| (`\w+\.yml`)", text, re.MULTILINE)
    )
