"""Secrets: generated values, and the parameters by which they reach the machines."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws
import pulumi_random as random

from model import generated_values, naming
from model.settings import Generated


class Secrets(pulumi.ComponentResource):
    """What the app's secret variables hold: values of the stack's configuration, and values made once and kept in state."""

    def __init__(
        self,
        name: str,
        *,
        generate: Mapping[str, Generated],
        given: Mapping[str, pulumi.Output[str]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("drawbridge:index:Secrets", name, {}, opts)
        self.values: dict[str, pulumi.Output[str]] = dict(given)
        for variable, settings in generate.items():
            self.values[variable] = self._made(naming.Secrets(name).generated(variable), settings)
        self.register_outputs({})

    def _made(self, name: str, settings: Generated) -> pulumi.Output[str]:
        child = pulumi.ResourceOptions(parent=self)
        if settings.encoding == "letters":
            return draw(name, settings.length or 32, settings.rotation, child)
        return draw_bytes(name, settings.bytes or 32, settings.encoding, settings.rotation, child)


def draw(name: str, length: int, rotation: str, opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    """Letters and digits, made once and kept in state as a secret; another `rotation` makes others."""
    return random.RandomPassword(
        name, length=length, special=False, keepers={"rotation": rotation}, opts=opts
    ).result


def draw_bytes(
    name: str, size: int, encoding: str, rotation: str, opts: pulumi.ResourceOptions
) -> pulumi.Output[str]:
    """Bytes, made likewise and written as text: see `model.generated_values` for why not by `RandomBytes`."""
    return draw(name, generated_values.letters_for(size), rotation, opts).apply(
        lambda text: generated_values.written(text, size, encoding)
    )


class Parameters(pulumi.ComponentResource):
    """SecureString parameters that the machines' role may read and nobody else.

    `references` are names with versions: cloud-init holds these, so its diff is readable, and a changed secret is a
    changed cloud-init, which is a release.
    """

    def __init__(
        self,
        name: str,
        stack: str,
        values: Mapping[str, pulumi.Output[str]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("drawbridge:index:Parameters", name, {}, opts)
        self.references: dict[str, pulumi.Output[str]] = {}
        self.arns: list[pulumi.Output[str]] = []
        for variable, value in sorted(values.items()):
            parameter = aws.ssm.Parameter(
                naming.Parameters(name).parameter(variable),
                name=naming.parameter_path(stack, variable),
                type="SecureString",
                value=value,
                # The standard tier ends at 4 KB; this one moves a longer value, up to 8 KB, up by itself.
                tier="Intelligent-Tiering",
                opts=pulumi.ResourceOptions(parent=self),
            )
            # The release rides on the version, and must not become secret with the value it counts.
            version = pulumi.Output.unsecret(parameter.version)
            self.references[variable] = pulumi.Output.concat(
                parameter.name, ":", version.apply(lambda v: str(v))
            )
            self.arns.append(parameter.arn)
        self.register_outputs({})
