"""The machines' user data: cloud-init's text, of settings and of what other resources give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi

from model.errors import SettingsError
from model.machine import cloud_init
from model.machine.specification import Machine


@dataclass(frozen=True, kw_only=True)
class MachineInputs:
    """What resources give a machine; `secrets` by value (cloud-init) or `parameters` by reference (parameter-store)."""

    secrets: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    parameters: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    env: pulumi.Input[Mapping[str, str]] = field(default_factory=dict)
    efs_dns: pulumi.Input[str | None] = None
    database_host: pulumi.Input[str | None] = None
    master_secret_arn: pulumi.Input[str | None] = None


def user_data(
    machine: Machine,
    inputs: MachineInputs,
    log_group: pulumi.Input[str | None],
    templates: Mapping[str, str],
) -> tuple[pulumi.Output[str], pulumi.Output[str]]:
    """The text for whoever reads a preview, `[secret]` for each secret in it; and the user data, packed.

    Resolving the second raises pulumi.RunError where it is larger than EC2 takes.
    """
    plain: dict[str, Any] = {
        "parameters": inputs.parameters,
        "env": inputs.env,
        "efs_dns": inputs.efs_dns,
        "database_host": inputs.database_host,
        "master_secret_arn": inputs.master_secret_arn,
        "log_group": log_group,
    }
    text = pulumi.Output.all(secrets=inputs.secrets, **plain).apply(
        lambda values: cloud_init.render(machine, cloud_init.Values(**values), templates)
    )
    masked = text
    if inputs.secrets:
        masked = pulumi.Output.all(**plain).apply(
            lambda values: cloud_init.masked(machine, cloud_init.Values(secrets={}, **values), templates)
        )
    return masked, text.apply(_encode)


def _encode(text: str) -> str:
    try:
        return cloud_init.encode(text)
    except SettingsError as error:
        raise pulumi.RunError(str(error.placed(f"Pulumi.{pulumi.get_stack()}.yaml", {}))) from error
