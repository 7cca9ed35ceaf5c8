"""Doubles of the clouds, each a process of its own on loopback. Marked `emulated`; `make emulated` installs what they need."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PYTHON = HERE.parents[1] / ".venv" / "emulated" / "bin" / "python"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.emulated)
            if not PYTHON.exists():
                item.add_marker(pytest.mark.skip(reason="not installed: .venv/emulated (make emulated)"))


@contextmanager
def double(module: str, *arguments: str) -> Iterator[str]:
    """The address of a double that runs while the block does."""
    command: list[str | Path] = [PYTHON, "-m", f"tests.emulated.{module}", *arguments]
    with subprocess.Popen(command, cwd=HERE.parents[1], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            assert address.startswith("http://127.0.0.1:"), f"{module} did not start"
            yield address
        finally:
            process.terminate()


@pytest.fixture(scope="session")
def aws() -> Iterator[str]:
    with double("aws_double") as address:
        yield address


@pytest.fixture(scope="session")
def cloudflare() -> Iterator[str]:
    with double("cloudflare_double") as address:
        yield address
