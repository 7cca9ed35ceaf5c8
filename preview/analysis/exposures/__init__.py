"""What a change opens: places, logins, rules of the zone, networks, permissions, containers, machines, secrets, new entrances.

What is closed or tightened is no exposure. What cannot be known is one, of the kind `unknown`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from preview.analysis.exposures.app_settings import app_settings
from preview.analysis.exposures.containers import containers
from preview.analysis.exposures.data import data
from preview.analysis.exposures.entrances import entrances
from preview.analysis.exposures.logins import logins
from preview.analysis.exposures.machine_texts import machine_texts
from preview.analysis.exposures.network import network
from preview.analysis.exposures.permissions import permissions
from preview.analysis.exposures.places import places
from preview.analysis.exposures.resource_policies import resource_policies
from preview.analysis.exposures.secrets import secrets
from preview.analysis.exposures.versions import Lookup, Versions
from preview.analysis.exposures.vouchers import vouchers
from preview.analysis.exposures.zone_rules import zone_rules
from preview.analysis.exposures.zone_settings import zone_settings
from preview.analysis.reach import Reach
from preview.changes import Change, Exposure
from preview.resources import Evaluation

JUDGES: tuple[Callable[[Versions], Iterator[Exposure]], ...] = (
    places,
    logins,
    vouchers,
    zone_rules,
    zone_settings,
    network,
    permissions,
    resource_policies,
    data,
    machine_texts,
    containers,
    app_settings,
    secrets,
    entrances,
)


def exposures(
    before: Evaluation, after: Evaluation, changes: Sequence[Change], reach: tuple[Reach, Reach]
) -> tuple[Exposure, ...]:
    """Everything that ``after`` opens and ``before`` did not."""
    versions = Versions(
        before=Lookup(before), after=Lookup(after), changes=changes, old=reach[0], new=reach[1]
    )
    return tuple(sorted({exposure for judge in JUDGES for exposure in judge(versions)}))
