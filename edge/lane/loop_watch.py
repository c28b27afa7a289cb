"""Whether a loop can be believed: one that chatters is unknown, one that stays occupied for too long is stuck."""

from __future__ import annotations

from dataclasses import dataclass

from edge.lane.actions import Action, Clear, Raise, StartTimer
from edge.lane.changed import replace
from edge.lane.signals import Which
from models.faults import Fault
from models.instants import SECOND, Monotonic


@dataclass(frozen=True)
class LoopWatch:
    """What is known of one loop. `level` is what it says, `changes` are the moments of its last changes."""

    which: Which
    stuck: Fault
    chatters: Fault
    stuck_after: float
    chatter_changes: int
    chatter_window: float
    settled_after: float
    level: bool | None = None
    changes: tuple[Monotonic, ...] = ()
    chattering: bool = False
    is_stuck: bool = False
    timer: int = 0

    @property
    def believed(self) -> bool | None:
        return None if self.chattering else self.level

    @property
    def wrong(self) -> tuple[str, ...]:
        """The codes of the faults that stand."""
        stands = ((self.is_stuck, self.stuck), (self.chattering, self.chatters))
        return tuple(fault.code for so, fault in stands if so)

    @property
    def name(self) -> str:
        return self.which.replace("_", " ")


@dataclass(frozen=True, slots=True)
class Heard:
    """The watch afterwards, and what is to be done; whether the believed level is another now."""

    watch: LoopWatch
    changed: bool
    actions: tuple[Action, ...] = ()


def heard(watch: LoopWatch, level: bool | None, now: Monotonic) -> Heard:
    """The loop says a level."""
    if level is watch.level:
        return Heard(watch, False)
    recent = (*(at for at in watch.changes if now - at <= watch.chatter_window * SECOND), now)
    after = replace(watch, level=level, changes=recent[-watch.chatter_changes - 1 :])
    actions: list[Action] = []
    if level is False and after.is_stuck:
        after = replace(after, is_stuck=False)
        actions.append(Clear(after.stuck.code))
    if not after.chattering and len(recent) > watch.chatter_changes:
        after = replace(after, chattering=True)
        actions.append(Raise(after.chatters.code, f"{len(recent)} changes of the {after.name} in a moment"))
    if after.chattering and len(recent) <= watch.chatter_changes // 2:
        # Vehicles pass over it again, and nothing else does.
        after = replace(after, chattering=False)
        actions.append(Clear(after.chatters.code))
    if after.chattering:
        return _timed(watch, after, after.settled_after, actions)
    if level:
        return _timed(watch, after, after.stuck_after, actions)
    return Heard(after, after.believed is not watch.believed, tuple(actions))


def time_up(watch: LoopWatch, timer: int) -> Heard:
    """It has been quiet for long enough to be believed again, or occupied for too long."""
    if timer != watch.timer:
        return Heard(watch, False)
    if watch.chattering:
        calm = replace(watch, chattering=False, changes=())
        actions: list[Action] = [Clear(watch.chatters.code)]
        if calm.level:
            return _timed(watch, calm, calm.stuck_after, actions)
        return Heard(calm, calm.level is not None, tuple(actions))
    if watch.level and not watch.is_stuck:
        raised = Raise(watch.stuck.code, f"occupied for {watch.stuck_after:g} s")
        return Heard(replace(watch, is_stuck=True), False, (raised,))
    return Heard(watch, False)


def _timed(before: LoopWatch, after: LoopWatch, seconds: float, actions: list[Action]) -> Heard:
    timed = replace(after, timer=after.timer + 1)
    started = StartTimer(timed.timer, seconds, timed.which)
    return Heard(timed, timed.believed is not before.believed, (*actions, started))
