"""Why a group's machines were not launched, in the error of the `up` that failed.

The provider waits for machines, and its error says only how many there are: the group goes on trying, and keeps its reasons
to itself. So the engine is given a hook that asks the group when its creation or update fails.
"""

from __future__ import annotations

import json
import os
import subprocess
from shlex import join
from typing import Any

import pulumi
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.settings import monitor_supports_feature

from model.machine import launches

PATIENCE = 30.0  # seconds


def hooks(name: str, region: str) -> pulumi.ResourceHookBinding | None:
    """For the group's options; None in a preview, and with a CLI that has no such hooks."""
    if pulumi.runtime.is_dry_run() or not monitor_supports_feature(
        resource_pb2.RESOURCE_MONITOR_FEATURE_ERROR_HOOKS
    ):
        return None

    def tell(args: pulumi.ErrorHookArgs) -> bool:
        group = str((args.new_inputs or {}).get("name") or args.id)
        if group and args.failed_operation != "delete":
            pulumi.log.error(asked(group, region))
        return False  # no second try: the group has made its own

    return pulumi.ResourceHookBinding(on_error=[pulumi.ErrorHook(f"{name}-launches", tell)])


def asked(group: str, region: str) -> str:
    """The group's own reasons, as the AWS CLI reads them; the command to be typed where it cannot."""
    command = launches.command(group, region)
    profile = pulumi.Config("aws").get("profile")
    environment = {**os.environ, **({"AWS_PROFILE": profile} if profile else {})}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=PATIENCE, check=True, env=environment
        )
        activities: list[dict[str, Any]] = json.loads(done.stdout)["Activities"]
    except (OSError, subprocess.SubprocessError, ValueError, KeyError) as error:
        said = (getattr(error, "stderr", "") or str(error)).strip()
        return f"why {group} has no ready machine could not be read ({said}): {join(command)}"
    return launches.told(group, activities)
