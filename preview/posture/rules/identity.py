"""What roles may do, and who may assume them."""

from __future__ import annotations

import json
import re
from typing import Any

from preview.posture.program import Program
from preview.posture.read import items, texts
from preview.posture.rule import Broken, rule

POLICY_TYPES = (
    "aws:iam/rolePolicy:RolePolicy",
    "aws:iam/policy:Policy",
    "aws:iam/userPolicy:UserPolicy",
    "aws:iam/groupPolicy:GroupPolicy",
)


UNBOUND = {"ecr:GetAuthorizationToken"}
"""Actions that AWS lets nobody bind to a resource, and that need no condition either: they give a login, not data."""


def _statements(document: Any) -> list[dict[str, Any]]:
    try:
        parsed = json.loads(document) if isinstance(document, str) else document
    except json.JSONDecodeError:
        return []  # unknown as yet
    return items(parsed.get("Statement")) if isinstance(parsed, dict) else []


@rule(
    id="iam-wildcard",
    severity="high",
    title="An IAM policy allows every action or every resource",
    promise="The machines' role names actions and resources",
    why="Whoever gets the machine's credentials gets all that its role may do.",
    fix="List the actions and the resources' ARNs, or bind `*` with a condition.",
)
def iam_wildcard(program: Program) -> Broken:
    for policy in program.of(*POLICY_TYPES):
        for statement in _statements(policy.inputs.get("policy")):
            if statement.get("Effect") != "Allow":
                continue
            label, actions = statement.get("Sid", "a statement"), texts(statement.get("Action"))
            wide = [action for action in actions if action == "*" or action.endswith(":*")]
            if wide or "NotAction" in statement:
                yield policy.name, f"{label} allows {', '.join(wide) or 'all but some actions'}"
            everywhere = "*" in texts(statement.get("Resource")) or "NotResource" in statement
            if everywhere and not statement.get("Condition") and set(actions) - UNBOUND:
                yield policy.name, f"{label} allows {', '.join(actions)} on every resource"
    for attachment in program.of("aws:iam/rolePolicyAttachment:RolePolicyAttachment"):
        arn = str(attachment.inputs.get("policyArn"))
        if re.search(r"/(AdministratorAccess|PowerUserAccess|.*FullAccess)$", arn):
            yield attachment.name, f"attaches {arn.rpartition('/')[2]}"


@rule(
    id="iam-trust",
    severity="high",
    title="Anyone may assume a role",
    promise="Only a named service or account may take a role",
    why="A role that anyone may assume is everyone's.",
    fix="Name the service or the account, the latter with a condition such as sts:ExternalId.",
)
def iam_trust(program: Program) -> Broken:
    for role in program.of("aws:iam/role:Role"):
        for statement in _statements(role.inputs.get("assumeRolePolicy")):
            principal = statement.get("Principal")
            named = principal.get("AWS") if isinstance(principal, dict) else principal
            if statement.get("Effect") == "Allow" and "*" in texts(named):
                yield role.name, "anyone may take it"
