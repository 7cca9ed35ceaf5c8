"""How many examples a property is tried with: a quarter in the inner loop, all of them where DRAWBRIDGE_THOROUGH is set (.ci/run)."""

from __future__ import annotations

import os


def examples(number: int) -> int:
    return number if os.environ.get("DRAWBRIDGE_THOROUGH") else max(number // 4, 5)
