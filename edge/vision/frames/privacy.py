"""What of a vehicle's picture is kept: the vehicle, and nothing by which anybody else could be known. Pure.

There is no model here that finds faces. The plate tells where its own windscreen must be and how far the vehicle can
reach, from the size that plates have; that is approximate, and errs on the side of hiding too much.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import cv2

from drivers.contract import Box
from edge.vision.frames.motion import Frame
from edge.vision.settings import Area, Hidden, ViewSettings

_LONG_PLATE, _SHORT_PLATE, _SHORT_BELOW = 0.52, 0.305, 2.7
"""Metres; a plate that is less than so many times as wide as high is a short one: America's, or one of two lines."""
_HALF_VEHICLE = 1.45
"""Metres from the plate's middle to beyond the mirrors; a vehicle beside it begins further away."""
_SCREEN_ABOVE = 0.26
"""Metres from the plate's middle up to where a windscreen can begin, in the picture of a camera that looks down: from
there on the picture is hidden, which costs a part of the bonnet."""
_FACE_BLOCK = 0.15
"""Metres: about a face. Of whoever sits behind the windscreen there is one block left."""
_BESIDE_BLOCKS, _UNREAD_BLOCKS = 24, 32
"""At most so many across the picture, beside the vehicle, and of a vehicle whose plate isn't known."""
_MARGIN = 0.03
_WIDER = 0.15


def shown(frame: Frame, own: Box | None, others: Sequence[Box], view: ViewSettings) -> tuple[Frame, Box | None]:
    """The picture that may be kept, and where the plate `own` is in it. `others` are the plates of other vehicles.

    Nothing of what is hidden can be had back from it: it is painted over, or each block of it has one colour.
    """
    picture = frame.copy()
    height, width = frame.shape[:2]
    for mask in view.masks:
        _paint_over(picture, in_pixels(mask, width, height))
    for other in others:
        _paint_over(picture, _wider(other))
    kept = _kept(view.region, width, height)
    if own is not None:
        _hide_around(picture, own, view)
    elif view.hide:
        # No plate tells where anything is: what is left is a colour, a shape and a size.
        _blocks(picture, kept, kept.width // _UNREAD_BLOCKS)
    place = None if own is None else Box(own.x - kept.x, own.y - kept.y, own.width, own.height)
    return picture[kept.y : kept.y + kept.height, kept.x : kept.x + kept.width], place


def plate_alone(frame: Frame, own: Box, others: Sequence[Box]) -> Frame:
    """The plate with a little of what is around it."""
    picture = frame.copy()
    for other in others:
        _paint_over(picture, other)
    box = _clipped(_wider(own), frame.shape[1], frame.shape[0])
    return picture[box.y : box.y + box.height, box.x : box.x + box.width]


def in_pixels(area: Area, width: int, height: int) -> Box:
    left, top = int(area.x * width), int(area.y * height)
    right, bottom = round((area.x + area.width) * width), round((area.y + area.height) * height)
    return Box(left, top, max(1, right - left), max(1, bottom - top))


def _hide_around(picture: Frame, own: Box, view: ViewSettings) -> None:
    metre = _metre(own)
    height, width = picture.shape[:2]
    middle, foot = own.x + own.width // 2, own.y + own.height // 2
    left, right = round(middle - _HALF_VEHICLE * metre), round(middle + _HALF_VEHICLE * metre)
    coarse = max(round(_FACE_BLOCK * metre), width // _BESIDE_BLOCKS)
    if Hidden.SURROUNDINGS in view.hide:
        _blocks(picture, Box(0, 0, left, height), coarse)
        _blocks(picture, Box(right, 0, width - right, height), coarse)
    if Hidden.WINDSCREEN in view.hide:
        lower_edge = round(foot - _SCREEN_ABOVE * metre)
        _blocks(picture, Box(left, 0, right - left, lower_edge), max(4, round(_FACE_BLOCK * metre)))


def _metre(plate: Box) -> float:
    """In pixels, at the plate's distance."""
    short = plate.width < _SHORT_BELOW * plate.height
    return plate.width / (_SHORT_PLATE if short else _LONG_PLATE)


def _kept(region: Area | None, width: int, height: int) -> Box:
    if region is None:
        return Box(0, 0, width, height)
    box = in_pixels(region, width, height)
    aside, above = round(_MARGIN * width), round(_MARGIN * height)
    return _clipped(Box(box.x - aside, box.y - above, box.width + 2 * aside, box.height + 2 * above), width, height)


def _wider(box: Box) -> Box:
    aside, above = round(_WIDER * box.width), round(_WIDER * box.height)
    return Box(box.x - aside, box.y - above, box.width + 2 * aside, box.height + 2 * above)


def _clipped(box: Box, width: int, height: int) -> Box:
    left, top = min(max(0, box.x), width - 1), min(max(0, box.y), height - 1)
    right, bottom = max(left + 1, min(width, box.x + box.width)), max(top + 1, min(height, box.y + box.height))
    return Box(left, top, right - left, bottom - top)


def _paint_over(picture: Frame, box: Box) -> None:
    """In one colour, that of the whole."""
    part = _part(picture, box)
    if part.size:
        part[:] = part.reshape(-1, part.shape[2]).mean(axis=0).astype(part.dtype)


def _blocks(picture: Frame, box: Box, size: int) -> None:
    """One colour for each block of `size` pixels; those at the right and lower edge may be larger, never smaller."""
    part = _part(picture, box)
    if not part.size:
        return
    high, wide = part.shape[:2]
    across, down = max(1, wide // max(1, size)), max(1, high // max(1, size))
    few: Any = cv2.resize(part, (across, down), interpolation=cv2.INTER_AREA)
    part[:] = cast("Frame", cv2.resize(few, (wide, high), interpolation=cv2.INTER_NEAREST))


def _part(picture: Frame, box: Box) -> Frame:
    height, width = picture.shape[:2]
    rows = slice(max(0, box.y), max(0, min(height, box.y + box.height)))
    return picture[rows, max(0, box.x) : max(0, min(width, box.x + box.width))]
