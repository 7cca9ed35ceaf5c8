"""What is known of one type of resource, in one record.

How to add a type: write its record into the file of its group, each input of the SDK's class under what the provider does when it
changes. Sources: `ForceNew` in terraform-provider-aws's schemas, `RequiresReplace` and the kinds of attributes in those of
terraform-provider-cloudflare and terraform-provider-random, which the Pulumi providers bridge (pulumi-aws 7.51, pulumi-cloudflare
6.23, pulumi-random 4.21). An input whose effect nobody has looked up stands nowhere: a change of it is then reported as unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

Effect = Literal["replaces", "updates"]

Loss = Literal["rows", "files", "objects", "keys", "secrets", "backups", "logs"]
LOSSES: tuple[Loss, ...] = get_args(Loss)
"""What is lost, the worst first. The last two take away a past, not the present data."""


def names(text: str) -> tuple[str, ...]:
    """Inputs' names, separated by spaces."""
    return tuple(text.split())


@dataclass(frozen=True, kw_only=True)
class ResourceType:
    """One type. A dotted path names a nested input; lists on the way are looked through (`rootBlockDevice.encrypted`)."""

    type: str
    """As the engine writes it: `aws:ec2/vpc:Vpc`."""
    terraform: str = ""
    """Its name in Terraform; of Cloudflare's and random's types this is the rule's own result."""
    replaces: tuple[str, ...] = ()
    """Inputs whose change replaces the resource. They come before `updates`, so a nested one may be named here alone."""
    updates: tuple[str, ...] = ()
    """Inputs whose change is an update in place, if the cloud takes it."""
    sets: tuple[str, ...] = ()
    """Lists whose order says nothing to the provider. In every other list the order counts."""
    changing: tuple[str, ...] = ()
    """Outputs that an update in place changes. Every other output stays until the resource is replaced."""
    holds: str = ""
    """What goes with the resource when it is deleted or replaced; empty: it can be created again as it was."""
    loss: Loss | None = None
    """Of what kind that is, or what a change of it can make worthless."""
    needed: str = ""
    """What users miss while the resource is away; empty: nothing."""
    state: str = ""
    """What the reports call it among that which holds state."""
    billing: Literal["free", "priced", "unknown"] = "unknown"
    """AWS alone: whether it has a price of its own at this size, and whether `analysis.cost` reckons it."""
    renamed: Mapping[str, str] = field(default_factory=dict)
    """Inputs' names, at any depth, that snake case alone does not turn into Terraform's."""
    component: bool = False
    """A component of the program: nothing in any cloud."""

    @property
    def classified(self) -> bool:
        """Is it known what becomes of the resource when its inputs change?"""
        return bool(self.replaces or self.updates or self.component)

    def effect(self, leaf: str) -> Effect | None:
        """What a change at this leaf does; None: nobody has looked that up."""
        if any(covers(path, leaf) for path in self.replaces):
            return "replaces"
        return "updates" if any(covers(path, leaf) for path in self.updates) else None

    def is_set(self, path: str) -> bool:
        """Does the order of the list at this path say nothing?"""
        return _without_places(path) in self.sets


def covers(path: str, leaf: str) -> bool:
    """Does a path such as `rootBlockDevice.encrypted`, `tags` or `*` speak of this leaf? Lists are looked through."""
    steps = _without_places(leaf)
    return path == "*" or steps == path or steps.startswith(f"{path}.") or path.startswith(f"{steps}.")


def _without_places(leaf: str) -> str:
    return "".join(part.split("]", 1)[-1] for part in leaf.split("["))
