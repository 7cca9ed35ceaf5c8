"""Scripted changes to the example stacks, each with the verdict that it must get; a file a question."""

from __future__ import annotations

from scripted.base import Config, Scripted, large_change, unchanged
from scripted.doors import DOORS
from scripted.general import GENERAL
from scripted.guards import GUARDS
from scripted.machines import MACHINES
from scripted.refused import REFUSALS

__all__ = ["SCRIPTED", "Config", "Scripted", "large_change", "unchanged"]

SCRIPTED: tuple[Scripted, ...] = (*GENERAL, *REFUSALS, *MACHINES, *DOORS, *GUARDS)
