"""The pull-request comment, read by GitHub's own Markdown parser (cmark-gfm) and by markdown-it."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser

import cmarkgfm
import pytest
from cmarkgfm.cmark import Options
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from model.paths import PathPattern
from preview.report import markdown, tables
from preview.report.report import build
from preview.report.tables import Row, Table
from tests.evaluations import EXAMPLES, deployed
from tests.preview.hostile import TEXT, hostile, hostile_comparison_report, hostile_posture, hostile_report
from tests.preview.scripted import large_change
from tests.thorough import examples

CELLS = st.lists(st.tuples(TEXT, TEXT, TEXT), min_size=1, max_size=4)


class Reader(HTMLParser):
    """The elements of a page, its text outside code, and its text within."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: Counter[str] = Counter()
        self.text, self.code, self.inside = "", "", 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag] += 1
        assert not [name for name, _ in attrs if name not in ("lang", "start")], attrs
        self.inside += tag == "code"

    def handle_endtag(self, tag: str) -> None:
        self.inside -= tag == "code"

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.code += data
        else:
            self.text += data


def github(text: str) -> Reader:
    flags = Options.CMARK_OPT_UNSAFE | Options.CMARK_OPT_GITHUB_PRE_LANG | Options.CMARK_OPT_FOOTNOTES
    return Reader(cmarkgfm.github_flavored_markdown_to_html(text, flags))


def tokens(text: str) -> list[Token]:
    found = []
    for token in MarkdownIt("gfm-like").parse(text):
        found += [token, *(token.children or [])]
    return found


def harmless(text: str) -> bool:
    """Nothing in it that GitHub turns into a link, a ping or a picture after parsing."""
    return not re.search(r"@(?=\w)|#\d|GH-\d|://|www\.|:\w+:|[0-9a-fA-F]{7,}|\$", text)


@given(TEXT)
@example("1. a")
@example("- a")
@settings(max_examples=examples(300), deadline=None)
def test_a_sentence_is_one_paragraph_of_plain_words_and_code(text: str) -> None:
    written = markdown.prose(text)
    read = github(written)
    assert set(read.elements) <= {"p", "code"}
    assert harmless(read.text), read.text
    assert {token.type for token in tokens(written)} <= {
        "paragraph_open",
        "paragraph_close",
        "inline",
        "text",
        "text_special",
        "code_inline",
    }


@given(TEXT)
@settings(max_examples=examples(200), deadline=None)
def test_a_sentence_loses_nothing_that_can_be_seen(text: str) -> None:
    read = HTMLText(cmarkgfm.github_flavored_markdown_to_html(markdown.prose(text), Options.CMARK_OPT_UNSAFE))
    expected = markdown.clean(markdown.clip(text.strip()))
    # Backticks in pairs are the text's own mark of code.
    assert re.sub(r"[`\s]", "", read) == re.sub(r"[`\s]", "", expected)


def test_what_a_sentence_has_in_backticks_is_code() -> None:
    assert (
        markdown.prose("Make an `aws.ec2.FlowLog` now, or `a b`.")
        == "Make an `aws.ec2.FlowLog` now, or `a b`."
    )
    assert markdown.prose("`a``b` `c") == "`a` `b` `` `c ``"


def HTMLText(page: str) -> str:
    reader = Reader.__new__(Reader)
    HTMLParser.__init__(reader)
    reader.elements, reader.text, reader.code, reader.inside = Counter(), "", "", 0
    collected: list[str] = []
    reader.handle_data = collected.append  # type: ignore[method-assign, assignment]
    reader.feed(page)
    return "".join(collected)


@given(CELLS)
@settings(max_examples=examples(200), deadline=None)
def test_a_table_keeps_its_rows_and_columns(cells: list[tuple[str, str, str]]) -> None:
    data = Table("t", ("a", "b", "c"), tuple(Row(row) for row in cells), frozenset({1}))
    written = markdown.table(data)
    read = github(written)
    assert (read.elements["table"], read.elements["tr"], read.elements["th"]) == (1, len(cells) + 1, 3)
    assert read.elements["td"] == 3 * len(cells)
    assert set(read.elements) <= {"table", "thead", "tbody", "tr", "th", "td", "code"}
    assert harmless(read.text), read.text
    kinds = Counter(token.type for token in tokens(written))
    assert (kinds["td_open"], kinds["tr_open"]) == (3 * len(cells), len(cells) + 1)
    assert not {"link_open", "image", "html_inline", "html_block", "strong_open", "em_open"} & set(kinds)


@given(TEXT)
@settings(max_examples=examples(200), deadline=None)
def test_a_block_of_code_ends_only_where_we_end_it(text: str) -> None:
    written = markdown.folded("t", markdown.fenced(text, "diff")) + "\n\nafter"
    read = github(written)
    assert read.elements == Counter({"details": 1, "summary": 1, "pre": 1, "code": 1, "p": 1})
    assert read.text.split() == ["t", "after"]


def shown(text: str) -> str:
    """The comment of a stack with ``text`` all over it; the judgement is another test's matter."""
    return markdown.to_markdown(hostile_report(deployed("maycast-recorder"), text), limit=200_000)


def shown_comparison(text: str) -> str:
    """The comment of a change with ``text`` in all that it says."""
    return markdown.to_markdown(hostile_comparison_report(large_change(), text), limit=400_000)


@pytest.mark.parametrize("written", [shown, shown_comparison])
@given(text=TEXT)
@settings(max_examples=examples(8), deadline=None)
def test_the_comment_of_a_hostile_stack_has_the_form_of_an_honest_one(
    written: Callable[[str], str], text: str
) -> None:
    honest, read = (github(written(added)) for added in ("x", f"x {text}"))
    counted = [
        "table",
        "tr",
        "td",
        "th",
        "details",
        "summary",
        "h2",
        "h3",
        "p",
        "pre",
        "ul",
        "ol",
        "li",
        "a",
        "img",
        "strong",
        "em",
        "hr",
    ]
    assert [(name, read.elements[name]) for name in counted] == [
        (name, honest.elements[name]) for name in counted
    ]
    assert not set(read.elements) - set(honest.elements)
    assert harmless(read.text)


@pytest.mark.parametrize("example_name", EXAMPLES)
def test_a_comment_of_an_example_fits_whole(example_name: str) -> None:
    written = markdown.to_markdown(build(deployed(example_name)))
    assert len(written.encode()) <= 65_536
    assert "Left out" not in written
    assert written.startswith("<!-- drawbridge:preview prod -->\n## `drawbridge` / `prod`\n")


def test_the_table_of_who_reaches_what() -> None:
    written = markdown.to_markdown(build(deployed("maycast-recorder")))
    assert "1 route open to everyone and 1 route behind a login; nothing else answers." in written
    who = "`ops@example.com`, second factor, session `8h`"
    assert f"| `rec.example.com/admin/*` | {who} | edge, connector | `http://nginx:80` |" in written
    assert "| `rec.example.com` | **everyone on the Internet** | none | `http://nginx:80` |" in written
    assert "| anything else | nobody |  | `http_status:404` |" in written


@given(st.integers(4_096, 34_000))
@settings(max_examples=examples(15), deadline=None)
def test_whatever_the_limit_the_comment_keeps_it_and_says_what_is_missing(limit: int) -> None:
    written = markdown.to_markdown(build(deployed("maycast-recorder")), limit=limit)
    assert len(written.encode()) <= limit
    assert "_Left out or shortened to fit into a comment: " in written
    assert "route open to everyone" in written


@pytest.mark.slow
@pytest.mark.parametrize("letter", ["x", "é", "\N{PILE OF POO}", "`", "|", "\nx", "@a "])
def test_endless_values_and_lists_keep_the_limit(letter: str) -> None:
    endless, stack = letter * 70_000, deployed("maycast-recorder")
    outputs = {f"{n}{endless}": [endless] for n in range(300)}
    evaluation = dataclasses.replace(hostile(stack, endless), warnings=(endless,) * 3_000, outputs=outputs)
    report = dataclasses.replace(build(evaluation), posture=hostile_posture(stack, endless))
    written = markdown.to_markdown(report)
    assert len(written.encode()) <= 65_536
    assert "before you deploy" in written.rpartition("_Left out or shortened")[2]


def test_the_least_important_goes_first() -> None:
    part = lambda name, importance: markdown.Section(name, importance, [lambda: name * 100])  # noqa: E731
    parts = [part("a", 1), part("b", 5), part("c", 3), part("d", 4)]
    assert markdown.fitted(parts, 500) == "\n\n".join(name * 100 for name in "abcd") + "\n"
    written = markdown.fitted(parts, 390)
    assert [name for name in "abcd" if name * 100 in written] == ["a", "b"]
    assert "comment: c, d. The" in written


def test_a_name_cannot_end_the_marker() -> None:
    evaluation = dataclasses.replace(deployed("maycast-recorder"), stack="a-->\n<b>")
    assert markdown.marker(evaluation) == "<!-- drawbridge:preview a-----b- -->"


def test_counts_and_lists_read_as_sentences() -> None:
    assert [tables.count(n, "route") for n in (0, 1, 2, 1000)] == [
        "0 routes",
        "1 route",
        "2 routes",
        "1,000 routes",
    ]
    assert [tables.listed(list(text)) for text in ("", "a", "ab", "abc")] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]


@pytest.mark.parametrize("path", ["/", "/healthz", "/admin/*", "/api/upload*", "/a.b/(c)+*"])
def test_a_path_reads_as_it_was_written(path: str) -> None:
    assert tables.path(PathPattern.parse(path).regex()) == path


def test_an_expression_that_no_path_makes_is_shown_as_it_is() -> None:
    assert [tables.path(regex) for regex in (None, ".*", "^/(a|b)", "/x")] == ["", " .*", " ^/(a|b)", " /x"]
