"""Scripted changes to the example stacks, each with the verdict that it must get; a file a question."""

from __future__ import annotations

from tests.preview.scripted.base import Config, Scripted, large_change, unchanged
from tests.preview.scripted.doors import DOORS
from tests.preview.scripted.general import GENERAL
from tests.preview.scripted.guards import GUARDS
from tests.preview.scripted.machines import MACHINES
from tests.preview.scripted.refused import REFUSALS

__all__ = ["SCRIPTED", "Config", "Scripted", "large_change", "unchanged"]

SCRIPTED: tuple[Scripted, ...] = (*GENERAL, *REFUSALS, *MACHINES, *DOORS, *GUARDS)
