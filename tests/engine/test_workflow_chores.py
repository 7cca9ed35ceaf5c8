"""The workflows that check, audit and publish, as the files stand; what they call is replaced by programs that note how they were called."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.evaluations import ROOT

from .test_workflow_runner import bin_  # noqa: F401
from .workflow_hub import Hub
from .workflow_machine import executable
from .workflow_world import Repository, hub_of

NOTE = '#!/bin/sh\necho "$(basename "$0") $*" >>"{calls}"\n[ "$(basename "$0") $*" != "{fails}" ]\n'
FILES = [
    ".pulumi.version",
    "VERSION",
    *(str(p.relative_to(ROOT)) for p in (ROOT / ".github/workflows").glob("*.yml")),
]


class World:
    def __init__(self, hub: Hub, repository: Repository, calls: Path, machine: Path) -> None:
        self.hub, self.repository, self.calls, self.machine = hub, repository, calls, machine

    def fails(self, call: str) -> None:
        for program in ("sudo", "make", "go", "gh", "pulumi"):
            executable(self.machine / program, NOTE.format(calls=self.calls, fails=call))

    def called(self) -> list[str]:
        return self.calls.read_text().splitlines()


@pytest.fixture
def world(tmp_path: Path, bin_: Path) -> Iterator[World]:  # noqa: F811
    repository = Repository(tmp_path / "repository")
    machine = tmp_path / "machine"
    machine.mkdir()
    (tmp_path / "calls").touch()
    files = {name: (ROOT / name).read_text() for name in FILES if (ROOT / name).exists()}
    python = f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n'
    repository.commit(
        {
            **files,
            ".venv/bin/python": python,
            ".ci/release": '#!/bin/sh\necho "notes of $1"\n',
            "dist/archive": "text",
        }
    )
    for program in (".venv/bin/python", ".ci/release"):
        (repository.folder / program).chmod(0o755)
    repository.git("add", "--force", "--all")
    repository.commit()
    with hub_of(repository, tmp_path / "runs", bin_) as hub:
        hub.environment = {**hub.environment, "PATH": f"{machine}:{hub.environment['PATH']}"}
        hub.path_of = {"pulumi/actions": str(machine)}
        made = World(hub, repository, tmp_path / "calls", machine)
        made.fails("nothing")
        yield made


def test_a_push_is_checked_rehearsed_and_linted(world: World) -> None:
    (run,) = world.hub.push(only={"check.yml"})
    assert run.not_run() == [], run.log
    assert world.called() == [
        "sudo .ci/run",
        "make rehearse",
        "go run github.com/rhysd/actionlint/cmd/actionlint@v1.7.12",
    ]


def test_a_pull_request_is_checked_as_a_push_is(world: World) -> None:
    world.repository.commit({"other": "text"}, branch="topic")
    (run,) = world.hub.pull_request(7, "topic", fork=True, only={"check.yml"})
    assert run.not_run() == [], run.log
    assert len(world.called()) == 3


@pytest.mark.parametrize(
    "call", ["sudo .ci/run", "make rehearse", "go run github.com/rhysd/actionlint/cmd/actionlint@v1.7.12"]
)
def test_a_check_that_fails_fails_the_run_and_stops_no_other(world: World, call: str) -> None:
    world.fails(call)
    (run,) = world.hub.push(only={"check.yml"})
    assert (run.conclusion, [job.result for job in run.jobs].count("failure"), len(world.called())) == (
        "failure",
        1,
        3,
    )


def test_the_emulated_clouds_get_the_plugins_that_the_sdks_name(world: World) -> None:
    (run,) = world.hub.dispatch({}, only={"emulated.yml"})
    assert run.not_run() == [], run.log
    assert world.called() == [
        "make .venv/.installed-dev .venv/emulated/.installed",
        *(
            f"pulumi plugin install resource {name} {version(f'pulumi-{name}')}"
            for name in ("aws", "cloudflare", "random")
        ),
        "make emulated",
    ]


def test_a_plugin_that_cannot_be_had_stops_the_emulated_clouds(world: World) -> None:
    world.fails(f"pulumi plugin install resource aws {version('pulumi-aws')}")
    (run,) = world.hub.schedule(only={"emulated.yml"})
    assert (run.conclusion, "make emulated" in world.called()) == ("failure", False)


def test_the_emulated_clouds_are_asked_when_what_they_judge_changes_and_not_else(world: World) -> None:
    world.repository.commit({"README.md": "text"})
    assert world.hub.push(only={"emulated.yml"}) == []
    world.repository.commit({"components/tunnel.py": "text"})
    assert len(world.hub.push(only={"emulated.yml"})) == 1


def test_the_audit_asks_once_a_week_and_must_not_skip(world: World) -> None:
    (run,) = world.hub.schedule(only={"audit.yml"})
    assert run.not_run() == [], run.log
    assert world.called() == ["make audit"]


def test_a_tag_is_built_and_published_by_another_job(world: World) -> None:
    name = f"v{(ROOT / 'VERSION').read_text().strip()}"
    world.repository.git("tag", name)
    (run,) = world.hub.tag(name, only={"release.yml"})
    assert run.not_run() == [], run.log
    assert world.called() == [
        "make release",
        f"gh release create {name} dist/archive --repo o/r --verify-tag --title {name} --notes-file notes.md",
    ]
    assert (run.job("build").permissions, run.job("publish").permissions) == (
        {"contents": "read"},
        {"contents": "write"},
    )


def test_a_tag_that_is_not_the_version_is_not_published(world: World) -> None:
    world.repository.git("tag", "v99.0.0")
    (run,) = world.hub.tag("v99.0.0", only={"release.yml"})
    assert (run.results(), world.called()) == ({"Check and build": "failure", "Publish": "skipped"}, [])


def test_every_workflow_is_run_by_a_test() -> None:
    here = Path(__file__).parent
    text = "".join(file.read_text() for file in here.glob("*workflow*.py"))
    files = sorted(path.name for path in (ROOT / ".github/workflows").glob("*.yml"))
    assert [file for file in files if f'"{file}"' not in text] == []
