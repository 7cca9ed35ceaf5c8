"""`drawbridge:network`: the VPC, its own or adopted, and what the instances may reach."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Literal

from pydantic import Field, model_validator

from .base import Cidr, Section, Text, ZoneName, pattern


class Egress(Section):
    """One more destination that the machines may reach."""

    port: Annotated[int, Field(ge=1, le=65535)] = Field(description="The port.")
    protocol: Literal["tcp", "udp"] = Field(default="tcp", description="The protocol.")
    cidr: Cidr = Field(default="0.0.0.0/0", description="The range.")
    why: Text = Field(description="What for; it becomes the rule's description.")


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
        default=(), description="With vpcId: the database's and the storage's subnets, in two zones."
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
            raise ValueError(
                "vpcId needs publicSubnetIds and privateSubnetIds, at least two of each, in two zones"
            )
        if not self.vpc_id and any(adopted):
            raise ValueError("subnet ids are for an adopted VPC: give vpcId too")
        if (self.endpoint == "existing") != bool(self.endpoint_security_group_id):
            raise ValueError("`endpoint: existing` and endpointSecurityGroupId go together")
        if not 16 <= ipaddress.ip_network(self.cidr).prefixlen <= 24:
            raise ValueError("cidr is a range of /16 to /24")
        if self.zones is not None and len(set(self.zones)) != 2:
            raise ValueError("zones are two different availability zones")
        return self
