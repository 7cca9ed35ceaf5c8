"""Pages in a browser: nothing overlaps, nothing scrolls sideways, and everybody can read them."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from preview.report.page import to_html
from preview.report.report import build
from tests.evaluations import EXAMPLES, deployed
from tests.preview import browser
from tests.preview.hostile import hostile
from tests.preview.test_page import page

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Any:
    if not browser.PROGRAM:
        pytest.skip(browser.WHY_NOT)
    with browser.browser(tmp_path_factory.mktemp("chromium")) as opened:
        yield opened


OVERFLOW = "document.documentElement.scrollWidth - innerWidth"
# Labels whose ink leaves the box that they lie in, or meets another's; in CSS pixels with a pixel's tolerance.
LABELS = """(() => {
  const svg = [...document.querySelectorAll('svg')].filter(s => s.getBoundingClientRect().width > 0);
  if (svg.length !== 1) return ['drawings shown: ' + svg.length];
  const boxes = [...svg[0].querySelectorAll('rect')].map(r => r.getBoundingClientRect());
  const texts = [...svg[0].querySelectorAll('text')].map(t => [t.textContent, t.getBoundingClientRect()]);
  const bad = [];
  texts.forEach(([text, t], n) => {
    const x = (t.left + t.right) / 2, y = (t.top + t.bottom) / 2;
    const around = boxes.filter(b => b.left <= t.left + 1 && b.right >= t.left && b.top <= y && b.bottom >= y);
    const box = around[around.length - 1];
    if (box && (t.right > box.right + 1 || t.left < box.left - 1)) bad.push('leaves its box: ' + text);
    texts.slice(n + 1).forEach(([other, o]) => {
      if (t.left < o.right - 1 && o.left < t.right - 1 && t.top < o.bottom - 4 && o.top < t.bottom - 4) bad.push(text + ' meets ' + other);
    });
  });
  return bad;
})()"""


VIEWS = [(name, *view) for name in EXAMPLES for view in ((1440, "light"), (390, "dark"))]
VIEWS += [("compared", width, scheme) for width in (1440, 390) for scheme in ("light", "dark")]


@pytest.mark.parametrize(("name", "width", "scheme"), VIEWS)
def test_a_page_in_chromium(tab: browser.Page, tmp_path: Path, name: str, width: int, scheme: str) -> None:
    file = tmp_path / f"{name}.html"
    file.write_text(page(name), encoding="utf-8")
    tab.open(file, width=width, scheme=scheme)
    assert tab.run("innerWidth") == width
    assert tab.run(f"matchMedia('(prefers-color-scheme: {scheme})').matches") is True
    assert tab.run(OVERFLOW) <= 0
    assert tab.run(LABELS) == []
    assert (
        tab.run(
            "[...document.querySelectorAll('section')].filter(s => s.getBoundingClientRect().height < 40).length"
        )
        == 0
    )
    tab.run("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert tab.run(OVERFLOW) <= 0
    assert tab.requests == [file.as_uri()]
    assert tab.messages == []


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_a_page_can_be_read_by_all(tab: browser.Page, tmp_path: Path, width: int, scheme: str) -> None:
    """axe-core, with all details open: contrast, names, roles, order of headings."""
    file = tmp_path / "page.html"
    file.write_text(page("compared"), encoding="utf-8")
    tab.open(file, width=width, scheme=scheme)
    tab.run("document.querySelectorAll('details').forEach(d => d.open = true)")
    tab.run((resources.files("axe_core_python") / "axe.min.js").read_text(encoding="utf-8") + ";0")
    rules = "{runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']}"
    summary = "({violations: r.violations.map(v => [v.id, v.nodes.slice(0, 3).map(n => n.html)]), passes: r.passes.map(v => v.id)})"
    judged = tab.run(f"axe.run(document, {rules}).then(r => {summary})")
    assert judged["violations"] == []
    assert {"color-contrast", "document-title", "html-has-lang", "heading-order", "landmark-one-main"} <= set(
        judged["passes"]
    )


def test_the_two_schemes_differ(tab: browser.Page, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_text(page("image2model"), encoding="utf-8")
    colours = []
    for scheme in ("light", "dark"):
        tab.open(file, width=1440, scheme=scheme)
        colours.append(
            tab.run(
                "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]"
            )
        )
    assert colours == [["rgb(246, 247, 249)", "rgb(28, 36, 48)"], ["rgb(18, 22, 29)", "rgb(230, 234, 240)"]]


def test_a_page_whose_names_are_endless_does_not_scroll_sideways(tab: browser.Page, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_text(to_html(build(hostile(deployed("maycast-recorder"), "x" * 300))), encoding="utf-8")
    for width in (1440, 390):
        tab.open(file, width=width)
        assert tab.run(OVERFLOW) <= 0
        assert tab.run(LABELS) == []
