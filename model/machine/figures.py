"""What the machines report to CloudWatch, and the alarms watch: one description for both.

A metric is its namespace, its name and exactly its dimensions. An alarm that differs in one of them watches a metric that
nobody sends.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..naming import Host

NAMESPACE = "Drawbridge"
DISK = "DiskUsedPercent"
MEMORY = "MemoryUsedPercent"


def dimensions(host: Host) -> Mapping[str, str]:
    """Those of every figure of a stack's machines: `cloud-init/drawbridge` sends its fact `name`, which is the host's."""
    return {"Stack": host.name}


def errors(stack: str) -> str:
    """The metric that counts the errors in a stack's logs; without dimensions."""
    return f"{stack}-errors"
