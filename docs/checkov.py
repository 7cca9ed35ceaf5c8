"""What checkov says of every example's plan: `make checkov` prints the figures and writes them into docs/checkov.md.

checkov has hundreds of dependencies, so it lives in an environment of its own, `.venv-checkov` (requirements-checkov.txt).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

PAGE = ROOT / "docs" / "checkov.md"
START, END = "<!-- figures: make checkov -->", "<!-- /figures -->"


@dataclass(frozen=True, order=True)
class Failure:
    """One failed check on one resource of one plan."""

    plan: str
    check: str
    resource: str


@dataclass(frozen=True)
class Result:
    passed: dict[str, int]
    failed: tuple[Failure, ...]


def program() -> str | None:
    """checkov's own environment first, then whatever is on the path."""
    own = ROOT / ".venv-checkov" / "bin" / "checkov"
    return str(own) if own.exists() else shutil.which("checkov")


def answered() -> dict[str, str]:
    """Checks that fail and are answered, with their reasons."""
    given: list[dict[str, str]] = yaml.safe_load((ROOT / "docs" / "checkov.yaml").read_text(encoding="utf-8"))
    return {item["check"]: item["reason"] for item in given}


def run(plans: dict[str, str], *arguments: str) -> Result:
    """Scan plans (name to JSON text). Raises RuntimeError with checkov's output if it gives no report."""
    found = program()
    assert found, "checkov is not installed"
    with tempfile.TemporaryDirectory() as place:
        for name, text in plans.items():
            (Path(place) / f"{name}.json").write_text(text, encoding="utf-8")
        command = [
            found,
            "--directory",
            place,
            "--framework",
            "terraform_plan",
            "--skip-download",
            "--output",
            "json",
            *arguments,
        ]
        environment = {**os.environ, "LOG_LEVEL": "ERROR"}
        # Its home of configuration files is where it stands, so it stands where none is.
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=300, env=environment, cwd=place, check=False
        )
    try:
        report: Any = json.loads(done.stdout)
    except json.JSONDecodeError:
        raise RuntimeError(
            f"checkov ended with {done.returncode}: {done.stderr[-2000:] or done.stdout[-2000:]}"
        ) from None
    results = report.get("results", {})
    passed = Counter(Path(item["file_path"]).stem for item in results.get("passed_checks", []))
    failed = sorted(
        Failure(Path(item["file_path"]).stem, item["check_id"], item["resource_address"])
        for item in results.get("failed_checks", [])
    )
    return Result({name: passed[name] for name in plans}, tuple(failed))


def plans() -> dict[str, str]:
    """The plan of every example, from its own stack file, without values for its secrets."""
    from preview.evaluate.program import evaluate
    from preview.report.terraform import to_terraform

    files = sorted(ROOT.glob("examples/*/Pulumi.prod.yaml"))
    return {file.parent.name: to_terraform(evaluate(ROOT, config_file=file)) for file in files}


def figures(result: Result) -> str:
    """The table of docs/checkov.md."""
    reasons = answered()
    lines = ["| example | passed | failed | skipped, with a reason |", "| --- | --- | --- | --- |"]
    for name, passed in sorted(result.passed.items()):
        mine = [failure for failure in result.failed if failure.plan == name]
        skipped = sum(failure.check in reasons for failure in mine)
        lines.append(f"| {name} | {passed} | {len(mine) - skipped} | {skipped} |")
    return "\n".join(lines)


def written() -> str:
    """The table as the page has it."""
    return PAGE.read_text(encoding="utf-8").partition(START)[2].partition(END)[0].strip()


def main() -> int:
    if not program():
        print("checkov is not installed: make checkov", file=sys.stderr)
        return 1
    result = run(plans())
    table = figures(result)
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
    PAGE.write_text(f"{before}{START}\n\n{table}\n\n{END}{rest.partition(END)[2]}", encoding="utf-8")
    print(table)
    unanswered = [failure for failure in result.failed if failure.check not in answered()]
    for failure in unanswered:
        print(f"{failure.plan}: {failure.check} fails for {failure.resource}", file=sys.stderr)
    return 1 if unanswered else 0


if __name__ == "__main__":
    sys.exit(main())
