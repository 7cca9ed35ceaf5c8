"""Write the generated parts of the documentation: `make docs`. A test fails while they are out of date."""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from model import reference  # noqa: E402 - the project's root comes first


def documents() -> dict[Path, str]:
    """Path and whole text of every generated file."""
    readme = ROOT / "README.md"
    text = _between(readme.read_text(encoding="utf-8"), "settings", reference.settings_tables())
    return {
        readme: _between(text, "outputs", reference.outputs_table()),
        ROOT / "docs/stack.schema.json": _json(reference.settings_schema()),
        ROOT / "docs/outputs.schema.json": _json(reference.outputs_schema()),
    }


def _between(text: str, name: str, content: str) -> str:
    start, end = f"<!-- {name}: generated -->", f"<!-- /{name} -->"
    before, _, rest = text.partition(start)
    _, _, after = rest.partition(end)
    return f"{before}{start}\n\n{content}\n{end}{after}"


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for path, content in documents().items():
        path.write_text(content, encoding="utf-8")
