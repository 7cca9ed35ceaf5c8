"""A repository whose stacks the workflows deploy, with the real CLI over the stand-in clouds, and GitHub's settings as docs/workflows.md asks for them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.evaluations import ROOT, canary, example_file, secret_names

from .harness import EngineStack, copy_project
from .workflow_hub import Environment, Hub
from .workflow_job import WorkflowRun
from .workflow_machine import cli
from .workflow_world import Repository, hub_of

EXAMPLE = "maycast-recorder"
READING, WRITING, PREVIEWING = "arn:reading-{}", "arn:writing-{}", "arn:previewing"
CHANGES = ("create", "update", "delete")
UP, DRIFT = {"up.yml"}, {"drift.yml"}


class Deployment:
    """One project at `place`: its repository, its backend and its cloud. Each of `stacks` has a cloud's objects of its own by their names."""

    def __init__(self, place: Path, home: Path, bin_: Path, stacks: tuple[str, ...] = ("prod",)) -> None:
        self.place, self.home, self.bin_, self.stacks = place, home, bin_, stacks
        self.repository = Repository(place / "project")
        self.engines = {name: EngineStack(place / "project", name, place, home) for name in stacks}
        self.hub: Hub

    @classmethod
    def make(cls, place: Path, home: Path, bin_: Path, stacks: tuple[str, ...] = ("prod",)) -> Deployment:
        project = copy_project(ROOT, place / "project")
        made = cls(place, home, bin_, stacks)
        for name, engine in made.engines.items():
            text = (
                example_file(EXAMPLE)
                .read_text()
                .replace("rec.example.com", "rec.example.com" if name == "prod" else f"{name}.example.com")
            )
            if name != "prod":
                text = text.replace("managed: true", "owner: false").replace(
                    "    rateLimits:", "    # rateLimits:"
                )
            engine.file.write_text(text, encoding="utf-8")
            for secret in secret_names(EXAMPLE):
                engine.secret(f"drawbridge:secrets.{secret}", canary(secret))
        with (project / ".git/info/exclude").open("a") as excluded:
            excluded.write(".venv\n")
        made.repository.commit()
        return made

    def fork(self, place: Path) -> Deployment:
        """A copy of all of it as it is now."""
        for part in ("backend", "cloud", "project"):
            shutil.copytree(self.place / part, place / part, symlinks=True)
        return Deployment(place, self.home, self.bin_, self.stacks)

    @property
    def cloud(self):  # type: ignore[no-untyped-def]
        return self.engines[self.stacks[0]].cloud

    @contextmanager
    def on_github(self, **settings: object) -> Iterator[Hub]:
        """GitHub, with the environments, variables, secrets and roles that the documentation names."""
        engine = self.engines[self.stacks[0]]
        environment = dict(engine.environment)
        backend, passphrase = (
            environment.pop("PULUMI_BACKEND_URL"),
            environment.pop("PULUMI_CONFIG_PASSPHRASE"),
        )
        with hub_of(self.repository, self.place / "runs", self.bin_) as hub:
            self.hub = hub
            hub.environment = {**environment, **hub.environment}
            hub.path_of = {"pulumi/actions": str(cli())}
            hub.credentials = {"PULUMI_CONFIG_PASSPHRASE": passphrase}  # as KMS opens the state to a role
            hub.variables |= {
                "PULUMI_BACKEND_URL": backend,
                "AWS_PREVIEW_ROLE": PREVIEWING,
                "AWS_REGION": "ap-northeast-1",
            }
            hub.roles = {PREVIEWING: "repo:o/r:environment:preview"}
            for name in self.stacks:
                for suffix, arn, token in (("-plan", READING, "reads"), ("", WRITING, "writes")):
                    role = arn.format(name)
                    hub.environments[name + suffix] = Environment(
                        variables={"AWS_ROLE": role},
                        secrets={"CLOUDFLARE_API_TOKEN": f"a-token-that-{token}-{name}"},
                        reviewers=not suffix,
                        branches=("main",),
                    )
                    hub.roles[role] = f"repo:o/r:environment:{name}{suffix}"
            yield hub

    def edit(self, *changes: tuple[str, str], branch: str = "main", stack: str = "prod") -> None:
        """Commit the stack file with these texts replaced."""
        self.repository.git("checkout", "--quiet", branch) if self.repository.git(
            "branch", "--list", branch
        ) else None
        text = self.engines[stack].file.read_text(encoding="utf-8")
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new)
        self.repository.commit({f"Pulumi.{stack}.yaml": text}, branch=branch)

    def up(self, before: int | None = None) -> tuple[WorkflowRun, list[str]]:
        """Push main and run up.yml; the run, and what it changed in the clouds: "create aws:…"."""
        seen = len(self.cloud.operations())
        (run,) = self.hub.push(only=UP)
        return run, self.changes(seen)

    def changes(self, since: int = 0) -> list[str]:
        done = self.cloud.operations(since=since)
        return [f"{o.op} {o.type}" for o in done if o.op in CHANGES and o.outcome == "ok"]
