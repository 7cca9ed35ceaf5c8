"""Pages: links and files that they name are there, and the site is built from them."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from tests.evaluations import ROOT
from tests.project.files import PAGES

MKDOCS = ROOT / ".venv/docs/bin/mkdocs"


def test_the_readme_can_be_read_at_one_sitting() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 180


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives a page's headings."""
    found: set[str] = set()
    tokens = MarkdownIt().parse(text)
    for opening, inline in itertools.pairwise(tokens):
        if opening.type == "heading_open":
            plain = "".join(child.content for child in inline.children or [])
            slug = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
            count = sum(bool(re.fullmatch(rf"{re.escape(slug)}(-\d+)?", other)) for other in found)
            found.add(f"{slug}-{count}" if count else slug)
    return found


def dead_links(page: Path) -> list[str]:
    """Links to files or headings that are not there; links to the Web are not followed."""
    inlines = (
        token for token in MarkdownIt().enable("table").parse(page.read_text()) if token.type == "inline"
    )
    links = [
        str(child.attrs.get("href", child.attrs.get("src")))
        for inline in inlines
        for child in inline.children or []
        if child.type in ("link_open", "image")
    ]
    dead = []
    for link in links:
        if re.match(r"[a-z]+:", link):
            continue
        file, _, anchor = link.partition("#")
        target = page.parent / file if file else page
        if not target.exists() or (anchor and anchor not in anchors(target.read_text())):
            dead.append(link)
    return dead


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    assert dead_links(page) == []


def test_a_dead_link_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "there.md").write_text("# One `two`: three\n\n## Same\n\n## Same\n")
    page = tmp_path / "page.md"
    page.write_text(
        "[a](there.md#one-two-three) [b](there.md#same-1) [c](https://example.com/#x)\n\n"
        "| [d](gone.md) |\n| --- |\n| [e](there.md#four) |\n"
    )
    assert dead_links(page) == ["gone.md", "there.md#four"]


OURS = [page for page in PAGES if "examples" not in page.parts]  # an example also names its app's own files


@pytest.mark.parametrize("page", OURS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_that_a_page_names_is_there(page: Path) -> None:
    folders = "|".join(
        path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")
    )
    named = re.findall(rf"`((?:{folders})/[\w./-]+)`", page.read_text())
    assert [name for name in named if not (ROOT / name).exists()] == []


def build(docs: Path, site: Path) -> subprocess.CompletedProcess[str]:
    settings = docs.parent / "mkdocs.yml"
    command = [str(MKDOCS), "build", "--strict", "--config-file", str(settings), "--site-dir", str(site)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


@pytest.mark.skipif(not MKDOCS.exists(), reason="the site's environment is not there: make docs")
def test_the_site_is_whole_and_asks_nothing_of_others(tmp_path: Path) -> None:
    site = tmp_path / "site"
    built = build(ROOT / "docs", site)
    assert built.returncode == 0, built.stderr
    assert list(site.rglob("*.py")) == []
    pages = list(site.rglob("*.html"))
    assert len(pages) > len(list((ROOT / "docs").rglob("*.md")))  # and the one for what is not found
    for page in pages:
        loaded = re.findall(
            r"<(?:script|img|iframe|link)\b[^>]*(?:src|href)=\"?([^\s\">]+)", page.read_text()
        )
        assert [url for url in loaded if re.match("(https?:)?//", url)] == [], page


@pytest.mark.skipif(not MKDOCS.exists(), reason="the site's environment is not there: make docs")
@pytest.mark.parametrize(
    ("page", "text", "noticed"),
    [
        ("apps.md", "[x](gone.md)", "contains a link 'gone.md'"),
        ("apps.md", "[x](settings.md#gone)", "does not contain an anchor '#gone'"),
        ("adr/0099-new.md", "# New", 'not included in the "nav"'),
    ],
)
def test_the_site_is_not_built_with_a_fault(tmp_path: Path, page: str, text: str, noticed: str) -> None:
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    with (tmp_path / "docs" / page).open("a") as file:
        file.write(f"\n{text}\n")
    built = build(tmp_path / "docs", tmp_path / "site")
    assert built.returncode != 0
    assert noticed in built.stderr
