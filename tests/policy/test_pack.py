"""What the policy pack refuses, tells and leaves, held against a stand-in for the policy SDK.

`tests/engine/test_policy.py` runs the same pack with the real CLI.
"""

from __future__ import annotations

import json
import runpy
import sys
from collections.abc import Iterator
from enum import Enum
from types import ModuleType, SimpleNamespace
from typing import Any

import pulumi
import pytest

from preview.posture.rules import RULES
from tests.evaluations import ROOT


class EnforcementLevel(Enum):
    MANDATORY = "mandatory"
    ADVISORY = "advisory"
    DISABLED = "disabled"
    REMEDIATE = "remediate"


class Severity(Enum):
    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Taken(SimpleNamespace):
    """Whatever it is made with."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)


class PolicySecret:
    def __init__(self, value: Any) -> None:
        self.value = value


@pytest.fixture
def pack(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Taken]]:
    """The pack's policies by name."""
    made: list[Taken] = []
    sdk = ModuleType("pulumi_policy")
    vars(sdk).update(
        {
            "EnforcementLevel": EnforcementLevel,
            "Severity": Severity,
            "Secret": PolicySecret,
            "PolicyPack": lambda **given: made.append(Taken(**given)),
            **dict.fromkeys(
                ("PolicyConfigSchema", "ResourceValidationPolicy", "StackValidationPolicy", "PolicyResource"),
                Taken,
            ),
            **dict.fromkeys(("ReportViolation", "ResourceValidationArgs", "StackValidationArgs"), Any),
        }
    )
    proxy = ModuleType("pulumi_policy.proxy")
    vars(proxy)["_is_unknown"] = lambda value: False
    monkeypatch.setitem(sys.modules, "pulumi_policy", sdk)
    monkeypatch.setitem(sys.modules, "pulumi_policy.proxy", proxy)
    monkeypatch.delitem(sys.modules, "resources", raising=False)
    before = list(sys.path)
    runpy.run_path(str(ROOT / "policy" / "__main__.py"))
    sys.path[:] = before
    sys.modules.pop("resources", None)
    (only,) = made
    yield {policy.name: policy for policy in only.policies}


def test_what_is_critical_or_high_refuses_an_update(pack: dict[str, Taken]) -> None:
    levels = {
        "critical": EnforcementLevel.MANDATORY,
        "high": EnforcementLevel.MANDATORY,
        "medium": EnforcementLevel.ADVISORY,
        "low": EnforcementLevel.ADVISORY,
        "info": EnforcementLevel.DISABLED,
    }
    assert {rule.id: pack[rule.id].enforcement_level for rule in RULES} == {
        rule.id: levels[rule.severity] for rule in RULES
    }
    assert sorted(pack.keys() - {rule.id for rule in RULES}) == ["inputs", "suppressions"]


def database(**inputs: Any) -> SimpleNamespace:
    options = SimpleNamespace(
        protect=True, ignore_changes=[], delete_before_replace=False, additional_secret_outputs=[]
    )
    return SimpleNamespace(
        urn="urn:pulumi:prod::shop::aws:rds/instance:Instance::db",
        name="db",
        resource_type="aws:rds/instance:Instance",
        props=inputs,
        opts=options,
        parent=None,
        property_dependencies={},
    )


def reported(policy: Taken, *resources: SimpleNamespace, **config: Any) -> list[tuple[str, str | None]]:
    """What a policy reports, each with the resource's URN."""
    found: list[tuple[str, str | None]] = []
    policy.validate(
        SimpleNamespace(resources=list(resources), get_config=lambda: config),
        lambda text, urn=None: found.append((text, urn)),
    )
    return found


def test_a_finding_names_its_resource_the_reason_and_the_fix(pack: dict[str, Taken]) -> None:
    assert reported(pack["database-public"], database(publiclyAccessible=True)) == [
        (
            "db: publiclyAccessible True. A database that the Internet can reach is scanned and attacked within minutes. "
            "`publicly_accessible: false`, in private subnets.",
            "urn:pulumi:prod::shop::aws:rds/instance:Instance::db",
        )
    ]
    assert reported(pack["database-public"], database(publiclyAccessible=False)) == []


def test_what_the_packs_own_configuration_suppresses_is_passed(pack: dict[str, Taken]) -> None:
    accepted = [{"resource": "db", "reason": "A public data set."}]
    assert reported(pack["database-public"], database(publiclyAccessible=True), suppress=accepted) == []
    other = [{"resource": "another", "reason": "A public data set."}]
    assert len(reported(pack["database-public"], database(publiclyAccessible=True), suppress=other)) == 1


def test_what_the_stack_file_suppresses_is_passed_and_an_idle_entry_is_told(
    pack: dict[str, Taken], monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = {"rule": "database-public", "resource": "db", "reason": "A public data set."}
    monkeypatch.setattr(
        pulumi,
        "Config",
        lambda name: SimpleNamespace(
            get=lambda key: json.dumps([entry]) if (name, key) == ("drawbridge", "suppress") else None
        ),
    )
    assert reported(pack["database-public"], database(publiclyAccessible=True)) == []
    assert reported(pack["suppressions"], database(publiclyAccessible=True)) == []
    assert [text for text, _ in reported(pack["suppressions"], database(publiclyAccessible=False))] == [
        "suppress/0: database-public for db matches no resource with such a finding; remove it, or fix the resource's name"
    ]


def converted(pack: dict[str, Taken], *resources: SimpleNamespace) -> list[Any]:
    """The resources as the checks read them."""
    del pack  # it brings the stand-in for the SDK
    module = runpy.run_path(str(ROOT / "policy" / "resources.py"))
    return list(module["to_resources"](resources, module["Inputs"]()))


def test_what_the_engine_notes_of_defaults_is_no_input(pack: dict[str, Taken]) -> None:
    (found,) = converted(
        pack, database(engine="postgres", __defaults=["engine"], tags={"__defaults": [], "a": "b"})
    )
    assert found.inputs == {"engine": "postgres", "tags": {"a": "b"}}


def test_each_id_of_a_list_is_named_after_its_own_resource(pack: dict[str, Taken]) -> None:
    group = database(vpcSecurityGroupIds=["sg-1", "sg-2", "sg-3"])
    group.property_dependencies = {
        "vpcSecurityGroupIds": [SimpleNamespace(name="one"), SimpleNamespace(name="two")]
    }
    (found,) = converted(pack, group)
    assert found.inputs["vpcSecurityGroupIds"] == ["«one.id»", "«two.id»", "«two.id»"]
