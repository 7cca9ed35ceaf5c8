"""Where everything of the diagram stands, by arithmetic alone: the same stack is the same picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from preview.report.diagram.canvas import GAP, LINE, PAD, Box, Card, Drawing, measure
from preview.report.diagram.picture import Picture


def wide(picture: Picture) -> Drawing:
    """From left to right, for a screen of a thousand pixels and more."""
    drawing = Drawing(width=1200)
    edge = _edge(drawing, picture, 172, 0, 364)
    frame, machine_x, state_x = 656.0, 672.0, 992.0
    top = _frame_title(drawing, picture, frame, 0, 544) + GAP
    column = sum(card.height + GAP for card, _ in picture.state) - GAP if picture.state else 0
    machines, connector = _machines(drawing, picture, machine_x, top, 250, column)
    bottom = machines.y + machines.height
    y = machines.y
    for card, port in picture.state:
        box = card.draw(drawing, state_x, y, 192)
        middle = box.y + box.height / 2
        drawing.wire((machines.x + machines.width, middle), (box.x, middle), kind="data")
        drawing.label((machines.x + machines.width + box.x) / 2, middle - 7, port, "wire", 70, centred=True)
        y += box.height + GAP
    if picture.endpoint:
        box = _endpoint_card().draw(drawing, machine_x, bottom + 38, 250)
        drawing.wire((box.x + 40, box.y), (box.x + 40, bottom), kind="data")
        drawing.label(box.x + 52, bottom + 24, f"SSH, {picture.endpoint}", "wire", 150)
        bottom = box.y + box.height
    frame_height = max(bottom, y) + 16
    height = max(frame_height, edge.height, 170)
    drawing.boxes[0:0] = [
        Box(edge.x, 0, edge.width, max(edge.height, 170), "zone edge"),
        Box(frame, 0, 544, frame_height, "zone vpc"),
    ]
    drawing.height = height
    line = connector.y + connector.height / 2
    visitors = drawing.box(0, line - 24, 100, 48, "actor")
    drawing.label(50, line + 5, "Visitors", "title", 90, centred=True)
    drawing.wire((100, line), (edge.x, line), kind="request")
    drawing.label((visitors.x + visitors.width + edge.x) / 2, line - 7, "https", "wire", 60, centred=True)
    drawing.wire((connector.x, line), (edge.x + edge.width, line), kind="tunnel")
    between = (edge.x + edge.width + frame) / 2
    drawing.label(between, line - 8, "tunnel", "wire", 110, centred=True)
    drawing.label(between, line + 18, "dialled from inside", "wire", 120, centred=True)
    if picture.entrances:
        box = _entrances(drawing, picture, 172, max(edge.height, 170, line + 40) + 30, 364)
        middle = box.y + box.height / 2
        drawing.wire((50, line + 24), (50, middle), (box.x, middle), kind="beside")
        drawing.label(60, middle - 7, "not by the edge", "wire", 104)
    return drawing


def narrow(picture: Picture) -> Drawing:
    """From top to bottom, for a phone."""
    drawing = Drawing(width=360)
    drawing.box(120, 0, 120, 36, "actor")
    drawing.label(180, 23, "Visitors", "title", 110, centred=True)
    drawing.wire((180, 36), (180, 70), kind="request")
    drawing.label(190, 57, "https", "wire", 80)
    edge = _edge(drawing, picture, 0, 70, 360)
    bottom = edge.y + edge.height
    drawing.boxes.insert(0, Box(0, edge.y, 360, edge.height, "zone edge"))
    top = bottom + 44
    inside = _frame_title(drawing, picture, 0, top, 360) + GAP
    machines, connector = _machines(drawing, picture, 14, inside, 332, 0)
    # The tunnel goes up beside the two titles, whose text leaves the right edge free.
    drawing.wire((330, connector.y), (330, bottom), kind="tunnel")
    drawing.label(150, bottom + 27, "tunnel, dialled from inside", "wire", 172)
    y = end = machines.y + machines.height
    if picture.state:
        y += 34
        for index, (card, port) in enumerate(picture.state):
            box = card.draw(drawing, 14 + (index % 2) * 158, y, 150)
            drawing.wire((box.x + 40, end), (box.x + 40, box.y), kind="data")
            drawing.label(box.x + 50, y - 13, port, "wire", 90)
            y = y if index % 2 == 0 and index + 1 < len(picture.state) else box.y + box.height
        y = max(box.y + box.height for box in drawing.boxes if "state" in box.kind.split())
    if picture.endpoint:
        box = _endpoint_card().draw(drawing, 14, y + 34, 332)
        drawing.wire((334, box.y), (334, end), kind="data")
        drawing.label(324 - 90, box.y - 13, f"SSH, {picture.endpoint}", "wire", 90)
        y = box.y + box.height
    drawing.boxes.insert(0, Box(0, top, 360, y + 14 - top, "zone vpc"))
    drawing.height = y + 14
    if picture.entrances:
        drawing.label(0, drawing.height + 26, "Visitors reach these too, not by the edge:", "wire", 340)
        _entrances(drawing, picture, 0, drawing.height + 36, 360)
    return drawing


def _entrances(drawing: Drawing, picture: Picture, x: float, y: float, width: float) -> Box:
    """What answers from outside beside the tunnel, each in a card of its own."""
    index, at = len(drawing.boxes), y + 40
    drawing.label(x + PAD, y + 26, "Also answers from outside", "title", width - 2 * PAD)
    for card in picture.entrances:
        at += card.draw(drawing, x + PAD, at, width - 2 * PAD).height + 8
    box = Box(x, y, width, at + 6 - y, "zone beside")
    drawing.boxes.insert(index, box)
    drawing.height = max(drawing.height, box.y + box.height)
    return box


def _endpoint_card() -> Card:
    return Card("EC2 Instance Connect", (("endpoint, for AWS logins", "text"),), "actor")


def _edge(drawing: Drawing, picture: Picture, x: float, y: float, width: float) -> Box:
    """Its title and a card a route. The box itself is drawn by the caller, who knows its height."""
    drawing.label(x + PAD, y + 26, "Cloudflare edge", "title", width - 2 * PAD)
    drawing.label(x + PAD, y + 45, ", ".join(picture.checks), "text", width - 2 * PAD)
    at = y + 60
    for card in picture.routes:
        at += card.draw(drawing, x + PAD, at, width - 2 * PAD).height + 8
    drawing.label(x + PAD, at + 14, picture.rest, "text", width - 2 * PAD)
    return Box(x, y, width, max(at + 30 - y, 150), "zone edge")


def _frame_title(drawing: Drawing, picture: Picture, x: float, y: float, width: float) -> float:
    drawing.label(x + 16, y + 26, "VPC", "title", 100)
    said = "no port is open to the Internet" if picture.closed else "A PORT IS OPEN TO ADDRESSES"
    drawing.label(x + 56, y + 26, said, "text", 240)
    return y + 36


def _machines(
    drawing: Drawing, picture: Picture, x: float, y: float, width: float, height: float
) -> tuple[Box, Box]:
    """The machines' box and the connector's in it."""
    index = len(drawing.boxes)
    inner, room = x + PAD, width - 2 * PAD
    drawing.label(inner, y + 24, "Machines", "title", room)
    drawing.label(
        inner, y + 43, f"{picture.machines}, Auto Scaling" if picture.machines else "none", "text", room
    )
    if picture.release:
        drawing.label(inner, y + 62, picture.release, "mark", room)
        y += LINE
    connector = drawing.box(inner, y + 56, room, 30, "service connector")
    drawing.label(inner + 10, connector.y + 20, "cloudflared", "code", room - 20)
    at = connector.y + connector.height
    for number, name in enumerate(picture.routed):
        box = drawing.box(inner, at + (22 if number == 0 else 8), room, 30, f"service{_mark(name)}")
        drawing.label(inner + 10, box.y + 20, name, "code", room - 20)
        if number == 0:
            drawing.wire((inner + 26, at), (inner + 26, box.y), kind="data")
        at = box.y + box.height
    half = (room - 8) / 2
    for number, name in enumerate(picture.others):
        left = inner + (number % 2) * (half + 8)
        box = drawing.box(
            left,
            at + (14 if number < 2 else 8) if number % 2 == 0 else box.y,
            half,
            28,
            f"service other{_mark(name)}",
        )
        drawing.label(left + 8, box.y + 19, name, "code", half - 14)
        at = box.y + box.height if number % 2 or number + 1 == len(picture.others) else at
    for line in _wrapped(["out:", *picture.egress], room) if picture.egress else ():
        at += LINE + (6 if line.startswith("out:") else 0)
        drawing.label(inner, at, line, "text", room)
    y -= LINE if picture.release else 0
    box = Box(x, y, width, max(at + PAD - y, height), "machines released" if picture.release else "machines")
    drawing.boxes.insert(index, box)
    return box, connector


def _mark(name: str) -> str:
    """How to colour a service that comes or goes."""
    return {"+ ": " added", "− ": " removed"}.get(name[:2], "")


def _wrapped(parts: Sequence[str], room: float) -> Iterable[str]:
    line = ""
    for part in parts:
        if line and measure(f"{line} {part}", "text") > room:
            yield line
            line = ""
        line = f"{line} {part}".strip()
    if line:
        yield line
