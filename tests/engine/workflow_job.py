"""One job of a workflow run: its environment and token, then its steps, one after the other. See `workflow_runner`."""

from __future__ import annotations

import itertools
import json
import os
import re
import signal
import subprocess
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .workflow_expressions import condition, render, value_of
from .workflow_hub import Environment, Event, Hub, Unsupported
from .workflow_values import ExpressionError, Known, to_text, truthy

SUMMARY = 1024 * 1024  # bytes; GitHub drops a step's summary that is longer, and says so
_STEP = {"name", "id", "if", "uses", "with", "run", "env", "shell", "working-directory", "continue-on-error"}
_SHELLS = {
    None: ["bash", "-e"],
    "bash": ["bash", "--noprofile", "--norc", "-eo", "pipefail"],
    "sh": ["sh", "-e"],
}
_COMMAND = re.compile(r"^::(\w[\w-]*)(?: [^:]*)?::(.*)$", re.MULTILINE)


class Failed(Exception):
    """A step ends badly; the text goes to its log."""


@dataclass(kw_only=True)
class StepRun:
    name: str
    outcome: str = "skipped"
    conclusion: str = "skipped"
    log: str = ""
    summary: str = ""
    outputs: dict[str, str] = field(default_factory=dict)


@dataclass(kw_only=True)
class JobRun:
    key: str
    name: str
    matrix: dict[str, Any]
    result: str = "skipped"
    steps: list[StepRun] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)
    environment: str | None = None
    permissions: dict[str, str] = field(default_factory=dict)
    role: str | None = None
    """The role in AWS that the job entered."""
    workspace: Path = Path()
    errors: list[str] = field(default_factory=list)

    def step(self, name: str) -> StepRun:
        """The step of this name or id; for an action without a name, the action's."""
        return next(step for step in self.steps if step.name == name)

    @property
    def log(self) -> str:
        return "".join(step.log for step in self.steps)

    @property
    def summary(self) -> str:
        return "".join(step.summary for step in self.steps)


@dataclass(kw_only=True)
class WorkflowRun:
    id: int
    file: str
    name: str
    event: Event
    conclusion: str = ""
    jobs: list[JobRun] = field(default_factory=list)
    artifacts: dict[str, dict[str, bytes]] = field(default_factory=dict)
    approvals: list[str] = field(default_factory=list)
    cancelled: bool = False

    def job(self, key: str, **matrix: str) -> JobRun:
        """The only job of this key (and with this matrix)."""
        (found,) = (job for job in self.jobs if job.key == key and {**job.matrix, **matrix} == job.matrix)
        return found

    def results(self) -> dict[str, str]:
        """The result of every job, by the name that people see."""
        return {job.name: job.result for job in self.jobs}

    def not_run(self) -> list[str]:
        """The steps, and the jobs, that did not end well or were skipped."""
        steps = [
            f"{job.name}: {step.name}" for job in self.jobs for step in job.steps if step.outcome != "success"
        ]
        return steps + [job.name for job in self.jobs if job.result != "success"]

    @property
    def log(self) -> str:
        return "\n".join(f"[{job.name}] {job.result} {job.errors or ''}\n{job.log}" for job in self.jobs)


def only(given: Mapping[str, Any], known: set[str], where: str) -> None:
    if strange := sorted(set(map(str, given)) - known):
        raise Unsupported(f"{where}: {', '.join(strange)}")


class Job:
    """One job on one machine of its own."""

    def __init__(
        self,
        hub: Hub,
        run: WorkflowRun,
        document: Mapping[str, Any],
        job: Mapping[str, Any],
        done: JobRun,
        contexts: dict[str, Any],
    ) -> None:
        self.hub, self.run_, self.job, self.done, self.document = hub, run, job, done, document
        self.place = (
            hub.place
            / f"run{run.id}"
            / re.sub(r"\W+", "-", f"{done.key} {' '.join(map(str, done.matrix.values()))}").strip("-")
        )
        self.workspace, self.temp = self.place / "work" / "r" / "r", self.place / "temp"
        done.workspace = self.workspace
        self.contexts = contexts
        self.status = "success"
        self.steps: dict[str, dict[str, Any]] = {}
        self.added: dict[str, str] = {}
        self.paths: list[str] = []

    def run(self) -> None:
        try:
            self.prepare()
        except (Failed, ExpressionError) as reason:
            self.done.result, self.done.errors = "failure", [str(reason)]
            return
        for step in self.job["steps"]:
            only(step, _STEP, f"{self.run_.file} jobs.{self.done.key}.steps")
            self.step(step)
        self.done.result = "cancelled" if self.run_.cancelled else self.status
        for name, text in self.job.get("outputs", {}).items():
            self.done.outputs[name] = render(text, self.all())

    def prepare(self) -> None:
        """The environment, waited for; the token, with the permissions that the job and the event leave it."""
        named = self.job.get("environment")
        if isinstance(named, dict):
            raise Unsupported(f"environment: {named}")
        settings = Environment()
        if named is not None:
            self.done.environment = name = render(named, self.contexts)
            settings = self.hub.environments.get(name, settings)
            branch = self.run_.event.ref.removeprefix("refs/heads/")
            if settings.branches is not None and branch not in settings.branches:
                raise Failed(
                    f"Branch {branch!r} is not allowed to deploy to {name} due to environment protection rules."
                )
            if settings.reviewers:
                self.run_.approvals.append(name)
                if not self.hub.approve(self.run_, name):
                    raise Failed(f"{name}: rejected by a reviewer")
        event = self.run_.event
        given = self.job.get("permissions", self.document.get("permissions", {"contents": "read"}))
        if not isinstance(given, dict):
            raise Unsupported(f"permissions: {given}")
        lowered = {key: "read" if event.fork else value for key, value in given.items()}
        if event.fork:
            lowered.pop("id-token", None)
        self.done.permissions = lowered
        token = f"ghs_{uuid.uuid4().hex}"
        self.hub.github.tokens[token] = lowered
        secrets = {} if event.fork else {**self.hub.secrets, **settings.secrets}
        self.secrets = {**secrets, "GITHUB_TOKEN": token}
        github = Known(
            {
                **self.contexts["github"],
                "token": token,
                "job": self.done.key,
                "workspace": str(self.workspace),
            }
        )
        variables = {**self.contexts["vars"], **({} if event.fork else settings.variables)}
        runner = Known({"temp": str(self.temp), "os": "Linux", "arch": "X64"})
        self.contexts = {**self.contexts, "github": github, "vars": variables, "runner": runner}
        for folder in (self.workspace, self.temp, self.place / "home"):
            folder.mkdir(parents=True)
        (self.place / "event.json").write_text(json.dumps(github["event"]), encoding="utf-8")
        self.env = self.rendered(self.document.get("env", {}), {**self.contexts, "secrets": self.secrets})
        self.env |= self.rendered(self.job.get("env", {}), {**self.contexts, "secrets": self.secrets})

    def all(self) -> dict[str, Any]:
        env = {**self.env, **self.added}
        job = Known({"status": "cancelled" if self.run_.cancelled else self.status})
        return {**self.contexts, "secrets": self.secrets, "steps": self.steps, "env": env, "job": job}

    @staticmethod
    def rendered(values: Mapping[str, Any], contexts: Mapping[str, Any]) -> dict[str, str]:
        return {name: render(value, contexts) for name, value in values.items()}

    def step(self, step: Mapping[str, Any]) -> None:
        name = (
            step.get("name")
            or step.get("id")
            or str(step.get("uses", "")).partition("@")[0]
            or step["run"].split("\n")[0]
        )
        done = StepRun(name=name)
        self.done.steps.append(done)
        if self.hub.before_step(self.run_, self.done, name) == "cancel":
            self.run_.cancelled = True
        contexts = self.all()
        status = {
            "always": lambda: True,
            "cancelled": lambda: self.run_.cancelled,
            "success": lambda: self.status == "success" and not self.run_.cancelled,
            "failure": lambda: self.status == "failure",
        }
        asked = {key: value for key, value in contexts.items() if key != "secrets"}
        try:
            if condition(step.get("if", ""), asked, status):
                done.outcome = "success"
                own = self.rendered(step.get("env", {}), contexts)
                if "uses" in step:
                    self.act(step, {**contexts, "env": {**contexts["env"], **own}}, own, done)
                else:
                    self.script(step, {**contexts, "env": {**contexts["env"], **own}}, own, done)
        except (Failed, ExpressionError) as reason:
            done.outcome = "failure"
            done.log += f"##[error]{reason}\n"
            self.done.errors.append(str(reason))
        forgiven = done.outcome == "failure" and truthy(
            value_of(step.get("continue-on-error", False), contexts)
        )
        done.conclusion = "success" if forgiven else done.outcome
        for secret in filter(None, self.secrets.values()):
            done.log = done.log.replace(secret, "***")
        if done.conclusion == "failure":
            self.status = "failure"
        if "id" in step:
            self.steps[step["id"]] = {
                "outputs": done.outputs,
                "outcome": done.outcome,
                "conclusion": done.conclusion,
            }

    def act(
        self, step: Mapping[str, Any], contexts: Mapping[str, Any], own: Mapping[str, str], done: StepRun
    ) -> None:
        from .workflow_actions import ACTIONS

        name, _, version = step["uses"].partition("@")
        if name not in ACTIONS or not version or "run" in step or "shell" in step:
            raise Unsupported(f"uses: {step['uses']}")
        action = ACTIONS[name]
        given = self.rendered(step.get("with", {}), contexts)
        only(given, set(action.inputs), name)
        done.outputs |= (
            action.leave(self, {**action.inputs, **given}, {**self.env, **self.added, **own}) or {}
        )

    def script(
        self, step: Mapping[str, Any], contexts: Mapping[str, Any], own: Mapping[str, str], done: StepRun
    ) -> None:
        defaults = {
            **self.document.get("defaults", {}).get("run", {}),
            **self.job.get("defaults", {}).get("run", {}),
        }
        only(defaults, {"shell", "working-directory"}, "defaults.run")
        shell = step.get("shell", defaults.get("shell"))
        if shell not in _SHELLS:
            raise Unsupported(f"shell: {shell}")
        number = len(self.done.steps)
        file = self.temp / f"step{number}.sh"
        file.write_text(render(step["run"], contexts), encoding="utf-8")
        files = {
            name: self.place / f"{name.lower()}{number}" for name in ("OUTPUT", "ENV", "PATH", "STEP_SUMMARY")
        }
        for each in files.values():
            each.touch()
        folder = self.workspace / render(
            step.get("working-directory", defaults.get("working-directory", ".")), contexts
        )
        environment = self.environment(own) | {f"GITHUB_{name}": str(each) for name, each in files.items()}
        patience = self.job.get("timeout-minutes", 360) * 60
        process = subprocess.Popen(
            [*_SHELLS[shell], str(file)],
            cwd=folder,
            env=environment,
            start_new_session=True,
            encoding="utf-8",
            errors="replace",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        try:
            done.log, _ = process.communicate(timeout=patience)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise Failed(f"The job has exceeded the maximum execution time of {patience // 60}m") from None
        for command, text in _COMMAND.findall(done.log):
            if command in ("error", "warning", "notice"):
                self.done.errors.append(text)
            elif command not in ("group", "endgroup", "debug", "add-mask"):
                raise Unsupported(f"::{command}::")
        done.outputs |= read_file(files["OUTPUT"])
        self.added |= read_file(files["ENV"])
        self.paths = [*reversed(files["PATH"].read_text(encoding="utf-8").split("\n")[:-1]), *self.paths]
        if files["STEP_SUMMARY"].stat().st_size > SUMMARY:
            self.done.errors.append(
                "$GITHUB_STEP_SUMMARY upload aborted, supports content up to a size of 1024k"
            )
        else:
            done.summary = files["STEP_SUMMARY"].read_text(encoding="utf-8")
        if process.returncode:
            raise Failed(f"Process completed with exit code {process.returncode}.")

    def environment(self, own: Mapping[str, str]) -> dict[str, str]:
        """All that a script sees; nothing of the environment of whoever runs the tests."""
        github = self.contexts["github"]
        names = (
            "api_url",
            "base_ref",
            "event_name",
            "head_ref",
            "job",
            "ref",
            "ref_name",
            "repository",
            "repository_owner",
            "run_attempt",
            "run_id",
            "run_number",
            "server_url",
            "sha",
            "workflow",
            "workspace",
        )
        found = {
            **self.hub.environment,
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "HOME": str(self.place / "home"),
            "RUNNER_TEMP": str(self.temp),
        }
        found |= {
            "GITHUB_EVENT_PATH": str(self.place / "event.json"),
            "RUNNER_OS": "Linux",
            "RUNNER_ARCH": "X64",
        }
        found |= (
            {f"GITHUB_{name.upper()}": to_text(github[name]) for name in names}
            | self.env
            | self.added
            | dict(own)
        )
        return found | {"PATH": ":".join([*self.paths, found["PATH"]])}


def read_file(file: Path) -> dict[str, str]:
    """The entries of an environment file: `name=value`, or `name<<END` and lines up to END. Failed: another line."""
    found: dict[str, str] = {}
    lines = iter(file.read_text(encoding="utf-8").split("\n"))
    for line in lines:
        heredoc = re.fullmatch(r"([^=<]+)<<(.+)", line)
        if heredoc:
            end = heredoc[2]
            found[heredoc[1]] = "\n".join(itertools.takewhile(end.__ne__, lines))
        elif "=" in line and not line.startswith("="):
            name, _, value = line.partition("=")
            found[name] = value
        elif line:
            raise Failed(f"Unable to process file command: Invalid format '{line}'")
    return found
