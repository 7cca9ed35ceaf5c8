"""The stand-in under the real CLI."""

from __future__ import annotations

from pathlib import Path

import pytest

from .cloud_types import GROUP
from .harness import EngineStack, copy_project


@pytest.fixture
def release(tmp_path: Path, plugins: Path) -> EngineStack:
    engine = EngineStack(
        copy_project(Path(__file__).parent / "release", tmp_path / "project"), "dev", tmp_path, plugins
    )
    engine.configure(
        **{"aws:region": "eu-west-1", "release:version": "v1", "release:replace": True, "release:check": True}
    )
    return engine


def test_the_cli_is_content_without_a_network(release: EngineStack) -> None:
    release.select()
    assert "aws" in release.cli("plugin", "ls").output
    release.cli("install", "--no-dependencies")
    assert release.cli("config", "get", "release:version").output.strip() == "v1"
    assert release.preview().operations == ()
    release.up()
    assert release.outputs() == {"group": release.cloud.one(GROUP).id, "ready": 1}
    assert release.up().planned() == []
    assert release.refresh().done("create") == []
    release.destroy()
    assert release.cloud.live() == []


def test_a_run_that_ends_otherwise_than_expected_shows_the_whole_output(release: EngineStack) -> None:
    release.configure(**{"aws:region": None})
    with pytest.raises(AssertionError, match="up failed\n(?s:.*)Missing region configuration"):
        release.up()


def test_an_engine_that_lost_an_answer_makes_a_second_object(release: EngineStack) -> None:
    """What an orphan is: the cloud has it, the state does not."""
    release.cloud.fault("lost", op="create", type=GROUP)
    release.up(fails=True)
    orphan = release.cloud.one(GROUP)
    release.up()
    assert [group.id == orphan.id for group in release.cloud.live(GROUP)] == [True, False]
