"""Whether a live camera still sends new pictures: a sensor has noise, so no two of its pictures are wholly alike.

A frozen encoder repeats one picture to the bit. A still scene may do so too for as long as its video is without a
fresh key frame: some seconds, with encoders that save at night a minute or two. The clock that a camera writes into its
picture changes each second, also where its sensor hangs. So pictures that are alike are kept from the reader after a
moment (they tell it nothing new, and might show the last car), and count as frozen after half a minute; where what is
written into them changes, after some minutes; and at once when a vehicle has come that doesn't show.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from edge.vision.frames.health.clearness import without_captions
from edge.vision.frames.motion import Frame
from models.instants import SECOND, Monotonic

WITHHELD_AFTER = 3 * SECOND // 2
FROZEN_AFTER = 30 * SECOND
HANGS_AFTER = 300 * SECOND
SHOWN_WITHIN = 2 * SECOND
_ROWS = 16
"""Of so many rows one is compared first: where pictures differ, that shows it nearly always"""


class Change(Enum):
    """What is new in a picture."""

    NOTHING = "nothing"
    CAPTIONS = "captions"
    SCENE = "scene"


@dataclass(frozen=True, slots=True)
class Stillness:
    """`since`: when what the camera sees changed last; `written`: when its captions did, or that; `came`: when a
    vehicle drove onto the arming loop."""

    since: Monotonic
    written: Monotonic
    came: Monotonic | None = None

    def withholds(self, at: Monotonic) -> bool:
        """Whether the picture of now tells nothing that an earlier one didn't."""
        return at - self.written >= WITHHELD_AFTER or self.frozen(at)

    def frozen(self, at: Monotonic) -> bool:
        """Whether the camera has sent the same picture for too long."""
        if at - self.written >= FROZEN_AFTER or at - self.since >= HANGS_AFTER:
            return True
        return self.came is not None and self.since < self.came - SECOND and at - self.came >= SHOWN_WITHIN


def seen(before: Stillness | None, change: Change, at: Monotonic) -> Stillness:
    """Another picture came."""
    match change:
        case _ if before is None:
            return Stillness(at, at)
        case Change.NOTHING:
            return before
        case Change.CAPTIONS:
            return replace(before, written=at)
        case Change.SCENE:
            return replace(before, since=at, written=at)


def changed(frame: Frame, before: Frame | None) -> Change:
    """Compares two pictures to the bit. Costs some 20 microseconds where the scene isn't the same."""
    if before is None or frame.shape != before.shape:
        return Change.SCENE
    scene, scene_before = without_captions(frame), without_captions(before)
    if not (np.array_equal(scene[::_ROWS], scene_before[::_ROWS]) and np.array_equal(scene, scene_before)):
        return Change.SCENE
    return Change.NOTHING if np.array_equal(frame, before) else Change.CAPTIONS
