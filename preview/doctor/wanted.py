"""What a stack asks of the clouds, read from what its program registers."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from preview.posture.compose import images
from preview.posture.program import Program
from preview.resource_types import type_names as types
from preview.resources import Evaluation, Resource


class NoDrawbridge(ValueError):
    """The stack is not one of Drawbridge's: it has no `drawbridge:cloudflare`."""


@dataclass(frozen=True)
class Wanted:
    """The questions' subject: one stack."""

    evaluation: Evaluation

    def __post_init__(self) -> None:
        for key in ("drawbridge:cloudflare", "aws:region"):
            if key not in self.evaluation.config:
                raise NoDrawbridge(f"Pulumi.{self.evaluation.stack}.yaml {key}: required key is missing")

    def section(self, name: str) -> dict[str, Any]:
        """A section of the stack file, with the keys of the file; {} where it is left out."""
        found = json.loads(self.evaluation.config.get(f"drawbridge:{name}", "{}"))
        return found if isinstance(found, dict) else {}

    @property
    def region(self) -> str:
        return self.evaluation.config["aws:region"]

    @functools.cached_property
    def _cloudflare(self) -> dict[str, Any]:
        return self.section("cloudflare")

    @property
    def account(self) -> str:
        return str(self._cloudflare["accountId"])

    @property
    def zone(self) -> str:
        return str(self._cloudflare["zoneId"])

    @property
    def domain(self) -> str:
        return str(self._cloudflare["zone"])

    @property
    def plan(self) -> str:
        return str(self._cloudflare["plan"])

    @property
    def team(self) -> str:
        return str(self._cloudflare["team"])

    @property
    def callback(self) -> str:
        """Where a login comes back to: what an OAuth client must allow."""
        return f"https://{self.team}.cloudflareaccess.com/cdn-cgi/access/callback"

    @functools.cached_property
    def program(self) -> Program:
        return Program(self.evaluation.resources, self.evaluation.raw_outputs)

    def of(self, *kinds: str) -> list[Resource]:
        return self.program.of(*kinds)

    def count(self, *kinds: str) -> int:
        return len(self.of(*kinds))

    @property
    def destinations(self) -> Iterator[tuple[Resource, str]]:
        """Each place that an Access application of the stack claims."""
        for application in self.of(types.ACCESS_APPLICATION):
            for destination in application.inputs.get("destinations") or ():
                yield application, str(destination.get("uri"))

    @property
    def images(self) -> dict[str, list[str]]:
        """By image, as the machines pull it: the services that run it."""
        found: dict[str, list[str]] = {}
        for _, service, image in images(self.program):
            found.setdefault(image, []).append(service)
        return dict(sorted(found.items()))

    @property
    def registries(self) -> frozenset[str]:
        """The registries that the machines log in to."""
        listed = self.section("app").get("registries") or ()
        return frozenset(str(one.get("server")) for one in listed if isinstance(one, dict))

    @property
    def instance_type(self) -> str:
        return str(next(iter(self.of(types.LAUNCH_TEMPLATE))).inputs["instanceType"])

    @property
    def replicas(self) -> int:
        return int(next(iter(self.of(types.AUTO_SCALING_GROUP))).inputs["maxSize"])
