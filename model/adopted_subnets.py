"""Whether the subnets of an adopted VPC, as AWS tells them, are ones that the stack can stand in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .errors import Finding, finding

PUBLIC, PRIVATE = "network.publicSubnetIds", "network.privateSubnetIds"


@dataclass(frozen=True, kw_only=True)
class Subnet:
    id: str
    vpc_id: str
    zone: str

    def __str__(self) -> str:
        return f"{self.id} in {self.zone}"


def problems(
    vpc_id: str, public: Sequence[Subnet], private: Sequence[Subnet], *, files: bool, database: bool
) -> Iterator[Finding]:
    """``files``: whether there is an EFS file system; ``database``: whether there is one of RDS.

    EFS takes one mount target a zone (CreateMountTarget), and its name resolves only in zones that have one (EFS,
    "Mounting with a DNS name"). RDS wants subnets in two zones (CreateDBSubnetGroup).
    """
    for key, subnets in ((PUBLIC, public), (PRIVATE, private)):
        for subnet in subnets:
            if subnet.vpc_id != vpc_id:
                yield finding(key, f"subnets of {vpc_id}", f"{subnet.id} of {subnet.vpc_id}")
    zones = [subnet.zone for subnet in private]
    if database and len(set(zones)) < 2:
        yield finding(PRIVATE, "subnets in two zones, for the database", [str(s) for s in private])
    if not files:
        return
    if len(set(zones)) < len(zones):
        expected = "one subnet a zone, for EFS takes one mount target in each"
        fix = "leave out all but one of each zone"
        yield finding(PRIVATE, expected, [str(s) for s in private if zones.count(s.zone) > 1], fix)
    for subnet in public:
        if subnet.zone not in zones:
            expected = (
                f"a subnet in {subnet.zone} too, for the machines of {subnet.id} find the files only there"
            )
            fix = f"add one, or take {subnet.id} out of publicSubnetIds"
            yield finding(PRIVATE, expected, sorted(set(zones)), fix)
