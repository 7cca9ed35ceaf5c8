"""Write the generated parts of the documentation: `make generate`. A test fails while they are out of date."""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import yaml  # noqa: E402

from docs.template import workflows  # noqa: E402
from model import reference  # noqa: E402 - the project's root comes first


def documents() -> dict[Path, str]:
    """Path and whole text of every generated file."""
    settings, outputs = ROOT / "docs/settings.md", ROOT / "docs/outputs.md"
    skips = yaml.safe_load((ROOT / "docs/checkov.yaml").read_text(encoding="utf-8"))
    checkov, rules, cost = ROOT / "docs/checkov.md", ROOT / "docs/posture.md", ROOT / "docs/cost.md"
    return {
        settings: _between(settings.read_text(encoding="utf-8"), "settings", reference.settings_tables()),
        outputs: _between(outputs.read_text(encoding="utf-8"), "outputs", reference.outputs_table()),
        rules: _between(rules.read_text(encoding="utf-8"), "rules", _rules()),
        cost: _between(cost.read_text(encoding="utf-8"), "examples", _costs()),
        checkov: _between(checkov.read_text(encoding="utf-8"), "skips", _skips(skips)),
        ROOT / ".checkov.yaml": _checkov_settings(skips),
        ROOT / "docs/stack.schema.json": _json(reference.settings_schema()),
        ROOT / "docs/outputs.schema.json": _json(reference.outputs_schema()),
        **workflows(ROOT),
    }


def _between(text: str, name: str, content: str) -> str:
    start, end = f"<!-- {name}: generated -->", f"<!-- /{name} -->"
    before, _, rest = text.partition(start)
    _, _, after = rest.partition(end)
    return f"{before}{start}\n\n{content}\n{end}{after}"


def _rules() -> str:
    """Every rule of the posture, a table a severity."""
    from preview.findings import SEVERITIES
    from preview.posture.rules import RULES

    parts = []
    for severity in SEVERITIES:
        rows = [rule for rule in RULES if rule.severity == severity]
        parts.append(
            f"### {severity.capitalize()}\n\n| rule | what holds | why | fix |\n| --- | --- | --- | --- |"
        )
        parts += [
            f"| `{rule.id}` | {rule.promise} | {rule.why} | {rule.fix} |".replace("\n", " ") for rule in rows
        ]
        parts[-1] += "\n"
    return "\n".join(parts)


def _costs() -> str:
    """What each example costs a month, and how much of it depends on use."""
    from preview.analysis.cost import estimate
    from preview.evaluate.program import evaluate

    lines = [
        "| example | region | USD a month | of which assumed use | unknown |",
        "| --- | --- | --- | --- | --- |",
    ]
    for file in sorted(ROOT.glob("examples/*/Pulumi.prod.yaml")):
        found = estimate(evaluate(ROOT, config_file=file))
        assumed = sum(line.monthly or 0 for line in found.lines if line.assumed)
        unknown = "; ".join(found.unknown) or "nothing"
        lines.append(
            f"| {file.parent.name} | {found.region} | {found.total:.2f} | {assumed:.2f} | {unknown} |"
        )
    return "\n".join([*lines, ""])


def _skips(skips: list[dict[str, str]]) -> str:
    rows = [f"| {item['check']} | {item['title']} | {item['reason']} |" for item in skips]
    return "\n".join(["| check | what it asks | why not here |", "| --- | --- | --- |", *rows, ""])


def _checkov_settings(skips: list[dict[str, str]]) -> str:
    lines = [f"  - {item['check']} # {item['title']}" for item in skips]
    head = "# Written by `make generate` from docs/checkov.yaml, which gives the reasons."
    return "\n".join([head, "framework: [terraform_plan]", "skip-check:", *lines, ""])


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for path, content in documents().items():
        path.write_text(content, encoding="utf-8")
