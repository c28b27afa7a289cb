"""Cars seen from the front, one drawing for each vehicle type, in the car's colour and with its plate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from models.spots import VehicleType
from simulator.cars import Car
from simulator.pictures import plate as plates
from simulator.pictures.plate import plate_image
from simulator.pictures.sketch import Rgb, Sketch, bevelled, box, rounded, shade

SCALE = 360
"""Pixels a metre of a finished drawing."""

PAINT: dict[str, Rgb] = {
    "silver": (176, 181, 186),
    "black": (38, 40, 44),
    "white": (226, 228, 228),
    "blue": (36, 74, 140),
    "red": (160, 30, 34),
    "graphite": (82, 88, 94),
    "green": (40, 92, 70),
    "orange": (204, 98, 30),
}

_GLASS_TOP, _GLASS_BOTTOM = (58, 72, 84), (22, 27, 33)
_RUBBER = (24, 24, 26)
_LAMP, _LAMP_RIM = (236, 241, 245), (120, 128, 136)
_DARK = (28, 29, 32)


BELOW = 0.12
"""Metres of shadow below the wheels."""

_SHEET_WIDTH, _SHEET_HEIGHT = 2.9, 2.7


@dataclass(frozen=True, slots=True)
class Drawing:
    """A car on a transparent sheet, cut to its outline. `left` and `top` are metres from the car's middle and
    from the ground to the sheet's corner."""

    sheet: np.ndarray
    """Height x width x 4, uint8, BGRA, `SCALE` pixels a metre."""
    left: float
    top: float


@lru_cache(maxsize=24)
def drawn(car: Car) -> Drawing:
    """The car with its shadow. Takes a tenth of a second or two the first time."""
    sketch = Sketch(_SHEET_WIDTH, _SHEET_HEIGHT + BELOW, SCALE)
    _DRAWN[car.vehicle_type](_Raised(sketch), PAINT[car.colour], car)
    sheet = sketch.finished()
    left, top, wide, tall = cv2.boundingRect(sheet[:, :, 3])
    cut = np.ascontiguousarray(sheet[top : top + tall, left : left + wide])
    return Drawing(cut, left / SCALE - _SHEET_WIDTH / 2, _SHEET_HEIGHT - top / SCALE)


class _Raised:
    """The sheet, with the ground at zero."""

    def __init__(self, sheet: Sketch) -> None:
        self._sheet = sheet

    def fill(self, points: list[tuple[float, float]], top: Rgb, bottom: Rgb | None = None, alpha: int = 255) -> None:
        self._sheet.fill([(x, y + BELOW) for x, y in points], top, bottom, alpha)

    def both(self, points: list[tuple[float, float]], top: Rgb, bottom: Rgb | None = None, alpha: int = 255) -> None:
        """On the right as given, and mirrored on the left."""
        self.fill(points, top, bottom, alpha)
        self.fill([(-x, y) for x, y in points], top, bottom, alpha)

    def shadow(self, half: float) -> None:
        flat = rounded([(-half, 0.03), (-half * 0.9, 0.1), (half * 0.9, 0.1), (half, 0.03), (0, -0.04)])
        self._sheet.glow([(x, y + BELOW) for x, y in flat], (6, 6, 8), 0.035, 235)

    def lamp(self, x: float, y: float, radius: float, colour: Rgb = (255, 250, 232), alpha: int = 150) -> None:
        around = [(x - radius, y), (x, y + radius), (x + radius, y), (x, y - radius)]
        self._sheet.glow([(px, py + BELOW) for px, py in rounded(around)], colour, radius * 0.35, alpha)

    def plate(self, car: Car, y: float, width: float = plates.WIDTH) -> None:
        half, tall = width / 2 + 0.012, width * plates.HEIGHT / plates.WIDTH / 2 + 0.012
        self.fill(box(-half, y - tall, half, y + tall), _DARK)
        self._sheet.paste(plate_image(car.plate), (0, y + BELOW), width)


def _body(draw: _Raised, colour: Rgb, half: float, shoulder: float) -> None:
    """Wheels, bumper and wings, up to the bonnet's edge."""
    draw.shadow(half + 0.06)
    draw.both(bevelled(half - 0.28, 0.0, half - 0.04, 0.55, 0.05), shade(_RUBBER, 1.4), _RUBBER)
    lower = [
        (-half, 0.3), (-half - 0.01, shoulder - 0.22), (-half + 0.08, shoulder), (half - 0.08, shoulder),
        (half + 0.01, shoulder - 0.22), (half, 0.3), (half - 0.14, 0.17), (-half + 0.14, 0.17),
    ]  # fmt: skip
    draw.fill(rounded(lower, 2), shade(colour, 1.18), shade(colour, 0.62))
    draw.fill(box(-half + 0.12, 0.17, half - 0.12, 0.215), shade(colour, 0.35))


def _face(draw: _Raised, colour: Rgb, half: float, top: float) -> None:
    """Grille, headlights and lower intake."""
    draw.fill(bevelled(-half * 0.52, top - 0.2, half * 0.52, top - 0.06, 0.04), _DARK, shade(_DARK, 0.6))
    for bar in range(3):
        level = top - 0.17 + bar * 0.04
        draw.fill(box(-half * 0.49, level, half * 0.49, level + 0.008), (118, 122, 126))
    draw.fill(rounded([(-0.05, top - 0.13), (0, top - 0.08), (0.05, top - 0.13), (0, top - 0.18)]), (206, 210, 214))
    lamp = [
        (half * 0.57, top - 0.19), (half * 0.6, top - 0.07), (half * 0.95, top - 0.02), (half * 0.97, top - 0.16),
    ]  # fmt: skip
    draw.both(rounded(lamp, 2), _LAMP_RIM, shade(_LAMP_RIM, 0.5))
    inner = [(0.97 * x + 0.012, 0.96 * (y - top) + top - 0.006) for x, y in lamp]
    draw.both(rounded(inner, 2), _LAMP, shade(_LAMP, 0.72))
    for side in (-1, 1):
        draw.lamp(side * half * 0.79, top - 0.115, 0.075)
    intake = [(-half * 0.6, 0.24), (-half * 0.66, 0.37), (half * 0.66, 0.37), (half * 0.6, 0.24)]
    draw.fill(rounded(intake, 2), _DARK, shade(_DARK, 0.7))
    draw.both(bevelled(half * 0.74, 0.27, half * 0.9, 0.36, 0.03), shade(_DARK, 1.3), _DARK)


def _cabin(draw: _Raised, colour: Rgb, wide: float, narrow: float, bottom: float, roof: float) -> None:
    """Roof, windscreen and whoever sits behind it."""
    outer = [
        (-wide, bottom), (-narrow - 0.02, roof - 0.07), (-narrow + 0.12, roof), (narrow - 0.12, roof),
        (narrow + 0.02, roof - 0.07), (wide, bottom),
    ]  # fmt: skip
    draw.fill(rounded(outer, 2), shade(colour, 1.12), shade(colour, 0.85))
    glass = [
        (-wide + 0.07, bottom + 0.015), (-narrow + 0.06, roof - 0.1), (narrow - 0.06, roof - 0.1),
        (wide - 0.07, bottom + 0.015),
    ]  # fmt: skip
    draw.fill(rounded(glass, 1), _GLASS_TOP, _GLASS_BOTTOM)
    middle = (bottom + roof) / 2 - 0.04
    draw.fill(bevelled(0.2, bottom + 0.02, 0.52, middle + 0.02, 0.12), (34, 40, 47))
    draw.fill(bevelled(0.29, middle - 0.05, 0.44, middle + 0.15, 0.08), (72, 62, 56), (44, 40, 40))
    glare = [(-wide + 0.16, bottom + 0.02), (-narrow + 0.12, roof - 0.1), (-narrow + 0.42, roof - 0.1)]
    draw.fill([*glare, (-wide + 0.34, bottom + 0.02)], (190, 208, 220), (110, 126, 138), 64)


def _mirrors(draw: _Raised, colour: Rgb, x: float, y: float, tall: float = 0.13) -> None:
    draw.both(bevelled(x - 0.03, y - tall / 2, x + 0.17, y + tall / 2, 0.05), shade(colour, 1.05), shade(colour, 0.6))


def _bonnet(draw: _Raised, colour: Rgb, half: float, bottom: float, top: float) -> None:
    panel = [(-half + 0.08, bottom), (-half + 0.16, top), (half - 0.16, top), (half - 0.08, bottom)]
    draw.fill(rounded(panel, 2), shade(colour, 1.34), shade(colour, 1.08))
    for side in (-1, 1):
        crease = [(side * 0.3, bottom), (side * 0.42, top), (side * 0.43, top), (side * 0.315, bottom)]
        draw.fill(crease, shade(colour, 0.88))


def _regular(draw: _Raised, colour: Rgb, car: Car) -> None:
    _cabin(draw, colour, 0.82, 0.6, 0.9, 1.46)
    _body(draw, colour, 0.91, 0.86)
    _bonnet(draw, colour, 0.91, 0.8, 0.95)
    _mirrors(draw, colour, 0.79, 0.99)
    _face(draw, colour, 0.91, 0.82)
    draw.plate(car, 0.48)


def _compact(draw: _Raised, colour: Rgb, car: Car) -> None:
    _cabin(draw, colour, 0.76, 0.58, 0.92, 1.53)
    _body(draw, colour, 0.83, 0.9)
    _bonnet(draw, colour, 0.83, 0.83, 0.98)
    _mirrors(draw, colour, 0.72, 1.02)
    _face(draw, colour, 0.83, 0.85)
    draw.plate(car, 0.48)


def _large(draw: _Raised, colour: Rgb, car: Car) -> None:
    """A delivery van."""
    shell = bevelled(-0.98, 0.6, 0.98, 2.5, 0.16)
    draw.fill(shell, shade(colour, 1.1), shade(colour, 0.8))
    _cabin(draw, colour, 0.92, 0.84, 1.12, 2.08)
    _body(draw, colour, 1.0, 1.08)
    _bonnet(draw, colour, 1.0, 0.98, 1.16)
    _mirrors(draw, _DARK, 0.98, 1.34, 0.3)
    _face(draw, colour, 1.0, 0.94)
    draw.plate(car, 0.49)


def _motorcycle(draw: _Raised, colour: Rgb, car: Car) -> None:
    draw.shadow(0.42)
    draw.fill(bevelled(-0.075, 0.0, 0.075, 0.64, 0.07), shade(_RUBBER, 1.5), _RUBBER)
    legs = [(0.14, 0.28), (0.34, 0.42), (0.32, 0.85), (0.12, 0.95)]
    draw.both(rounded(legs, 2), (52, 56, 66), (30, 32, 38))
    draw.both(bevelled(0.1, 0.22, 0.27, 0.32, 0.05), (60, 60, 64), (20, 20, 22))
    torso = [(-0.34, 0.95), (-0.27, 1.42), (-0.12, 1.5), (0.12, 1.5), (0.27, 1.42), (0.34, 0.95)]
    draw.fill(rounded(torso, 2), (70, 74, 84), (38, 40, 46))
    arms = [(0.2, 1.4), (0.32, 1.38), (0.45, 1.05), (0.36, 1.0)]
    draw.both(rounded(arms, 2), (66, 70, 80), (40, 42, 48))
    draw.fill(rounded([(-0.17, 1.62), (-0.13, 1.8), (0.13, 1.8), (0.17, 1.62), (0.1, 1.48), (-0.1, 1.48)], 3),
              shade(colour, 1.2), shade(colour, 0.7))  # fmt: skip
    draw.fill(
        rounded([(-0.12, 1.6), (-0.11, 1.7), (0.11, 1.7), (0.12, 1.6), (0.0, 1.56)], 2), (40, 52, 62), (14, 18, 22)
    )
    draw.both(bevelled(0.2, 0.99, 0.47, 1.04, 0.02), (50, 50, 54))
    draw.both(bevelled(0.4, 1.16, 0.56, 1.25, 0.04), _DARK)
    fairing = [
        (-0.26, 0.78),
        (-0.24, 1.0),
        (-0.1, 1.2),
        (0.1, 1.2),
        (0.24, 1.0),
        (0.26, 0.78),
        (0.12, 0.6),
        (-0.12, 0.6),
    ]
    draw.fill(rounded(fairing, 2), shade(colour, 1.25), shade(colour, 0.7))
    draw.fill(rounded([(-0.13, 1.02), (-0.1, 1.15), (0.1, 1.15), (0.13, 1.02)], 2), _GLASS_TOP, _GLASS_BOTTOM)
    draw.fill(rounded([(-0.13, 0.84), (-0.1, 0.98), (0.1, 0.98), (0.13, 0.84), (0, 0.8)], 2), _LAMP, shade(_LAMP, 0.7))
    draw.lamp(0, 0.9, 0.07)
    draw.plate(car, 0.66, 0.46)


_DRAWN: dict[VehicleType, Callable[[_Raised, Rgb, Car], None]] = {
    VehicleType.MOTORCYCLE: _motorcycle,
    VehicleType.COMPACT: _compact,
    VehicleType.REGULAR: _regular,
    VehicleType.LARGE: _large,
}
