"""The HTML page: what it is made of, and what a browser does with it."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preview.analysis import gate
from preview.report import tables
from preview.report.diagram.canvas import SIZES, Card, Drawing, measure
from preview.report.diagram.layout import narrow, wide
from preview.report.diagram.picture import ROUTES, SERVICES, Picture, picture
from preview.report.markdown import to_markdown
from preview.report.page import to_html
from preview.report.report import build
from preview.report.tables import Row
from preview.resource_types import type_names
from tests.evaluations import EXAMPLES, canary, deployed, secret_names
from tests.preview.hostile import TEXT, hostile_comparison_report, hostile_report
from tests.preview.scripted import large_change
from tests.thorough import examples

VOID = {"meta", "link", "rect", "path"}


class Reader(HTMLParser):
    """The elements of a page with their attributes, and its headings."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    @property
    def counts(self) -> Counter[str]:
        return Counter(tag for tag, _ in self.elements)

    def values(self, attribute: str) -> list[str]:
        return [attributes[attribute] or "" for _, attributes in self.elements if attribute in attributes]


@functools.cache
def page(name: str) -> str:
    if name == "compared":
        return to_html(build(large_change().after, large_change(), gate.decide(large_change(), ["exposure"])))
    return to_html(build(deployed(name)))


PAGES = [*EXAMPLES, "compared"]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_needs_nothing_but_itself(name: str) -> None:
    read = Reader(page(name))
    assert not {"script", "iframe", "object", "embed", "img", "form", "base", "video", "audio"} & set(
        read.counts
    )
    assert all(
        link.startswith("#")
        for tag, attributes in read.elements
        if tag == "a"
        for link in [attributes["href"] or ""]
    )
    assert [attributes for tag, attributes in read.elements if tag == "link"] == [
        {"rel": "icon", "href": "data:,"}
    ]
    names = {name for _, attributes in read.elements for name in attributes}
    assert not [
        name
        for name in names
        if name.startswith("on") or name in ("src", "style", "srcset", "action", "background")
    ]
    assert "url(" not in re.sub(r'marker-end="url\(#[a-z-]+\)"', "", page(name).split("<svg", 1)[0])
    assert "@import" not in page(name)
    policy = (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
    )
    assert {"http-equiv": "Content-Security-Policy", "content": policy} in [
        attributes for tag, attributes in read.elements if tag == "meta"
    ]


@pytest.mark.parametrize("name", PAGES)
def test_names_within_a_page_are_unique_and_lead_somewhere(name: str) -> None:
    read = Reader(page(name))
    ids = read.values("id")
    assert sorted(ids) == sorted(set(ids))
    assert {link[1:] for link in read.values("href") if link.startswith("#")} <= set(ids)
    assert {part for value in read.values("aria-labelledby") for part in value.split()} <= set(ids)
    assert (read.counts["h1"], read.counts["main"], read.counts["header"], read.counts["footer"]) == (
        1,
        1,
        1,
        1,
    )


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_page_has_all_sections(name: str) -> None:
    ids = [
        value
        for tag, attributes in Reader(page(name)).elements
        if tag == "section"
        for value in [attributes["id"]]
    ]
    wanted = [
        "architecture",
        "reach",
        "before",
        "edge",
        "network",
        "state",
        "posture",
        "cost",
        "outputs",
        "cloud-init",
        "resources",
    ]
    assert ids == [part for part in wanted if part != "before" or deployed(name).warnings]


def test_a_page_of_a_comparison_begins_with_its_verdict() -> None:
    written = page("compared")
    assert '<div class="verdict bad" role="status">' in written
    assert "The gate is closed" in written
    assert '<p class="difference"><code class="path">instanceType</code> <del>t3.medium</del>' in written
    assert '<span class="del">-      ' in written or '<span class="add">+' in written
    assert written.index('id="changes"') < written.index('id="architecture"')


def test_the_same_stack_is_the_same_page() -> None:
    assert to_html(build(deployed("image2model"))) == page("image2model")


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("delivery", ["cloud-init", "parameter-store"])
def test_no_secret_is_on_a_page_or_in_a_comment(name: str, delivery: str) -> None:
    stack = deployed(name, secretDelivery=delivery)
    written = to_html(build(stack)) + to_markdown(build(stack))
    assert [secret for secret in secret_names(name) if canary(secret) in written] == []


def shown(text: str) -> str:
    return to_html(hostile_report(deployed("maycast-recorder"), text))


def shown_comparison(text: str) -> str:
    return to_html(hostile_comparison_report(large_change(), text))


@pytest.mark.slow
@pytest.mark.parametrize("written", [shown, shown_comparison])
@given(text=TEXT)
@settings(max_examples=examples(10), deadline=None)
def test_no_text_of_a_stack_becomes_markup(written: Callable[[str], str], text: str) -> None:
    honest, read = (Reader(written(added)) for added in ("x", f"x {text}"))
    of_the_diagram = dict.fromkeys(
        ("text", "rect", "path", "title", "code"), 0
    )  # it draws other services; backticks make code
    assert {**read.counts, **of_the_diagram} == {**honest.counts, **of_the_diagram}
    assert {name for _, attributes in read.elements for name in attributes} == {
        name for _, attributes in honest.elements for name in attributes
    }


# The drawing ------------------------------------------------------------------------------------------------------------

NAME = st.text("abcdefgh.-*/", min_size=1, max_size=60)
KINDS = st.sampled_from(["state", "state removed", "state changed"])
CARDS = st.lists(
    st.builds(lambda a, b: Card(a, ((b, "code"), (a + b, "text")), "route open"), NAME, NAME),
    max_size=ROUTES,
)
FACTS = st.builds(
    Picture,
    checks=st.lists(NAME, max_size=4).map(tuple),
    routes=CARDS.map(tuple),
    machines=NAME,
    routed=st.lists(NAME, max_size=6).map(tuple),
    others=st.lists(NAME, max_size=SERVICES).map(tuple),
    state=st.lists(
        st.tuples(st.builds(lambda a, kind: Card(a, ((a, "text"), (a, "mark")), kind), NAME, KINDS), NAME),
        max_size=2,
    ).map(tuple),
    endpoint=st.none() | NAME,
    egress=st.lists(NAME, max_size=8).map(tuple),
    closed=st.booleans(),
    rest=NAME,
    release=st.just("") | NAME,
    entrances=CARDS.map(lambda cards: tuple(cards[:6])),
)


def extents(drawing: Drawing) -> list[tuple[str, float, float, float, float]]:
    """Of each label as wide as the room it was cut to: text, left, top, right, bottom."""
    found = []
    for label in drawing.labels:
        size = SIZES[label.kind]
        width = measure(label.text, label.kind)
        assert width <= label.room or label.text == "…"
        left = label.x - width / 2 if label.centred else label.x
        found.append((label.text, left, label.y - size * 0.8, left + width, label.y + size * 0.25))
    return found


@pytest.mark.parametrize("layout", [wide, narrow], ids=["wide", "narrow"])
@given(known=FACTS)
@settings(max_examples=examples(60), deadline=None)
def test_no_label_covers_another_or_leaves_the_drawing(layout: Any, known: Picture) -> None:
    drawing = layout(known)
    placed = extents(drawing)
    for text, left, top, right, bottom in placed:
        assert left >= 0 and right <= drawing.width + 0.01 and top >= 0 and bottom <= drawing.height, text
    for index, (text, left, top, right, bottom) in enumerate(placed):
        for other, left2, top2, right2, bottom2 in placed[index + 1 :]:
            assert right <= left2 or right2 <= left or bottom <= top2 or bottom2 <= top, (text, other)


@pytest.mark.parametrize("layout", [wide, narrow], ids=["wide", "narrow"])
@given(known=FACTS)
@settings(max_examples=examples(60), deadline=None)
def test_boxes_lie_in_one_another_or_apart(layout: Any, known: Picture) -> None:
    drawing = layout(known)
    for index, a in enumerate(drawing.boxes):
        assert a.x >= 0 and a.x + a.width <= drawing.width and a.y + a.height <= drawing.height
        for b in drawing.boxes[index + 1 :]:
            apart = (
                a.x + a.width <= b.x or b.x + b.width <= a.x or a.y + a.height <= b.y or b.y + b.height <= a.y
            )
            within = (
                a.x <= b.x
                and b.x + b.width <= a.x + a.width
                and a.y <= b.y
                and b.y + b.height <= a.y + a.height
            )
            assert apart or within, (a, b)


def test_the_drawing_shows_what_the_stack_has() -> None:
    routes = [
        {"hostname": "models.example.com", "service": "http://nginx:80", "access": "users"},
        {
            "hostname": "models.example.com",
            "path": "/healthz",
            "service": "http://nginx:80",
            "access": "public",
        },
        {
            "hostname": "models.example.com",
            "path": "/old/*",
            "service": "http_status:404",
            "access": "public",
        },
    ]
    known = picture(deployed("image2model", routes=routes))
    assert [(card.title, card.lines[1][0], card.kind) for card in known.routes] == [
        ("models.example.com/healthz", "open to everyone", "route open"),
        ("models.example.com/old/*", "nobody", "route"),
        ("models.example.com", "login: @example.com, session 24h", "route guarded"),
    ]
    assert (known.machines, known.routed, known.others) == (
        "1 × t3.medium",
        ("nginx",),
        ("frontend", "backend", "redis"),
    )
    assert [(card.title, port) for card, port in known.state] == [
        ("PostgreSQL 16", "tcp/5432"),
        ("Files", "tcp/2049"),
    ]
    assert (known.endpoint, known.egress, known.closed) == (
        "tcp/22",
        ("tcp/80", "udp/123", "tcp/443", "tcp+udp/7844"),
        True,
    )
    assert known.rest == "anything else: nobody, 404"


def test_a_catch_all_that_answers_is_said_everywhere() -> None:
    stack = deployed("maycast-recorder")
    config = next(iter(stack.of_type(type_names.TUNNEL_CONFIGURATION)))
    rules = [*config.inputs["config"]["ingresses"][:-1], {"service": "http://nginx:80"}]
    opened = dataclasses.replace(config, inputs={**config.inputs, "config": {"ingresses": rules}})
    stack = dataclasses.replace(stack, resources=tuple(opened if r is config else r for r in stack.resources))
    assert picture(stack).rest == "ANYTHING ELSE: http://nginx:80"
    assert tables.reach(stack).rows[-1] == Row(
        ("anything else", "everyone on the Internet", "none", "http://nginx:80"), "open"
    )
    assert tables.summary(stack).endswith(
        "; whatever else is asked for goes to http://nginx:80, for everyone."
    )


def test_many_routes_and_services_are_counted_not_drawn() -> None:
    routes = [
        {"hostname": f"h{n}.example.com", "service": "http://nginx:80", "access": "public"} for n in range(40)
    ]
    known = picture(deployed("maycast-recorder", routes=routes, access={}))
    assert len(known.routes) == ROUTES
    assert known.routes[-1].title == "and 29 more routes"


# In a browser -----------------------------------------------------------------------------------------------------------
