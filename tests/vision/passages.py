"""Builders for what a lane's camera sees: reads of a plate, and drawn pictures and recordings of a car."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from drivers.contract import Box, PlateCandidate
from edge.vision.voting.track import Sighting
from edge.vision.voting.vote import Read
from models.instants import SECOND, Monotonic

WIDTH, HEIGHT, RATE = 640, 480, 12
NEAR = 60
Frame = npt.NDArray[np.uint8]


def plate(
    text: str, x: int = 250, y: int = 300, width: int = 120, sure: float = 0.99, cut: bool = False
) -> PlateCandidate:
    return PlateCandidate(text, (sure,) * len(text), Box(x, y, width, width // 4), 0.9, cut)


def reads_of(*candidates: PlateCandidate, every: float = 0.125) -> list[Read]:
    """The candidates, one a frame, `every` seconds."""
    return [Read(moment(number * every), candidate) for number, candidate in enumerate(candidates)]


def seen(*candidates: PlateCandidate, caption: bool = False) -> tuple[Sighting, ...]:
    return tuple(Sighting(candidate, caption=caption) for candidate in candidates)


def moment(seconds: float) -> Monotonic:
    return Monotonic(round((100 + seconds) * SECOND))


def empty_lane() -> Frame:
    """Tarmac with some grain, a kerb, and the camera's caption with a name that looks like a plate."""
    frame = np.full((HEIGHT, WIDTH, 3), (96, 98, 100), np.uint8)
    frame[: HEIGHT // 3] = (170, 160, 150)
    cv2.line(frame, (0, HEIGHT // 3), (WIDTH, HEIGHT // 3), (60, 60, 60), 2)
    cv2.putText(frame, "CAM03", (10, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (230, 230, 230), 1, cv2.LINE_AA)
    cv2.putText(frame, "14B02819T", (500, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (230, 230, 230), 1, cv2.LINE_AA)
    return frame


def with_car(frame: Frame, text: str, nearness: float = 1.0) -> Frame:
    """`frame` with a car from the front; at `nearness` 1 its plate is 170 pixels wide."""
    painted = frame.copy()
    centre, bottom = WIDTH // 2, round(HEIGHT * (0.45 + 0.45 * nearness))
    wide, tall = round(380 * nearness), round(250 * nearness)
    cv2.rectangle(painted, (centre - wide // 2, bottom - tall), (centre + wide // 2, bottom), (130, 60, 30), -1)
    glass = (centre - wide // 3, bottom - tall + tall // 10), (centre + wide // 3, bottom - tall // 2)
    cv2.rectangle(painted, *glass, (60, 45, 40), -1)
    sign = number_plate(text)
    broad, high = max(1, round(170 * nearness)), max(1, round(40 * nearness))
    left, top = centre - broad // 2, bottom - round(70 * nearness)
    painted[top : top + high, left : left + broad] = cv2.resize(sign, (broad, high), interpolation=cv2.INTER_AREA)
    return painted


def with_scratched_plate(frame: Frame) -> Frame:
    """`frame` with the car AB123CD, whose 2 is so scratched that RapidOCR reads it without being sure of it."""
    painted = with_car(frame, "AB123CD")
    for begin, end in (((317, 371), (318, 378)), ((318, 394), (328, 378)), ((328, 387), (319, 382))):
        cv2.line(painted, begin, end, (245, 245, 245), 3)
    return painted


def number_plate(text: str) -> Frame:
    """A white plate with black letters and a border."""
    sign = np.full((160, 680, 3), 245, np.uint8)
    cv2.rectangle(sign, (4, 4), (675, 155), (20, 20, 20), 6)
    scale = 4.2
    (broad, high), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_DUPLEX, scale, 12)
    scale *= min(1.0, 600 / broad)
    (broad, high), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_DUPLEX, scale, 12)
    at = ((680 - broad) // 2, (160 + high) // 2)
    cv2.putText(sign, text, at, cv2.FONT_HERSHEY_DUPLEX, scale, (15, 15, 15), 12, cv2.LINE_AA)
    return sign


def a_passage(text: str, waits: float = 1.0) -> Iterator[Frame]:
    """An empty lane, a car that drives up, waits and drives away to the side, an empty lane: 12 frames a second."""
    lane = empty_lane()
    yield from [lane] * RATE
    for step in range(RATE):
        yield with_car(lane, text, 0.35 + 0.65 * step / (RATE - 1))
    yield from [with_car(lane, text)] * round(waits * RATE)
    for step in range(1, 7):
        yield np.roll(with_car(lane, text), 100 * step, axis=1) if step < 4 else lane
    yield from [lane] * (2 * RATE)


def recorded(frames: Iterator[Frame] | Sequence[Frame], path: Path) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), RATE, (WIDTH, HEIGHT))
    assert writer.isOpened()
    for frame in frames:
        writer.write(frame)
    writer.release()
    return path
