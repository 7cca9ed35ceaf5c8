"""Secrets: generated values, and the parameters by which they reach the machines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import pulumi
import pulumi_aws as aws
import pulumi_random as random

from model import generated_values, limits, naming
from model.iam import Statement, allow
from model.settings import Generated


@dataclass(frozen=True, kw_only=True)
class SecretsArgs:
    """The variables to generate, and the values that the stack's configuration gives."""

    generate: Mapping[str, Generated] = field(default_factory=dict)
    given: Mapping[str, pulumi.Output[str]] = field(default_factory=dict)


class Secrets(pulumi.ComponentResource):
    """What the app's secret variables hold: values of the stack's configuration, and values made once and kept in state."""

    def __init__(self, name: str, args: SecretsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("drawbridge:index:Secrets", name, {}, opts)
        names = naming.Secrets(name)
        self.values: Final[Mapping[str, pulumi.Output[str]]] = {
            **args.given,
            **{key: self._generated(names.generated(key), made) for key, made in args.generate.items()},
        }
        self.register_outputs({})

    def _generated(self, name: str, settings: Generated) -> pulumi.Output[str]:
        child = pulumi.ResourceOptions(parent=self)
        if settings.encoding == "letters":
            return draw(name, settings.length or 32, settings.rotation, child)
        return draw_bytes(name, settings.bytes or 32, settings.encoding, settings.rotation, child)


def draw(name: str, length: int, rotation: str, opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    """Letters and digits, made once and kept in state as a secret; another `rotation` makes others."""
    made: pulumi.Output[str] = random.RandomPassword(
        name, length=length, special=False, keepers={"rotation": rotation}, opts=opts
    ).result
    return made


def draw_bytes(
    name: str, size: int, encoding: str, rotation: str, opts: pulumi.ResourceOptions
) -> pulumi.Output[str]:
    """Bytes, made likewise and written as text: see `model.generated_values` for why not by `RandomBytes`."""
    return draw(name, generated_values.letters_for(size), rotation, opts).apply(
        lambda text: generated_values.written(text, size, encoding)
    )


@dataclass(frozen=True, kw_only=True)
class ParametersArgs:
    """The stack's name, which the parameters' path begins with, its region, and the secrets by variable."""

    stack: str
    region: str
    values: Mapping[str, pulumi.Output[str]]


class Parameters(pulumi.ComponentResource):
    """SecureString parameters that the machines' role may read and nobody else.

    `references` are names with versions: cloud-init holds these, so its diff is readable, and a changed secret is a
    changed cloud-init, which is a release.
    """

    def __init__(self, name: str, args: ParametersArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("drawbridge:index:Parameters", name, {}, opts)
        parameters = {
            variable: aws.ssm.Parameter(
                naming.Parameters(name).parameter(variable),
                name=naming.parameter_path(args.stack, variable),
                type="SecureString",
                value=value,
                # The standard tier ends at 4 KB; this one moves a longer value, up to 8 KB, up by itself.
                tier="Intelligent-Tiering",
                opts=pulumi.ResourceOptions(parent=self),
            )
            for variable, value in sorted(args.values.items())
        }
        self.references: Final[Mapping[str, pulumi.Output[str]]] = {
            variable: _reference(parameter) for variable, parameter in parameters.items()
        }
        self._partition, self._region, self._stack = limits.partition(args.region), args.region, args.stack
        self.register_outputs({})

    def grant_read(self) -> pulumi.Output[Statement]:
        """Read these parameters, and no other stack's: by their path, for a list of them outgrows a role's policies."""
        read = ["ssm:GetParameter", "ssm:GetParameters"]
        path = naming.parameter_path(self._stack, "*")
        arn = f"arn:{self._partition}:ssm:{self._region}:*:parameter{path}"
        return pulumi.Output.from_input(allow("ReadSecrets", read, arn))


def _reference(parameter: aws.ssm.Parameter) -> pulumi.Output[str]:
    """`name:version`. The release rides on the version, which must not become secret with the value it counts."""
    version = pulumi.Output.unsecret(parameter.version)
    return pulumi.Output.concat(parameter.name, ":", version.apply(lambda v: str(v)))
