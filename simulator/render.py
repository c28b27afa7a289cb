"""One frame of a lane's camera: scenery, cars from the far to the near one, the arm, and the overlay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from models.spots import VehicleType
from simulator.cars import Car
from simulator.lanes import TURNED_BACK, Lane
from simulator.pictures.cars import PAINT, SCALE, drawn
from simulator.pictures.lens import (
    BEHIND_ARM,
    FOCAL,
    HEIGHT,
    NEAREST,
    WIDTH,
    distance,
    path,
    pixels,
)
from simulator.pictures.scenery import scenery
from simulator.pictures.sketch import Point, Rgb, box, shade

_FADES_IN = 1.5
_HALF_WIDTH = 0.9
_ARM_HEIGHT, _ARM_THICK, _ARM_LENGTH = 1.06, 0.085, 3.2
_PIVOT = 0.93
_UPRIGHT = 86.0
_JPEG_BLOCK = 8
_GRAIN = 0, 424, 64, _JPEG_BLOCK
"""Where there is noise; a whole block of a JPEG keeps what is fine"""


@dataclass(frozen=True, slots=True)
class Seen:
    """A car as the camera sees it: where its bumper is, in metres along the lane, and how solid it looks."""

    car: Car
    front: float
    solid: float = 1.0


@dataclass(frozen=True, slots=True)
class Scene:
    """All that decides what a frame looks like, but for the overlay. Equal scenes give equal frames."""

    exit_lane: bool
    arm: float
    cars: tuple[Seen, ...] = ()


def scene_of(lane: Lane, comes_from: float) -> Scene:
    """What the lane's camera sees now, to the centimetre."""
    cars = tuple(
        Seen(driving.car, round(driving.front, 2), _solid(driving.front, driving.reversing, comes_from))
        for driving in lane.cars
        if not driving.far
    )
    return Scene(lane.is_exit, round(lane.arm.angle, 2), cars)


def _solid(front: float, reversing: bool, comes_from: float) -> float:
    way = front - TURNED_BACK if reversing else front - comes_from
    return round(min(1.0, max(0.0, way / _FADES_IN)), 2)


class Painter:
    """Paints frames, 640 x 480 BGR. Keeps the scenery and the cars it has drawn."""

    def __init__(self) -> None:
        self._scenery = {exit_lane: scenery(exit_lane) for exit_lane in (False, True)}

    def paint(self, scene: Scene) -> np.ndarray:
        frame = self._scenery[scene.exit_lane].copy()
        # The arm stands between the cars that wait and those that pass under it.
        for seen in sorted(scene.cars, key=lambda seen: seen.front):
            if seen.front <= 0:
                _car(frame, seen)
        _arm(frame, scene.arm)
        for seen in sorted(scene.cars, key=lambda seen: seen.front):
            if seen.front > 0:
                _car(frame, seen)
        _post(frame)
        return frame


def overlay(frame: np.ndarray, camera: str, time: str) -> np.ndarray:
    """The camera's own line of text: small, grey and thin, in the corner, and unlike any plate."""
    marked = frame.copy()
    marked[:22] = (marked[:22] * 0.45).astype(np.uint8)
    for text, x in ((camera, 10), (time, WIDTH - 172)):
        cv2.putText(marked, text, (x, 15), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (224, 224, 224), 1, cv2.LINE_AA)
    return marked


def grained(frame: np.ndarray, dice: np.random.Generator) -> np.ndarray:
    """With a little of a sensor's noise, where nothing else is: no two pictures of a camera that works are alike."""
    marked = frame.copy()
    left, top, wide, tall = _GRAIN
    lighter = dice.integers(0, 9, (tall // _JPEG_BLOCK, wide // _JPEG_BLOCK, 1))
    marked[top : top + tall, left : left + wide] += np.kron(lighter, np.ones((_JPEG_BLOCK, _JPEG_BLOCK, 1))).astype(
        np.uint8
    )
    return marked


def _car(frame: np.ndarray, seen: Seen) -> None:
    away = distance(seen.front)
    if distance(seen.front - seen.car.length) > NEAREST:
        _flank(frame, seen)
    if away <= 0.8:
        return
    drawing, metre = drawn(seen.car), FOCAL / away
    left, top = pixels(path(seen.front) + drawing.left, drawing.top, away)
    tall, wide = (max(1, round(size * metre / SCALE)) for size in drawing.sheet.shape[:2])
    _blend(frame, drawing.sheet, round(left), round(top), wide, tall, seen.solid)


def _flank(frame: np.ndarray, seen: Seen) -> None:
    """The car's right side, seen once it has swung past the camera."""
    if seen.car.vehicle_type is VehicleType.MOTORCYCLE or path(seen.front) + _HALF_WIDTH >= 0:
        return
    length, roof = seen.car.length, 2.3 if seen.car.vehicle_type is VehicleType.LARGE else 1.46
    body = shade(PAINT[seen.car.colour], 0.72)
    _side(frame, seen, box(0, 0.24, length, 0.95), body)
    _side(frame, seen, [(length * 0.2, 0.9), (length * 0.36, roof), (length * 0.9, roof), (length, 0.9)], body)
    for first, last in ((0.3, 0.58), (0.61, 0.86)):
        window = [(length * first, 0.98), (length * (first + 0.1), roof - 0.1)]
        window += [(length * last, roof - 0.1), (length * last, 0.98)]
        _side(frame, seen, window, _GLASS)
    _side(frame, seen, box(length * 0.05, 0.84, length * 0.97, 0.87), shade(body, 1.3))
    _side(frame, seen, box(length * 0.595, 0.3, length * 0.6, 0.95), shade(body, 0.6))
    for hub in (length * 0.19, length * 0.8):
        for radius, colour in ((0.34, (18, 18, 20)), (0.2, (150, 154, 158))):
            turns = np.linspace(0, 2 * np.pi, 24, endpoint=False)
            _side(frame, seen, [(hub + radius * np.cos(t), 0.33 + radius * np.sin(t)) for t in turns], colour)


_GLASS: Rgb = (38, 48, 56)


def _side(frame: np.ndarray, seen: Seen, points: Sequence[Point], colour: Rgb) -> None:
    """A polygon on the car's right side: metres behind the bumper, and above the ground."""
    front, rear = seen.front, seen.front - seen.car.length
    corners: list[tuple[float, float]] = []
    for behind, up in points:
        along = min(front - behind, distance(NEAREST))
        across = np.interp(along, (rear, front), (path(rear), path(front))) + _HALF_WIDTH
        corners.append(pixels(float(across), up, distance(along)))
    outline = np.array(corners).clip(-4000, 4000)
    red, green, blue = colour
    cv2.fillPoly(frame, [(outline * 16).astype(np.int32)], (blue, green, red), cv2.LINE_AA, 4)


def _blend(frame: np.ndarray, sprite: np.ndarray, left: int, top: int, wide: int, tall: int, solid: float) -> None:
    x0, y0, x1, y1 = max(left, 0), max(top, 0), min(left + wide, WIDTH), min(top + tall, HEIGHT)
    if x0 >= x1 or y0 >= y1:
        return
    # Only the part of the drawing that is in the picture is scaled: a near car is far larger than the frame.
    across, down = sprite.shape[1] / wide, sprite.shape[0] / tall
    sx0, sy0 = int((x0 - left) * across), int((y0 - top) * down)
    sx1, sy1 = max(sx0 + 1, round((x1 - left) * across)), max(sy0 + 1, round((y1 - top) * down))
    scaled = cv2.resize(sprite[sy0:sy1, sx0:sx1], (x1 - x0, y1 - y0), interpolation=cv2.INTER_AREA)
    # Weights run from 0 to 256, so that dividing is shifting.
    weight = scaled[:, :, 3:].astype(np.uint16)
    weight = (weight + (weight >> 7)) * round(solid * 128) >> 7
    under = frame[y0:y1, x0:x1]
    under[:] = np.right_shift(scaled[:, :, :3] * weight + under * (256 - weight), 8)


def _arm(frame: np.ndarray, angle: float) -> None:
    """White and red, turning about a pivot at the right."""
    x, y = pixels(_PIVOT, _ARM_HEIGHT, BEHIND_ARM)
    metre = FOCAL / BEHIND_ARM
    turn = np.deg2rad(_UPRIGHT * angle)
    along, down = np.array([-np.cos(turn), -np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)])
    half = _ARM_THICK / 2 * metre

    def band(start: float, end: float, top: float, bottom: float, colour: tuple[int, int, int]) -> None:
        ends = ((start, top), (end, top), (end, bottom), (start, bottom))
        corners = [np.array([x, y]) + along * a * metre + down * d * half for a, d in ends]
        cv2.fillPoly(frame, [(np.array(corners) * 16).astype(np.int32)], colour, cv2.LINE_AA, 4)

    band(0, _ARM_LENGTH, -1, 1, (236, 238, 238))
    for start in np.arange(0.3, _ARM_LENGTH, 0.56):
        band(float(start), float(start) + 0.28, -1, 1, (44, 40, 204))
    band(0, _ARM_LENGTH, 0.55, 1, (150, 148, 158))


def _post(frame: np.ndarray) -> None:
    """The barrier's housing at the right edge of the picture, in front of its arm."""
    left, ground = (round(c) for c in pixels(0.86, 0, BEHIND_ARM))
    top = round(pixels(0, 1.2, BEHIND_ARM)[1])
    cv2.rectangle(frame, (left, top), (WIDTH, ground), (52, 158, 232), -1, cv2.LINE_AA)
    cv2.rectangle(frame, (left, top), (left + 9, ground), (88, 186, 246), -1, cv2.LINE_AA)
    cv2.rectangle(frame, (left - 4, top - 9), (WIDTH, top), (60, 62, 64), -1, cv2.LINE_AA)
    cv2.rectangle(frame, (left - 8, ground - 6), (WIDTH, ground + 6), (70, 72, 74), -1, cv2.LINE_AA)
