"""A Drawbridge to take, made once. These tests run commands in clones, so they are marked `slow`."""

from __future__ import annotations

from pathlib import Path

import pytest

from .places import make_drawbridge

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents and not item.get_closest_marker("engine"):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def drawbridge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawbridge's repository with two versions, v1.0.0 and v1.1.0; not to be written to."""
    return make_drawbridge(tmp_path_factory.mktemp("upstream") / "drawbridge")
