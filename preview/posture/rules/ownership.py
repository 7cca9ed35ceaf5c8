"""Names and components."""

from __future__ import annotations

import re

from preview.posture.program import Program
from preview.posture.rule import Broken, rule


@rule(
    id="ownership",
    severity="low",
    title="A resource has no component, or its name lacks the stack's prefix",
    promise="Every resource belongs to a component and carries the stack's prefix",
    why="Two stacks in one account would otherwise fight over names, and options such as `protect` would not be inherited.",
    fix="Give the resource its component as `parent` and a name that begins with PROJECT-STACK-.",
)
def ownership(program: Program) -> Broken:
    urns = {resource.urn for resource in program.resources}
    for resource in program.resources:
        match = re.match(r"urn:pulumi:([^:]+)::([^:]+)::", resource.urn)
        if match and not resource.name.startswith(f"{match[2]}-{match[1]}-"):
            yield resource.name, f"its name does not begin with {match[2]}-{match[1]}-"
        is_component = not resource.options.get("custom", not resource.type.startswith("drawbridge:"))
        if not is_component and resource.parent not in urns:
            yield resource.name, "belongs to no component"
        elif is_component and resource.parent in urns:
            yield resource.name, "a component inside a component"
