"""Whether every name that AWS gets of this stack is one that its service takes."""

from __future__ import annotations

import dataclasses

from ..errors import Finding, finding
from ..naming import Names
from ..physical_names import NAME_RULES


def check(project: str, stack: str, *, database: bool) -> list[Finding]:
    """``database``: whether there is one; the name of an RDS instance is the one with the least room."""
    names = Names(project, stack)
    longest = [("aws:ec2/securityGroup:SecurityGroup", names.network.group("workload"))]
    if database:
        longest += [
            ("aws:rds/instance:Instance", names.database.instance),
            ("aws:rds/parameterGroup:ParameterGroup", names.database.parameters("postgres17")),
        ]
    for kind, logical in longest:
        rule = NAME_RULES[kind]
        physical = rule.physical(logical)
        broken = rule.broken(physical)
        if broken:
            room = len(names.prefix) + rule.longest - len(physical)
            fix = "rename the project or the stack"
            if len(physical) > rule.longest:
                fix += f": of their {len(names.prefix)} characters there is room for {room}"
            item = finding("name", f"{broken}, made of the project's and the stack's", physical, fix)
            return [dataclasses.replace(item, file="Pulumi.yaml")]
    return []
