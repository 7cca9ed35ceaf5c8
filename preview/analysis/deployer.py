"""What whoever deploys a stack must be allowed at AWS: two policies, one to look and one to change."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from model import limits
from model.iam import Statement
from model.naming import Names
from preview.resource_types.iam_actions import actions
from preview.resource_types.iam_arns import Scope, arns, condition
from preview.resources import Evaluation

Policy = tuple[Statement, ...]
MANAGED_POLICY = 6144
"""Characters of a managed policy, blanks apart (IAM's quotas)."""


@dataclass(frozen=True)
class Deployer:
    """``reading`` suffices for `pulumi preview`; `pulumi up` needs both. ``unknown``: AWS types whose actions nobody looked up.

    Each is as many policies as IAM's size for one makes of it.
    """

    reading: tuple[Policy, ...]
    writing: tuple[Policy, ...]
    unknown: tuple[str, ...]


def deployer(evaluation: Evaluation) -> Deployer:
    region = evaluation.config.get("aws:region", "*")
    accounts = json.loads(evaluation.config.get("aws:allowedAccountIds", "[]"))
    scope = Scope(
        prefix=Names(evaluation.project, evaluation.stack).prefix,
        region=region,
        account=str(accounts[0]) if len(accounts) == 1 else "*",
        partition=limits.partition(region) or "*",
    )
    needed, unknown = actions([resource.type for resource in evaluation.resources])
    return Deployer(
        _policies(_statements(needed.reads, scope)),
        _policies(_statements(needed.writes, scope)),
        tuple(unknown),
    )


def _statements(wanted: Iterable[str], scope: Scope) -> tuple[Statement, ...]:
    """One statement for all actions on the same things under the same condition."""
    joined: dict[str, Statement] = {}
    for action in wanted:
        resources, under = arns(action, scope), condition(action, scope)
        key = json.dumps([resources, under])
        made: Statement = {"Effect": "Allow", "Action": [], "Resource": list(resources)}
        statement = joined.setdefault(key, made | ({"Condition": under} if under else {}))
        statement["Action"].append(action)
    return tuple(
        {"Sid": f"{_words(statement['Action'][0])}{number}", **statement}
        for number, statement in enumerate(joined.values(), 1)
    )


def size(policy: Iterable[Statement]) -> int:
    """Characters, as IAM counts them: without blanks between the parts."""
    return len(json.dumps({"Version": "2012-10-17", "Statement": list(policy)}, separators=(",", ":")))


def _policies(statements: Iterable[Statement]) -> tuple[Policy, ...]:
    """In their order, a new policy where one would be too long."""
    found: list[list[Statement]] = [[]]
    for statement in statements:
        if found[-1] and size([*found[-1], statement]) > MANAGED_POLICY:
            found.append([])
        found[-1].append(statement)
    return tuple(map(tuple, found))


def _words(action: str) -> str:
    return "".join(part.capitalize() for part in action.partition(":")[0].split("-"))
