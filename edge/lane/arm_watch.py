"""Whether the arm does what it was told, by what it says of itself; and that an arm that is to stay up is kept there.

Only positions that are read back are evidence. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from drivers.contract import Position
from edge.lane.actions import Action, Clear, Hold, Lower, Raise, Release, StartTimer
from edge.lane.changed import replace
from edge.lane.faults import BROKEN_ARM, FORCED_UP, SILENT_ARM, STUCK_HALF_WAY, STUCK_UP
from edge.lane.signals import Vend, Which
from edge.lane.timing import LaneTiming
from models.instants import BOOT, SECOND, Monotonic

AGAIN_AFTER = 2.0
"""Seconds between two attempts to tell the barrier of a hold, or of its end."""
LATE_RISE = 30.0
"""Seconds after an order during which a rising arm is taken for its answer."""


@dataclass(frozen=True)
class ArmWatch:
    """`since` when the arm is where it is, `told` when it was last told to rise, `held_told` when it was last told to
    stay up (`hold_failed`: in vain), `released` when last told that it needn't, `busy` when a vehicle was last under
    it or being let through (`vacant`: none is now). `overdue` are the faults that stand now. `due`: when the running
    timer rings. `wanted`: when a hold last ended, or the barrier was last told so.
    """

    position: Position = Position.UNKNOWN
    since: Monotonic = BOOT
    told: Monotonic | None = None
    held_told: Monotonic | None = None
    hold_failed: bool = False
    released: Monotonic = BOOT
    busy: Monotonic = BOOT
    wanted: Monotonic = BOOT
    vacant: bool = False
    overdue: frozenset[str] = frozenset()
    due: int | None = None
    timer: int = 0


class Around(NamedTuple):
    """What the watch has to know of the lane. `clear`: nothing is under the arm, for certain. `release`: a hold has
    ended, and the barrier may be told so, once nobody has been seen in the lane for `vacant_for` seconds."""

    timing: LaneTiming
    reads_back: bool
    can_hold: bool
    can_lower: bool
    held: bool
    fire: bool
    clear: bool
    busy: bool
    release: bool
    vacant: bool
    vacant_for: float


def supervise(
    watch: ArmWatch, position: Position, ordered: tuple[Action, ...], around: Around, now: Monotonic
) -> tuple[ArmWatch, tuple[Action, ...]]:
    """After each signal: what was ordered by it, where the arm is, and what follows."""
    before = watch
    watch = _noted(watch, position, ordered, around, now)
    actions: list[Action] = []
    if around.reads_back:
        watch = _judged(before, watch, around, now, actions)
    watch = _kept_up(watch, around, now, actions)
    due = _next(watch, around)
    if due is not None and due != watch.due:
        watch = replace(watch, timer=watch.timer + 1)
        actions.append(StartTimer(watch.timer, max((due - now) / SECOND, 0.0), Which.ARM))
    return watch if due == watch.due else replace(watch, due=due), tuple(actions)


def _noted(
    watch: ArmWatch, position: Position, ordered: tuple[Action, ...], around: Around, now: Monotonic
) -> ArmWatch:
    if any(isinstance(action, Vend | Hold) for action in ordered):
        watch = replace(watch, told=now)
    if around.held and (watch.held_told is None or any(isinstance(action, Hold) for action in ordered)):
        watch = replace(watch, held_told=now, hold_failed=False)
    if not around.held and (watch.held_told is not None or watch.hold_failed):
        watch = replace(watch, held_told=None, hold_failed=False, wanted=now)
    vacant = around.vacant and not around.busy
    if not (vacant and watch.vacant):
        watch = replace(watch, busy=now, vacant=vacant)
    if position is not watch.position:
        watch = replace(watch, position=position, since=now)
    return watch


def _judged(before: ArmWatch, watch: ArmWatch, around: Around, now: Monotonic, actions: list[Action]) -> ArmWatch:
    timing = around.timing
    up = watch.position.is_up
    rose = before.position is Position.CLOSED and (up or watch.position is Position.MOVING)
    ordered = watch.told is not None and now - watch.told <= LATE_RISE * SECOND
    if rose and not around.held and not ordered:
        actions.append(Raise(FORCED_UP.code, "rose without an order"))
    down_again = watch.position is Position.CLOSED and before.position is not Position.CLOSED
    if down_again and watch.told is not None and _over(watch.told, timing.rise_within, now):
        watch = replace(watch, told=None)
    watch = _stands(watch, BROKEN_ARM.code, watch.position is Position.FAULTED, "the barrier says so", actions)
    half_way = watch.position is Position.MOVING and _over(watch.since, timing.travel_within, now)
    watch = _stands(watch, STUCK_HALF_WAY.code, half_way, f"moving for {timing.travel_within:g} s", actions)
    idle_up = up and not around.held and not around.busy and around.clear
    stuck_up = idle_up and now >= _stuck_up_at(watch, timing)
    if stuck_up and STUCK_UP.code not in watch.overdue and around.can_lower:
        actions.append(Lower())
    # Once raised it stays until the arm is seen down: the next vehicle doesn't mend it.
    stays = STUCK_UP.code in watch.overdue and watch.position is not Position.CLOSED
    return _stands(watch, STUCK_UP.code, stuck_up or stays, f"up for {timing.close_within:g} s", actions)


def _kept_up(watch: ArmWatch, around: Around, now: Monotonic, actions: list[Action]) -> ArmWatch:
    """An arm that is to stay up is told so until it does; telling it again changes nothing for one that obeyed."""
    if around.release and now >= _release_at(watch, around):
        actions.append(Release())
        return replace(watch, released=now, wanted=now)
    again = _hold_again(watch, around)
    if again is None or now < again:
        return watch
    if not around.can_hold:
        actions.append(Vend(None, "hold"))
    else:
        if around.reads_back and watch.position is Position.CLOSED and not watch.hold_failed:
            actions.append(Raise(SILENT_ARM.code, "told to stay up, still closed; told again"))
        actions.append(Hold())
    return replace(watch, held_told=now, told=now, hold_failed=False)


def _stuck_up_at(watch: ArmWatch, timing: LaneTiming) -> int:
    return max(watch.busy, watch.since, watch.wanted) + round(timing.close_within * SECOND)


def _release_at(watch: ArmWatch, around: Around) -> int:
    vacant_for = watch.busy + round(around.vacant_for * SECOND) if around.vacant_for else BOOT
    return max(watch.released + round(AGAIN_AFTER * SECOND), vacant_for)


def _hold_again(watch: ArmWatch, around: Around) -> int | None:
    """When an arm that is to stay up has to be told again; None: it has obeyed, as far as anybody can tell."""
    if not around.held or watch.held_told is None:
        return None
    if not around.can_hold:
        return watch.held_told + round(around.timing.held_by_vends_every * SECOND)
    if watch.hold_failed:
        return watch.held_told + round(AGAIN_AFTER * SECOND)
    again = watch.held_told + round(around.timing.rise_within * SECOND)
    if around.reads_back:
        # In a fire one that is up, but says nothing of being held there, is told so as well: it may come down.
        obeyed = watch.position is Position.HELD or (watch.position.is_up and not around.fire)
        return None if obeyed else again
    # Where the position is assumed, a barrier that has lost its hold says that it doesn't know. One that lost it unseen
    # (a board without power for a moment) doesn't, so in a fire nothing is taken for granted.
    return again if around.fire or watch.position is Position.UNKNOWN else None


def _stands(watch: ArmWatch, code: str, wrong: bool, detail: str, actions: list[Action]) -> ArmWatch:
    if wrong and code not in watch.overdue:
        actions.append(Raise(code, detail))
        return replace(watch, overdue=watch.overdue | {code})
    if not wrong and code in watch.overdue:
        actions.append(Clear(code))
        return replace(watch, overdue=watch.overdue - {code})
    return watch


def _over(since: Monotonic, seconds: float, now: Monotonic) -> bool:
    return now - since >= seconds * SECOND


def _next(watch: ArmWatch, around: Around) -> int | None:
    """When the watch has to look again, if nothing is heard until then; None: not at all."""
    timing = around.timing
    again = _hold_again(watch, around)
    due = [] if again is None else [again]
    if around.release:
        due.append(_release_at(watch, around))
    if around.reads_back and watch.position is Position.MOVING and STUCK_HALF_WAY.code not in watch.overdue:
        due.append(watch.since + round(timing.travel_within * SECOND))
    idle_up = watch.position.is_up and not around.held and not around.busy and around.clear
    if around.reads_back and idle_up and STUCK_UP.code not in watch.overdue:
        due.append(_stuck_up_at(watch, timing))
    return min(due, default=None)
