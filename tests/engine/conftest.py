"""Engine tests: marked `engine`, and skipped with a reason where there is no Pulumi CLI."""

from __future__ import annotations

from pathlib import Path

import pytest

from .harness import make_home, missing

HERE = Path(__file__).parent


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "engine: drives the real Pulumi CLI (make rehearse)")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    reason = missing()
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.engine)
            if reason:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def plugins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PULUMI_HOME whose plugins are the stand-in."""
    return make_home(tmp_path_factory.mktemp("pulumi-home"))
