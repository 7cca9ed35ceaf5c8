"""Boots: marked `boot`, and skipped with a reason where machines cannot be made."""

from __future__ import annotations

from pathlib import Path

import pytest

from .roots import missing

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    reason = missing()
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.boot)
            if reason:
                item.add_marker(pytest.mark.skip(reason=reason))
