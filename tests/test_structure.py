"""The product's structure: short files, imports that go one way, no cycles, and an index of files that are there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.evaluations import ROOT

MOST_LINES = 400

LONGER = {"cloud-init/drawbridge", "tests/model/test_bad_stack_files.py"}
"""One program on one machine: a second file of it would cost bytes of the 16 KiB of user data. And one table of messages."""

FOLDERS = ("model", "components", "preview", "operate", "policy")
CODE = sorted(
    path
    for pattern in (
        "__main__.py",
        *(f"{package}/**/*.py" for package in (*FOLDERS, "bench")),
        "docs/*.py",
        "cloud-init/*",
    )
    for path in ROOT.glob(pattern)
    if path.is_file() and "__pycache__" not in path.parts
)
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in CODE
    if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in (*FOLDERS, "__main__.py")
}

FLOORS = [
    {"model"},
    {
        "preview.resources",
        "preview.property_paths",
        "preview.findings",
        "preview.resource_types",
        "preview.aliases",
        "preview.changes",
    },
    {"preview.evaluate", "preview.diff"},
    {"preview.posture"},
    {"preview.analysis"},
    {"preview.report"},
    {"preview.doctor"},
    {"preview.new"},
    {"preview.__main__"},
]
"""From the ground. A package imports what lies below it, and itself; plain data may also import plain data."""

ALONE = {"preview.drift", "preview"}
"""`python -m preview.drift`, which shares nothing with the rest, and the package itself."""

DATA = FLOORS[1]

MAY_IMPORT = {
    "model": {"model"},
    "components": {"components", "model"},
    "preview": {"preview", "model"},
    "operate": {"operate", "preview", "model"},
    "policy": {"policy", "preview", "model"},
    "__main__": {"components", "model"},
}

WITH_PULUMI = ("components.", "policy.", "preview.evaluate.", "__main__")
"""Who may load the SDK. The names of private helpers of it stand in `preview.evaluate` alone."""


def imported(path: Path) -> Iterator[str]:
    """The modules that a file imports anywhere, also inside functions and for types alone."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = path.relative_to(ROOT).parts[: -node.level] if node.level else ()
            module = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                name = f"{module}.{alias.name}"
                yield name if name in MODULES else module


IMPORTS = {name: sorted(set(imported(path))) for name, path in MODULES.items()}


def package(module: str) -> str:
    """`preview.diff` of preview.diff.compare, `model` of model.edge.hosts."""
    return ".".join(module.split(".")[: 2 if module.startswith("preview") else 1])


def floor(module: str) -> int:
    return next(number for number, packages in enumerate(FLOORS) if package(module) in packages)


TESTS = sorted(path for path in ROOT.glob("tests/**/*.py") if "__pycache__" not in path.parts)


@pytest.mark.parametrize("path", [*CODE, *TESTS], ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_can_be_read_in_one_go(path: Path) -> None:
    if str(path.relative_to(ROOT)) not in LONGER:
        assert len(path.read_text().splitlines()) <= MOST_LINES


def test_the_formatter_is_told_nothing_file_by_file() -> None:
    told = [
        path
        for path in [*CODE, *TESTS]
        if re.search(r"# fmt: *(?:skip|off)\b", path.read_text(encoding="utf-8"))
    ]
    assert told == []


def test_every_package_of_the_preview_has_its_floor() -> None:
    assert {package(name) for name in MODULES if name.startswith("preview")} == {
        name for packages in FLOORS[1:] for name in packages
    } | ALONE


def test_folders_import_only_what_the_table_in_the_readme_says() -> None:
    wrong = [
        (name, other)
        for name, others in IMPORTS.items()
        for other in others
        if other.split(".")[0] in MAY_IMPORT and other.split(".")[0] not in MAY_IMPORT[name.split(".")[0]]
    ]
    assert wrong == []


def test_the_previews_imports_go_downwards() -> None:
    upwards = [
        (name, other)
        for name, others in IMPORTS.items()
        if name.startswith("preview.") and package(name) not in ALONE
        for other in others
        if other.split(".")[0] in ("preview", "model") and package(name) != package(other)
        if not floor(other) < floor(name) and not {package(name), package(other)} <= DATA
    ]
    assert upwards == []


def test_only_what_runs_the_program_loads_the_sdk() -> None:
    wrong = [
        (name, other)
        for name, others in IMPORTS.items()
        for other in others
        if other.split(".")[0].startswith("pulumi") and not f"{name}.".startswith(WITH_PULUMI)
    ]
    assert wrong == []


def test_private_parts_of_the_sdk_are_used_by_the_evaluation_alone() -> None:
    users = {
        package(name)
        for name, path in MODULES.items()
        if re.search(r"\bpulumi\._\w+|from pulumi import _", path.read_text())
    }
    assert users <= {"preview.evaluate", "policy"}


def test_no_imports_go_in_a_circle() -> None:
    state: dict[str, str] = {}

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert state.get(name) != "open", " -> ".join((*trail[trail.index(name) :], name))
        if name not in state:
            state[name] = "open"
            for other in IMPORTS[name]:
                if other in IMPORTS:
                    visit(other, (*trail, name))
            state[name] = "done"

    for name in sorted(IMPORTS):
        visit(name, ())


INDEX = re.findall(r"^\| ([^|]+\?) \| ([^|]+) \|$", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE)


def test_the_index_answers_at_least_twenty_questions_with_one_file_each() -> None:
    assert len(INDEX) >= 20
    assert len({question for question, _ in INDEX}) == len(INDEX)
    assert [answer for _, answer in INDEX if not re.fullmatch(r"`[^`]+`", answer)] == []


@pytest.mark.parametrize(("question", "answer"), INDEX, ids=[question for question, _ in INDEX])
def test_the_indexs_file_is_there(question: str, answer: str) -> None:
    assert (ROOT / answer.strip("`")).is_file(), question


def test_every_path_in_the_contributors_guide_is_there() -> None:
    named = re.findall(
        r"`((?:model|components|preview|operate|policy|cloud-init|tests|docs|examples)/[\w./-]*)`",
        (ROOT / "CONTRIBUTING.md").read_text(),
    )
    assert [path for path in named if not (ROOT / path).exists()] == []
