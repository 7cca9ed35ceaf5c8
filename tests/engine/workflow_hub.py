"""A repository on GitHub: its commits, settings, pull requests and artefacts, and which events start which workflows.

    hub = Hub(origin, place, github, environment)          # origin: a bare git repository
    hub.environments["prod"] = Environment(reviewers=True, variables={...}, secrets={...})
    (run,) = hub.push(only={"up.yml"})
    run.conclusion, run.job("plan").result, run.artifacts, hub.github.comments

Workflows are read from the commit that GitHub reads them from, and run by `workflow_runner`.
"""

from __future__ import annotations

import fnmatch
import itertools
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from .github_double import GitHub

if TYPE_CHECKING:
    from .workflow_runner import WorkflowRun

FOLDER = ".github/workflows"
OURS, STRANGERS = 1, 2  # ids of the repository and of its fork


class Unsupported(NotImplementedError):
    """A construct that the runner does not know; nothing is passed over in silence."""


@dataclass(kw_only=True)
class Environment:
    """An environment of the repository's settings. One that a job names and nobody made is GitHub's: empty and open to all."""

    variables: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    reviewers: bool = False
    branches: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Event:
    """What happened. `workflows` is the commit that the workflows are read from, `sha` the one that they run on."""

    name: str
    payload: Mapping[str, Any]
    sha: str
    ref: str
    workflows: str
    fork: bool = False
    inputs: Mapping[str, str] = field(default_factory=dict)
    base_ref: str = ""
    head_ref: str = ""
    changed: tuple[str, ...] = ()


def nobody(*_: Any) -> None:
    """Does nothing between two steps."""


@dataclass(kw_only=True)
class Hub:
    origin: Path
    place: Path
    github: GitHub
    environment: Mapping[str, str]
    """What the runner's machine has besides GitHub's own variables; `PATH` among them."""
    path_of: Mapping[str, str] = field(default_factory=dict)
    """What an action puts on PATH: {"pulumi/actions": "/…/bin"}."""
    credentials: Mapping[str, str] = field(default_factory=dict)
    """What AWS's credentials open besides AWS: the key of the state."""
    roles: dict[str, str] = field(default_factory=dict)
    """Roles in AWS, each with the subject that it trusts: {"arn:…": "repo:o/r:environment:prod"}."""
    variables: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    environments: dict[str, Environment] = field(default_factory=dict)
    approve: Callable[[WorkflowRun, str], bool] = lambda run, environment: True
    """A reviewer's answer to a job that waits for this environment."""
    before_step: Callable[..., str | None] = nobody
    """Called with the run, the job and the step's name before each step; "cancel" cancels the run."""
    variables_for_forks: bool = False
    """GitHub passes none; True shows what protects a repository besides."""
    private: bool = False
    code_security: bool = False
    """Has a private repository GitHub Code Security?"""
    analyses: dict[tuple[str, str, int], list[Any]] = field(default_factory=dict)
    """The results of code scanning, by category, tool and run."""
    repository: str = "o/r"
    default_branch: str = "main"
    runs: list[WorkflowRun] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    # Commits ----------------------------------------------------------------------------------------------------

    def git(self, *arguments: str) -> str:
        command = ["git", "-C", str(self.origin), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def head(self, ref: str = "") -> str:
        return self.git("rev-parse", "--verify", f"{ref or self.default_branch}^{{commit}}")

    # Events -----------------------------------------------------------------------------------------------------

    def push(self, branch: str = "", **options: Any) -> list[WorkflowRun]:
        branch = branch or self.default_branch
        sha = self.head(branch)
        parents = self.git("rev-list", "--parents", "-n", "1", sha).split()[1:]
        changed = self.git("diff", "--name-only", *parents[:1], sha).split("\n") if parents else []
        event = Event(
            name="push",
            payload={"ref": f"refs/heads/{branch}"},
            sha=sha,
            ref=f"refs/heads/{branch}",
            workflows=sha,
            changed=tuple(changed),
        )
        return self.happened(event, **options)

    def tag(self, name: str, **options: Any) -> list[WorkflowRun]:
        sha, ref = self.head(name), f"refs/tags/{name}"
        return self.happened(
            Event(name="push", payload={"ref": ref}, sha=sha, ref=ref, workflows=sha), **options
        )

    def dispatch(self, inputs: Mapping[str, str], branch: str = "", **options: Any) -> list[WorkflowRun]:
        branch = branch or self.default_branch
        sha = self.head(branch)
        ref = f"refs/heads/{branch}"
        event = Event(
            name="workflow_dispatch",
            payload={"inputs": inputs},
            sha=sha,
            ref=ref,
            workflows=sha,
            inputs=inputs,
        )
        return self.happened(event, **options)

    def schedule(self, **options: Any) -> list[WorkflowRun]:
        sha = self.head()
        event = Event(
            name="schedule", payload={}, sha=sha, ref=f"refs/heads/{self.default_branch}", workflows=sha
        )
        return self.happened(event, **options)

    def pull_request(
        self, number: int, branch: str, *, fork: bool = False, action: str = "opened", **options: Any
    ) -> list[WorkflowRun]:
        """A pull request of a branch into the default one: its merge is made, and runs."""
        head, base = self.head(branch), self.head()
        tree = self.git("merge-tree", "--write-tree", base, head).split("\n")[0]
        merge = self.git("commit-tree", tree, "-p", base, "-p", head, "-m", f"Merge {head} into {base}")
        self.git("update-ref", f"refs/pull/{number}/merge", merge)
        whose = (STRANGERS, "stranger/r") if fork else (OURS, self.repository)
        pull = {
            "number": number,
            "state": "open",
            "head": {"sha": head, "ref": branch, "repo": {"id": whose[0], "full_name": whose[1]}},
            "base": {
                "sha": base,
                "ref": self.default_branch,
                "repo": {"id": OURS, "full_name": self.repository},
            },
        }
        self.github.pulls[number] = pull
        event = Event(
            name="pull_request",
            payload={"action": action, "number": number, "pull_request": pull},
            sha=merge,
            ref=f"refs/pull/{number}/merge",
            workflows=merge,
            fork=fork,
            base_ref=self.default_branch,
            head_ref=branch,
        )
        return self.happened(event, **options)

    def happened(self, event: Event, *, only: set[str] | None = None) -> list[WorkflowRun]:
        """Run every workflow that the event starts (of those in `only`), and what their ends start."""
        from .workflow_runner import run_workflow

        started = []
        for file, document in self.workflows(event.workflows).items():
            if (only is None or file in only) and starts(document["on"], event, self):
                run = run_workflow(self, file, document, event)
                self.runs.append(run)
                started.append(run)
        ended = [
            run
            for run in started
            if event.name != "workflow_run"
            for run in [*self.happened(self._end_of(run), only=only)]
        ]
        return started + ended

    def _end_of(self, run: WorkflowRun) -> Event:
        head = run.event.payload.get("pull_request", {}).get("head", {})
        sha = self.head()
        payload = {
            "action": "completed",
            "workflow_run": {
                "id": run.id,
                "name": run.name,
                "event": run.event.name,
                "conclusion": run.conclusion,
                "head_sha": head.get("sha", run.event.sha),
                "html_url": f"https://github.com/{self.repository}/actions/runs/{run.id}",
                "head_repository": head.get("repo") or {"id": OURS, "full_name": self.repository},
            },
        }
        return Event(
            name="workflow_run",
            payload=payload,
            sha=sha,
            ref=f"refs/heads/{self.default_branch}",
            workflows=sha,
        )

    def workflows(self, commit: str) -> dict[str, dict[str, Any]]:
        """Every workflow's document at a commit, its `on` a mapping."""
        found = {}
        for path in self.git("ls-tree", "--name-only", commit, f"{FOLDER}/").split("\n"):
            if path.endswith((".yml", ".yaml")):
                found[path.rpartition("/")[2]] = document_of(self.git("show", f"{commit}:{path}"))
        return found

    def run(self, number: int) -> WorkflowRun:
        return next(run for run in self.runs if run.id == number)


def document_of(text: str) -> dict[str, Any]:
    """A workflow's YAML, its `on` (a truth value to YAML 1.1) a mapping of events."""
    document: dict[Any, Any] = yaml.safe_load(text)
    on = document.pop(True, document.pop("on", None))
    events = [on] if isinstance(on, str) else on
    document["on"] = dict(events) if isinstance(events, dict) else dict.fromkeys(events)
    return document


_FILTERS = {
    "push": {"branches", "paths", "tags"},
    "pull_request": {"branches", "types"},
    "schedule": set(),
    "workflow_dispatch": {"inputs"},
    "workflow_run": {"workflows", "types"},
}


def starts(on: Mapping[str, Any], event: Event, hub: Hub) -> bool:
    """Does the event start a workflow with this `on`? Unsupported: an event or filter that is not modelled."""
    for name, filters in on.items():
        if name not in _FILTERS or (name != "schedule" and set(filters or {}) - _FILTERS[name]):
            raise Unsupported(f"on.{name}: {filters}")
    if event.name not in on:
        return False
    filters = on[event.name] or {}
    if event.name == "schedule":
        return True
    if event.name == "workflow_dispatch":
        return set(event.inputs) <= set(filters.get("inputs") or {})
    if event.name == "workflow_run":
        ended = event.payload["workflow_run"]
        return ended["name"] in filters["workflows"] and event.payload["action"] in filters.get(
            "types", ["completed", "requested"]
        )
    if event.ref.startswith("refs/tags/"):
        return _matches(
            [event.ref.removeprefix("refs/tags/")],
            filters.get("tags", [] if "branches" in filters else ["**"]),
        )
    if "tags" in filters and "branches" not in filters:
        return False
    branch = event.base_ref or event.ref.removeprefix("refs/heads/")
    if not _matches([branch], filters.get("branches", ["**"])):
        return False
    if event.name == "pull_request":
        return event.payload["action"] in filters.get("types", ["opened", "synchronize", "reopened"])
    return _matches(event.changed, filters.get("paths", ["**"])) or "paths" not in filters


def _matches(names: Any, patterns: list[str]) -> bool:
    if any(set(pattern) & set("!?+[") for pattern in patterns):
        raise Unsupported(f"filter {patterns}")
    return any(fnmatch.fnmatchcase(name, pattern) for name in names for pattern in patterns)
