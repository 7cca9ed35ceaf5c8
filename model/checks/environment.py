"""Where the stack lies: its names, its region, and that no other section holds encrypted values."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection

from ..errors import Finding, finding, problem
from ..limits import partition
from . import physical_names


def check(
    project: str, stack: str, region: str | None, encrypted: Collection[str], *, database: bool
) -> list[Finding]:
    found = [
        problem(
            section,
            "encrypted values outside of secrets would be taken for plain text",
            f"pulumi config set --secret --path 'drawbridge:secrets.NAME', and name it in {section}",
        )
        for section in sorted(encrypted)
    ]
    if not region:
        found.append(
            problem("aws:region", "the AWS region is not set", "pulumi config set aws:region ap-northeast-1")
        )
    elif not re.fullmatch(r"[a-z]{2,4}(-[a-z]+)+-\d", region):
        found.append(finding("aws:region", "an AWS region such as ap-northeast-1", region))
    elif not partition(region):
        expected = "a region of AWS's commercial, Chinese or US government partition"
        fix = "others have domains of their own, which Drawbridge does not know"
        found.append(finding("aws:region", expected, region, fix))
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,40}", f"{project}-{stack}"):
        expected = "PROJECT-STACK of lower-case letters, digits and -, at most 41, a letter first"
        fix = "every resource's name begins with it: rename the project or the stack"
        item = finding("name", expected, f"{project}-{stack}", fix)
        found.append(dataclasses.replace(item, file="Pulumi.yaml"))
    else:
        found += physical_names.check(project, stack, database=database)
    return found
