"""A Drawbridge to take, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from .places import make_drawbridge


@pytest.fixture(scope="session")
def drawbridge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawbridge's repository with two versions, v1.0.0 and v1.1.0; not to be written to."""
    return make_drawbridge(tmp_path_factory.mktemp("upstream") / "drawbridge")
