"""Whether the zones are the region's, and named where no pair is the same for everyone."""

from __future__ import annotations

from ..errors import Finding, finding, problem
from ..limits import ZONES_BY_ACCOUNT
from ..settings import Network


def check(network: Network, region: str) -> list[Finding]:
    if network.zones is None:
        if region not in ZONES_BY_ACCOUNT or network.vpc_id:
            return []
        text = f"the two zones are not set: an account sees two of the three in {region}, and others see another two"
        fix = f"aws ec2 describe-availability-zones --region {region} --query 'AvailabilityZones[].ZoneName'"
        return [problem("network.zones", text, fix)]
    return [
        finding(f"network.zones[{i}]", f"a zone of {region}", zone)
        for i, zone in enumerate(network.zones)
        if not zone.startswith(region)
    ]
