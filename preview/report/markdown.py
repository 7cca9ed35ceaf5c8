"""The report as a pull-request comment: GitHub's Markdown, under its size limit, with no text of the stack's taken as markup.

A stack file may come from a fork. So nothing of it becomes a link, an image, HTML, a mention or a table of its own:
values stand in code spans, and of a sentence each word that is more than letters does too. Backslashes and entities are not
enough: GitHub looks for mentions, references and addresses in the text that they have become.
"""

from __future__ import annotations

import functools
import html
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from preview.analysis import cost
from preview.analysis.gate import Gate
from preview.changes import Change, Comparison
from preview.posture import judgement as posture
from preview.report import words
from preview.resources import Evaluation

# GitHub says "maximum is 65536 characters"; counted here as bytes of UTF-8, of which there are never fewer.
# The rest is for what a bot writes before and after.
LIMIT = 65_000
CELL = 300
_PLAIN = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*|\d{1,6}(?:[.,]\d{1,6})*%?")
_WORD = re.compile(r"""([("'“‘]*)(.*?)([)"'”’.,;:!?…]*)""", re.DOTALL)
_DASHES = frozenset("–—→×/&=+-")
_COMMIT = re.compile(r"[0-9a-fA-F]{7,}")


def marker(evaluation: Evaluation) -> str:
    """The first line: it tells this stack's comment from all others, so that one comment is updated and not many made."""
    return f"<!-- drawbridge:preview {re.sub('[^A-Za-z0-9._-]', '-', evaluation.stack)[:100]} -->"


def clean(text: str, *, lines: bool = False) -> str:
    """The text without what steers a display (controls, direction overrides) and without mentions in code or mail."""
    shown = []
    for character in text:
        if character in "\n\t" and lines:
            shown.append(character)
        elif character.isspace():
            shown.append(" ")
        else:
            shown.append(
                "\N{REPLACEMENT CHARACTER}" if unicodedata.category(character)[0] == "C" else character
            )
    # Replies by mail quote the text without its code spans, and GitHub would look for mentions in them.
    return re.sub("(?<![A-Za-z0-9])@(?=[A-Za-z0-9])", "@\N{ZERO WIDTH SPACE}", "".join(shown))


def clip(text: str, length: int = CELL) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def code(text: str) -> str:
    """A code span that shows ``text`` and nothing else."""
    return _span(clean(clip(text.strip()))) or "(empty)"


def _span(text: str) -> str:
    if not text:
        return ""
    ticks = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    space = " " if "`" in (text[0], text[-1]) else ""
    return f"{ticks}{space}{text}{space}{ticks}"


def prose(text: str) -> str:
    """A sentence: words of letters, and numbers, as they are; all other words, and what it has in backticks, as code."""
    shown = ""
    for index, part in enumerate(re.split("`([^`]+)`", clean(clip(text.strip())))):
        words_ = [_span(part.strip())] if index % 2 else [_word(word) for word in part.split()]
        joined = " ".join(filter(None, words_))
        # Two code spans must not touch: their backticks would be one fence.
        apart = part[:1].isspace() or shown[-1:] == "`" == joined[:1]
        shown += (
            (" " if apart and shown else "")
            + joined
            + (" " if index % 2 == 0 and part[-1:].isspace() and joined else "")
        )
    return shown.strip()


def _word(word: str) -> str:
    match = _WORD.fullmatch(word)
    assert match
    before, core, after = match.groups()
    if not core or core in _DASHES:
        return re.sub(r"[!()&=+/-]", r"\\\g<0>", word)
    if not _PLAIN.fullmatch(core) or _COMMIT.fullmatch(core) or core.lower() == "www":
        if before[-1:] == after[:1] == "'":  # a quoted argument of a command is copied with its quotes
            before, core, after = before[:-1], f"'{core}'", after[1:]
        return before + _span(core) + after
    # `1.` and `1)` would begin a list.
    return before + core + (("\\" if core.isdecimal() and after[:1] in (".", ")") else "") + after)


def fenced(text: str, language: str = "") -> str:
    """A block of code; its fence is longer than any in it."""
    text = clean(text, lines=True)
    ticks = "`" * max(3, max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    return f"{ticks}{language}\n{text.rstrip()}\n{ticks}"


def folded(title: str, body: str) -> str:
    """A part that opens on a click. ``title`` may hold names of the stack's: they stand in <code>."""
    return f"<details>\n<summary>{title}</summary>\n\n{body}\n\n</details>"


def name_in_html(text: str) -> str:
    return f"<code>{html.escape(clean(clip(text)))}</code>"


def table(data: words.Table, rows: int | None = None) -> str:
    """The first ``rows`` of a table (all of them if None)."""
    lines = [_line(data.columns), _line(["---"] * len(data.columns))]
    for row in data.rows[:rows]:
        cells = [
            code(cell) if cell and index in data.code and row.tone != "closed" else prose(cell)
            for index, cell in enumerate(row.cells)
        ]
        lines.append(
            _line(
                [f"**{cell}**" if row.tone == "open" and cell == words.EVERYONE else cell for cell in cells]
            )
        )
    if rows is not None and len(data.rows) > rows:
        lines.append(_line([f"… and {len(data.rows) - rows:,} more", *[""] * (len(data.columns) - 1)]))
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


@dataclass
class Part:
    """``sizes`` are ever shorter renderings; after the last the part is left out, and ``name`` says what is missing."""

    name: str
    importance: int
    sizes: Sequence[Callable[[], str]]
    chosen: int = 0

    def render(self) -> str:
        return self.sizes[self.chosen]() if self.chosen < len(self.sizes) else ""


def fitted(parts: Sequence[Part], limit: int) -> str:
    """The parts in their order, the least important ones shortened or left out until all fit. The first one stays."""
    texts = [part.render() for part in parts]
    order = sorted(range(1, len(parts)), key=lambda index: parts[index].importance)
    size = sum(len(text.encode()) + 2 for text in texts)
    for index in order:
        part = parts[index]
        while size + len(_missing(parts).encode()) > limit and part.chosen < len(part.sizes):
            part.chosen += 1
            before, texts[index] = texts[index], part.render()
            size += len(texts[index].encode()) - len(before.encode())
    return "\n\n".join(filter(None, [*texts, _missing(parts)])) + "\n"


def _missing(parts: Sequence[Part]) -> str:
    names = list(dict.fromkeys(part.name for part in parts if part.chosen))
    if not names:
        return ""
    return f"_Left out or shortened to fit into a comment: {', '.join(names)}. The formats `text` and `html` have all._"


def _rows(data: words.Table, importance: int, fold: bool = False, note: str = "") -> Part:
    def shorter(rows: int | None) -> Callable[[], str]:
        def render() -> str:
            body = table(data, rows) + (f"\n\n{prose(note)}" if note else "")
            return (
                folded(f"{data.title} ({len(data.rows):,})", body) if fold else f"### {data.title}\n\n{body}"
            )

        return render

    return Part(
        data.title.lower(),
        importance,
        [shorter(None), *(shorter(n) for n in (200, 50, 10) if n < len(data.rows))],
    )


def _details(change: Change) -> Part:
    """The differences of a resource as one folded block."""
    lines: list[str] = []
    for difference in change.differences:
        lines.append(f"@@ {difference.path}{' (replaces the resource)' if difference.replaces else ''} @@")
        lines += words.diff(difference)

    def shorter(number: int) -> Callable[[], str]:
        def render() -> str:
            shown = [clip(line) for line in lines[:number]]
            if len(lines) > number:
                shown.append(f"… {len(lines) - number:,} more lines")
            title = f"{change.action}: {name_in_html(change.name)} ({words.count(len(lines), 'line')})"
            return folded(title, fenced("\n".join(shown), "diff"))

        return render

    sizes = [shorter(max(len(lines), 1)), *(shorter(n) for n in (100, 20) if n < len(lines))]
    return Part("differences", 30 + change.consequence, sizes)


_ICONS = {"good": "✅", "warn": "⚠️", "bad": "🛑", "odd": "❓"}


def to_markdown(
    evaluation: Evaluation,
    comparison: Comparison | None = None,
    gate: Gate | None = None,
    *,
    limit: int = LIMIT,
) -> str:
    """A comment of at most ``limit`` bytes, from 4,096 on. It begins with `marker`."""
    judgement, spent = posture.judge(evaluation), cost.estimate(evaluation)
    head = [marker(evaluation), f"## {code(evaluation.project)} / {code(evaluation.stack)}"]
    tables: list[tuple[words.Table, int, bool] | tuple[words.Table, int, bool, str]] = []
    details: list[Part] = []
    if comparison and gate:
        said = words.verdict(comparison, gate)
        head[1] += f": {_ICONS[said.tone]} {said.title}"
        head += ["", prose(said.counts)]
        tables += [
            (words.errors(comparison), 99, False),
            (words.closed(gate), 98, False),
            (words.opened(comparison, gate), 97, False),
            (words.acknowledged(gate), 96, False),
            (words.gate_warnings(gate), 95, False),
            (words.changes(comparison), 94, False),
            (words.cost_changes(cost.compare(comparison.before, comparison.after)), 93, False),
        ]
        details = [_details(change) for change in words.ranked(comparison) if change.differences]
    before = cost.estimate(comparison.before) if comparison else None
    head += ["", prose(f"{words.summary(evaluation)} {words.cost_short(spent, before)}")]
    parts = [Part("headline", 100, [lambda: "\n".join(head)])]
    parts += [_rows(*wanted) for wanted in tables if wanted[0].rows]
    parts += details
    after = bool(comparison)
    tables = [
        (words.reach(evaluation), 90, after),
        (words.warnings(evaluation), 80, after),
        (words.posture_notes(judgement), 79, False),
        (words.posture(judgement), 75, True, words.sentence(words.posture_counts(judgement))),
        (words.edge_rules(evaluation), 65, True),
        (words.state(evaluation), 70, True),
        (words.groups(evaluation), 60, True),
        (words.cost(spent), 55, True, words.sentence(words.cost_sum(spent))),
        (words.outputs(evaluation), 50, True),
        (words.resources(evaluation), 20, True),
    ]
    parts += [_rows(*wanted) for wanted in tables if wanted[0].rows]
    for name, text in evaluation.user_data.items() if comparison is None else ():
        title = f"cloud-init of {name_in_html(name)} ({words.count(text.count(chr(10)), 'line')})"
        parts.append(Part("cloud-init", 10, [functools.partial(_cloud_init, title, text)]))
    parts.append(Part("footer", 99, [lambda: prose(words.footer(evaluation))]))
    return fitted(parts, limit)


def _cloud_init(title: str, text: str) -> str:
    return folded(title, fenced(text, "yaml"))
