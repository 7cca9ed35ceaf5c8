"""What roles may do, and who may assume them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from preview.posture.program import Program
from preview.posture.read import items, statements, texts
from preview.posture.rule import Broken, rule
from preview.resources import Resource

POLICY_TYPES = (
    "aws:iam/rolePolicy:RolePolicy",
    "aws:iam/policy:Policy",
    "aws:iam/userPolicy:UserPolicy",
    "aws:iam/groupPolicy:GroupPolicy",
)


ATTACHMENTS = (
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "aws:iam/userPolicyAttachment:UserPolicyAttachment",
    "aws:iam/groupPolicyAttachment:GroupPolicyAttachment",
    "aws:iam/policyAttachment:PolicyAttachment",
)

UNBOUND = {"ecr:GetAuthorizationToken"}
"""Actions that AWS lets nobody bind to a resource, and that need no condition either: they give a login, not data."""


def _granted(resource: Resource) -> Iterator[dict[str, Any]]:
    """What a policy, or a role in itself, allows."""
    inline = [policy.get("policy") for policy in items(resource.inputs.get("inlinePolicies"))]
    for document in [resource.inputs.get("policy"), *inline]:
        yield from (item for item in statements(document) if item.get("Effect") == "Allow")


def _whole(arn: str) -> bool:
    """Whether a resource is everything, or everything of a service: `*`, `arn:aws:s3:::*`, `arn:aws:ssm:*:*:*`."""
    return arn == "*" or bool(re.fullmatch(r"arn:[^:]*:[^:]*:[^:]*:[^:]*:\*+", arn))


@rule(
    id="iam-wildcard",
    severity="high",
    title="An IAM policy allows every action or every resource",
    promise="The machines' role names actions and resources",
    why="Whoever gets the machine's credentials gets all that its role may do.",
    fix="List the actions and the resources' ARNs, or bind `*` with a condition.",
)
def iam_wildcard(program: Program) -> Broken:
    for policy in program.of(*POLICY_TYPES, "aws:iam/role:Role"):
        for statement in _granted(policy):
            label, actions = statement.get("Sid", "a statement"), texts(statement.get("Action"))
            wide = [action for action in actions if action == "*" or action.endswith(":*")]
            if wide or "NotAction" in statement:
                yield policy.name, f"{label} allows {', '.join(wide) or 'all but some actions'}"
            everywhere = "NotResource" in statement or any(map(_whole, texts(statement.get("Resource"))))
            if everywhere and not statement.get("Condition") and set(actions) - UNBOUND:
                yield policy.name, f"{label} allows {', '.join(actions)} on every resource"
    for attachment in program.of(*ATTACHMENTS):
        yield from _broad(attachment.name, [attachment.inputs.get("policyArn")])
    for role in program.of("aws:iam/role:Role"):
        yield from _broad(role.name, role.inputs.get("managedPolicyArns"))
    for listed in program.of(
        "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive",
        "aws:iam/userPolicyAttachmentsExclusive:UserPolicyAttachmentsExclusive",
    ):
        yield from _broad(listed.name, listed.inputs.get("policyArns"))


def _broad(name: str, arns: object) -> Broken:
    for arn in map(str, items(arns)):
        if re.search(r"/(AdministratorAccess|PowerUserAccess|IAMFullAccess|.*FullAccess)$", arn):
            yield name, f"attaches {arn.rpartition('/')[2]}"


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
        for statement in statements(role.inputs.get("assumeRolePolicy")):
            principal = statement.get("Principal")
            named = principal.get("AWS") if isinstance(principal, dict) else principal
            if statement.get("Effect") == "Allow" and "*" in texts(named):
                yield role.name, "anyone may take it"
