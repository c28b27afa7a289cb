"""How one lane fares, from what it is seen to do: pure counting, told after everything that the lane hears."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

from drivers.contract import Position
from edge.lane.lane import Lane
from edge.lane.signals import Phase
from models.facts import LaneTimed
from models.ids import LaneName
from models.instants import Instant, Monotonic

_MOST_KEPT = 1000
_VENDED = (Phase.VENDED, Phase.PASSING, Phase.UNSURE)
_UP = (Position.OPEN, Position.HELD)


@dataclass
class LaneMeter:
    """Times are microseconds until they are told. Costs a few comparisons for each signal."""

    vends: int = 0
    to_vend: list[int] = field(default_factory=list[int])
    to_up: list[int] = field(default_factory=list[int])
    arming_loop_changes: int = 0
    closing_loop_changes: int = 0
    _before: Lane | None = None
    _asked_at: Monotonic | None = None
    _vended_at: Monotonic | None = None

    def saw(self, lane: Lane, now: Monotonic) -> None:
        before, self._before = self._before, lane
        if before is None or before is lane:
            return
        self.arming_loop_changes += (before.near, before.far) != (lane.near, lane.far)
        self.closing_loop_changes += before.under_arm is not lane.under_arm
        if lane.phase is not before.phase:
            self._change_of_phase(before.phase, lane.phase, now)
        if self._vended_at is not None and lane.arm in _UP and before.arm not in _UP:
            _keep(self.to_up, now - self._vended_at)
            self._vended_at = None

    def told(self, lane: LaneName, since: Instant, until: Instant) -> LaneTimed | None:
        """The hour that is over, and a new one begins. None where nothing has happened."""
        if not (self.vends or self.arming_loop_changes or self.closing_loop_changes):
            return None
        timed = LaneTimed(
            lane=lane,
            since=since,
            until=until,
            vends=self.vends,
            to_vend_median=_median(self.to_vend),
            to_vend_most=_most(self.to_vend),
            to_up_median=_median(self.to_up),
            to_up_most=_most(self.to_up),
            arming_loop_changes=self.arming_loop_changes,
            closing_loop_changes=self.closing_loop_changes,
        )
        self.vends = self.arming_loop_changes = self.closing_loop_changes = 0
        self.to_vend.clear()
        self.to_up.clear()
        return timed

    def _change_of_phase(self, was: Phase, now_in: Phase, now: Monotonic) -> None:
        if now_in is Phase.DECIDING:
            self._asked_at = now
        elif now_in is Phase.VENDED and was not in _VENDED:
            self.vends += 1
            if was is Phase.DECIDING and self._asked_at is not None:
                _keep(self.to_vend, now - self._asked_at)
            self._asked_at, self._vended_at = None, now
        elif now_in not in _VENDED:
            self._asked_at = self._vended_at = None


def _keep(times: list[int], took: int) -> None:
    if len(times) < _MOST_KEPT:
        times.append(took)


def _median(times: Sequence[int]) -> int | None:
    return round(statistics.median(times) / 1000) if times else None


def _most(times: Sequence[int]) -> int | None:
    return round(max(times) / 1000) if times else None
