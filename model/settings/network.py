"""`drawbridge:network`: the VPC, its own or adopted, and what the instances may reach."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Literal

from pydantic import Field, model_validator

from ..errors import Invalid
from .base import Cidr, Section, Text, ZoneName, pattern, usable

STANDARD = (("tcp", 443), ("tcp", 80), ("tcp", 7844), ("udp", 7844), ("udp", 123))
"""What the machines may reach anywhere (0.0.0.0/0) without being asked for: see the network component."""


class Egress(Section):
    """One more destination that the machines may reach."""

    port: Annotated[int, Field(ge=1, le=65535)] = Field(description="The port.")
    protocol: Literal["tcp", "udp"] = Field(default="tcp", description="The protocol.")
    cidr: Cidr = Field(default="0.0.0.0/0", description="The range.")
    why: Annotated[
        Text,
        pattern(
            r"[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]+",
            "a description of letters that EC2 takes: a-z, A-Z, 0-9, blanks and ._-:/()#,@[]+=&;{}!$*",
        ),
    ] = Field(description="What for; it becomes the rule's description.")

    def __str__(self) -> str:
        return f"{self.protocol}/{self.port} of {self.cidr}"

    def same(self, other: Egress) -> bool:
        """Whether EC2 takes the two for one rule; it does not look at descriptions."""
        return (self.port, self.protocol, self.cidr) == (other.port, other.protocol, other.cidr)


class Network(Section):
    """A VPC of the stack's own, or an adopted one."""

    cidr: Cidr = Field(default="10.80.0.0/16", description="The VPC's range; /16 to /24.")
    zones: tuple[ZoneName, ...] | None = Field(
        default=None, description="Two availability zones; none: a fixed pair of the region."
    )
    vpc_id: Annotated[str, pattern(r"vpc-[0-9a-f]+", "a VPC's id")] | None = Field(
        default=None, description="An existing VPC."
    )
    public_subnet_ids: tuple[Annotated[str, pattern(r"subnet-[0-9a-f]+", "a subnet's id")], ...] = Field(
        default=(), description="With vpcId: the machines' subnets, which reach the Internet."
    )
    private_subnet_ids: tuple[Annotated[str, pattern(r"subnet-[0-9a-f]+", "a subnet's id")], ...] = Field(
        default=(),
        description="With vpcId: the database's and the storage's subnets, one in each zone of the public ones.",
    )
    endpoint: Literal["create", "existing", "none"] = Field(
        default="create", description="The EC2 Instance Connect Endpoint for SSH; AWS allows one a VPC."
    )
    endpoint_security_group_id: Annotated[str, pattern(r"sg-[0-9a-f]+", "a security group's id")] | None = (
        Field(default=None, description="With `endpoint: existing`: the group that it sends from.")
    )
    egress: tuple[Egress, ...] = Field(
        default=(), description="What the machines may reach beyond 443, 80, 7844 and 123."
    )

    @model_validator(mode="after")
    def _is_whole(self) -> Network:
        adopted = (self.public_subnet_ids, self.private_subnet_ids)
        if self.vpc_id and not all(len(set(ids)) >= 2 for ids in adopted):
            raise Invalid(
                problem="vpcId without two subnets of each kind",
                fix="add publicSubnetIds and privateSubnetIds, at least two of each, in two zones",
            )
        if not self.vpc_id and any(adopted):
            raise Invalid(problem="subnet ids without the VPC that they are of", fix="add vpcId")
        if (self.endpoint == "existing") != bool(self.endpoint_security_group_id):
            raise Invalid(
                problem="`endpoint: existing` and endpointSecurityGroupId go together, and one is missing",
                fix="add or remove the other",
            )
        for index, item in enumerate(self.egress):
            if (item.protocol, item.port) in STANDARD and item.cidr == "0.0.0.0/0":
                raise Invalid(
                    key=f"egress[{index}]",
                    problem=f"{item} is among the rules that every machine has",
                    fix="leave it out",
                )
            if any(map(item.same, self.egress[:index])):
                raise Invalid(
                    key=f"egress[{index}]",
                    problem=f"{item} is there twice, and EC2 takes two such rules for one",
                    fix="remove one of them",
                )
        if not self.vpc_id:
            usable("cidr", self.cidr)
        if not 16 <= ipaddress.ip_network(self.cidr).prefixlen <= 24:
            raise Invalid("a range of /16 to /24", self.cidr, key="cidr")
        if self.zones is not None and len(set(self.zones)) != 2:
            raise Invalid("two different availability zones", self.zones, key="zones")
        return self
