"""Timing whole commands, in turns, so that what slows the machine slows all of them."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def in_turns(
    commands: Mapping[str, Sequence[str]],
    rounds: int,
    *,
    cwd: Path = ROOT,
    env: Mapping[str, str] | None = None,
) -> dict[str, float]:
    """Each command's median wall time in seconds, over ``rounds`` rounds of all of them after one that is not counted."""
    found: dict[str, list[float]] = {name: [] for name in commands}
    for turn in range(rounds + 1):
        for name, command in commands.items():
            started = time.perf_counter()
            done = subprocess.run(
                command,
                cwd=cwd,
                env={**os.environ, **(env or {})},
                capture_output=True,
                text=True,
                check=False,
            )
            took = time.perf_counter() - started
            if done.returncode:
                raise RuntimeError(f"{name} failed: {done.stdout[-2000:]}{done.stderr[-2000:]}")
            if turn:
                found[name].append(took)
    return {name: statistics.median(times) for name, times in found.items()}


def line(label: str, value: str, goal: str = "") -> None:
    """One figure, with its goal."""
    print(f"  {label:<66} {value:>14}   {f'goal {goal}' if goal else ''}".rstrip(), flush=True)
