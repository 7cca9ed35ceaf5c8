"""Boxes, labels and wires with their places, as plain data.

Lengths are in the drawing's own units, a CSS pixel each at its natural size. Labels are cut to the room that they have;
``full`` is the whole text. Nothing here knows SVG; the page's template draws it.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field

SIZES = {"title": 14.0, "code": 12.0, "text": 12.0, "wire": 11.0, "mark": 12.0}
# Advances of letters in parts of the size, rounded up: DejaVu's, the widest fonts in use, so that no other needs more room.
_WIDTHS = {
    0.35: "ijlIJ',./:;\\| ",
    0.4: "ft()-[]",
    0.45: "r!",
    0.5: '"*_`',
    0.55: "csz?",
    0.6: "kvxyFL",
    0.7: "ABCKRVXZ",
    0.75: "NU",
    0.8: "DGHOQ&",
    0.85: "w#+<=>^~→×",
    0.9: "M",
    1.0: "mW%@…",
}
_LETTERS = {letter: width for width, letters in _WIDTHS.items() for letter in letters}
_CODE, _OTHER, _FULL, _BOLD = 0.61, 0.65, 1.25, 1.13
PAD, LINE, GAP = 14.0, 18.0, 10.0


@dataclass(frozen=True)
class Box:
    x: float
    y: float
    width: float
    height: float
    kind: str


@dataclass(frozen=True)
class Label:
    """``x`` is where the text begins, or its middle if ``centred``; ``y`` is its baseline; ``room`` is how wide it may be."""

    x: float
    y: float
    text: str
    kind: str
    full: str
    room: float
    centred: bool = False


@dataclass(frozen=True)
class Wire:
    """An arrow along ``points``: its head is who is spoken to."""

    points: tuple[tuple[float, float], ...]
    kind: str

    @property
    def path(self) -> str:
        return "M" + " L".join(f"{x:g} {y:g}" for x, y in self.points)


def measure(text: str, kind: str) -> float:
    """How wide a label is at most."""
    wide = [unicodedata.east_asian_width(letter) in "WF" for letter in text]
    if kind == "code":
        return SIZES[kind] * sum(_FULL if broad else _CODE for broad in wide)
    ems = sum(
        _FULL if broad else _LETTERS.get(letter, _OTHER) for letter, broad in zip(text, wide, strict=True)
    )
    return SIZES[kind] * ems * (_BOLD if kind in ("title", "mark") else 1)


def cut(text: str, kind: str, room: float) -> str:
    """As much of the text as its room holds."""
    if measure(text, kind) <= room:
        return text
    text = text[: int(room)]
    while text and measure(text + "…", kind) > room:
        text = text[:-1]
    return text + "…"


@dataclass
class Drawing:
    width: float
    height: float = 0.0
    boxes: list[Box] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    wires: list[Wire] = field(default_factory=list)

    def box(self, x: float, y: float, width: float, height: float, kind: str) -> Box:
        self.boxes.append(Box(x, y, width, height, kind))
        self.height = max(self.height, y + height)
        return self.boxes[-1]

    def label(self, x: float, y: float, text: str, kind: str, room: float, centred: bool = False) -> None:
        self.labels.append(Label(x, y, cut(text, kind, room), kind, text, room, centred))

    def wire(self, *points: tuple[float, float], kind: str) -> None:
        self.wires.append(Wire(points, kind))


@dataclass(frozen=True)
class Card:
    """A titled box; each line is (text, kind of label)."""

    title: str
    lines: tuple[tuple[str, str], ...]
    kind: str

    @property
    def height(self) -> float:
        return 2 * PAD + LINE * (len(self.lines) + 1) - 6

    def marked(self, mark: str, text: str) -> Card:
        """The same card with a line that says what a change makes of it; ``mark`` is how to colour it."""
        return Card(self.title, (*self.lines, (text, "mark")), f"{self.kind} {mark}")

    def draw(self, drawing: Drawing, x: float, y: float, width: float, height: float = 0) -> Box:
        box = drawing.box(x, y, width, max(height, self.height), self.kind)
        for index, (text, kind) in enumerate([(self.title, "title"), *self.lines]):
            drawing.label(x + PAD, y + PAD + 10 + index * LINE, text, kind, width - 2 * PAD)
        return box
