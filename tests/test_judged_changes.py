"""The judged changes of `tests/verdict/` can be made in the code of today: one that cannot is not judged, and nobody sees it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.verdict import runner

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", sorted(runner.SETS))
def test_every_edit_of_a_set_finds_its_text(name: str, tmp_path: Path) -> None:
    stale: list[str] = []
    for number, entry in enumerate(runner.entries(runner.SETS[name])):
        root = runner.copy(tmp_path / str(number))
        try:
            runner.make(root, [*entry.base, *entry.edits])
        except (runner.EditError, OSError) as error:
            stale.append(f"{entry.id}: {error}")
    assert stale == []


def test_an_edit_whose_text_is_not_there_just_once_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x x")
    for find in ("y", "x"):
        with pytest.raises(runner.EditError, match="the text is there"):
            runner.make(tmp_path, [{"file": "a", "find": find, "replace": "z"}])
