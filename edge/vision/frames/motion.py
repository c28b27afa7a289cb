"""The motion gate: tells cheaply whether something moves, and whether a place looks other than in an empty lane."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import cv2
import numpy as np
import numpy.typing as npt

from drivers.contract import Box
from edge.vision.settings import Area
from models.instants import SECOND, Monotonic

Frame = npt.NDArray[np.uint8]

COLUMNS, ROWS = 160, 90
_STEP = 14.0
"""Grey levels between two small pictures from which on a pixel has changed: above the noise of night cameras."""
_MOVING = 0.004
_FRESH = 0.3
_TREMBLES = tuple(product((0, -1, 1), repeat=2))
_CALM = 2 * SECOND
_LEARN, _LEARN_SLOWLY = 0.05, 0.005
_LARGE, _SCATTERED = 0.04, 0.15
"""A vehicle whose plate is near enough to count fills about a tenth of the picture, in one piece, or scattered where
its colour is that of the ground."""
_COVERED = 0.4
_NEARLY_ALL = 0.7
_VEHICLE = 1.5


class MotionGate:
    """Remembers the last small picture and the empty lane. One for each lane; not for threads."""

    def __init__(self, region: Area | None = None) -> None:
        self._region = region
        self._last: npt.NDArray[np.float32] | None = None
        self._empty: npt.NDArray[np.float32] | None = None
        self._moved_at: Monotonic | None = None
        self._size = (COLUMNS, ROWS)

    def moves(self, frame: Frame, at: Monotonic, occupied: bool) -> bool:
        """Whether this frame differs from the one before. While `occupied`, it teaches nothing about the empty lane."""
        small = _small(frame)
        self._size = (frame.shape[1], frame.shape[0])
        if self._last is None or self._empty is None:
            self._last = self._empty = small
            return False
        share = float(np.mean(self._inside(np.abs(small - self._last)) > _STEP))
        self._last = small
        if share > _MOVING:
            self._moved_at = at
            return True
        if not occupied and (self._moved_at is None or at - self._moved_at > _CALM):
            # What stands there may be a vehicle that can't be read yet: it becomes the lane's own, but not in seconds.
            pace = _LEARN_SLOWLY if self.is_obstructed() else _LEARN
            self._empty = (self._empty + pace * (small - self._empty)).astype(np.float32)
        return False

    def is_fresh(self, box: Box) -> bool:
        """Whether the picture inside `box` (pixels of the frame) isn't that of the empty lane."""
        if self._last is None or self._empty is None:
            return False
        place = self._place(box)
        now = self._last[place]
        return bool(now.size) and all(_differs(now, was) > _FRESH for was in self._nearby(place))

    def looms(self) -> bool:
        """Whether something stands in the newest picture, in one piece, that is as large as a vehicle that counts.

        What moves far away, or behind a hedge, is smaller.
        """
        if self._last is None or self._empty is None:
            return False
        other = (self._inside(np.abs(self._last - self._empty)) > _STEP).astype(np.uint8)
        total, everything = int(other.sum()), COLUMNS * ROWS
        if total < _LARGE * everything or total >= _SCATTERED * everything:
            return total >= _LARGE * everything
        count, _, measures, _ = cv2.connectedComponentsWithStats(other)
        return count > 1 and int(measures[1:, cv2.CC_STAT_AREA].max()) >= _LARGE * everything

    def is_obstructed(self) -> bool:
        """Whether what looms may be a vehicle, and isn't nearly all of the picture: that, a lamp or a cloud did."""
        if self._last is None or self._empty is None or not self.looms():
            return False
        return float(np.mean(np.abs(self._last - self._empty) > _STEP)) < _NEARLY_ALL

    def is_covered(self, box: Box) -> bool:
        """Whether most of the surroundings of a plate at `box` aren't those of the empty lane: its vehicle, or an arm
        before it, is still there."""
        if self._last is None or self._empty is None:
            return False
        wider = round(_VEHICLE * box.width)
        around = Box(box.x - wider // 2, box.y - wider, box.width + wider, box.height + wider)
        place = self._place(around)
        changed = np.abs(self._last[place] - self._empty[place]) > _STEP
        return bool(changed.size and changed.mean() > _COVERED)

    def _nearby(self, place: tuple[slice, slice]) -> Iterator[npt.NDArray[np.float32]]:
        """The empty lane there and a cell to each side: a mast that trembles in the wind brings nobody."""
        assert self._empty is not None, "asked only of a lane that was seen"
        wider = np.pad(self._empty, 1, mode="edge")
        rows, columns = place
        for down, right in _TREMBLES:
            yield wider[
                rows.start + 1 + down : rows.stop + 1 + down, columns.start + 1 + right : columns.stop + 1 + right
            ]

    def _place(self, box: Box) -> tuple[slice, slice]:
        width, height = self._size
        left, right = box.x * COLUMNS // width, (box.x + box.width) * COLUMNS // width + 1
        top, bottom = box.y * ROWS // height, (box.y + box.height) * ROWS // height + 1
        return np.s_[max(top, 0) : min(max(bottom, 1), ROWS), max(left, 0) : min(max(right, 1), COLUMNS)]

    def _inside(self, picture: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        if self._region is None:
            return picture
        left, top = int(self._region.x * COLUMNS), int(self._region.y * ROWS)
        right = max(left + 1, round((self._region.x + self._region.width) * COLUMNS))
        bottom = max(top + 1, round((self._region.y + self._region.height) * ROWS))
        return picture[top:bottom, left:right]


def _differs(now: npt.NDArray[np.float32], was: npt.NDArray[np.float32]) -> float:
    """The share that has changed, when a cloud or a lamp that made all a little lighter or darker is left out."""
    change = now - was
    change -= np.clip(np.median(change), -_STEP, _STEP)
    return float(np.mean(np.abs(change) > _STEP))


def _small(frame: Frame) -> npt.NDArray[np.float32]:
    # Every fourth pixel is enough, and four times four cheaper; the averaging that follows quiets the noise.
    step = 4 if frame.shape[1] >= 4 * COLUMNS else 1
    grey = cv2.cvtColor(np.ascontiguousarray(frame[::step, ::step]), cv2.COLOR_BGR2GRAY)
    return cv2.resize(grey, (COLUMNS, ROWS), interpolation=cv2.INTER_AREA).astype(np.float32)
