"""A Pulumi policy pack over the rules of `preview.posture`: `pulumi preview --policy-pack policy`.

Rules of severity critical and high refuse the update (mandatory), medium and low are told (advisory), info is off. All of
that can be set by `--policy-pack-config`, rule by rule. What the stack file suppresses, with a reason, is passed.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
from pulumi_policy import (
    EnforcementLevel,
    PolicyConfigSchema,
    PolicyPack,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    Severity,
    StackValidationArgs,
    StackValidationPolicy,
)

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "policy")]

from resources import Inputs, to_resources  # noqa: E402 - the project's root comes first

from model.settings import Suppression  # noqa: E402
from preview.findings import Rule  # noqa: E402
from preview.posture.judgement import evaluate_resources, suppressions  # noqa: E402
from preview.posture.rules import RULES  # noqa: E402

LEVELS = {
    "critical": EnforcementLevel.MANDATORY,
    "high": EnforcementLevel.MANDATORY,
    "medium": EnforcementLevel.ADVISORY,
    "low": EnforcementLevel.ADVISORY,
    "info": EnforcementLevel.DISABLED,
}
SEVERITIES = {"critical": Severity.CRITICAL, "high": Severity.HIGH, "medium": Severity.MEDIUM}
SUPPRESS = PolicyConfigSchema(
    properties={
        "suppress": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "resource": {"type": "string"},
                    "reason": {"type": "string"},
                    "until": {"type": "string"},
                },
                "required": ["resource", "reason"],
                "additionalProperties": False,
            },
        }
    }
)

inputs = Inputs()


def remember(args: ResourceValidationArgs) -> None:
    """Changes nothing: of all callbacks, remediations alone see which inputs are secret."""
    inputs.remember(args.urn, args.props)


def of_the_stack_file() -> tuple[Suppression, ...]:
    value = pulumi.Config("drawbridge").get("suppress")
    return suppressions({"drawbridge:suppress": value}) if value else ()


def of_the_pack(rule: Rule, config: Mapping[str, Any]) -> tuple[Suppression, ...]:
    return tuple(Suppression.model_validate({"rule": rule.id, **item}) for item in config.get("suppress", ()))


def policy(rule: Rule) -> StackValidationPolicy:
    def validate(args: StackValidationArgs, report_violation: ReportViolation) -> None:
        accepted = (*of_the_stack_file(), *of_the_pack(rule, args.get_config()))
        urns = {resource.name: resource.urn for resource in args.resources}
        for finding in evaluate_resources(to_resources(args.resources, inputs), accepted, rules=[rule]).open:
            report_violation(
                f"{finding.resource}: {finding.detail}. {rule.why} {rule.fix}", urns.get(finding.resource)
            )

    return StackValidationPolicy(
        name=rule.id,
        description=rule.promise,
        validate=validate,
        enforcement_level=LEVELS[rule.severity],
        config_schema=SUPPRESS,
        severity=SEVERITIES.get(rule.severity, Severity.LOW),
        remediation_steps=rule.fix,
    )


def validate_suppressions(args: StackValidationArgs, report_violation: ReportViolation) -> None:
    """Suppressions that fit nothing or are over."""
    for note in evaluate_resources(to_resources(args.resources, inputs), of_the_stack_file()).notes:
        report_violation(note, None)


PolicyPack(
    name="drawbridge",
    enforcement_level=EnforcementLevel.ADVISORY,
    policies=[
        ResourceValidationPolicy(
            name="inputs",
            description="Reads the inputs for the other policies",
            remediate=remember,
            enforcement_level=EnforcementLevel.REMEDIATE,
        ),
        *map(policy, RULES),
        StackValidationPolicy(
            name="suppressions",
            description="Every suppression fits something and holds",
            validate=validate_suppressions,
        ),
    ],
)
