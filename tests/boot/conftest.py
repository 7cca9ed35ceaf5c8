"""Boots: marked `boot`, and skipped with a reason where machines cannot be made."""

from __future__ import annotations

from pathlib import Path

import pytest

from .life import LIVED
from .roots import missing

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    reason = missing()
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.boot)
            if reason:
                item.add_marker(pytest.mark.skip(reason=reason))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How long each stage of each life took."""
    if LIVED:
        terminalreporter.section("seconds")
    for name, seconds in sorted(LIVED.items()):
        terminalreporter.write_line(
            f"{name}: " + ", ".join(f"{stage} {value}" for stage, value in seconds.items())
        )
