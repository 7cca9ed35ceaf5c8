"""The records of resource types say of every input that the program can set what its change does, in the SDK's own names."""

from __future__ import annotations

import functools
import importlib
import re
from collections.abc import Iterator
from typing import Any

import pytest
from pulumi import _types

from preview.evaluate.program import evaluate
from preview.resource_types.record import ResourceType
from preview.resource_types.registry import _GROUPS, RESOURCE_TYPES, record_of
from tests.evaluations import EXAMPLES, ROOT, deployed

NOT_LOOKED_UP = {
    "aws:autoscaling/group:Group": {"context"},
    "aws:ec2/launchTemplate:LaunchTemplate": {"secondaryInterfaces"},
    "aws:rds/instance:Instance": {"warningEventCategories"},
    "aws:ssm/parameter:Parameter": {"arn"},
}
"""Inputs of the program's types that the program does not set and whose effect is not known here: a change of one is unknown."""


def sdk_class(token: str) -> Any:
    package, module, name = token.split(":")
    place = module.partition("/")[0]
    found = importlib.import_module(f"pulumi_{package}")
    return getattr(found if place == "index" else getattr(found, place), name)


@functools.cache
def arguments(token: str) -> frozenset[str]:
    """The inputs of the SDK's class, in the engine's names."""
    cls = sdk_class(token)
    args = getattr(importlib.import_module(cls.__module__), f"{cls.__name__}Args")
    return frozenset(
        getattr(item.fget, "_pulumi_name", name)
        for name, item in vars(args).items()
        if isinstance(item, property)
    )


def nested_exists(kind: Any, steps: list[str]) -> bool:
    """Does a path exist in the SDK's types? Lists and optional values on the way are looked through."""
    while getattr(kind, "__args__", None):
        kind = next(item for item in kind.__args__ if item is not type(None))
    return not steps or nested_exists(_types.output_type_types(kind).get(steps[0]), steps[1:])


def made() -> Iterator[tuple[str, set[str]]]:
    """Each type that the program makes for an example or for every documented setting, with the inputs that it sets."""
    every = evaluate(ROOT, config_file=ROOT / "docs" / "Pulumi.example.yaml")
    for evaluation in (every, *(deployed(name) for name in EXAMPLES)):
        for resource in evaluation.resources:
            yield resource.type, set(resource.inputs)


def of_the_program() -> list[ResourceType]:
    """The records of the types that `components/` names."""
    named = set()
    for file in (ROOT / "components").glob("*.py"):
        text = file.read_text(encoding="utf-8")
        for package, place, name in re.findall(r"\b(aws|cloudflare|random)\.(?:(\w+)\.)?([A-Z]\w+)\(", text):
            found = importlib.import_module(f"pulumi_{package}")
            named.add(getattr(getattr(found, place) if place else found, name))
    records = [r for r in RESOURCE_TYPES.values() if r.classified and not r.component]
    known = {sdk_class(record.type): record for record in records}
    return [known[cls] for cls in named if not cls.__name__.endswith("Args")]


def test_every_type_that_the_program_makes_has_a_record_with_each_of_its_inputs() -> None:
    for token, inputs in made():
        record = record_of(token)
        assert record.classified, token
        assert {name for name in inputs if record.effect(name) is None} == set(), token


@pytest.mark.slow
def test_no_input_of_a_type_that_the_program_makes_is_left_out() -> None:
    records = of_the_program()
    assert len(records) > 35
    for record in records:
        left = {name for name in arguments(record.type) if record.effect(name) is None}
        assert left == NOT_LOOKED_UP.get(record.type, set()), record.type


@pytest.mark.parametrize("token", [r.type for r in RESOURCE_TYPES.values() if r.replaces or r.updates])
def test_every_input_that_a_record_names_is_one_of_the_sdk(token: str) -> None:
    record = record_of(token)
    named = [*record.replaces, *record.updates, *record.sets]
    assert {path.partition(".")[0] for path in named} <= arguments(token)
    kinds = _types.resource_types(sdk_class(token))
    for path in named:
        first, *steps = path.split(".")
        assert not steps or nested_exists(kinds[first], steps), path
    assert set(record.changing) <= set(kinds)
    assert not set(record.replaces) & set(record.updates)


def test_each_type_has_one_record() -> None:
    tokens = [record.type for group in _GROUPS for record in group.TYPES]
    assert len(tokens) == len(set(tokens)) == len(RESOURCE_TYPES)


@pytest.mark.parametrize(
    ("token", "leaf", "effect"),
    [
        ("aws:rds/instance:Instance", "identifier", "updates"),
        ("aws:rds/instance:Instance", "dbName", "replaces"),
        ("aws:ec2/subnet:Subnet", "ipv6Native", "replaces"),
        ("aws:ec2/route:Route", "destinationPrefixListId", "replaces"),
        ("aws:cloudwatch/logMetricFilter:LogMetricFilter", "pattern", "updates"),
        ("aws:ec2/instance:Instance", "rootBlockDevice.encrypted", "replaces"),
        ("aws:ec2/instance:Instance", "rootBlockDevice.volumeSize", "updates"),
        ("aws:ec2/instance:Instance", "secondaryNetworkInterfaces[0].subnetId", None),
        ("aws:lb/loadBalancer:LoadBalancer", "internal", None),
        ("aws:sqs/somethingNew:SomethingNew", "name", None),
    ],
)
def test_what_a_change_of_an_input_does_is_read_from_its_types_record(
    token: str, leaf: str, effect: str | None
) -> None:
    assert record_of(token).effect(leaf) == effect


@pytest.mark.parametrize(
    ("token", "path", "unordered"),
    [
        ("cloudflare:index/ruleset:Ruleset", "rules", False),
        ("cloudflare:index/zeroTrustAccessApplication:ZeroTrustAccessApplication", "policies", False),
        ("cloudflare:index/zeroTrustAccessPolicy:ZeroTrustAccessPolicy", "includes", True),
        ("cloudflare:index/notificationPolicy:NotificationPolicy", "mechanisms.emails", True),
        ("aws:ec2/launchTemplate:LaunchTemplate", "networkInterfaces[0].securityGroups", True),
        ("aws:autoscaling/group:Group", "terminationPolicies", False),
    ],
)
def test_only_the_lists_that_are_sets_with_the_provider_have_no_order(
    token: str, path: str, unordered: bool
) -> None:
    assert record_of(token).is_set(path) is unordered
