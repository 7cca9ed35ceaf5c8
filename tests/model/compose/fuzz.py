"""Ask Compose and our reader about files that nobody wrote: `python -m tests.model.compose.fuzz --minutes 10`.

Each file is one of the corpus with a few nodes or characters changed. What is reported: another answer than Compose's
(taken or refused, or another reading), an exception, and an answer that took longer than 5 s. Not part of the test run: it
finds what the corpus should have.
"""

from __future__ import annotations

import argparse
import copy
import random
import tempfile
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.model.compose.corpus import ask, texts
from tests.model.compose.test_agrees_with_compose import read, reduced

VALUES: list[Any] = [
    *(
        None,
        True,
        False,
        0,
        1,
        -1,
        80,
        65536,
        1.5,
        1e3,
        "",
        " ",
        "a",
        "no",
        "1",
        "on",
        "null",
        "~",
        "0o17",
        "1_000",
        "12:30",
    ),
    *(
        "${A}",
        "${NONE}",
        "${EMPTY:-x}",
        "${A",
        "$",
        "$$",
        "${A:+b}",
        "${NONE:?x}",
        "8080:80",
        "80/udp",
        "[::1]:80:80",
        "1-3:1-3",
    ),
    *(
        "data:/d",
        "./x:/y:ro",
        "/x",
        "~/x:/y",
        "../x:/y:z",
        "data:/d:ro,z",
        "C:\\x:/y",
        "other",
        "service:other",
        "host",
        "10s",
        "1m30s",
    ),
    *(
        "5x",
        "512m",
        "1.5gb",
        "on-failure:3",
        "2024-01-01",
        "é",
        "a=b",
        "=b",
        "A",
        "a b",
        "tcp",
        "unless-stopped",
        "service_healthy",
    ),
    *(
        [],
        {},
        ["a"],
        [1],
        [None],
        [[]],
        {"a": "b"},
        {"a": None},
        {"a": 1},
        {"a": {}},
        [{"a": "b"}],
        {"target": 80},
        {"": ""},
    ),
]
MARKS = "\t \n:-#&*!|>'\"%@`{}[],?$=./\\0aé\x00\x1b\u2028\ufeff"


def _places(node: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key or position) of a value."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in list(items):
        yield node, key
        yield from _places(value)


def _other_nodes(document: Any, donors: list[Any], chance: random.Random) -> str:
    document = copy.deepcopy(document)
    for _ in range(chance.randint(1, 3)):
        places = list(_places(document))
        if not places:
            break
        holder, key = chance.choice(places)
        what = chance.randrange(5)
        if what == 0:
            del holder[key]
        elif what == 1:
            donor = chance.choice(list(_places(chance.choice(donors))) or [({0: None}, 0)])
            holder[key] = copy.deepcopy(donor[0][donor[1]])
        elif what == 2 and isinstance(holder, dict):
            donor = chance.choice(list(_places(chance.choice(donors))) or [({"x": None}, "x")])
            if isinstance(donor[1], str):
                holder[donor[1]] = copy.deepcopy(donor[0][donor[1]])
        else:
            holder[key] = copy.deepcopy(chance.choice(VALUES))
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=chance.random() < 0.5)


def _other_letters(text: str, chance: random.Random) -> str:
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(text) + 1)
        what = chance.randrange(3)
        if what == 0:
            text = text[:at] + chance.choice(MARKS) + text[at:]
        elif what == 1:
            text = text[:at] + text[at + chance.randint(1, 4) :]
        else:
            lines = text.split("\n")
            one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
            lines[one], lines[other] = lines[other], lines[one]
            text = "\n".join(lines)
    return text


def _documents(corpus: list[str]) -> list[Any]:
    found = []
    for text in corpus:
        try:
            document = yaml.safe_load(text)
        except (yaml.YAMLError, ValueError):
            continue
        if isinstance(document, dict):
            found.append(document)
    return found


def disagreement(text: str, folder: Path) -> str | None:
    """How our answer to a file differs from Compose's."""
    started = time.monotonic()
    try:
        ours = read(text)
    except Exception:
        return traceback.format_exc(limit=-3)
    took = time.monotonic() - started
    if took > 5:
        return f"our answer took {took:.1f} s"
    theirs = ask(text, folder)
    if isinstance(theirs, str):
        if "required variable" in theirs and ours.required:
            return None  # refused where the stack's variables are known: model/checks
        return None if ours.findings else f"Compose refuses it: {theirs}"
    if ours.findings:
        if theirs == {}:
            return None  # no service at all: no app, whatever Compose says
        return f"Compose takes it; we say: {ours.findings[0]}"
    return None if reduced(ours) == theirs else f"ours   {reduced(ours)}\nCompose {theirs}"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    corpus = texts()
    documents = _documents(corpus)
    chance = random.Random(options.seed)
    end, asked, found = time.monotonic() + options.minutes * 60, 0, 0
    with tempfile.TemporaryDirectory() as place:
        while time.monotonic() < end:
            if chance.random() < 0.75:
                text = _other_nodes(chance.choice(documents), documents, chance)
            else:
                text = _other_letters(chance.choice(corpus), chance)
            asked += 1
            if why := disagreement(text, Path(place)):
                found += 1
                print(f"--- {asked}\n{text}\n>>> {why}\n", flush=True)
    print(f"{asked} files, {found} with another answer; seed {options.seed}")


if __name__ == "__main__":
    main()
