"""New entrances: whatever else than the tunnel can be asked from outside, and whatever no record here knows.

What a type opens stands in its record, in the files `entrances_*`. A type without a record that is created
or changed is reported as unknown, unless it is known to open nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from preview.analysis.exposures.entrances_aws import AWS_SERVICES
from preview.analysis.exposures.entrances_aws_data import AWS_DATA
from preview.analysis.exposures.entrances_cloudflare import CLOUDFLARE
from preview.analysis.exposures.known_types import (
    AWS_HARMLESS,
    AWS_HARMLESS_MODULES,
    AWS_JUDGED,
    CLOUDFLARE_HARMLESS,
    CLOUDFLARE_JUDGED,
)
from preview.analysis.exposures.records import Opens, Record
from preview.analysis.exposures.versions import Versions, differing, listed
from preview.changes import Change, Exposure
from preview.posture.rules.entrances import ENTRANCES
from preview.resource_types import type_names


def _stands_open(says: str, is_open: Callable[[dict[str, Any]], bool]) -> tuple[Record, ...]:
    return (Opens(says=says, when=lambda inputs, _: is_open(dict(inputs)), watched=("*",)),)


RECORDS: dict[str, tuple[Record, ...]] = {
    # What the posture calls an entrance opens something when it comes; a record of its own says more of it.
    **{type_name: _stands_open(*given) for type_name, given in ENTRANCES.items()},
    **AWS_SERVICES,
    **AWS_DATA,
    **CLOUDFLARE,
}
HARMLESS = AWS_HARMLESS | CLOUDFLARE_HARMLESS
JUDGED = AWS_JUDGED | CLOUDFLARE_JUDGED
"""Types that the other judges of this package read."""

_UNSAID = {"tags", "tagsAll", "description", "comment", "comments", "region"}
"""Inputs that say nothing to a cloud about who may do what."""


def entrances(versions: Versions) -> Iterator[Exposure]:
    for change in versions.changes:
        records = RECORDS.get(change.type, ())
        for record in records:
            for kind, text in record.opened(change.before, change.after, versions):
                yield Exposure(kind=kind, subject=change.name, text=f"{change.name}: {text}")
        if not records and not is_known_type(change.type):
            yield from _unknown(change)


def is_known_type(type_name: str) -> bool:
    """Is it known what a resource of this type opens?"""
    package, _, rest = type_name.partition(":")
    module = rest.partition("/")[0].partition(":")[0]
    return (
        type_name in RECORDS
        or type_name in HARMLESS
        or type_name in JUDGED
        or package in ("random", "pulumi", "time", "null", "tls", "drawbridge")
        or (package == "aws" and module in AWS_HARMLESS_MODULES)
    )


def _unknown(change: Change) -> Iterator[Exposure]:
    if change.after is None:
        return
    kind = type_names.short(change.type)
    if change.before is None:
        text = f"{change.name}: whether a new {kind} can be reached from outside, or opens anything, is not known here"
        yield Exposure(kind="unknown", subject=change.name, text=text)
        return
    inputs = [key for key in differing(change.before, change.after) if key not in _UNSAID]
    if inputs:
        text = f"{change.name}: whether {listed(inputs)} of a {kind} opens anything is not known here"
        yield Exposure(kind="unknown", subject=change.name, text=text)
