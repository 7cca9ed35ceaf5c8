"""Whether the region has the database's instance class, as far as that is known."""

from __future__ import annotations

from ..errors import Finding, finding
from ..limits import CLASSES_LACKING
from ..settings import Database


def check(database: Database, region: str) -> list[Finding]:
    lacking = CLASSES_LACKING.get(region)
    if lacking is None or not database.instance_class.startswith(lacking.family):
        return []
    expected = f"a class that RDS has in {region}"
    return [finding("database.instanceClass", expected, database.instance_class, f"use {lacking.instead}")]
