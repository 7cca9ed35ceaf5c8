"""`pulumi preview` of an example ÷ the same of a flat program that registers the same resources with the same inputs."""

from __future__ import annotations

import importlib
import inspect
import keyword
import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

from preview.evaluate.program import evaluate
from preview.resources import Evaluation, Resource, Secret

from .clock import ROOT, in_turns, line

EXAMPLE = "image2model"
ROUNDS = 7
PAUSED = "import gc\ngc.disable()\n"  # to see how much of a run is the collector's
_REFERENCE = re.compile(r"«([^«»]+)\.([A-Za-z0-9]+)»")
_PACKAGES = {"aws": "pulumi_aws", "cloudflare": "pulumi_cloudflare", "random": "pulumi_random"}


def against_a_flat_program() -> None:
    """Medians of alternating runs, each of a stack of which nothing is deployed, with the stand-in for the clouds."""
    from tests.engine.harness import EngineStack, copy_project, make_home, missing

    reason = missing()
    if reason:
        print(f"  not measured: {reason}")
        return
    file = ROOT / "examples" / EXAMPLE / "Pulumi.prod.yaml"
    program = evaluate(ROOT, config_file=file)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        home = make_home(place / "home")
        projects = {"drawbridge": copy_project(ROOT, place / "drawbridge")}
        shutil.copy(file, projects["drawbridge"] / "Pulumi.prod.yaml")
        region = yaml.safe_load(file.read_text())["config"]["aws:region"]
        for name, first in {"flat": "", "flat, paused": PAUSED}.items():
            projects[name] = place / name
            projects[name].mkdir()
            shutil.copy(ROOT / "Pulumi.yaml", projects[name])
            (projects[name] / "__main__.py").write_text(first + flat_program(program), encoding="utf-8")
            (projects[name] / "Pulumi.prod.yaml").write_text(f"config:\n  aws:region: {region}\n")
        commands, made = {}, {}
        for name, project in projects.items():
            engine = EngineStack(project, "prod", place / f"of-{name}", home)
            engine.select()
            # The project's own environment, not the tests' warm one: what a user's CLI starts.
            (project / ".venv").unlink()
            (project / ".venv").symlink_to(Path(sys.prefix), target_is_directory=True)
            steps = engine.preview().steps
            made[name] = {
                (s.type, s.name) for s in steps if not s.type.startswith(("pulumi:", "drawbridge:"))
            }
            settings = " ".join(f"'{key}={value}'" for key, value in engine.environment.items())
            commands[name] = [
                "sh",
                "-c",
                f"cd '{project}' && env {settings} pulumi preview --non-interactive --stack prod",
            ]
        if made["flat"] != made["drawbridge"]:
            raise RuntimeError(
                f"the flat program registers other resources: {made['flat'] ^ made['drawbridge']}"
            )
        times = in_turns(commands, ROUNDS)
    line(f"a flat program of {len(made['flat'])} resources", f"{times['flat']:.2f} s")
    line(f"{EXAMPLE}: components, settings, rendering", f"{times['drawbridge']:.2f} s")
    line("ratio", f"{times['drawbridge'] / times['flat']:.2f}", "≤ 1.1")
    line(
        "ratio to a flat program with its garbage collector off as well",
        f"{times['drawbridge'] / times['flat, paused']:.2f}",
    )


def flat_program(program: Evaluation) -> str:
    """Python that registers an evaluation's resources one after the other: no component, no settings, only the SDKs.

    An input that is another resource's output stays a reference to it, so that the engine has the same order to keep. Where
    two types share a name, the one that does not refer to that name itself is meant: a subnet, not its route table association.
    """
    resources = [
        resource for resource in program.resources if not resource.type.startswith(("pulumi:", "drawbridge:"))
    ]
    names = {resource.name: resource for resource in resources}
    text = ["import pulumi", *(f"import {package}" for package in _PACKAGES.values()), "R = {}"]
    done: set[str] = set()
    waiting = list(resources)
    while waiting:
        ready = [
            resource
            for resource in waiting
            if {name for name, _ in _references(resource.raw)} & names.keys() <= done
        ]
        text += [_registration(resource, names) for resource in ready]
        done |= {resource.name for resource in ready}
        waiting = [resource for resource in waiting if resource not in ready]
        if not ready:
            raise RuntimeError(
                f"resources that refer to each other: {[resource.name for resource in waiting]}"
            )
    return "\n".join([*text, ""])


def _registration(resource: Resource, names: dict[str, Resource]) -> str:
    package, module, name = resource.type.split(":")
    folder = module.partition("/")[0]
    holder = _PACKAGES[package] + ("" if folder == "index" else f".{folder}")
    known = inspect.signature(_class(holder, name)._internal_init).parameters
    given = {_snake(key): value for key, value in resource.raw.items()}
    given = {f"{key}_" if keyword.iskeyword(key) else key: value for key, value in given.items()}
    unknown = given.keys() - known.keys()
    if unknown:
        raise RuntimeError(f"{resource.type} has no argument {sorted(unknown)}")
    arguments = "".join(f", {key}={_code(value, names)}" for key, value in given.items())
    return f"R.setdefault({resource.name!r}, {holder}.{name}({resource.name!r}{arguments}))"


def _class(holder: str, name: str) -> Any:
    return getattr(importlib.import_module(holder), name)


def _code(value: Any, names: dict[str, Resource]) -> str:
    if isinstance(value, Secret):
        return f"pulumi.Output.secret({_code(value.value, names)})"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {_code(item, names)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_code(item, names) for item in value) + "]"
    whole = _REFERENCE.fullmatch(value) if isinstance(value, str) else None
    return f"R[{whole[1]!r}].{_snake(whole[2])}" if whole and whole[1] in names else repr(value)


def _references(value: Any) -> set[tuple[str, str]]:
    if isinstance(value, Secret):
        return _references(value.value)
    if isinstance(value, dict):
        return {found for item in value.values() for found in _references(item)}
    if isinstance(value, list):
        return {found for item in value for found in _references(item)}
    whole = _REFERENCE.fullmatch(value) if isinstance(value, str) else None
    return {(whole[1], whole[2])} if whole else set()


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda match: f"_{match[1]}", name).lower()
