"""Each example's README answers every line of its system's document, and what it names is there."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tests.evaluations import EXAMPLES, ROOT, deployed, example_file, secret_names

# The checklist lines of each system's document, counted there; memberapi's has none, so its demands are the lines.
CHECKLISTS = {"casecheck": 5, "hipster-timer-backend": 19, "image2model": 10, "maycast-recorder": 11}
ANSWERS = ("**Stack**", "**App**", "**Instead**")


def readme(example: str) -> str:
    return (ROOT / "examples" / example / "README.md").read_text()


def rows(example: str, kind: str = "#§") -> list[list[str]]:
    """The cells of every row with an answer: number or section, what is asked for, the answer. ``kind`` is the first column's
    head: # for the lines of a checklist, § for other parts of the document."""
    found: list[list[str]] = []
    head = ""
    for line in readme(example).splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if not cells:
            head = ""
        elif cells[-1] == "answer":
            head = cells[0]
        elif head and head in kind and set(cells[0]) != {"-"}:
            found.append(cells)
    return found


def code(text: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", text))


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_checklist_line_has_its_row(example: str) -> None:
    if example in CHECKLISTS:
        assert [row[0] for row in rows(example, "#")] == [str(n + 1) for n in range(CHECKLISTS[example])]
    else:
        assert sorted({row[0] for row in rows(example)}) == ["1", "2", "3", "4", "5", "6", "7", "8"]


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_row_says_whose_affair_it_is(example: str) -> None:
    unmarked = [row for row in rows(example) if not any(answer in row[2] for answer in ANSWERS)]
    # Prices and platforms that were not chosen are nobody's affair.
    assert [row[1] for row in unmarked if not row[1].startswith(("About $40", "Other platforms"))] == []
    assert [row for row in rows(example) if len(row[2]) < 10] == []


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_files_that_the_readme_names_exist(example: str) -> None:
    named = {
        text for text in code(readme(example)) if re.fullmatch(r"[\w./-]+\.(yaml|conf|rego|sql|py)", text)
    }
    assert "compose.yaml" in named
    missing = [
        name
        for name in named
        if not (ROOT / "examples" / example / name).exists() and not (ROOT / name).exists()
    ]
    assert [
        name for name in missing if not (name == "scripts/init_schema.sql" and example == "memberapi")
    ] == []


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_settings_that_the_readme_names_are_in_the_stack_file(example: str) -> None:
    config = yaml.safe_load(example_file(example).read_text())["config"]
    sections = {key.partition(":")[2] for key in config if key.startswith("drawbridge:")}
    named = {
        text
        for text in code(readme(example))
        if text.partition(".")[0] in sections and re.fullmatch(r"[\w.-]+", text)
    }
    named -= {example.partition("-")[0]}
    assert len(named) >= 5
    assert [text for text in sorted(named) if lookup(config, text) is None] == []


def lookup(config: dict[str, Any], text: str) -> Any:
    section, *steps = text.split(".")
    value: Any = config[f"drawbridge:{section}"]
    for step in steps:
        if not isinstance(value, dict) or step not in value:
            return None
        value = value[step]
    return value


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_commands_set_every_secret_and_nothing_else(example: str) -> None:
    commands = re.findall(r"pulumi config set --secret --path 'drawbridge:secrets\.(\w+)'", readme(example))
    assert sorted(commands) == secret_names(example)


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_outputs_that_the_app_team_is_told_of_are_outputs(example: str) -> None:
    table = readme(example).partition("What the app team gets")[2].partition("\n## ")[0]
    named = {
        text for line in table.splitlines() if line.startswith("| `") for text in code(line.split("|")[1])
    }
    assert "urls" in named
    assert named <= set(deployed(example).outputs)
