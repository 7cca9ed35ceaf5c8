"""What an Auto Scaling group tells of the machines that it tried to launch, in the words of an error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

MOST = 5
"""As many different reasons are told; a group without capacity repeats one every few minutes."""


def command(group: str, region: str) -> list[str]:
    """What lists a group's activities, newest first, as JSON (`{"Activities": [...]}`)."""
    return [
        *("aws", "autoscaling", "describe-scaling-activities"),
        *("--auto-scaling-group-name", group, "--region", region, "--max-items", "50", "--output", "json"),
    ]


def told(group: str, activities: Sequence[Mapping[str, Any]]) -> str:
    """Each different reason once, newest first. DescribeScalingActivities: a launch ends as Failed, or as Cancelled when its
    hook was abandoned or ran out."""
    reasons: dict[str, None] = {}
    for activity in activities:
        if activity.get("StatusCode") in ("Failed", "Cancelled"):
            reason = activity.get("StatusMessage") or activity.get("Description") or "no reason given"
            reasons[f"{activity['StatusCode']}: {' '.join(str(reason).split())}"] = None
    if not reasons and not any(activity.get("StatusCode") == "Successful" for activity in activities):
        return f"{group} tells of no launch that has ended"
    if not reasons:
        return (
            f"{group} tells of no failed launch: its machines started, and their stack did not get healthy in time. "
            "Read a machine's boot log."
        )
    shown = "".join(f"\n  {reason}" for reason in list(reasons)[:MOST])
    more = f"\n  and {len(reasons) - MOST} other reasons" if len(reasons) > MOST else ""
    return f"what {group} tells of its launches:{shown}{more}"
