"""IAM policies as plain data: a statement is written by whoever owns what it names, and a role's policy holds them all."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

Statement = dict[str, Any]
"""One statement, with the keys of the IAM JSON policy language."""

_VERSION = "2012-10-17"  # of the language; the only one with policy variables


def allow(
    sid: str,
    actions: str | list[str],
    resources: str | list[str],
    condition: dict[str, dict[str, Any]] | None = None,
) -> Statement:
    """A statement that allows these actions on the resources of these ARNs (`*` where an action takes none)."""
    statement: Statement = {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}
    return statement | ({"Condition": condition} if condition else {})


def assumed_by(service: str) -> Statement:
    """A trust policy's statement: this AWS service may assume the role."""
    return {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}


def document(statements: Iterable[Statement]) -> str:
    return json.dumps({"Version": _VERSION, "Statement": list(statements)})
