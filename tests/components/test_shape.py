"""Every component has one shape: frozen arguments in, typed attributes out that nobody sets again."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
from pathlib import Path
from typing import get_type_hints

import pulumi
import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = [
    importlib.import_module(f"components.{file.stem}") for file in sorted(ROOT.glob("components/[a-z]*.py"))
]
COMPONENTS = [
    made
    for module in MODULES
    for made in vars(module).values()
    if inspect.isclass(made)
    and issubclass(made, pulumi.ComponentResource)
    and made.__module__ == module.__name__
    and not made.__name__.startswith("_")
]
over_components = pytest.mark.parametrize("component", COMPONENTS, ids=lambda c: c.__name__)


def test_every_component_is_looked_at() -> None:
    assert sorted(component.__name__ for component in COMPONENTS) == [
        "Access",
        "Alerts",
        "Database",
        "Firewall",
        "Host",
        "Network",
        "Parameters",
        "Secrets",
        "Storage",
        "Tunnel",
    ]


@over_components
def test_a_component_takes_a_name_its_frozen_arguments_and_options(
    component: type[pulumi.ComponentResource],
) -> None:
    parameters = inspect.signature(component.__init__).parameters
    assert list(parameters) == ["self", "name", "args", "opts"]
    assert parameters["opts"].default is None
    arguments = get_type_hints(component.__init__)["args"]
    assert (arguments.__name__, arguments.__module__) == (f"{component.__name__}Args", component.__module__)
    assert dataclasses.is_dataclass(arguments)
    assert vars(arguments)["__dataclass_params__"].frozen
    assert all(field.kw_only for field in dataclasses.fields(arguments))


@over_components
def test_what_others_read_is_typed_and_final_and_the_outputs_come_last(
    component: type[pulumi.ComponentResource],
) -> None:
    tree = ast.parse(inspect.getsource(component)).body[0]
    assert isinstance(tree, ast.ClassDef)
    (constructor,) = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == "__init__"]
    public = {
        ast.unparse(target): isinstance(node, ast.AnnAssign) and ast.unparse(node.annotation)[:5] == "Final"
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Attribute) and not target.attr.startswith("_")
    }
    assert {name for name, final in public.items() if not final} == set()
    assert ast.unparse(constructor.body[-1]).startswith("self.register_outputs(")


@pytest.mark.parametrize("module", MODULES, ids=lambda m: m.__name__)
def test_a_file_of_components_is_short(module: object) -> None:
    assert len(inspect.getsource(module).splitlines()) <= 250  # type: ignore[arg-type]
