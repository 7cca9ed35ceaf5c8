"""Where the stack lies: its names, its region, and that no other section holds encrypted values."""

from __future__ import annotations

import re
from collections.abc import Collection

from ..errors import Finding, finding


def check(project: str, stack: str, region: str | None, encrypted: Collection[str]) -> list[Finding]:
    found = [
        finding(
            section,
            "encrypted values stand under drawbridge:secrets alone: elsewhere they would be taken for plain text",
            cure=f"pulumi config set --secret --path 'drawbridge:secrets.NAME', and name it in {section}.",
        )
        for section in sorted(encrypted)
    ]
    if not region:
        found.append(
            finding("aws:region", "the AWS region is set", cure="pulumi config set aws:region ap-northeast-1")
        )
    elif not re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d", region):
        found.append(finding("aws:region", "an AWS region such as ap-northeast-1", region))
    # The longest name made of it is an IAM role's: 64 characters with the suffix that Pulumi adds.
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,40}", f"{project}-{stack}"):
        rule = "the project's and stack's names make a prefix of lower-case letters, digits and -, at most 41"
        found.append(finding("stack", rule, f"{project}-{stack}"))
    return found
