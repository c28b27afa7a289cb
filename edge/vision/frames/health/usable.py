"""Which pictures can be looked at: of a sane size, in colours or grey. Others are told of, and left out."""

from __future__ import annotations

from typing import Any, cast

import cv2

from edge.vision.frames.motion import Frame

NARROWEST, MOST_PIXELS = 64, 40_000_000
"""Less shows no plate; more is no camera that looks at a lane (7680x4320 is 33 million)"""


def usable(frame: Any) -> Frame | str:
    """The picture with three colours, or why it can't be looked at."""
    shape: list[int] = list(getattr(frame, "shape", ()))
    if len(shape) not in (2, 3) or getattr(frame, "dtype", None) != "uint8":
        return "something that is no picture"
    height, width = shape[0], shape[1]
    if min(height, width) < NARROWEST or height * width > MOST_PIXELS:
        return f"pictures of {width} x {height} pixels"
    channels = shape[2] if len(shape) == 3 else 1
    if channels == 3:
        return cast("Frame", frame)
    if channels not in (1, 4):
        return f"pictures with {channels} colours"
    return cast("Frame", cv2.cvtColor(frame, cv2.COLOR_GRAY2BGR if channels == 1 else cv2.COLOR_BGRA2BGR))
