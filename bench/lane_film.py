"""Films of one lane, made of the real ones: it lies empty, or a car enters it each 15 seconds.

The lane is the toll gate's, as its camera saw it: with traffic behind the booth, a truck far off and the noise of its
sensor. They are written as MPEG-4, as near as OpenCV's own encoders come to the H.264 of network cameras, or as MJPEG,
as the clips are: that takes several times as long to decode.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from bench.plates import tollgate
from edge.vision.frames.motion import Frame

RATE = 12
_EMPTY = slice(160, 262)
_WHITE_STANDS, _WHITE_LEAVES, _RED_PASSES = slice(0, 15), slice(15, 84), slice(108, 156)
_EACH = 15
_QUALITY = 90
_CROPPED = 960
"""Of the 1280 columns, those that keep the lane when the picture is made 4:3."""


@dataclass(frozen=True, slots=True)
class Size:
    width: int
    height: int

    @property
    def name(self) -> str:
        return f"{self.width}x{self.height}"


CODECS = {"mpeg4": ("mp4v", ".mp4"), "mjpeg": ("MJPG", ".avi")}
SIZES = (Size(640, 480), Size(1280, 720))


def filmed() -> list[Frame]:
    """All frames of the toll gate."""
    capture = cv2.VideoCapture(str(tollgate().path))
    frames: list[Frame] = []
    while True:
        there, frame = capture.read()
        if not there:
            return frames
        frames.append(frame.astype(np.uint8, copy=False))


def an_empty_lane(frames: list[Frame], seconds: float) -> Iterator[Frame]:
    """To and fro, so that nothing jumps; two in three frames: it was filmed at 18 a second."""
    once = _slower(frames[_EMPTY])
    yield from itertools.islice(itertools.cycle([*once, *once[::-1]]), round(seconds * RATE))


def a_car_each_15_seconds(frames: list[Frame], cars: int) -> Iterator[Frame]:
    """By turns one that stands at the barrier for some seconds and one that is let through at once."""
    lane = an_empty_lane(frames, cars * _EACH)
    white_stands = _slower(frames[_WHITE_STANDS])
    standing = itertools.islice(itertools.cycle([*white_stands, *white_stands[::-1]]), 4 * RATE)
    white, red = [*standing, *_slower(frames[_WHITE_LEAVES])], _slower(frames[_RED_PASSES])
    for car in range(cars):
        passing = white if car % 2 == 0 else red
        yield from itertools.islice(lane, _EACH * RATE - len(passing))
        yield from passing


def plates_of(cars: int) -> list[str]:
    white, red = tollgate().plates
    return [white if car % 2 == 0 else red for car in range(cars)]


def written(frames: Iterator[Frame], size: Size, codec: str, folder: Path) -> Path:
    """The film, in `folder`."""
    tag, suffix = CODECS[codec]
    path = folder / f"lane{suffix}"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*tag), RATE, (size.width, size.height))
    if not writer.isOpened():
        sys.exit(f"{path} can't be written")
    writer.set(cv2.VIDEOWRITER_PROP_QUALITY, _QUALITY)
    for frame in frames:
        writer.write(as_large_as(frame, size))
    writer.release()
    return path


def _slower(frames: list[Frame]) -> list[Frame]:
    """Twelve of eighteen frames a second."""
    return [frame for number, frame in enumerate(frames) if number % 3 != 2]


def as_large_as(frame: Frame, size: Size) -> Frame:
    if size.width * 3 == size.height * 4:
        frame = frame[:, :_CROPPED]
    return cv2.resize(frame, (size.width, size.height), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
