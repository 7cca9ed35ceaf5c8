"""How the machine's program writes a file: never readable by others, not even for the moment before its mode is set."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tests.machine.rendered import agent


@pytest.mark.parametrize("mode", [0o400, 0o600, 0o644])
def test_a_file_is_its_owners_alone_until_it_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    file = tmp_path / "secrets.json"
    before: list[tuple[int, str]] = []
    chmod = os.chmod

    def spy(path: str, wanted: int) -> None:
        new = Path(path)
        before.append((stat.S_IMODE(new.stat().st_mode), new.read_text()))
        assert not file.exists()
        chmod(path, wanted)

    monkeypatch.setattr(os, "chmod", spy)
    umask = os.umask(0)
    try:
        agent()["write"](str(file), "canary", mode, os.geteuid())
    finally:
        os.umask(umask)
    assert before == [(0o600, "canary")]
    assert (stat.S_IMODE(file.stat().st_mode), file.read_text()) == (mode, "canary")
    assert [path.name for path in tmp_path.iterdir()] == ["secrets.json"]
