"""Draws the wiring pictures of docs/technician.md: `python -m tests.house.wiring` writes docs/pictures/*.svg anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import count
from typing import Literal

from drivers.contacts.holding import HoldBy
from tests.house.tree import HOUSE
from tests.house.wired_lanes import LOOPS, RELAYS, SWITCHES, Terminal, WiredLane, wired

INK, PALE, PAPER = "#1d232b", "#5b6673", "#ffffff"
RELAY, INPUT, FIRE, BUS = "#1f5fa8", "#2b7a3d", "#b3261e", "#a85b00"
ROW, WIDTH = 36, 1040
Anchor = Literal["start", "middle", "end"]


@dataclass
class Drawing:
    """An SVG in the making; everything is measured in its pixels."""

    title: str
    told: str
    height: int = 0
    parts: list[str] = field(default_factory=list[str])

    def text(self, x: float, y: float, text: str, size: int = 14, colour: str = INK, anchor: Anchor = "start") -> None:
        bold = ' font-weight="600"' if size >= 16 else ""
        look = f'font-size="{size}" fill="{colour}" text-anchor="{anchor}"{bold}'
        self.parts.append(f'<text x="{x:g}" y="{y:g}" {look}>{escape(text)}</text>')

    def box(self, x: float, y: float, width: float, height: float, fill: str = "#f4f6f8", line: str = INK) -> None:
        self.parts.append(
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="6" fill="{fill}" stroke="{line}" '
            'stroke-width="1.5"/>'
        )

    def line(self, *points: tuple[float, float], colour: str = INK, width: float = 2, dashed: bool = False) -> None:
        way = " ".join(f"{x:g},{y:g}" for x, y in points)
        dash = ' stroke-dasharray="7 5"' if dashed else ""
        self.parts.append(f'<polyline points="{way}" fill="none" stroke="{colour}" stroke-width="{width:g}"{dash}/>')

    def dot(self, x: float, y: float, colour: str = INK) -> None:
        self.parts.append(f'<circle cx="{x:g}" cy="{y:g}" r="4.5" fill="{PAPER}" stroke="{colour}" stroke-width="2"/>')

    def raw(self, svg: str) -> None:
        self.parts.append(svg)

    def svg(self) -> str:
        body = "\n".join(self.parts)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {self.height}" width="{WIDTH}" '
            f'height="{self.height}" role="img" font-family="Helvetica, Arial, sans-serif">\n'
            f"<title>{escape(self.title)}</title>\n<desc>{escape(self.told)}</desc>\n"
            f'<rect width="{WIDTH}" height="{self.height}" fill="{PAPER}"/>\n{body}\n</svg>\n'
        )


# --- wires between a board and what stands at the lane ---


@dataclass(frozen=True)
class Wire:
    """One wire: the terminal at the board, the terminal at the far end, and what the lot's file says of it."""

    near: str
    far: str
    written: str = ""


@dataclass(frozen=True)
class Device:
    """What stands at the lane. `contacts` and `relays`: pairs of wires (by their place here) that a contact of the
    device joins, or of a relay at the board."""

    title: str
    wires: tuple[Wire, ...]
    colour: str
    contacts: tuple[tuple[int, int], ...] = ()
    relays: tuple[tuple[int, int], ...] = ()
    closed: frozenset[int] = frozenset()
    """The wires whose contact is normally closed: for the fire contact, open in a fire and when its wire is cut"""
    remark: str = ""

    @property
    def height(self) -> float:
        return 40 + ROW * len(self.wires)


OPENS = {HoldBy.MAINTAINED: "OPEN: keeps the arm up", HoldBy.NONE: "OPEN: takes a pulse", HoldBy.RELAY: "OPEN"}
TOLD = {
    "at_top": "arm is up",
    "at_bottom": "arm is down",
    "broken": "arm is broken off",
    "arming_loop": "arming loop",
    "closing_loop": "closing loop",
}


def controller(lane: WiredLane) -> Device:
    """Takes volt-free contacts."""
    inputs = {"open": OPENS[lane.hold_by], "close": "CLOSE", "hold": "HOLD OPEN"}
    wires: list[Wire] = []
    for role, at in lane.of(*RELAYS):
        wires += Wire(f"{at.name} NO", inputs[role], f"{role}: {at.key}"), Wire(f"{at.name} COM", "COMMON")
    return Device(
        "Barrier controller",
        tuple(wires),
        RELAY,
        relays=tuple((place, place + 1) for place in range(0, len(wires), 2)),
        remark="never to the motor, never to a step-by-step input",
    )


def field_devices(lane: WiredLane, common: str, clamps: Iterator[str] | None = None) -> tuple[Device, ...]:
    """Loops, position switches and the fire panel, by the inputs that they are wired to. `clamps`: those of a board
    of opto-couplers before them."""

    def near(at: Terminal) -> str:
        return at.name if clamps is None else f"{next(clamps)} to {at.name}"

    def device(title: str, roles: tuple[str, ...]) -> Iterator[Device]:
        found = list(lane.of(*roles))
        wires = [
            Wire(near(at), f"{TOLD[role]}, {'NC' if at.closed else 'NO'}", f"{role}: {at.key}") for role, at in found
        ]
        closed = frozenset(place for place, (_, at) in enumerate(found) if at.closed)
        joins = tuple((place, len(wires)) for place in range(len(wires)))
        if found:
            yield Device(title, (*wires, Wire(common, "COM")), INPUT, joins, closed=closed)

    devices = [*device("Loop detector", LOOPS), *device("Switches of the barrier", SWITCHES)]
    for role, at in lane.of("fire"):
        told = "NC: opens in a fire" if at.closed else "NO: closes in a fire"
        closed = frozenset({0} if at.closed else ())
        wires = Wire(near(at), told, f"{role}: {at.key}"), Wire(common, "COM")
        devices.append(Device("Fire panel", wires, FIRE, ((0, 1),), closed=closed))
    return tuple(devices)


FAR, FAR_END, TOP, BETWEEN = 730, 1020, 70, 40
WIDE = 200
"""A wire as long as this has room for the role beside the number"""


def spans_of(devices: Sequence[Device]) -> list[tuple[float, float]]:
    """Top and bottom of each, below each other."""
    spans: list[tuple[float, float]] = []
    top = float(TOP)
    for device in devices:
        spans.append((top, top + device.height))
        top += device.height + BETWEEN
    return spans


def at_the_lane(drawing: Drawing, devices: Sequence[Device], near: float) -> None:
    """The devices below each other, with straight wires to the board's edge at `near`."""
    for device, (top, bottom) in zip(devices, spans_of(devices), strict=True):
        drawing.box(FAR, top, FAR_END - FAR, bottom - top)
        drawing.text(FAR + 14, top + 22, device.title, 16)
        rows = [top + 36 + ROW * (place + 0.6) for place in range(len(device.wires))]
        for first, second in device.contacts:
            _contact(drawing, (FAR, FAR_END - 30 - 45 * first), rows[first], rows[second], device, first)
        for first, second in device.relays:
            _contact(drawing, (near, near - 95), rows[first], rows[second], device, first)
        for wire, y in zip(device.wires, rows, strict=True):
            drawing.line((near, y), (FAR, y), colour=device.colour)
            written = wire.written if FAR - near > WIDE else wire.written.rpartition(": ")[2]
            drawing.text((near + FAR) / 2, y - 5, written, 13, PALE, "middle")
            drawing.dot(near, y, device.colour)
            drawing.dot(FAR, y, device.colour)
            drawing.text(near - 12, y - 6 if device.relays else y + 5, wire.near, anchor="end")
            drawing.text(FAR + 14, y - 6 if device.contacts else y + 5, wire.far)
        if device.remark:
            drawing.text(FAR_END, bottom + 18, device.remark, 13, FIRE, "end")


def _contact(
    drawing: Drawing, along: tuple[float, float], top: float, bottom: float, device: Device, wire: int
) -> None:
    """From one terminal to the other through a contact, drawn as it is at rest."""
    edge, x = along
    drawing.line((edge, top), (x, top), (x, bottom - 22), colour=device.colour)
    drawing.line((edge, bottom), (x, bottom), (x, bottom - 6), colour=device.colour)
    if wire in device.closed:
        drawing.line((x - 8, bottom - 22), (x + 1, bottom - 22), colour=device.colour)
        drawing.line((x, bottom - 6), (x - 6, bottom - 26), colour=device.colour, width=3)
    else:
        drawing.line((x, bottom - 6), (x - 10, bottom - 21), colour=device.colour, width=3)


def board(drawing: Drawing, x: float, edge: float, span: tuple[float, float], name: str) -> float:
    """A board whose terminals are on its right edge. Returns the height of its middle."""
    top, bottom = span
    drawing.box(x, top, edge - x, bottom - top, "#e9f0f8")
    drawing.text(x + 14, top + 24, name, 16)
    return (top + bottom) / 2


def note(drawing: Drawing, x: float, y: float, *lines: str) -> None:
    """Small print, where no wire runs."""
    for place, line in enumerate(lines):
        drawing.text(x, y + 18 * place, line, 13, PALE)


def computer(drawing: Drawing, top: float, bottom: float) -> None:
    drawing.box(20, top, 130, bottom - top, "#eaf5ec")
    drawing.text(85, (top + bottom) / 2 - 4, "Raspberry Pi", 16, anchor="middle")
    drawing.text(85, (top + bottom) / 2 + 16, "parkgate-edge", 13, PALE, "middle")


def cable(drawing: Drawing, y: float, to: float, label: str, colour: str = INK) -> None:
    drawing.line((150, y), (to, y), colour=colour, width=5)
    drawing.text((150 + to) / 2, y - 10, label, 13, anchor="middle")


_BOARD, _EDGE = 250, 480


def _on_pins(drawing: Drawing, lane: WiredLane, relays: str, by: str) -> None:
    """A relay board above, a board of opto-couplers below, both at the computer."""
    devices = (controller(lane), *field_devices(lane, "IN common", (f"IN{number}" for number in count(1))))
    spans = spans_of(devices)
    of_relays = board(drawing, _BOARD, _EDGE, spans[0], relays)
    of_inputs = board(drawing, _BOARD, _EDGE, (spans[1][0], spans[-1][1]), "Opto-coupler board")
    note(drawing, _BOARD + 14, spans[1][1] + 8, "keeps wires that leave", "the cabinet off the pins")
    at_the_lane(drawing, devices, _EDGE)
    computer(drawing, TOP, spans[-1][1])
    cable(drawing, of_relays, _BOARD, by)
    cable(drawing, of_inputs, _BOARD, "pins, 3.3 V")
    _legend(drawing, spans[-1][1], devices)


def _legend(drawing: Drawing, lowest: float, devices: Sequence[Device]) -> None:
    """Below everything else; the drawing ends there."""
    fire = " Red: the fire contact; a cut wire raises the arms as well." if devices[-1].colour == FIRE else ""
    drawing.height = round(lowest + 76)
    drawing.text(
        WIDTH / 2,
        drawing.height - 44,
        "The closing loop's detector is wired to the barrier's own controller, too: it keeps the arm up over a "
        "vehicle, whatever the computer does.",
        14,
        anchor="middle",
    )
    drawing.text(
        WIDTH / 2,
        drawing.height - 20,
        f"Blue: volt-free relay contacts. Green: inputs.{fire} Contacts are drawn at rest.",
        14,
        PALE,
        "middle",
    )


GPIO, USB, MODBUS = ("gpio", "square-out"), ("serial", "road-in"), ("modbus", "mill-out")
"""The lot in config/lots/ and the lane of it that a picture shows"""


def _headed(drawing: Drawing, shows: str, lane: WiredLane) -> None:
    drawing.text(20, 34, f"{shows}: lane {lane.name} of config/lots/{lane.lot}.yaml", 18)


def gpio() -> Drawing:
    drawing = Drawing(
        "A relay HAT and inputs on a Raspberry Pi's pins",
        "A relay of the HAT joins OPEN and COMMON of the barrier controller, another one HOLD OPEN and COMMON; "
        "detectors, switches and the fire contact come in through opto-couplers.",
    )
    lane = wired(*GPIO)
    _headed(drawing, "Relay HAT on a Raspberry Pi, inputs on its pins", lane)
    _on_pins(drawing, lane, "Relay HAT", "on its header")
    return drawing


def usb() -> Drawing:
    drawing = Drawing(
        "A USB relay board and inputs on a Raspberry Pi's pins",
        "A relay of the board joins OPEN and COMMON of the barrier controller; the inputs are as with a relay HAT.",
    )
    lane = wired(*USB)
    _headed(drawing, "USB relay board, inputs on the pins", lane)
    _on_pins(drawing, lane, "USB relay board", "USB")
    return drawing


def modbus() -> Drawing:
    drawing = Drawing(
        "Modbus modules with relays and inputs",
        "An RS-485 adapter at the Raspberry Pi, a pair A and B and a ground to the first module and on to the second, "
        "120 ohms at both ends; or one Ethernet cable with Modbus TCP.",
    )
    lane = wired(*MODBUS)
    _headed(drawing, "Modbus modules with relays and inputs", lane)
    devices = (controller(lane), *field_devices(lane, "DI common"))
    left, edge = 430, 600
    spans = spans_of(devices)
    own, other = (spans[0][0], spans[-2][1]), spans[-1]
    board(drawing, left, edge, own, "Modbus module")
    drawing.text(left + 14, own[0] + 44, _unit(lane.terminals["open"]), 13, PALE)
    board(drawing, left, edge, (other[0], other[1]), "")
    note(drawing, left + 14, other[1] - 48, "another", "module,", _unit(lane.terminals["fire"]))
    note(drawing, left + 14, spans[1][1] + 8, "DI common: to +24 V", "or to 0 V, as its", "manual says")
    at_the_lane(drawing, devices, edge)
    computer(drawing, own[0], other[1])
    _bus(drawing, left, 180)
    _bus_goes_on(drawing, left, own[1], other[0])
    _or_ethernet(drawing, left, own[1] - 14)
    _legend(drawing, other[1], devices)
    return drawing


def _unit(at: Terminal) -> str:
    return at.board.rpartition(", ")[2]


def _bus(drawing: Drawing, left: float, top: float) -> None:
    """The three wires of RS-485, with a resistor between A and B at either end."""
    right = 270
    drawing.box(180, top - 50, right - 180, 210, "#fdf3e4")
    drawing.text(225, top - 26, "USB to", 14, anchor="middle")
    drawing.text(225, top - 8, "RS-485", 14, anchor="middle")
    drawing.line((150, top + 55), (180, top + 55), width=5)
    for place, name in enumerate(("A (+)", "B (−)", "GND")):
        y = top + 40 + 45 * place
        drawing.line((right, y), (left, y), colour=BUS)
        drawing.dot(right, y, BUS)
        drawing.dot(left, y, BUS)
        drawing.text(right - 12, y + 5, name, anchor="end")
        drawing.text(left + 12, y + 5, name)
    _resistor(drawing, right + 26, top + 40, top + 85)
    middle = (right + left) / 2
    drawing.text(middle, top + 26, "120 Ω at both ends", 13, BUS, "middle")
    drawing.text(middle, top + 67, "twisted", 13, PALE, "middle")
    more = (
        "More modules: on the same three",
        "wires, one after the other; resistors",
        "only at the two ends of the line.",
    )
    note(drawing, 180, top + 190, *more, "", "Silent? Exchange A and B: makers", "don't agree on their names.")


def _bus_goes_on(drawing: Drawing, left: float, begins: float, ends: float) -> None:
    """From one module to the next, which is the last and has the other resistor."""
    places = left + 30, left + 75, left + 120
    for x, name in zip(places, ("A", "B", "GND"), strict=True):
        drawing.line((x, begins), (x, ends), colour=BUS)
        drawing.dot(x, begins, BUS)
        drawing.dot(x, ends, BUS)
        drawing.text(x + 8, (begins + ends) / 2 + 5, name, 13)
    y = ends + 22
    drawing.line((places[0], ends), (places[0], y), (places[1], y), (places[1], ends), colour=BUS)
    drawing.raw(
        f'<rect x="{places[0] + 8:g}" y="{y - 6:g}" width="{places[1] - places[0] - 16:g}" height="12" fill="{PAPER}" '
        f'stroke="{BUS}" stroke-width="2"/>'
    )


def _resistor(drawing: Drawing, x: float, top: float, bottom: float) -> None:
    drawing.line((x, top), (x, bottom), colour=BUS)
    drawing.raw(
        f'<rect x="{x - 6:g}" y="{top + 10:g}" width="12" height="{bottom - top - 20:g}" fill="{PAPER}" stroke="{BUS}" '
        'stroke-width="2"/>'
    )


def _or_ethernet(drawing: Drawing, left: float, y: float) -> None:
    drawing.text((150 + left) / 2, y - 32, "or, instead of RS-485, Modbus TCP:", 14, anchor="middle")
    cable(drawing, y, left, "Ethernet, in the cabinet's own network")


# --- the lane from above ---

METRE, START, KERB, LANE = 70.0, 30.0, 160.0, 210.0


def _at(metres: float) -> float:
    return START + metres * METRE


def lane() -> Drawing:
    drawing = Drawing(
        "An entry lane seen from above",
        "A vehicle stands on the arming loop with the post beside its driver; the closing loop lies under the arm; the "
        "camera stands behind the arm and looks at the plate in front.",
        590,
    )
    drawing.text(20, 34, "An entry lane from above", 18)
    drawing.box(START, KERB, WIDTH - 2 * START, LANE, "#d9dde2", "#d9dde2")
    drawing.box(_at(2.2), KERB - 62, _at(13.6) - _at(2.2), 54, "#eef0f2", PALE)
    drawing.text(_at(2.2) + 12, KERB - 74, "island, on the driver's side", 13, PALE)
    _loop(drawing, 3.7, 1.2, "arming loop", INPUT)
    _loop(drawing, 5.9, 1.6, "closing loop", RELAY)
    _car(drawing, 0.75, 4.3)
    _fixtures(drawing)
    _distances(drawing)
    return drawing


def _loop(drawing: Drawing, begins: float, length: float, name: str, colour: str) -> None:
    margin = 0.3 * METRE
    drawing.raw(
        f'<rect x="{_at(begins):g}" y="{KERB + margin:g}" width="{length * METRE:g}" height="{LANE - 2 * margin:g}" '
        f'rx="8" fill="none" stroke="{colour}" stroke-width="4" stroke-dasharray="10 5"/>'
    )
    drawing.text(_at(begins + length / 2), KERB + LANE + 24, name, 16, colour, "middle")


def _car(drawing: Drawing, begins: float, length: float) -> None:
    top, height = KERB + 45, 1.75 * METRE
    x, width = _at(begins), length * METRE
    drawing.raw(
        f'<rect x="{x:g}" y="{top:g}" width="{width:g}" height="{height:g}" rx="34" fill="#8fa3b8" fill-opacity="0.55" '
        f'stroke="{INK}" stroke-width="1.5"/>'
    )
    drawing.box(x + width - 110, top + 14, 44, height - 28, "#c9d8e6", PALE)
    drawing.box(x + width - 7, top + height / 2 - 18, 7, 36, "#ffffff", INK)
    drawing.text(x + 40, top + height / 2 + 5, "vehicle, at a stop")
    drawing.line((START + 6, top + height / 2), (_at(begins) - 10, top + height / 2), width=3)
    tip = _at(begins) - 6
    drawing.raw(
        f'<path d="M{tip:g},{top + height / 2:g} l-14,-8 v16 z" fill="{INK}"/>',
    )


def _fixtures(drawing: Drawing) -> None:
    arm, island = _at(6.7), KERB - 35
    drawing.raw(f'<rect x="{arm - 5:g}" y="{KERB - 30:g}" width="10" height="{LANE + 22:g}" rx="5" fill="{FIRE}"/>')
    drawing.box(arm - 24, island - 20, 48, 40, "#f0c9c4", FIRE)
    drawing.text(arm, KERB - 74, "barrier and arm", 14, FIRE, "middle")
    post = _at(3.5)
    drawing.box(post - 16, island - 16, 32, 32, "#ffffff")
    drawing.text(post, island + 5, "post", 13, anchor="middle")
    camera = _at(10.9)
    plate_y = KERB + 45 + 1.75 * METRE / 2
    drawing.raw(
        f'<path d="M{camera:g},{island:g} L{_at(5.05):g},{plate_y - 40:g} L{_at(5.05):g},{plate_y + 40:g} z" '
        f'fill="#f5c542" fill-opacity="0.35"/>'
    )
    drawing.raw(f'<circle cx="{camera:g}" cy="{island:g}" r="13" fill="{INK}"/>')
    drawing.text(camera + 22, island + 5, "camera", 14)
    drawing.text(_at(8.1), KERB + 60, "sees the plate, at most 30° from ahead", 13, PALE)


def _distances(drawing: Drawing) -> None:
    y = KERB + LANE + 62
    for begins, ends, label in (
        (3.7, 4.9, "1.2 m"),
        (4.9, 5.9, "1 m"),
        (5.9, 7.5, "1.6 m"),
        (5.05, 10.9, "4 to 6 m from the plate to the camera"),
    ):
        low = y + (68 if begins == 5.05 else 0)
        _measure(drawing, _at(begins), _at(ends), low, label)
    drawing.text(_at(5.4), y + 26, "so close that no car fits between", 13, PALE, "middle")
    x = _at(13.2)
    drawing.line((x, KERB), (x, KERB + LANE), colour=PALE, width=1.5)
    drawing.text(x - 8, KERB + LANE / 2 + 5, "3 m", 13, anchor="end")
    drawing.text(_at(7.8), KERB + LANE - 38, "the arm is over the middle of the closing loop;", 13, PALE)
    drawing.text(_at(7.8), KERB + LANE - 20, "loops keep 0.3 m from each kerb", 13, PALE)
    drawing.text(
        WIDTH / 2,
        drawing.height - 16,
        "Usual measures. Where the manual of the barrier or of the loop detector says others, they count.",
        14,
        PALE,
        "middle",
    )


def _measure(drawing: Drawing, begins: float, ends: float, y: float, label: str) -> None:
    drawing.line((begins, y), (ends, y), colour=PALE, width=1.5)
    for x in (begins, ends):
        drawing.line((x, y - 7), (x, y + 7), colour=PALE, width=1.5)
    drawing.text((begins + ends) / 2, y - 8, label, 13, anchor="middle")


PICTURES: dict[str, Callable[[], Drawing]] = {
    "wiring-lane.svg": lane,
    "wiring-gpio.svg": gpio,
    "wiring-usb.svg": usb,
    "wiring-modbus.svg": modbus,
}


def main() -> None:
    for name, draw in PICTURES.items():
        (HOUSE / "docs/pictures" / name).write_text(draw().svg())


if __name__ == "__main__":
    main()
