"""Drawn vehicles at the arm, as the simulator's camera sees them: pictures that anybody may show."""

from __future__ import annotations

from functools import cache

from drivers.contract import Box
from edge.vision.frames.motion import Frame
from models.spots import VehicleType
from simulator.cars import COLOURS, Car
from simulator.pictures import plate as plates
from simulator.pictures.lens import distance, path, pixels
from simulator.plates import number_plate
from simulator.render import Painter, Scene, Seen

STANDS = -1.9
"""Metres before the arm."""
_PLATE_UP = 0.48


def a_car(number: int) -> Car:
    return Car(number, number_plate(7, number), VehicleType.REGULAR, COLOURS[number % len(COLOURS)], 600)


def a_picture(number: int, front: float = STANDS) -> Frame:
    """The car of that number alone before a lowered arm."""
    return _painter().paint(Scene(False, 0.0, (Seen(a_car(number), front),)))


def plate_box(front: float = STANDS) -> Box:
    """Where its plate is in the picture, with a little around it."""
    away = distance(front)
    half, tall = plates.WIDTH / 2 * 1.06, plates.HEIGHT / 2 * 1.2
    left, top = pixels(path(front) - half, _PLATE_UP + tall, away)
    right, bottom = pixels(path(front) + half, _PLATE_UP - tall, away)
    return Box(round(left), round(top), round(right - left), round(bottom - top))


@cache
def _painter() -> Painter:
    return Painter()
