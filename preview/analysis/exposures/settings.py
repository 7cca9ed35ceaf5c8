"""Settings that are switches, orders or durations: which of their changes loosen something, kept as data."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from preview.analysis.exposures.versions import shown


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What each input of a type means. An input in none of these that changes is said, since what it opens is not known.

    ``open_when``: the value of a switch that is open, the other being its default. ``orders``: values from the weakest.
    ``durations``: whichever is longer is looser, with the default. ``says`` is the text for a key.
    """

    harmless: frozenset[str] = frozenset()
    open_when: Mapping[str, bool] = field(default_factory=dict)
    orders: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    durations: Mapping[str, str] = field(default_factory=dict)
    says: Mapping[str, str] = field(default_factory=dict)

    def opened(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
        for key in sorted(old.keys() | new.keys()):
            was, now = old.get(key), new.get(key)
            if was == now or key in self.harmless:
                continue
            text = self.says.get(key)
            if key in self.open_when:
                # Not set is as good as the value that is not open, or that was never asked for.
                open_ = self.open_when[key]
                loosened = (now is True and was is not True) if open_ else (was is True and now is not True)
                if not loosened:
                    continue
                yield text or f"{key} is {shown(now)}"
            elif key in self.orders:
                order = self.orders[key]
                if str(was) in order and str(now) in order and order.index(str(now)) > order.index(str(was)):
                    continue
                yield f"{text or key}: {shown(now)} (before: {shown(was)})"
            elif key in self.durations:
                if long(now, self.durations[key]) > long(was, self.durations[key]):
                    yield f"{text or key + ' is longer'}: {shown(now)} (before: {shown(was)})"
            else:
                yield f"{text or key + ' is another'}: {shown(now)} (before: {shown(was)})"


def long(duration: Any, default: str) -> float:
    """Seconds of a duration in Go's notation (`24h`, `1h30m`, `500ms`), of days, or `forever`; what cannot be read is endless."""
    text = str(duration or default)
    units = {"d": 86400, "h": 3600, "m": 60, "s": 1, "ms": 0.001, "us": 1e-6, "ns": 1e-9}
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|us|ns|d|h|m|s)", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return 0 if text == "0" else float("inf")
    return sum(float(number) * units[unit] for number, unit in parts)
