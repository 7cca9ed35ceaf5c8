"""Every input and option of every registered resource is as the golden files say."""

from __future__ import annotations

import difflib

import pytest

from .record import SHARED, STACKS, files, on_disk


def difference(expected: dict[str, str], made: dict[str, str]) -> str:
    return "".join(
        line
        for path in sorted(expected.keys() | made.keys())
        for line in difflib.unified_diff(
            expected.get(path, "").splitlines(keepends=True),
            made.get(path, "").splitlines(keepends=True),
            f"golden/{path}",
            f"now/{path}",
        )
    )


@pytest.mark.parametrize("stack", [*STACKS, SHARED])
def test_what_is_registered_is_what_the_golden_files_say(stack: str) -> None:
    found = difference(
        *({p: t for p, t in side.items() if p.startswith(f"{stack}/")} for side in (on_disk(), files()))
    )
    if found:
        pytest.fail(
            f"Is this change meant? Then: make golden, and commit what it wrote.\n{found}", pytrace=False
        )
