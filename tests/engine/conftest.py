"""What drives the CLI is marked `engine`, and skipped with a reason where there is no Pulumi CLI."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from .harness import EngineStack, make_home, missing
from .stacks import deploy, prepare
from .workflow_machine import machine

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    reason = missing()
    for item in items:
        if HERE in item.path.parents and {"plugins", "standin_only"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.engine)
            if reason:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def plugins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PULUMI_HOME with the stand-in for the clouds, and the official random provider where the user has it."""
    return make_home(tmp_path_factory.mktemp("pulumi-home"))


@pytest.fixture(scope="session")
def standin_only(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PULUMI_HOME whose every plugin is the stand-in: random values can be made to fail as well."""
    return make_home(tmp_path_factory.mktemp("standin-home"), random=False)


@pytest.fixture(scope="session")
def once_up(tmp_path_factory: pytest.TempPathFactory, plugins: Path) -> Callable[[str], EngineStack]:
    """The stack by that name (`stacks.STACKS`) after its first `up`; each is made once, and to be forked, not used."""
    made: dict[str, EngineStack] = {}

    def get(stack: str) -> EngineStack:
        if stack not in made:
            made[stack] = deploy(stack, tmp_path_factory.mktemp(stack), plugins)
        return made[stack]

    return get


@pytest.fixture
def engine(
    request: pytest.FixtureRequest, once_up: Callable[[str], EngineStack], tmp_path: Path
) -> EngineStack:
    """A copy of the stack that the test is parametrized with, as it is after its first `up`."""
    return once_up(getattr(request, "param", "maycast-recorder")).fork(tmp_path)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory, standin_only: Path) -> Callable[[str], EngineStack]:
    """Stacks that nothing is deployed of, each to be forked."""
    made: dict[str, EngineStack] = {}

    def get(stack: str) -> EngineStack:
        if stack not in made:
            made[stack] = prepare(stack, tmp_path_factory.mktemp(stack), standin_only)
        return made[stack]

    return get


@pytest.fixture(scope="session")
def runner_tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The PATH of a machine that workflows run on, without the Pulumi CLI; its Python starts warm."""
    return machine(tmp_path_factory.mktemp("machine"))
