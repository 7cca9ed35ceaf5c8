"""A diagnosis as text and as JSON, and Pulumi's import file of what stands there and can be taken over."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from model.printable import printable
from preview.doctor.answers import STATUSES, Answer, Diagnosis, Status
from preview.resources import Evaluation

VERSION = 1
_TITLES: dict[Status, str] = {
    "refused": "REFUSED: `pulumi up` would fail, or nobody would get in",
    "unknown": "UNKNOWN: could not be asked, so look yourself",
    "warned": "MIND: `pulumi up` goes on, and something else changes",
    "fine": "FINE",
}


def to_text(diagnosis: Diagnosis) -> str:
    lines = [f"{diagnosis.project} / {diagnosis.stack}", ""]
    for status in STATUSES:
        answers = diagnosis.of(status)
        if answers:
            lines += [f"{_TITLES[status]} ({len(answers)})", *_lines(answers), ""]
    counts = diagnosis.counts()
    lines.append(", ".join(f"{counts[status]} {status}" for status in STATUSES))
    return "\n".join(printable(line, keep="\n") for line in lines) + "\n"


def _lines(answers: Sequence[Answer]) -> Iterator[str]:
    """A line an answer; those that say the same, as all do without credentials, share one."""
    checks: dict[tuple[str, str], list[str]] = {}
    for answer in answers:
        checks.setdefault((answer.text, answer.fix if answer.status != "fine" else ""), []).append(
            answer.check
        )
    for (text, fix), named in checks.items():
        yield f"  {', '.join(dict.fromkeys(named))}: {text}" + (f"\n      fix: {fix}" if fix else "")


def to_json(diagnosis: Diagnosis) -> str:
    """`{"version", "project", "stack", "exit", "counts", "answers": [{"check", "status", "text", "fix", "import"}]}`."""
    document = {
        "version": VERSION,
        "project": diagnosis.project,
        "stack": diagnosis.stack,
        "exit": diagnosis.exit_code,
        "counts": diagnosis.counts(),
        "answers": [
            {
                "check": answer.check,
                "status": answer.status,
                "text": answer.text,
                "fix": answer.fix or None,
                "import": answer.taken
                and {"type": answer.taken.type, "name": answer.taken.name, "id": answer.taken.identifier},
            }
            for answer in diagnosis.answers
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def import_file(diagnosis: Diagnosis, evaluation: Evaluation) -> str:
    """What `pulumi import --file` reads: each thing under the component that it belongs to, as the program registers it."""
    by_urn = {resource.urn: resource for resource in evaluation.resources}
    by_name = {(resource.type, resource.name): resource for resource in evaluation.resources}
    entries: list[dict[str, Any]] = []
    parents: dict[str, dict[str, Any]] = {}
    for taken in (answer.taken for answer in diagnosis.answers if answer.taken):
        entry: dict[str, Any] = {"type": taken.type, "name": taken.name, "id": taken.identifier}
        parent = by_urn.get(by_name[taken.type, taken.name].parent)
        if parent is not None:
            parents[parent.name] = {"type": parent.type, "name": parent.name, "component": True}
            entry["parent"] = parent.name
        entries.append(entry)
    return json.dumps({"resources": [*_sorted(parents.values()), *_sorted(entries)]}, indent=2) + "\n"


def _sorted(entries: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(entries, key=lambda entry: (str(entry["type"]), str(entry["name"])))
