"""Draws onto a camera's picture what `view:` says of it: the region, the masks, and how wide a plate must be. Pure."""

from __future__ import annotations

from typing import Any, cast

import cv2
import numpy as np

from drivers.contract import Box, PlateCandidate
from edge.vision.files.drawing import drawn
from edge.vision.files.found import FoundPlate
from edge.vision.frames.motion import Frame
from edge.vision.frames.privacy import in_pixels
from edge.vision.frames.view import near_width
from edge.vision.settings import Area, ViewSettings

_NARROWEST = 960
_BLUE, _RED, _WHITE, _BLACK = (255, 170, 60), (70, 70, 255), (255, 255, 255), (20, 20, 20)
_OUTSIDE = 0.4
_FONT = cv2.FontFace("sans")


def viewed(frame: Frame, view: ViewSettings, plates: list[PlateCandidate]) -> Frame:
    """A copy, enlarged if it is small: darker where nothing is looked for, masks crossed out, plates as read."""
    scale = max(1.0, _NARROWEST / frame.shape[1])
    size = round(frame.shape[1] * scale), round(frame.shape[0] * scale)
    painted: Any = cv2.resize(frame, size, interpolation=cv2.INTER_CUBIC) if scale > 1 else frame.copy()
    unit = max(14, max(size) // 55)
    if view.region is not None:
        _region(painted, view.region, unit)
    for number, mask in enumerate(view.masks, start=1):
        _mask(painted, mask, f"mask {number}" if len(view.masks) > 1 else "mask", unit)
    _ruler(painted, view, near_width(view, frame.shape[1]), scale, unit)
    return drawn(cast("Frame", painted), [_found(plate, scale) for plate in plates])


def _region(painted: Any, area: Area, unit: int) -> None:
    height, width = painted.shape[:2]
    box = in_pixels(area, width, height)
    inside = painted[box.y : box.y + box.height, box.x : box.x + box.width].copy()
    painted[:] = (painted * _OUTSIDE).astype(np.uint8)
    painted[box.y : box.y + box.height, box.x : box.x + box.width] = inside
    cv2.rectangle(painted, (box.x, box.y), (box.x + box.width - 1, box.y + box.height - 1), _BLUE, max(2, unit // 8))
    _write(painted, "region", box.x + unit // 3, box.y + unit // 3, unit, _BLUE)


def _mask(painted: Any, area: Area, name: str, unit: int) -> None:
    height, width = painted.shape[:2]
    box = in_pixels(area, width, height)
    part = painted[box.y : box.y + box.height, box.x : box.x + box.width]
    for start in range(-box.height, box.width, max(8, unit)):
        cv2.line(part, (start, box.height), (start + box.height, 0), _RED, max(1, unit // 12), cv2.LINE_AA)
    cv2.rectangle(painted, (box.x, box.y), (box.x + box.width - 1, box.y + box.height - 1), _RED, max(2, unit // 8))
    _write(painted, name, box.x + unit // 3, box.y + unit // 3, unit, _RED)


def _ruler(painted: Any, view: ViewSettings, near: int, scale: float, unit: int) -> None:
    """As wide as the narrowest plate that counts, at the foot of what is looked at."""
    height, width = painted.shape[:2]
    box = Box(0, 0, width, height) if view.region is None else in_pixels(view.region, width, height)
    left, foot, long = box.x + unit, box.y + box.height - unit, round(near * scale)
    for colour, thick in ((_BLACK, unit // 3), (_WHITE, unit // 8)):
        cv2.line(painted, (left, foot), (left + long, foot), colour, max(2, thick))
        for end in (left, left + long):
            cv2.line(painted, (end, foot - unit // 3), (end, foot + unit // 3), colour, max(2, thick))
    _write(painted, f"plates count from this width on: {near} pixels", left, foot - 2 * unit, unit, _WHITE)


def _write(painted: Any, text: str, left: int, top: int, unit: int, colour: tuple[int, int, int]) -> None:
    _, _, wide, _ = cv2.getTextSize((0, 0), text, (0, 0), _FONT, unit, 600)
    height, width = painted.shape[:2]
    left, top = max(0, min(left, width - wide - unit)), max(0, min(top, height - 2 * unit))
    ground = painted[top : top + round(1.4 * unit), left : left + wide + unit // 2]
    ground[:] = (ground * 0.25).astype(np.uint8)
    cv2.putText(painted, text, (left + unit // 4, top + round(1.05 * unit)), colour, _FONT, unit, 600)


def _found(plate: PlateCandidate, scale: float) -> FoundPlate:
    box = plate.box
    place = Box(*(round(side * scale) for side in (box.x, box.y, box.width, box.height)))
    return FoundPlate(plate.text, min(plate.confidences), place, plate.confidences)
