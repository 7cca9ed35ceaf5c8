"""Durations as people write them (`30s`, `1m30s`, `8h`), and back."""

from __future__ import annotations

import re

FORM = "a duration: a number and a unit (s, m, h or d), as in 30s, 1m30s or 24h"

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d)")


def read(text: str) -> float | None:
    """Seconds of a duration in Go's notation, which Access and the providers take, and `d` for days; None: it is none."""
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return 0.0 if text == "0" else None
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def seconds(text: str) -> int:
    """Whole seconds of a duration such as `30s`, `1m30s`, `24h` or `7d`.

    Raises ValueError for anything else, a bare number and fractions of a second among them: cloudflared's API and
    CloudWatch take whole seconds, so `500ms` would be lost silently.
    """
    total = None if "." in text or text == "0" else read(text)
    if total is None:
        raise ValueError(FORM)
    if total != int(total):
        raise ValueError("a duration of whole seconds")
    return int(total)


def go_duration(value: int) -> str:
    """Seconds as Go prints them to Access and cloudflared without a fraction: `24h`, `90m`, `45s`."""
    for unit, size in (("h", 3600), ("m", 60)):
        if value and value % size == 0:
            return f"{value // size}{unit}"
    return f"{value}s"
