"""Draws what was read onto a picture: the box, each character with how sure it is, and the runners-up. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import cv2
import numpy as np

from drivers.contract import Box
from edge.vision.files.found import FoundPlate
from edge.vision.files.percents import percent, percents
from edge.vision.frames.motion import Frame

SURE, FAIR = 0.9, 0.7
_NARROWEST = 960
"""A smaller picture is enlarged first, or there would be no room for what is written on it."""
_GREEN, _AMBER, _RED = (90, 220, 90), (60, 190, 255), (90, 90, 255)
_WHITE, _BLACK = (255, 255, 255), (20, 20, 20)
_MOST_OTHERS = 3
_FONT = cv2.FontFace("sans")

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class _Panel:
    """The label of one plate, sized in pixels. `unit` is the height of its large letters."""

    plate: FoundPlate
    unit: int

    @property
    def column(self) -> int:
        return round(self.unit * 1.15)

    @property
    def others(self) -> list[str]:
        return [f"or {other.plate} in {percent(other.share)} of reads" for other in self.plate.others[:_MOST_OTHERS]]

    @property
    def width(self) -> int:
        widest = max((len(line) for line in self.others), default=0)
        return max(len(self.plate.plate) * self.column, round(widest * 0.36 * self.unit)) + self.unit // 2

    @property
    def height(self) -> int:
        return round(self.unit * (2.0 + 0.68 * len(self.others)))


def drawn(frame: Frame, plates: Sequence[FoundPlate]) -> Frame:
    """A copy with every plate marked. Colours and figures say the same: who sees no colours reads the figures."""
    scale = max(1.0, _NARROWEST / frame.shape[1])
    size = (round(frame.shape[1] * scale), round(frame.shape[0] * scale))
    painted: Any = cv2.resize(frame, size, interpolation=cv2.INTER_CUBIC) if scale > 1 else frame.copy()
    unit = max(18, round(max(size) / 42))
    taken = [_scaled(plate.box, scale) for plate in plates]
    for box, plate in zip(list(taken), plates, strict=True):
        colour = colour_of(plate.confidence)
        _outline(painted, box, colour, max(2, unit // 12))
        panel = _Panel(plate, unit)
        place = _place_for(panel, box, taken, size)
        taken.append(place)
        _write(painted, panel, place)
    return cast("Frame", painted)


def colour_of(confidence: float) -> Colour:
    """Blue, green, red."""
    return _GREEN if confidence >= SURE else _AMBER if confidence >= FAIR else _RED


def _place_for(panel: _Panel, box: Box, taken: Sequence[Box], size: tuple[int, int]) -> Box:
    """Above the plate if there is room, else below, else beside: never over a plate or another label if it can be."""
    gap = panel.unit // 3
    left = box.x + box.width // 2 - panel.width // 2
    spots = [
        (left, box.y - panel.height - gap),
        (left, box.y + box.height + gap),
        (box.x + box.width + gap, box.y),
        (box.x - panel.width - gap, box.y),
        (left, box.y - 2 * panel.height - 2 * gap),
        (left, box.y + box.height + panel.height + 2 * gap),
    ]
    inside = [_inside(x, y, panel, size) for x, y in spots]
    return next((place for place in inside if not any(_meet(place, other) for other in taken)), inside[0])


def _inside(x: int, y: int, panel: _Panel, size: tuple[int, int]) -> Box:
    return Box(max(0, min(x, size[0] - panel.width)), max(0, min(y, size[1] - panel.height)), panel.width, panel.height)


def _meet(one: Box, other: Box) -> bool:
    across = one.x < other.x + other.width and other.x < one.x + one.width
    return across and one.y < other.y + other.height and other.y < one.y + one.height


def _write(painted: Any, panel: _Panel, place: Box) -> None:
    ground = painted[place.y : place.y + place.height, place.x : place.x + place.width]
    ground[:] = (ground * 0.15 + np.array(_BLACK) * 0.85).astype(np.uint8)
    unit, plate = panel.unit, panel.plate
    sure = plate.confidences or (plate.confidence,) * len(plate.plate)
    left = place.x + (place.width - len(plate.plate) * panel.column) // 2
    for number, (character, confidence) in enumerate(zip(plate.plate, sure, strict=False)):
        middle, colour = left + round((number + 0.5) * panel.column), colour_of(confidence)
        _centred(painted, character, middle, place.y + round(unit * 1.15), unit, _WHITE, 700)
        _centred(
            painted, str(percents(confidence)), middle, place.y + round(unit * 1.75), round(unit * 0.5), colour, 600
        )
    for number, line in enumerate(panel.others):
        foot = place.y + round(unit * (2.45 + 0.68 * number))
        _centred(painted, line, place.x + place.width // 2, foot, round(unit * 0.55), _WHITE, 400)


def _centred(painted: Any, text: str, middle: int, foot: int, size: int, colour: Colour, weight: int) -> None:
    _, _, wide, _ = cv2.getTextSize((0, 0), text, (0, 0), _FONT, size, weight)
    cv2.putText(painted, text, (middle - wide // 2, foot), colour, _FONT, size, weight)


def _outline(painted: Any, box: Box, colour: Colour, thick: int) -> None:
    """With a dark edge, so that it shows on white cars too."""
    corners = (box.x, box.y), (box.x + box.width, box.y + box.height)
    cv2.rectangle(painted, *corners, _BLACK, 2 * thick)
    cv2.rectangle(painted, *corners, colour, thick)


def _scaled(box: Box, by: float) -> Box:
    return Box(round(box.x * by), round(box.y * by), round(box.width * by), round(box.height * by))
