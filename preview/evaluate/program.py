"""Evaluate a project's program in this process: no cloud, no engine, no credentials."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import dataclasses
import functools
import gc
import importlib
import os
import runpy
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar, TypeVarTuple

import pulumi
from pulumi.runtime.mocks import MockSettings
from pulumi.runtime.stack import run_in_stack

from preview.aliases import former_resources, renamed
from preview.evaluate import stackfile
from preview.evaluate.monitor import Engine, Monitor, Registered
from preview.evaluate.project import program_of
from preview.evaluate.unknowns import Names, Placeholders, Probes
from preview.resources import Evaluation, Resource, mask

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class ProgramError(Exception):
    """The program stopped; the text is its own, or `FILE:LINE: TYPE: text` for a fault that it did not foresee."""


def evaluate(
    root: Path,
    *,
    stack: str | None = None,
    config_file: Path | None = None,
    config: Mapping[str, Any] | None = None,
) -> Evaluation:
    """Run the program of the project at ``root`` with a stack file's settings, changed by ``config`` (see `stackfile.read`).

    May be called again and again, for different roots too. Raises StackFileError or ProgramError.
    """
    root = root.resolve()
    settings = stackfile.read(root, stack, config_file, config)
    settings.refuse_respelled()
    return evaluate_settings(root, settings)


def evaluate_settings(root: Path, settings: stackfile.StackFile, program: Path | None = None) -> Evaluation:
    """Run the program of the project at ``root``, or another, with settings that were read before, or made of such.

    Raises ProgramError, and StackFileError where there is no program.
    """
    monitor, engine = _registered(root, program or program_of(root), settings, Placeholders())
    resources = tuple(
        Resource(r.urn, r.type, r.name, r.parent, mask(r.inputs), r.inputs, r.options)
        for r in _in_order(monitor.registered)
    )
    texts = {
        r.name: mask(r.outputs["userData"]) for r in monitor.registered.values() if "userData" in r.outputs
    }
    return Evaluation(
        project=settings.project,
        stack=settings.stack,
        resources=resources,
        outputs=mask(monitor.stack_outputs),
        raw_outputs=monitor.stack_outputs,
        warnings=tuple(engine.warnings),
        user_data=dict(sorted(texts.items())),
        config=settings.config,
        secret_keys=settings.secret_keys,
        project_file=settings.project_file,
        stack_file=settings.stack_file,
    )


def probed(evaluation: Evaluation, root: Path, names: Names | None = None) -> Evaluation:
    """The evaluation of the program at ``root`` with what it registers under made-up values: see `unknowns`.

    ``names`` are those of resources that are called otherwise in the version to compare with. A program that stops under
    made-up values leaves its message in ``probe_error``.
    """
    probes = Probes(names or {})
    settings = stackfile.StackFile(
        project=evaluation.project,
        stack=evaluation.stack,
        config={key: probes.configured(text) for key, text in evaluation.config.items()},
        secret_keys=evaluation.secret_keys,
        project_file=evaluation.project_file,
        stack_file=evaluation.stack_file,
    )
    try:
        monitor, _ = _registered(root.resolve(), program_of(root), settings, probes)
    except ProgramError as error:
        return dataclasses.replace(evaluation, probe_error=str(error))
    if monitor.registered.keys() != {resource.urn for resource in evaluation.resources}:
        return dataclasses.replace(evaluation, probe_error="it makes other resources")
    return dataclasses.replace(
        evaluation,
        resources=tuple(
            dataclasses.replace(resource, probed=monitor.registered[resource.urn].inputs)
            for resource in evaluation.resources
        ),
        probed_outputs=monitor.stack_outputs,
        probes=probes.made,
    )


def both_probed(
    before: Evaluation, before_root: Path, after: Evaluation, after_root: Path
) -> tuple[Evaluation, Evaluation]:
    """Both versions with what they register under the same made-up values, so that their derivations can be compared."""
    if not before.resources:
        return before, after
    names = renamed(former_resources(before, after), after)
    return probed(before, before_root, names), probed(after, after_root)


def _registered(
    root: Path, program: Path, settings: stackfile.StackFile, unknowns: Placeholders
) -> tuple[Monitor, Engine]:
    """What the program registers. Raises ProgramError."""
    monitor, engine = Monitor(unknowns), Engine()
    # The SDK keeps its state in context variables: a context of its own for each run leaves nothing behind.
    contextvars.Context().run(_run, root, program, settings, monitor, engine)
    errors = [*monitor.errors, *engine.errors]
    if errors:
        raise ProgramError("\n".join(errors))
    return monitor, engine


class _Loop(asyncio.SelectorEventLoop):
    """Calls of the monitor are answered at once, where the SDK would start a thread: the answer is made in this process."""

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts
    ) -> asyncio.Future[T]:
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:
            future.set_exception(error)
        return future


def _run(root: Path, program: Path, settings: stackfile.StackFile, monitor: Monitor, engine: Engine) -> None:
    from google.protobuf import empty_pb2
    from pulumi.runtime.settings import configure

    outputs: set[asyncio.Future[Any]] = set()
    configure(
        MockSettings(  # type: ignore[no-untyped-call]
            monitor=monitor,
            engine=engine,
            project=settings.project,
            stack=settings.stack,
            dry_run=True,
            organization="organization",
            monitor_features=set(monitor.GetDeploymentInfo(empty_pb2.Empty()).supportedFeatures),  # type: ignore[no-untyped-call]
            callbacks=None,
            root_directory=str(root),
            outputs=outputs,
            package_refs={},
            base_providers_by_ref={},
        )
    )
    pulumi.runtime.set_all_config(settings.config, sorted(settings.secret_keys))

    async def run() -> None:
        pulumi.runtime.register_stack_transformation(monitor.remember)
        runpy.run_path(str(program / "__main__.py"), run_name="__main__")
        # The SDK waits for the first of all outputs, again and again: its time grows with the square of their number.
        while pending := [output for output in outputs if not output.done()]:
            await asyncio.wait(pending)

    loop = _Loop()
    asyncio.set_event_loop(loop)
    # An apply that fails is reported by the run itself; the loop's own complaint would repeat it with a traceback.
    loop.set_exception_handler(lambda _loop, _context: None)
    try:
        with _collector_paused(), _at_home(program):
            loop.run_until_complete(run_in_stack(run))
    except pulumi.RunError as error:
        _cancel_what_is_left(loop)
        raise ProgramError(_foreseen(error, settings)) from error
    except (Exception, SystemExit) as error:
        _cancel_what_is_left(loop)
        raise ProgramError(_unforeseen(error, root, program)) from error
    finally:
        loop.close()
        asyncio.set_event_loop(None)


def _cancel_what_is_left(loop: asyncio.AbstractEventLoop) -> None:
    """The tasks of a program that stopped; one that ended well has waited for all of its own."""
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    with contextlib.suppress(Exception):
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))


@contextlib.contextmanager
def _collector_paused() -> Iterator[None]:
    """No collection during a run, and what the first run of a process loads is left out of all later ones.

    The SDKs are millions of objects that stay until the process ends. CPU seconds of `python -m preview --stack prod`, medians
    of five rounds in turns: 6.2 with the collector as Python has it, 5.5 paused here, 3.1 also frozen, which is as fast as no
    collector at all and `os._exit` at the end (3.4). With `--against HEAD`, of three rounds: 7.8, 7.4, 4.8 (4.4).
    Frozen is the first run alone: whatever is garbage at that moment stays, too.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if not gc.get_freeze_count():
            gc.freeze()
        if enabled:
            gc.enable()


_kept: dict[Path, dict[str, ModuleType]] = {}


@contextlib.contextmanager
def kept_loaded(program: Path) -> Iterator[None]:
    """Within it the program in this folder, whose code does not change, is imported once for all its evaluations."""
    _kept[program.resolve()] = {}
    try:
        yield
    finally:
        del _kept[program.resolve()]


@contextlib.contextmanager
def _at_home(program: Path) -> Iterator[None]:
    """The program's working directory and own modules are those of ``program``, as with the engine.

    Loaded modules of the same names are set aside and come back afterwards; those of another checkout than this package's
    are forgotten again, so no run sees what an earlier one loaded.
    """
    path, place = list(sys.path), os.getcwd()
    own = {p.stem for p in program.glob("*.py")} | {p.name for p in program.iterdir() if p.is_dir()}
    own -= {"preview", "__main__", "__init__"}
    aside = {
        name: module
        for name, module in _modules(own)
        if not _below(module, program) and not _installed(module)
    }
    for name in aside:
        del sys.modules[name]
    sys.modules.update(_kept.get(program, {}))
    sys.path.insert(0, str(program))
    os.chdir(program)
    importlib.invalidate_caches()
    try:
        yield
    finally:
        if program != checkout():
            for name, module in [(n, m) for n, m in _modules(own) if _below(m, program)]:
                if program in _kept:
                    _kept[program][name] = module
                del sys.modules[name]
        sys.modules.update(aside)
        sys.path[:] = path
        os.chdir(place)


def _modules(names: set[str]) -> list[tuple[str, ModuleType]]:
    return [(name, module) for name, module in sys.modules.items() if name.partition(".")[0] in names]


def _places(module: ModuleType) -> list[Path]:
    """Its file, or the directories of a package without one."""
    file = getattr(module, "__file__", None)
    return [Path(file)] if file else [Path(place) for place in getattr(module, "__path__", [])]


def _below(module: ModuleType, root: Path) -> bool:
    return any(place.resolve().is_relative_to(root) for place in _places(module))


def _installed(module: ModuleType) -> bool:
    """Of Python itself or of its site-packages, which may lie below a project's root."""
    prefixes = (Path(sys.prefix).resolve(), Path(sys.base_prefix).resolve())
    places = [place.resolve() for place in _places(module)]
    return not places or any(place.is_relative_to(prefix) for place in places for prefix in prefixes)


def _foreseen(error: pulumi.RunError, settings: stackfile.StackFile) -> str:
    """The program's own text; that of settings with the name that the stack file was asked for by, and its lines."""
    placed = getattr(error.__cause__, "placed", None)  # of the checkout that ran, which may be an older one
    return str(placed(settings.called, settings.lines()) if placed and settings.called else error)


def _unforeseen(error: BaseException, root: Path, program: Path) -> str:
    """Where in the program an exception came from, as a path from the project, and its message."""
    message = f"{type(error).__name__}: {error.msg if isinstance(error, SyntaxError) else error}"
    frames = [(Path(frame.filename), frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError) and error.filename:
        frames.append((Path(error.filename), error.lineno))
    others = (program / "preview", Path(sys.prefix))
    ours = [
        f
        for f in frames
        if f[0].is_relative_to(program) and not any(f[0].is_relative_to(other) for other in others)
    ]
    return f"{os.path.relpath(ours[-1][0], root)}:{ours[-1][1]}: {message}" if ours else message


def _in_order(registered: Mapping[str, Registered]) -> Iterator[Registered]:
    children: dict[str, list[Registered]] = {}
    for resource in registered.values():
        children.setdefault(resource.parent if resource.parent in registered else "", []).append(resource)

    def walk(parent: str) -> Iterator[Registered]:
        for resource in sorted(children.get(parent, []), key=lambda r: r.urn):
            yield resource
            yield from walk(resource.urn)

    return walk("")


@functools.cache
def checkout() -> Path:
    """The checkout of Drawbridge that this package lies in."""
    return Path(__file__).resolve().parents[2]
