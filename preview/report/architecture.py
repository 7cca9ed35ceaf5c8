"""A diagram of the stack, drawn from its resources: who comes in where, what runs, and what it may reach.

The drawing is plain data (boxes, labels and wires with their places), laid out by arithmetic alone, so the same stack is the
same picture. Nothing here knows SVG; the page's template draws it. Lengths are in the drawing's own units, a CSS pixel each at
its natural size. Labels are cut to the room that they have; ``full`` is the whole text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from preview.analysis.reach import EVERYONE, NOBODY, Reach
from preview.report import tables
from preview.resource_types import tokens
from preview.resources import Evaluation

ROUTES = 12  # more of them make a table, not a picture
SERVICES = 9
_SIZES = {"title": 14.0, "code": 12.0, "text": 12.0, "wire": 11.0}
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
_PAD, _LINE, _GAP = 14.0, 18.0, 10.0


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
        return _SIZES[kind] * sum(_FULL if broad else _CODE for broad in wide)
    ems = sum(
        _FULL if broad else _LETTERS.get(letter, _OTHER) for letter, broad in zip(text, wide, strict=True)
    )
    return _SIZES[kind] * ems * (_BOLD if kind == "title" else 1)


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
        return 2 * _PAD + _LINE * (len(self.lines) + 1) - 6

    def draw(self, drawing: Drawing, x: float, y: float, width: float, height: float = 0) -> Box:
        box = drawing.box(x, y, width, max(height, self.height), self.kind)
        for index, (text, kind) in enumerate([(self.title, "title"), *self.lines]):
            drawing.label(x + _PAD, y + _PAD + 10 + index * _LINE, text, kind, width - 2 * _PAD)
        return box


@dataclass(frozen=True)
class Facts:
    """What the picture shows of a stack."""

    checks: tuple[str, ...]
    routes: tuple[Card, ...]
    machines: str
    routed: tuple[str, ...]
    others: tuple[str, ...]
    state: tuple[tuple[Card, str], ...]
    endpoint: str | None
    egress: tuple[str, ...]
    closed: bool
    rest: str


def facts(evaluation: Evaluation) -> Facts:
    reach = Reach(evaluation)
    routes = [
        Card(
            entry.hostname + tables.path(entry.path),
            (
                (f"→ {entry.service}", "code"),
                (
                    who if who == NOBODY else "open to everyone" if who == EVERYONE else f"login: {who}",
                    "text",
                ),
            ),
            "route" if who == NOBODY else "route open" if who == EVERYONE else "route guarded",
        )
        for entry in reach.entries[:ROUTES]
        for who in [reach.met(entry).who]
    ]
    if len(reach.entries) > ROUTES:
        left = len(reach.entries) - ROUTES + 1
        routes = [
            *routes[: ROUTES - 1],
            Card(f"and {left:,} more routes", (("in the table below", "text"),), "route more"),
        ]
    services = _services(evaluation)
    hosts = {re.sub(r"^[a-z0-9+.-]+://([^/:]+).*$", r"\1", entry.service) for entry in reach.entries}
    fleet = next(iter(evaluation.of_type(tokens.FLEET)), None)
    template = next(iter(evaluation.of_type(tokens.TEMPLATE)), None)
    size = str(template.inputs.get("instanceType", "")) if template else ""
    number = fleet.inputs.get("desiredCapacity", 1) if fleet else 0
    inbound = list(evaluation.of_type(tokens.INBOUND))
    return Facts(
        checks=tuple(_checks(evaluation)),
        routes=tuple(routes),
        machines=f"{number} × {size}" if size else "",
        routed=tuple(name for name in services if name in hosts),
        others=_few([n for n in services if n not in hosts]),
        state=tuple(_state(evaluation, inbound)),
        endpoint=_endpoint(evaluation, inbound),
        egress=tuple(_egress(evaluation)),
        closed=not any(
            rule.inputs.get(key) for rule in inbound for key in ("cidrIpv4", "cidrIpv6", "prefixListId")
        ),
        rest=_rest(reach.catch_all),
    )


def _rest(catch_all: str | None) -> str:
    if catch_all and catch_all.startswith("http_status:"):
        return f"anything else: nobody, {catch_all.removeprefix('http_status:')}"
    return f"ANYTHING ELSE: {catch_all or 'not said'}"


def _few(names: Sequence[str]) -> tuple[str, ...]:
    return (
        tuple(names)
        if len(names) <= SERVICES
        else (*names[: SERVICES - 1], f"and {len(names) - SERVICES + 1} more")
    )


def _checks(evaluation: Evaluation) -> Iterable[str]:
    yield "DNS, TLS"
    phases = {str(ruleset.inputs.get("phase")) for ruleset in evaluation.of_type(tokens.RULESET)}
    if phases & {"http_request_firewall_managed", "http_request_firewall_custom"}:
        yield "firewall"
    if "http_ratelimit" in phases:
        yield "rate limits"
    if evaluation.of_type(tokens.APPLICATION):
        yield "Access"


def _services(evaluation: Evaluation) -> list[str]:
    """Names of the compose services on a machine, from its cloud-init; the connector has a place of its own."""
    names: dict[str, None] = {}
    for text in evaluation.user_data.values():
        for file in _files(text):
            if file.get("path", "").startswith("/opt/drawbridge/app/") and file.get("path", "").endswith(
                ".yaml"
            ):
                names |= dict.fromkeys(_mapping(_mapping(_yaml(file.get("content", ""))).get("services")))
    return [name for name in names if name != "cloudflared"]


def _files(text: str) -> list[dict[str, Any]]:
    listed = _mapping(_yaml(text)).get("write_files")
    return [file for file in listed if isinstance(file, dict)] if isinstance(listed, list) else []


def _yaml(text: Any) -> Any:
    try:
        return yaml.load(str(text), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, UnicodeEncodeError):  # a lone surrogate is no text of a file's
        return None


def _mapping(value: Any) -> dict[str, Any]:
    return {str(key): item for key, item in value.items()} if isinstance(value, dict) else {}


def _state(evaluation: Evaluation, inbound: Sequence[Any]) -> Iterable[tuple[Card, str]]:
    """Each with the port that the machines speak to."""
    for database in evaluation.of_type(tokens.DATABASE):
        data = database.inputs
        safe = "encrypted" if data.get("storageEncrypted") else "not encrypted"
        lines = [f"RDS, {data.get('instanceClass')}", f"{data.get('allocatedStorage')} GiB, {safe}"]
        lines += ["PUBLIC ADDRESS" if data.get("publiclyAccessible") else "no public address"]
        if data.get("multiAz"):
            lines.append("with a standby")
        engine = {"postgres": "PostgreSQL"}.get(str(data.get("engine")), str(data.get("engine")))
        card = Card(f"{engine} {data.get('engineVersion')}", tuple((line, "text") for line in lines), "state")
        yield card, _port(inbound, "database", "tcp/5432")
    for files in evaluation.of_type(tokens.FILES):
        lines = [
            "lasting volumes, EFS",
            "encrypted" if files.inputs.get("encrypted") else "not encrypted",
            "no public address",
        ]
        yield (
            Card("Files", tuple((line, "text") for line in lines), "state"),
            _port(inbound, "storage", "tcp/2049"),
        )


def _port(rules: Sequence[Any], what: str, default: str) -> str:
    for rule in rules:
        if tables.group(str(rule.inputs.get("securityGroupId"))) == what:
            return tables.port(rule.inputs)
    return default


def _endpoint(evaluation: Evaluation, inbound: Sequence[Any]) -> str | None:
    return _port(inbound, "ssh", "tcp/22") if evaluation.of_type(tokens.ENDPOINT) else None


def _egress(evaluation: Evaluation) -> Iterable[str]:
    """Ports that the machines may reach outside, in the order of their numbers."""
    ports: dict[int, set[str]] = {}
    for rule in evaluation.of_type(tokens.OUTBOUND):
        data = rule.inputs
        if data.get("cidrIpv4") or data.get("cidrIpv6"):
            ports.setdefault(int(data.get("fromPort") or 0), set()).add(str(data["ipProtocol"]))
    for port, protocols in sorted(ports.items()):
        yield f"{'+'.join(sorted(protocols))}/{port or 'all'}"


# Layout ------------------------------------------------------------------------------------------------------------------


def wide(known: Facts) -> Drawing:
    """From left to right, for a screen of a thousand pixels and more."""
    drawing = Drawing(width=1200)
    edge = _edge(drawing, known, 172, 0, 364)
    frame, machine_x, state_x = 656.0, 672.0, 992.0
    top = _frame_title(drawing, known, frame, 0, 544) + _GAP
    column = sum(card.height + _GAP for card, _ in known.state) - _GAP if known.state else 0
    machines, connector = _machines(drawing, known, machine_x, top, 250, column)
    bottom = machines.y + machines.height
    y = machines.y
    for card, port in known.state:
        box = card.draw(drawing, state_x, y, 192)
        middle = box.y + box.height / 2
        drawing.wire((machines.x + machines.width, middle), (box.x, middle), kind="data")
        drawing.label((machines.x + machines.width + box.x) / 2, middle - 7, port, "wire", 70, centred=True)
        y += box.height + _GAP
    if known.endpoint:
        box = _endpoint_card().draw(drawing, machine_x, bottom + 38, 250)
        drawing.wire((box.x + 40, box.y), (box.x + 40, bottom), kind="data")
        drawing.label(box.x + 52, bottom + 24, f"SSH, {known.endpoint}", "wire", 150)
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
    return drawing


def narrow(known: Facts) -> Drawing:
    """From top to bottom, for a phone."""
    drawing = Drawing(width=360)
    drawing.box(120, 0, 120, 36, "actor")
    drawing.label(180, 23, "Visitors", "title", 110, centred=True)
    drawing.wire((180, 36), (180, 70), kind="request")
    drawing.label(190, 57, "https", "wire", 80)
    edge = _edge(drawing, known, 0, 70, 360)
    bottom = edge.y + edge.height
    drawing.boxes.insert(0, Box(0, edge.y, 360, edge.height, "zone edge"))
    top = bottom + 44
    inside = _frame_title(drawing, known, 0, top, 360) + _GAP
    machines, connector = _machines(drawing, known, 14, inside, 332, 0)
    # The tunnel goes up beside the two titles, whose text leaves the right edge free.
    drawing.wire((330, connector.y), (330, bottom), kind="tunnel")
    drawing.label(150, bottom + 27, "tunnel, dialled from inside", "wire", 172)
    y = end = machines.y + machines.height
    if known.state:
        y += 34
        for index, (card, port) in enumerate(known.state):
            box = card.draw(drawing, 14 + (index % 2) * 158, y, 150)
            drawing.wire((box.x + 40, end), (box.x + 40, box.y), kind="data")
            drawing.label(box.x + 50, y - 13, port, "wire", 90)
            y = y if index % 2 == 0 and index + 1 < len(known.state) else box.y + box.height
        y = max(box.y + box.height for box in drawing.boxes if box.kind == "state")
    if known.endpoint:
        box = _endpoint_card().draw(drawing, 14, y + 34, 332)
        drawing.wire((334, box.y), (334, end), kind="data")
        drawing.label(324 - 90, box.y - 13, f"SSH, {known.endpoint}", "wire", 90)
        y = box.y + box.height
    drawing.boxes.insert(0, Box(0, top, 360, y + 14 - top, "zone vpc"))
    drawing.height = y + 14
    return drawing


def _endpoint_card() -> Card:
    return Card("EC2 Instance Connect", (("endpoint, for AWS logins", "text"),), "actor")


def _edge(drawing: Drawing, known: Facts, x: float, y: float, width: float) -> Box:
    """Its title and a card a route. The box itself is drawn by the caller, who knows its height."""
    drawing.label(x + _PAD, y + 26, "Cloudflare edge", "title", width - 2 * _PAD)
    drawing.label(x + _PAD, y + 45, ", ".join(known.checks), "text", width - 2 * _PAD)
    at = y + 60
    for card in known.routes:
        at += card.draw(drawing, x + _PAD, at, width - 2 * _PAD).height + 8
    drawing.label(x + _PAD, at + 14, known.rest, "text", width - 2 * _PAD)
    return Box(x, y, width, max(at + 30 - y, 150), "zone edge")


def _frame_title(drawing: Drawing, known: Facts, x: float, y: float, width: float) -> float:
    drawing.label(x + 16, y + 26, "VPC", "title", 100)
    said = "no port is open to the Internet" if known.closed else "A PORT IS OPEN TO ADDRESSES"
    drawing.label(x + 56, y + 26, said, "text", 240)
    return y + 36


def _machines(
    drawing: Drawing, known: Facts, x: float, y: float, width: float, height: float
) -> tuple[Box, Box]:
    """The machines' box and the connector's in it."""
    index = len(drawing.boxes)
    inner, room = x + _PAD, width - 2 * _PAD
    drawing.label(inner, y + 24, "Machines", "title", room)
    drawing.label(
        inner, y + 43, f"{known.machines}, Auto Scaling" if known.machines else "none", "text", room
    )
    connector = drawing.box(inner, y + 56, room, 30, "service connector")
    drawing.label(inner + 10, connector.y + 20, "cloudflared", "code", room - 20)
    at = connector.y + connector.height
    for number, name in enumerate(known.routed):
        box = drawing.box(inner, at + (22 if number == 0 else 8), room, 30, "service")
        drawing.label(inner + 10, box.y + 20, name, "code", room - 20)
        if number == 0:
            drawing.wire((inner + 26, at), (inner + 26, box.y), kind="data")
        at = box.y + box.height
    half = (room - 8) / 2
    for number, name in enumerate(known.others):
        left = inner + (number % 2) * (half + 8)
        box = drawing.box(
            left, at + (14 if number < 2 else 8) if number % 2 == 0 else box.y, half, 28, "service other"
        )
        drawing.label(left + 8, box.y + 19, name, "code", half - 14)
        at = box.y + box.height if number % 2 or number + 1 == len(known.others) else at
    for line in _wrapped(["out:", *known.egress], room) if known.egress else ():
        at += _LINE + (6 if line.startswith("out:") else 0)
        drawing.label(inner, at, line, "text", room)
    box = Box(x, y, width, max(at + _PAD - y, height), "machines")
    drawing.boxes.insert(index, box)
    return box, connector


def _wrapped(parts: Sequence[str], room: float) -> Iterable[str]:
    line = ""
    for part in parts:
        if line and measure(f"{line} {part}", "text") > room:
            yield line
            line = ""
        line = f"{line} {part}".strip()
    if line:
        yield line
