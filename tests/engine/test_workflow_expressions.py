"""The evaluator of workflow expressions, judged by GitHub's own cases and by what the workflows say."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from .workflow_expressions import ExpressionError, evaluate

CASES = json.loads((Path(__file__).parent / "expressions" / "expressions.json").read_text(encoding="utf-8"))
KINDS = {type(None): "Null", bool: "Boolean", int: "Number", float: "Number", str: "String", dict: "Object"}


@pytest.mark.parametrize("about", CASES)
def test_githubs_own_cases_have_githubs_own_results(about: str) -> None:
    wrong = []
    for case in CASES[about]:
        wanted = case["err"]["value"] if "err" in case else case["result"]
        try:
            value = evaluate(case["expr"], case.get("contexts", {}))
        except ExpressionError as error:
            message = str(error)
            if "err" not in case or wanted.partition(". Located within")[0] not in message:
                wrong.append((case["expr"], wanted, message))
            continue
        if "err" in case or not _same(value, wanted):
            wrong.append((case["expr"], wanted, repr(value)))
    assert wrong == []


def _same(value: Any, wanted: dict[str, Any]) -> bool:
    kind = KINDS.get(type(value), "Array")
    if isinstance(value, float) and not math.isfinite(value):
        value = {"nan": None}.get(str(value), value)  # JSON has no such number
    return (kind, value) == (wanted["kind"], wanted["value"])
