"""A closing loop that was occupied for a moment only: a bird, a person, a loose wire; or a whole passage that is heard
in one moment, since the computer stood still. Pure."""

from __future__ import annotations

import math

from edge.lane.lane import Lane, Side
from edge.lane.loop_watch import LoopWatch
from models.instants import SECOND
from models.lanes import DROPS_OUT


def leaves_with_one(lane: Lane) -> bool:
    """Whether a blip of this vend may have been the vehicle that now leaves the arming loop. A camera that alone tells
    who is there may see it for longer."""
    arming = _watch(lane, lane.side)
    if not lane.blinked or arming is None or lane.closing_watch is None:
        return lane.blinked
    return _since(arming, lane.closing_watch) <= lane.timing.back_out_after * SECOND


def had_left(lane: Lane) -> bool:
    """Whether the vehicle of this vend had left the arming loop as the closing loop blinked: it may be between them as
    long as the vend stands."""
    return lane.gap and lane.present is not True


def has_passed(lane: Lane) -> bool:
    """Whether that is proven: something comes onto the loop beyond the arm just now."""
    beyond, closing = _watch(lane, lane.side.other), lane.closing_watch
    if not may_have_passed(lane) or lane.present is True or lane.blind or beyond is None or closing is None:
        return False
    return _since(beyond, closing) <= lane.timing.back_out_after * SECOND


def may_have_passed(lane: Lane) -> bool:
    """Whether nobody can say that it hasn't: the arm wasn't down all the time, as far as it says where it is."""
    return lane.maybe_through and (lane.risen or not lane.fitted.reads_back)


def was_there_all_the_time(lane: Lane) -> bool:
    """Whether the arming loop had only lost the vehicle that it tells of again. Where that may have passed meanwhile,
    the next one may be as soon there."""
    watch = _watch(lane, lane.side)
    if lane.maybe_through or watch is None or len(watch.changes) < 2:
        return False
    return watch.changes[-1] - watch.changes[-2] < DROPS_OUT


def _watch(lane: Lane, side: Side) -> LoopWatch | None:
    return lane.near_watch if side is Side.NEAR else lane.far_watch


def _since(watch: LoopWatch, closing: LoopWatch) -> float:
    """Microseconds from the closing loop's last change to that of the other one."""
    return watch.changes[-1] - closing.changes[-1] if watch.changes and closing.changes else math.inf
