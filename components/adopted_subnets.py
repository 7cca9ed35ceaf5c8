"""Adopted subnets: what AWS says of them, and whether the stack can stand in them."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from model.adopted_subnets import Subnet, problems
from model.settings import Network as NetworkSettings


def require_fitting(
    settings: NetworkSettings, *, files: bool, database: bool, parent: pulumi.Resource
) -> None:
    """In `up`, look the subnets up, and end the program if they do not fit. Previews do not look."""
    if pulumi.runtime.is_dry_run():
        return
    found = [_found(ids, parent) for ids in (settings.public_subnet_ids, settings.private_subnet_ids)]

    def check(subnets: list[list[Subnet]]) -> None:
        assert settings.vpc_id
        public, private = subnets
        texts = map(str, problems(settings.vpc_id, public, private, files=files, database=database))
        if text := "\n".join(texts):
            raise pulumi.RunError(text)

    pulumi.Output.all(*found).apply(check)


def _found(ids: Sequence[str], parent: pulumi.Resource) -> pulumi.Output[list[Subnet]]:
    options = pulumi.InvokeOutputOptions(parent=parent)
    found = [aws.ec2.get_subnet_output(id=subnet, opts=options) for subnet in ids]
    return pulumi.Output.all(*found).apply(
        lambda subnets: [Subnet(id=s.id, vpc_id=s.vpc_id, zone=s.availability_zone) for s in subnets]
    )
