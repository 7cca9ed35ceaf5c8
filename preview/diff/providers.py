"""By which provider a resource is managed, and what another setting of it means: the same inputs, in another place."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from preview.changes import Consequence, Difference, Effect, StackChange
from preview.diff.differences import differences
from preview.property_paths import step, top
from preview.resource_types.registry import record_of
from preview.resources import MASK, Evaluation, Resource, bare

Settings = dict[str, Any]
Reach = Literal["elsewhere", "perhaps elsewhere", "in place", "here"]
"""Where the resources are looked for from now on: surely in another place; perhaps in another; in the same, where each of them
changes; in the same, and nothing of them changes."""

_CREDENTIALS = {
    "aws": {
        "accessKey",
        "assumeRole",
        "assumeRoleWithWebIdentity",
        "assumeRoles",
        "profile",
        "secretKey",
        "sharedConfigFiles",
        "sharedCredentialsFiles",
        "token",
    },
    "cloudflare": {"apiKey", "apiToken", "apiUserServiceKey", "email"},
}
_ADDRESSES = {
    "aws": {"endpoints", "s3UsePathStyle", "customCaBundle", "useFipsEndpoint", "useDualstackEndpoint"},
    "cloudflare": {"baseUrl"},
}
_SAME_CLOUD = {"customCaBundle", "s3UsePathStyle", "useDualstackEndpoint", "useFipsEndpoint"}
_GUARDS = {"allowedAccountIds", "forbiddenAccountIds"}
_TAGS = {"defaultTags"}
# How the provider speaks to the cloud, which no resource is changed by.
_MANNERS = {
    "aws": {
        "ec2MetadataServiceEndpoint",
        "ec2MetadataServiceEndpointMode",
        "httpProxy",
        "httpsProxy",
        "ignoreTags",
        "insecure",
        "maxRetries",
        "noProxy",
        "retryMode",
        "skipCredentialsValidation",
        "skipMetadataApiCheck",
        "skipRegionValidation",
        "skipRequestingAccountId",
        "stsRegion",
        "tokenBucketRateLimiterCapacity",
        *_GUARDS,
        *_SAME_CLOUD,
    },
    "cloudflare": {"userAgentOperatorSuffix", *_CREDENTIALS["cloudflare"]},
}
_HIDDEN = {"accessKey", "apiKey", "apiToken", "apiUserServiceKey", "secretKey", "token"}
_ACCOUNT = re.compile(r"arn:aws[a-z-]*:[a-z]+:[a-z0-9-]*:(\d{12}):")


@dataclass(frozen=True)
class Move:
    """What becomes of one provider's resources: ``differences`` have `provider.SETTING` as their paths."""

    package: str
    reach: Reach
    differences: tuple[Difference, ...]


def package(resource: Resource) -> str:
    """`aws` of `aws:ec2/vpc:Vpc`, and of `pulumi:providers:aws` itself."""
    first, _, rest = resource.type.partition(":")
    return rest.removeprefix("providers:") if first == "pulumi" else first


def settings(resource: Resource, evaluation: Evaluation) -> Settings:
    """Of the provider that manages the resource: the explicit one's inputs, else the stack file's."""
    if resource.type.startswith("pulumi:providers:"):
        return _read(bare(resource.raw))
    urn = resource.options.get("provider", "").rpartition("::")[0]
    explicit = next((r for r in evaluation.resources if urn and r.urn == urn), None)
    if explicit:
        return _read(bare(explicit.raw))
    prefix = f"{package(resource)}:"
    return _read(
        {key.removeprefix(prefix): text for key, text in evaluation.config.items() if key.startswith(prefix)}
    )


def _read(values: Mapping[str, Any]) -> Settings:
    """Nested values travel as JSON in texts."""
    found: Settings = {}
    for key, value in values.items():
        if isinstance(value, str) and value[:1] in ("{", "["):
            with contextlib.suppress(ValueError):
                value = json.loads(value)
        found[key] = str(value).lower() if isinstance(value, bool) else value
    return found


class Providers:
    """How the providers of two versions differ; asked for each resource, worked out once for each pair of settings."""

    def __init__(self, before: Evaluation, after: Evaluation) -> None:
        self._versions = before, after
        self._known: dict[str, Move | None] = {}

    def move(self, old: Resource, new: Resource) -> Move | None:
        """What the settings of the resource's provider make of it; None where they are the same."""
        pair = settings(old, self._versions[0]), settings(new, self._versions[1])
        if pair[0] == pair[1]:
            return None
        key = json.dumps([package(new), *pair], sort_keys=True, default=str)
        if key not in self._known:
            self._known[key] = _move(package(new), *pair)
        return self._known[key]

    def stack_changes(self) -> Iterator[StackChange]:
        """For each provider whose settings differ, what that means for all that it manages."""
        moves = {
            json.dumps([m.package, [d.path for d in m.differences]]): m for m in self._known.values() if m
        }
        yield from map(_stack_change, moves.values())


def planned(steps: Iterable[Mapping[str, Any]]) -> Iterator[StackChange]:
    """The same, for the providers' own steps in an engine's plan."""
    for planned_step in steps:
        urn = str(planned_step["urn"])
        old, new = (planned_step.get(state) for state in ("oldState", "newState"))
        if "pulumi:providers:" in urn and old and new:
            inputs = [
                {
                    k: v
                    for k, v in (state.get("inputs") or {}).items()
                    if k != "version" and not k.startswith("__")
                }
                for state in (old, new)
            ]
            move = _move(urn.partition("pulumi:providers:")[2].partition("::")[0], *map(_read, inputs))
            if move:
                yield _stack_change(move)


def _stack_change(move: Move) -> StackChange:
    names = ", ".join(difference.path.removeprefix("provider.") for difference in move.differences)
    consequence, text = _WORDS[move.reach]
    return StackChange(
        kind="provider",
        subject=move.package,
        text=f"the provider's {names} {'differs' if len(move.differences) == 1 else 'differ'}: {text}",
        effects=(Effect(consequence=consequence, why=""),),
        differences=move.differences,
    )


_WORDS: dict[Reach, tuple[Consequence, str]] = {
    "elsewhere": (
        Consequence.DATA_LOSS,
        "all that it manages is created again in another place; what stands in the former one stays there, and nobody manages it",
    ),
    "perhaps elsewhere": (
        Consequence.UNKNOWN,
        "whether it still reaches the place where the resources stand is not known here; if not, they are created again "
        "elsewhere, and nobody manages the former ones",
    ),
    "in place": (Consequence.IN_PLACE, "each of its resources is updated in place"),
    "here": (Consequence.NONE, "the same place, by other means"),
}


def _move(name: str, old: Settings, new: Settings) -> Move | None:
    leaves = dict.fromkeys(top(leaf) for leaf in differences(old, new))
    reach: Reach = max((_reach(name, leaf, old, new) for leaf in leaves), key=_ORDER.index, default="here")
    found = tuple(
        Difference(
            path=step("provider", leaf),
            before=_shown(leaf, old.get(leaf)),
            after=_another(_shown(leaf, old.get(leaf)), _shown(leaf, new.get(leaf))),
            replaces=_reach(name, leaf, old, new) == "elsewhere",
        )
        for leaf in leaves
    )
    return Move(name, reach, found) if found else None


_ORDER: tuple[Reach, ...] = ("here", "in place", "perhaps elsewhere", "elsewhere")


def _reach(name: str, setting: str, old: Settings, new: Settings) -> Reach:
    if setting == "region":
        return "elsewhere"
    if setting in _TAGS:
        return "in place"
    if setting in _MANNERS.get(name, ()):
        return "here"
    if name == "aws" and setting in _CREDENTIALS["aws"]:
        accounts = _account(old), _account(new)
        if None in accounts:
            return "perhaps elsewhere"
        return "here" if accounts[0] == accounts[1] else "elsewhere"
    return "perhaps elsewhere"


def _account(values: Settings) -> str | None:
    """The AWS account that these settings lead to, where they say so: by the only one allowed, else by the role taken last."""
    allowed = values.get("allowedAccountIds")
    if isinstance(allowed, list) and len(allowed) == 1:
        return str(allowed[0])
    roles = values.get("assumeRoles") or values.get("assumeRole") or values.get("assumeRoleWithWebIdentity")
    last = roles[-1] if isinstance(roles, list) and roles else roles
    match = _ACCOUNT.match(str(last.get("roleArn", ""))) if isinstance(last, dict) else None
    return match[1] if match else None


def _shown(setting: str, value: Any) -> Any:
    hidden = setting in _HIDDEN or (isinstance(value, str) and value.startswith("«"))
    return MASK if hidden and value is not None else value


def _another(before: Any, after: Any) -> Any:
    return f"{after} (another)" if before == after else after


def regional(resource: Resource) -> bool:
    """Does the provider's region decide where it lies? IAM's own types have none."""
    record = record_of(resource.type)
    return not record.classified or "region" in record.replaces
