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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from preview.changes import Change
from preview.report import change_tables, cost_tables, posture_tables, tables
from preview.report.first_screen import FirstScreen, about, first_screen
from preview.report.groups import own_differences, title
from preview.report.report import Report
from preview.report.tables import Table
from preview.resources import Evaluation

# GitHub says "maximum is 65536 characters"; counted here as bytes of UTF-8, of which there are never fewer.
# The rest is for what a bot writes before and after.
LIMIT = 65_000
CELL = 300
FIRST = 8
"""How many rows of what a reviewer decides by stand open; more than a screen of them is not read."""
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


def table(data: Table, rows: int | None = None) -> str:
    """The first ``rows`` of a table (all of them if None)."""
    lines = [_line(data.columns), _line(["---"] * len(data.columns))]
    for row in data.rows[:rows]:
        cells = [
            code(cell) if cell and index in data.code and row.tone != "closed" else prose(cell)
            for index, cell in enumerate(row.cells)
        ]
        lines.append(
            _line(
                [f"**{cell}**" if row.tone == "open" and cell == tables.EVERYONE else cell for cell in cells]
            )
        )
    if rows is not None and len(data.rows) > rows:
        lines.append(_line([f"… and {len(data.rows) - rows:,} more", *[""] * (len(data.columns) - 1)]))
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


@dataclass
class Section:
    """``sizes`` are ever shorter renderings; after the last the part is left out, and ``name`` says what is missing."""

    name: str
    importance: int
    sizes: Sequence[Callable[[], str]]
    chosen: int = 0

    def render(self) -> str:
        return self.sizes[self.chosen]() if self.chosen < len(self.sizes) else ""


def fitted(parts: Sequence[Section], limit: int) -> str:
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


def _missing(parts: Sequence[Section]) -> str:
    names = list(dict.fromkeys(part.name for part in parts if part.chosen))
    if not names:
        return ""
    return f"_Left out or shortened to fit into a comment: {', '.join(names)}. The formats `text` and `html` have all._"


def _rows(data: Table, importance: int, fold: bool = False, note: str = "") -> Section:
    def shorter(rows: int | None) -> Callable[[], str]:
        def render() -> str:
            if not data.rows:
                return ""
            body = table(data, rows) + (f"\n\n{prose(note)}" if note else "")
            return (
                folded(f"{data.title} ({len(data.rows):,})", body) if fold else f"### {data.title}\n\n{body}"
            )

        return render

    return Section(
        data.title.lower(),
        importance,
        [shorter(None), *(shorter(n) for n in (200, 50, 10) if n < len(data.rows))],
    )


def _details(change: Change) -> Section:
    """The differences of a resource as one folded block."""
    lines: list[str] = []
    for difference in own_differences(change):
        lines.append(f"@@ {difference.path}{' (replaces the resource)' if difference.replaces else ''} @@")
        lines += change_tables.diff(difference)

    def shorter(number: int) -> Callable[[], str]:
        def render() -> str:
            shown = [clip(line) for line in lines[:number]]
            if len(lines) > number:
                shown.append(f"… {len(lines) - number:,} more lines")
            title = f"{change.action}: {name_in_html(change.name)} ({tables.count(len(lines), 'line')})"
            return folded(title, fenced("\n".join(shown), "diff"))

        return render

    sizes = [shorter(max(len(lines), 1)), *(shorter(n) for n in (100, 20) if n < len(lines))]
    return Section("differences", 30 + change.consequence, sizes)


_ICONS = {"good": "✅", "warn": "⚠️", "bad": "🛑", "odd": "❓"}


def to_markdown(report: Report, *, limit: int = LIMIT) -> str:
    """A comment of at most ``limit`` bytes, from 4,096 on. It begins with `marker`."""
    evaluation = report.evaluation
    parts = [*_verdict(report), *_stack(report)]
    parts.append(Section("footer", 99, [lambda: prose(tables.footer(evaluation))]))
    return fitted(parts, limit)


def _verdict(report: Report) -> Iterator[Section]:
    """What a reviewer decides by: the headline, what the gate says, what becomes more open, and what causes what."""
    evaluation = report.evaluation
    head = [marker(evaluation), f"## {code(evaluation.project)} / {code(evaluation.stack)}"]
    if not report.compared:
        yield Section("headline", 100, [lambda: "\n".join([*head, "", prose(about(report))])])
        return
    comparison, gate = report.compared
    first = first_screen(report)
    head[1] += f": {_ICONS[first.tone]} {prose(first.title)}"
    if first.compared:
        head.append(_compared(first.compared))
    also = f" Also: {prose(tables.lowered(first.also))}." if first.also else ""
    head += ["", f"**{first.state}.**{also} {prose(first.counts)}"]
    yield Section("headline", 100, [lambda: "\n".join(head)])
    if first.tone != "good":
        yield Section("what happens", 98, [lambda: "\n".join(_decided_by(first))])
    shown: list[tuple[Table, int]] = [
        (change_tables.errors(comparison), 99),
        (change_tables.whole(comparison, gate), 99),
        (change_tables.closed(gate), 98),
        (change_tables.opened(comparison, gate), 97),
        (change_tables.contract(comparison, gate), 97),
        (posture_tables.posture_changes(comparison.posture), 95),
        (change_tables.causes(report.groups), 94),
        (change_tables.upgrade(comparison), 92),
        (change_tables.acknowledged(gate), 96),
        (change_tables.gate_warnings(gate), 95),
    ]
    for data, importance in shown:
        yield from _first(data, importance)
    for group in report.groups:
        yield from (_details(change) for change in group.changes if own_differences(change))
    following = [change.name for group in report.groups for change in group.follow]
    if following:
        yield Section("what follows", 25, [functools.partial(_following, following)])
    if comparison.outputs:
        yield _rows(change_tables.outputs(comparison), 60, fold=True)
    if report.cost_change and report.cost_change.direction != "same":
        yield _rows(cost_tables.cost_changes(report.cost_change), 93, fold=True)


def _compared(sides: Sequence[str]) -> str:
    """`main (0123456789ab of 2026-11-27) → topic (…); Pulumi.prod.yaml, stack prod`, in small letters."""
    return (
        f"<sub>{' → '.join(map(prose, sides[:2]))}{''.join(f'; {prose(both)}' for both in sides[2:])}</sub>"
    )


def _decided_by(first: FirstScreen) -> Iterator[str]:
    """What happens, which edit does it, and what to do, as a list."""
    if first.edits:
        more = f" and {first.more_edits:,} more" if first.more_edits else ""
        yield f"- **Edited:** {', '.join(code(title(edit)) for edit in first.edits)}{more}"
    if first.why:
        yield f"- **What happens:** {'; '.join(map(prose, first.why))}"
    if first.to_do:
        yield f"- **To do:** {prose(first.to_do)}"


def _first(data: Table, importance: int) -> Iterator[Section]:
    """A table that a reviewer must see: its first rows, which are the worst, and the rest folded."""
    if not data.rows:
        return
    yield _rows(replace(data, rows=data.rows[:FIRST]), importance)
    if len(data.rows) > FIRST:
        yield _rows(
            replace(data, title=f"{data.title}: more", rows=data.rows[FIRST:]), importance - 50, fold=True
        )


def _stack(report: Report) -> Iterator[Section]:
    """The stack as it will be: with a comparison folded into one line, for whoever wants to look around."""
    evaluation, after = report.evaluation, bool(report.compared)
    shown = [
        _rows(tables.reach(evaluation), 90, after),
        _rows(tables.warnings(evaluation), 80, after),
        _rows(posture_tables.posture_notes(report.posture), 79, after),
        _rows(
            posture_tables.posture(report.posture),
            75,
            True,
            tables.sentence(posture_tables.posture_counts(report.posture)),
        ),
        _rows(tables.edge_rules(evaluation), 65, True),
        _rows(tables.state(evaluation), 70, True),
        _rows(tables.groups(evaluation), 60, True),
        _rows(cost_tables.cost(report.cost), 55, True, tables.sentence(cost_tables.cost_sum(report.cost))),
        _rows(tables.outputs(evaluation), 50, True),
        _rows(tables.resources(evaluation), 20, True),
    ]
    if after:
        opening = f"<details>\n<summary>The stack after this change</summary>\n\n{prose(about(report))}"
        yield Section("the stack", 100, [lambda: opening])
    yield from (part for part in shown if part.render())
    for name, text in evaluation.user_data.items() if not after else ():
        title = f"cloud-init of {name_in_html(name)} ({tables.count(text.count(chr(10)), 'line')})"
        yield Section("cloud-init", 10, [functools.partial(_cloud_init, title, text)])
    if after:
        yield Section("the stack", 100, [lambda: "</details>"])


def _following(names: Sequence[str]) -> str:
    title = f"updated only because of these: {tables.count(len(names), 'resource')}"
    return folded(title, "\n".join(f"- {code(name)}" for name in names))


def _cloud_init(title: str, text: str) -> str:
    return folded(title, fenced(text, "yaml"))
