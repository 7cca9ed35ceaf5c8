"""The deployer's policies, as IAM takes them: `reading` and, on top of it, `writing`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from preview.analysis.deployer import Policy, deployer
from preview.report.report import Report


def to_iam(report: Report) -> str:
    """`{"version", "reading": [POLICY], "writing": [POLICY], "unknown": [TYPE]}`: each policy fits into a managed one."""
    found = deployer(report.evaluation)
    document = {
        "version": 1,
        "reading": _documents(found.reading),
        "writing": _documents(found.writing),
        "unknown": list(found.unknown),
    }
    return json.dumps(document, indent=2) + "\n"


def _documents(policies: Iterable[Policy]) -> list[dict[str, Any]]:
    return [{"Version": "2012-10-17", "Statement": list(policy)} for policy in policies]
