"""Drives the real Pulumi CLI over the stand-in, without a network.

engine = EngineStack(copy_project(ROOT, tmp_path / "project"), "prod", tmp_path, plugins)
run = engine.up()                     # fails the test with the CLI's whole output when it does not end as expected
run = engine.up(fails=True)
run.operations, run.output            # what the cloud was asked for, and all that the CLI printed
engine.cloud.fault("init-failed", op="create", type=GROUP)
"""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import signal
import subprocess
import sysconfig
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pulumi import automation as auto

from . import warm
from .cloud import Cloud, Operation
from .standin import STATE

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("aws", "cloudflare", "random")
STANDIN = "tests.engine.standin"
_NOWHERE = "http://127.0.0.1:9"  # the discard port: whoever asks the network is refused at once
_PATIENCE = 300.0  # seconds after which a command counts as standing still
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def missing() -> str | None:
    """Why the engine cannot be driven here; None when it can."""
    wanted = [name for name in ("pulumi", "pulumi-language-python") if shutil.which(name) is None]
    return (
        f"not on PATH: {', '.join(wanted)} (the Pulumi CLI, https://www.pulumi.com/docs/install)"
        if wanted
        else None
    )


def real_random(version: str) -> Path | None:
    """The directory of the official random plugin, if the user has it."""
    home = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    directory = home / "plugins" / f"resource-random-v{version}"
    return directory if (directory / "pulumi-resource-random").exists() else None


def make_home(home: Path, *, random: bool = True) -> Path:
    """A PULUMI_HOME whose plugins are the stand-in, at the versions that the installed SDKs ask for.

    `random`: take the official random plugin where the user has it. Beside the plugins stands `venv`, a virtualenv for
    projects whose Python starts warm; its processes end with this one.
    """
    paths = [ROOT]
    plugins, programs = home / "plugins.socket", home / "programs.socket"
    for package in PACKAGES:
        version = _version(package)
        directory = home / "plugins" / f"resource-{package}-v{version}"
        directory.mkdir(parents=True)
        real = real_random(version) if package == "random" and random else None
        if real:
            (directory / "pulumi-resource-random").symlink_to(real / "pulumi-resource-random")
            continue
        python = directory / "python"
        warm.python_like(python, plugins, STANDIN)
        binary = directory / f"pulumi-resource-{package}"
        binary.write_text(
            f"#!/bin/sh\nexec '{python}' -m {STANDIN} {package} {version} \"$@\"\n", encoding="utf-8"
        )
        binary.chmod(0o755)
    warm.python_like(home / "venv" / "bin" / "python", programs, "pulumi-language-python-exec", "-m pip")
    started = [
        warm.start(plugins, [STANDIN], paths),
        warm.start(programs, used_by_programs(), []),
    ]
    for wait in started:
        wait()
    return home


def used_by_programs() -> list[str]:
    """What programs import that does not change with the program, class by class: the SDKs load each at its first use."""
    texts = [file.read_text(encoding="utf-8") for file in sorted(ROOT.glob("components/*.py"))]
    classes = {
        found
        for text in texts
        for found in re.findall(r"\b(aws|cloudflare|random)\.((?:[a-z0-9]+\.)?[A-Z]\w+)", text)
    }
    return ["pulumi", "pydantic", "yaml", "pip._internal.cli.main", "pip._internal.commands.list"] + [
        f"pulumi_{package}:{name}" for package, name in sorted(classes)
    ]


def _version(package: str) -> str:
    site = Path(sysconfig.get_path("purelib")) / f"pulumi_{package}"
    return str(json.loads((site / "pulumi-plugin.json").read_text(encoding="utf-8"))["version"])


def copy_project(source: Path, target: Path) -> Path:
    """A copy of the working tree, without what git ignores."""
    for file in _project_files(source):
        copy = target / file.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, copy, follow_symlinks=False)
    return target


def _project_files(source: Path) -> Iterator[Path]:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        yield from (path for name in listed.stdout.split("\0") if name and (path := source / name).is_file())
        return
    for directory, folders, files in os.walk(source):  # an unpacked archive: no git
        folders[:] = [
            name for name in folders if name not in (".venv", ".git", "__pycache__", "node_modules")
        ]
        yield from (Path(directory) / name for name in files)


@dataclass(frozen=True, kw_only=True)
class Step:
    """One thing that the engine did or would do to a resource."""

    op: str
    """`create`, `update`, `replace`, `create-replacement`, `delete-replaced`, `delete`, `same`, `refresh`, ..."""
    type: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run of the CLI."""

    command: str
    ok: bool
    output: str
    """All that the CLI printed, both streams in the order they came, without colours."""
    steps: tuple[Step, ...]
    """What the engine did, `same` left out; empty for `cli()`."""
    operations: tuple[Operation, ...]
    """What the cloud was asked for in this run."""

    def done(self, op: str, type_: str = "") -> list[str]:
        """Ids of what an operation succeeded on, in order: `run.done("delete", GROUP)`."""
        wanted = (o for o in self.operations if o.op == op and o.outcome == "ok" and type_ in ("", o.type))
        return [operation.id for operation in wanted]

    def planned(self, *types: str) -> list[tuple[str, str]]:
        """(op, resource name) of the steps over these types (all without any)."""
        return [(step.op, step.name) for step in self.steps if not types or step.type in types]


class EngineStack:
    """One stack of a project directory, with its own backend and its own cloud below `place`."""

    def __init__(self, project: Path, name: str, place: Path, home: Path) -> None:
        self.project = project
        self.name = name
        self.place = place
        self.home = home
        self.cloud = Cloud(place / "cloud")
        (place / "backend").mkdir(parents=True, exist_ok=True)
        if not (project / ".venv").exists():
            (project / ".venv").symlink_to(home / "venv", target_is_directory=True)
        self._stack: auto.Stack | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What a run has on top of the caller's environment."""
        return {
            "PULUMI_HOME": str(self.home),
            "PULUMI_BACKEND_URL": f"file://{self.place / 'backend'}",
            "PULUMI_CONFIG_PASSPHRASE": "rehearsal",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_IGNORE_AMBIENT_PLUGINS": "true",
            STATE: str(self.cloud.directory),
            "HTTP_PROXY": _NOWHERE,
            "HTTPS_PROXY": _NOWHERE,
            "http_proxy": _NOWHERE,
            "https_proxy": _NOWHERE,
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
        }

    @property
    def file(self) -> Path:
        """The stack file that runs use."""
        return self.project / f"Pulumi.{self.name}.yaml"

    def configure(self, **config: Any) -> None:
        """Set plain keys of the stack file: `engine.configure(**{"aws:region": "eu-west-1"})`. None removes one."""

        def change(values: dict[str, Any]) -> None:
            for key, value in config.items():
                values.pop(key, None)
                if value is not None:
                    values[key] = value

        self.edit(change)

    def edit(self, change: Callable[[dict[str, Any]], None]) -> None:
        """Edit the `config:` mapping of the stack file in place."""
        document = yaml.safe_load(self.file.read_text(encoding="utf-8")) if self.file.exists() else None
        document = document or {}
        change(document.setdefault("config", {}))
        self.file.write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True), encoding="utf-8")

    def secret(self, path: str, value: str) -> None:
        """Set a secret by its path, as a user would: `engine.secret("drawbridge:secrets.SESSION_SECRET", "...")`."""
        self.select()
        self.cli("config", "set", "--secret", "--path", path, "--", value)

    def select(self) -> auto.Stack:
        """The Automation API's stack; made on first use. A copied stack file's own encryption is left behind."""
        if self._stack is None:
            options = auto.LocalWorkspaceOptions(env_vars=self.environment)
            self._stack = auto.create_or_select_stack(self.name, work_dir=str(self.project), opts=options)
        return self._stack

    def up(self, *, fails: bool = False, refresh: bool = False, **options: Any) -> Run:
        """`pulumi up --yes`. AssertionError, with the whole output, when it ends otherwise than expected."""
        shown = "up --refresh" if refresh else "up"
        return self._run(
            shown, fails, lambda **hooks: self.select().up(refresh=refresh or None, **options, **hooks)
        )

    def preview(self, *, fails: bool = False, **options: Any) -> Run:
        """`pulumi preview`."""
        return self._run("preview", fails, lambda **hooks: self.select().preview(**options, **hooks))

    def refresh(self, *, fails: bool = False, **options: Any) -> Run:
        """`pulumi refresh --yes`."""
        return self._run("refresh", fails, lambda **hooks: self.select().refresh(**options, **hooks))

    def destroy(self, *, fails: bool = False, **options: Any) -> Run:
        """`pulumi destroy --yes`."""
        return self._run("destroy", fails, lambda **hooks: self.select().destroy(**options, **hooks))

    def export(self) -> dict[str, Any]:
        """The stack's state as exported; secrets encrypted."""
        return dict(self.select().export_stack().deployment or {})

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs, secrets in plain."""
        return {key: output.value for key, output in self.select().outputs().items()}

    def cli(self, *arguments: str, fails: bool | None = False) -> Run:
        """Any command of the CLI, in the project, on this stack. `fails`: None where either end will do."""
        return self._watched(arguments, fails, lambda process, output: None)

    def interrupted(
        self, *arguments: str, when: Callable[[], bool], signals: Sequence[signal.Signals]
    ) -> Run:
        """Any command of the CLI, which gets these signals once `when` holds, each after it has answered the one before.

        In one instant two would be one to the CLI, which then waits for what is under way. It may end before `when` holds.
        """

        def interrupt(process: subprocess.Popen[bytes], output: Path) -> None:
            def answered(count: int) -> bool:
                return process.poll() is not None or output.read_text().count(" received; ") >= count

            _wait_for(lambda: process.poll() is not None or when())
            for number, each in enumerate(signals, 1):
                process.send_signal(each)
                _wait_for(functools.partial(answered, number))

        return self._watched(arguments, None, interrupt)

    def _watched(
        self,
        arguments: Sequence[str],
        fails: bool | None,
        meanwhile: Callable[[subprocess.Popen[bytes], Path], None],
    ) -> Run:
        before, output = len(self.cloud.operations()), self.place / "output.txt"
        with output.open("wb") as stream:
            process = subprocess.Popen(
                ["pulumi", "--non-interactive", "--color", "never", *arguments],
                cwd=self.project,
                env={**os.environ, **self.environment, "PULUMI_STACK": self.name},
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            meanwhile(process, output)
            process.wait(_PATIENCE)
        except (subprocess.TimeoutExpired, TimeoutError) as error:
            raise AssertionError(
                f"pulumi {' '.join(arguments)} stands still\n{output.read_text()}"
            ) from error
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        return self._judged(
            f"pulumi {' '.join(arguments)}", fails, process.returncode == 0, output.read_text(), [], before
        )

    def fork(self, place: Path) -> EngineStack:
        """A copy of project, state and cloud as they are now, to try something else from here."""
        for part in ("backend", "cloud"):
            shutil.copytree(self.place / part, place / part)
        project = shutil.copytree(self.project, place / "project", symlinks=True)
        return EngineStack(project, self.name, place, self.home)

    def _run(self, command: str, fails: bool, call: Callable[..., Any]) -> Run:
        before = len(self.cloud.operations())
        lines: list[str] = []
        steps: list[Step] = []

        def note(event: auto.EngineEvent) -> None:
            happened = event.resource_pre_event
            if happened is not None and happened.metadata.op != auto.OpType.SAME:
                steps.append(_step(happened.metadata))

        try:
            call(on_output=lines.append, on_error=lines.append, on_event=note, color="never")
            ok = True
        except auto.CommandError as error:
            ok = False
            lines += [] if lines else [str(error)]
        return self._judged(command, fails, ok, "\n".join(lines), steps, before)

    def _judged(
        self, command: str, fails: bool | None, ok: bool, output: str, steps: list[Step], before: int
    ) -> Run:
        run = Run(
            command=command,
            ok=ok,
            output=_COLOURS.sub("", output),
            steps=tuple(steps),
            operations=tuple(self.cloud.operations(since=before)),
        )
        assert "canary-" not in run.output or "-v=9" in command, f"{command} printed a secret:\n{run.output}"
        if ok is fails:
            ended = "succeeded, and should have failed" if ok else "failed"
            log = "\n".join(
                f"  {o.op} {o.type} {o.name} {o.id}: {o.outcome} {o.message}" for o in run.operations
            )
            raise AssertionError(f"{command} {ended}\n{run.output}\noperations:\n{log}")
        return run


def _wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.05)


def _step(metadata: auto.StepEventMetadata) -> Step:
    op = metadata.op.value if isinstance(metadata.op, auto.OpType) else str(metadata.op)
    return Step(op=op, type=metadata.type, name=metadata.urn.rsplit("::", 1)[-1])
