"""Stack files whose YAML is a trap, and texts that a terminal or a runner would obey."""

from __future__ import annotations

import json
import time
import unicodedata
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from model import go_yaml
from model.checks.upload_size import nginx_limits
from model.errors import finding
from model.printable import printable, printable_lines, seen
from preview.evaluate.stackfile import StackFileError, read


def refused(project: Path, text: str) -> str:
    file = project / "Pulumi.prod.yaml"
    file.write_text(text)
    with pytest.raises(StackFileError) as caught:
        read(project, "prod", None).refuse_respelled()
    return str(caught.value)


@pytest.mark.parametrize(
    "value, words",
    [
        ("!!bool abc", "'abc' is not true or false, which its tag says it is"),
        ("!!int abc", "'abc' is not a whole number, which its tag says it is"),
        ("!!float abc", "'abc' is not a number, which its tag says it is"),
        ("!!null abc", "'abc' is not null, which its tag says it is"),
        ("!!map [1]", "the tag !!map is not taken here"),
        ("!!seq {a: 1}", "the tag !!seq is not taken here"),
        ("!!set {a, b}", "the tag !!set is not taken here"),
        ("!!omap [a: 1]", "the tag !!omap is not taken here"),
        ("!!binary aGk=", "the tag !!binary is not taken here"),
        ('!!timestamp "2001-01-01"', "the tag !!timestamp is not taken here"),
        ("!!python/object:os.system x", "the tag !!python/object:os.system is not taken here"),
        ("!own x", "the tag !own is not taken here"),
        ("!reset x", "the tag !reset is not taken here"),
        ("[" * 101 + "]" * 101, "lists and mappings lie in each other more than 100 deep"),
        ("[" * 5000 + "]" * 5000, "lists and mappings lie in each other more than 100 deep"),
        ("{a: " * 300 + "1" + "}" * 300, "lists and mappings lie in each other more than 100 deep"),
        ("[&a {<<: *a}]", "contains an alias (*NAME) of itself"),
        ("&a [*a]", "contains an alias (*NAME) of itself"),
    ],
)
def test_a_value_that_is_a_trap_is_refused_with_its_line(project: Path, value: str, words: str) -> None:
    for text in (f"config:\n  drawbridge:protect: {value}\n", f"config:\n  drawbridge:x: [{value}]\n"):
        message = refused(project, text)
        assert message.startswith("Pulumi.prod.yaml:2: not valid YAML: "), message
        assert words in message


def bomb(levels: int, width: int = 9) -> str:
    lines = ["  x0: &a0 [x]"] + [
        f"  x{n}: &a{n} [{', '.join([f'*a{n - 1}'] * width)}]" for n in range(1, levels)
    ]
    return "config:\n" + "\n".join(lines) + "\n"


def test_aliases_that_stand_for_a_million_values_are_counted_and_not_written_out(project: Path) -> None:
    begin = time.monotonic()
    assert "its aliases (*NAME) stand for" in refused(project, bomb(40))
    assert time.monotonic() - begin < 2


def test_nearly_all_from_aliases_is_refused_as_go_does(project: Path) -> None:
    assert "its aliases (*NAME) stand for" in refused(
        project, bomb(2, 3000).replace("[x]", f"[{'x, ' * 30}x]")
    )


def test_aliases_and_merge_keys_of_ordinary_use_are_read(project: Path) -> None:
    (project / "Pulumi.prod.yaml").write_text(
        "config:\n  drawbridge:a: &a {b: 1, c: 2}\n  drawbridge:d: {<<: *a, c: 3}\n  drawbridge:e: [*a, *a]\n"
    )
    assert read(project, "prod", None).config["drawbridge:d"] == '{"b":1,"c":3}'


def test_a_chain_of_anchors_is_as_deep_as_what_it_stands_for(project: Path) -> None:
    chain = "\n".join(f"  x{n}: &a{n} [*a{n - 1}]" for n in range(1, 200))
    assert "more than 100 deep" in refused(project, f"config:\n  x0: &a0 [x]\n{chain}\n")


@pytest.mark.parametrize(
    "written, becomes",
    [
        ("1.10", "1.1"),
        ("0123", "83"),
        ("0755", "493"),
        ("12e5", "1200000"),
        ("3e1", "30"),
        ("2026-01-01", "2026-01-01 00:00:00 +0000 UTC"),
        ("2026.10", "2026.1"),
        ("1_000", "1000"),
        ("0xff", "255"),
        ("12345678901234567890123", "1.2345678901234568e+22"),
    ],
)
def test_text_that_yaml_spells_anew_is_to_stand_in_quotes(project: Path, written: str, becomes: str) -> None:
    message = refused(project, f"config:\n  drawbridge:app:\n    env: {{RELEASE: {written}}}\n")
    assert message == (
        f"Pulumi.prod.yaml:3 app.env.RELEASE: expected text as it is to stay, found {written}, which YAML turns into "
        f"{becomes}; write it in quotes"
    )


@pytest.mark.parametrize(
    "written", ["587", "1.5", '"1.10"', "'0123'", "1.2.3", "v1.10", "1e400", "9" * 5000, "true"]
)
def test_text_that_stays_as_it_is_needs_no_quotes(project: Path, written: str) -> None:
    file = project / "Pulumi.prod.yaml"
    file.write_text(f"config:\n  drawbridge:app:\n    env: {{X: {written}}}\n  other:version: 1.10\n")
    settings = read(project, "prod", None)
    settings.refuse_respelled()
    assert json.loads(settings.config["drawbridge:app"])["env"].keys() == {"X"}


@pytest.mark.parametrize("other", ["host", "drawbridge:config:host"])
def test_one_section_in_two_spellings_is_refused(project: Path, other: str) -> None:
    message = refused(project, f"config:\n  drawbridge:host: {{diskGiB: 40}}\n  {other}: {{diskGiB: 30}}\n")
    assert (
        message
        == f"Pulumi.prod.yaml:3 {other}: this key is there twice, as drawbridge:host too; keep one of them"
    )


def test_a_stack_file_that_is_no_text_is_refused_at_once(project: Path) -> None:
    with (project / "Pulumi.prod.yaml").open("wb") as file:
        file.truncate((1 << 20) + 1)
    with pytest.raises(StackFileError, match="expected a text file of at most 1 MiB, found more than 1 MiB"):
        read(project, "prod", None)


@given(st.text(st.characters()))
def test_what_is_printed_is_seen_and_can_be_written(text: str) -> None:
    shown = printable(text)
    assert all(map(seen, shown))
    shown.encode()
    lines = printable_lines(text)
    assert all(seen(c) or c in "\n\t" for c in lines)
    assert not any(line.lstrip().startswith("::") or "##[" in line for line in lines.split("\n"))


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_json_says_the_same_once_it_is_printable(text: str) -> None:
    assert json.loads(printable_lines(json.dumps([text], ensure_ascii=False))) == [text]


def test_ordinary_text_stays_as_it_is() -> None:
    for text in ("Für Müller → 東京", "a: b, c\\u0041", "::" and "a::b", "\u05e9\u05dc\u05d5\u05dd"):
        assert printable_lines(text) == text


@pytest.mark.parametrize(
    "text",
    ["a\rb", "a\x1b[2Jb", "a\0b", "a\u202eb", "a\u200bb", "a\x7fb", "x\n::error::y", "\udfff", "a\u3164b"],
)
def test_a_finding_shows_what_it_speaks_of_as_text(text: str) -> None:
    line = str(finding(f"app/env/{text}", "a rule", {text: text}, text))
    assert all(map(seen, line))
    assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs") for c in line)


@pytest.mark.parametrize(
    "text", ["\n" * 300_000, "server" + "\n" * 200_000, "server" + " \t" * 100_000, "location " * 30_000]
)
def test_a_file_of_nothing_is_read_in_no_time(text: str) -> None:
    begin = time.monotonic()
    assert nginx_limits(text) is None
    assert time.monotonic() - begin < 2


def test_thousands_of_digits_are_a_word() -> None:
    assert yaml.load(f"[{'9' * 5000}]", Loader=go_yaml.Loader) == ["9" * 5000]
