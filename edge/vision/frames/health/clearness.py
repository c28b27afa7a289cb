"""Whether anything can be seen in a camera's pictures: black, covered and dazzled ones are told apart, with patience.

Lanes are read all the same: headlights light up a plate in the darkest lot.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import cv2
import numpy as np

from edge.vision.frames.motion import Frame
from models.instants import SECOND, Monotonic

PATIENCE = 60 * SECOND
"""For so long it is seen without a break before it is said, and not seen before it is taken back: each pair of
headlights lights up a dark lane"""
EVERY = SECOND
BREAK = 5 * SECOND
"""Nothing is known of what such a gap in the pictures would have shown"""
_SMALL = (160, 90)
_CAPTIONS = 0.08
"""Of the height, above and below: there cameras write, brightly, whatever they see"""
BLACK, NO_LONGER_BLACK = 32, 48
"""Grey level below which all but the brightest 0.2 % lie: a lamp anywhere in the picture is more"""
PLAIN, NO_LONGER_PLAIN = 10, 18
"""Grey levels between the darkest and the brightest 0.2 %: thick fog leaves more than twenty"""
GLARING, NO_LONGER_GLARING = 0.80, 0.65
"""Share of the picture that is all but white"""
_WHITE = 245


class Sight(Enum):
    """What is wrong with a picture."""

    DARK = "dark"
    COVERED = "covered"
    DAZZLED = "dazzled"


@dataclass(frozen=True, slots=True)
class Light:
    """Of one picture. `brightest`: the grey level that 0.2 % exceed; `spread`: up to it from what 0.2 % are below;
    `white`: the share that is all but white."""

    brightest: float
    spread: float
    white: float

    def wrong(self, before: Sight | None) -> Sight | None:
        """What is wrong; what was so before has to get clearly better."""
        if self.brightest < (NO_LONGER_BLACK if before is Sight.DARK else BLACK):
            return Sight.DARK
        if self.white > (NO_LONGER_GLARING if before is Sight.DAZZLED else GLARING):
            return Sight.DAZZLED
        if self.spread < (NO_LONGER_PLAIN if before is Sight.COVERED else PLAIN):
            return Sight.COVERED
        return None


@dataclass(frozen=True, slots=True)
class Clearness:
    """`said`: what is wrong, as far as it was told; `other`: what shows instead since `since`."""

    said: Sight | None = None
    other: Sight | None = None
    since: Monotonic | None = None
    looked_at: Monotonic | None = None

    def is_due(self, at: Monotonic) -> bool:
        return self.looked_at is None or at - self.looked_at >= EVERY


def light(frame: Frame) -> Light:
    """Of the brightest colour of each place, without the strips where cameras write. Costs a millisecond."""
    # Averaged, so that the noise of a dark night is no detail.
    small = cv2.resize(without_captions(frame), _SMALL, interpolation=cv2.INTER_AREA)
    grey = small.max(axis=2)
    darkest, brightest = np.percentile(grey, (0.2, 99.8))
    return Light(float(brightest), float(brightest - darkest), float((grey >= _WHITE).mean()))


def without_captions(frame: Frame) -> Frame:
    edge = round(frame.shape[0] * _CAPTIONS)
    return frame[edge : frame.shape[0] - edge]


def looked(before: Clearness, seen: Light, at: Monotonic) -> Clearness:
    """Another picture was looked at."""
    wrong = seen.wrong(before.said)
    if wrong is before.said:
        return Clearness(before.said, None, None, at)
    lasts = wrong is before.other and before.looked_at is not None and at - before.looked_at < BREAK
    since = before.since if before.since is not None and lasts else at
    if at - since >= PATIENCE:
        return Clearness(wrong, None, None, at)
    return Clearness(before.said, wrong, since, at)
