"""Whether a live camera still sends new pictures: a sensor has noise, so no two of its pictures are wholly alike.

A frozen encoder repeats one picture to the bit. A still scene may do so too for as long as its video is without a
fresh key frame, some seconds; the clock that a camera writes into its picture changes each second. So pictures that
are alike are kept from the reader after a moment (they tell it nothing new, and might show the last car), and count as
frozen after half a minute, or at once when a vehicle has come that doesn't show.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from edge.vision.frames.motion import Frame
from models.instants import SECOND, Monotonic

WITHHELD_AFTER = 3 * SECOND // 2
FROZEN_AFTER = 30 * SECOND
SHOWN_WITHIN = 2 * SECOND
_ROWS = 16
"""Of so many rows one is compared first: where pictures differ, that shows it nearly always"""


@dataclass(frozen=True, slots=True)
class Stillness:
    """`since`: when the picture changed last; `came`: when a vehicle drove onto the arming loop."""

    since: Monotonic
    came: Monotonic | None = None

    def withholds(self, at: Monotonic) -> bool:
        """Whether the picture of now tells nothing that an earlier one didn't."""
        return at - self.since >= WITHHELD_AFTER

    def frozen(self, at: Monotonic) -> bool:
        """Whether the camera has sent the same picture for too long."""
        if at - self.since >= FROZEN_AFTER:
            return True
        return self.came is not None and self.since < self.came - SECOND and at - self.came >= SHOWN_WITHIN


def seen(before: Stillness | None, alike: bool, at: Monotonic) -> Stillness:
    """Another picture came; `alike`: as the one before, to the bit."""
    if before is None:
        return Stillness(at)
    return before if alike else replace(before, since=at)


def alike(frame: Frame, before: Frame | None) -> bool:
    """Whether two pictures are the same to the bit. Costs some 20 microseconds where they aren't."""
    if before is None or frame.shape != before.shape:
        return False
    return np.array_equal(frame[::_ROWS], before[::_ROWS]) and np.array_equal(frame, before)
