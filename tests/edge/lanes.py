"""A lane alone: the pure machine, its timers and a clock that moves by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from drivers.contract import Position
from edge.lane.actions import Action, Count, Raise, RecordOrder, Show, StartTimer
from edge.lane.lane import Fitted, Lane, a_lane
from edge.lane.machine import started, step
from edge.lane.signals import Allowed, Arm, Order, Ordered, Phase, Presence, Read, Signal, TimeUp, UnderArm, Which
from models.ids import TicketId
from models.instants import SECOND, Monotonic
from models.lanes import HoldCause, LaneState, OrderKind
from models.plates import Plate

TICKET = TicketId("ticket-1")
PLATE = Read(Plate("AB12CDE"), 0.97)
ANOTHER = Read(Plate("XY99ZZZ"), 0.9)

OFF = 4 * SECOND // 10
"""What a vehicle takes to clear the closing loop."""
_START = Monotonic(1000 * SECOND)

_A = TypeVar("_A", bound=Any)


@dataclass
class Story:
    """A lane and everything that it has asked for so far. A tenth of a second lies between two signals, more before the
    closing loop is clear."""

    lane: Lane
    actions: list[Action] = field(default_factory=list[Action])
    now: Monotonic = _START
    timers: dict[Which, tuple[int, int]] = field(default_factory=dict[Which, tuple[int, int]])

    def then(self, *signals: Signal) -> Story:
        for signal in signals:
            self.now = Monotonic(self.now + (OFF if signal == UnderArm(False) else SECOND // 10))
            self._take(*_parts(step(self.lane, signal, self.now)))
        return self

    def at_once(self, *signals: Signal) -> Story:
        """The computer stood still, and hears of all that happened meanwhile in one moment."""
        for signal in signals:
            self.now = Monotonic(self.now + 100)
            self._take(*_parts(step(self.lane, signal, self.now)))
        return self

    def begins(self) -> Story:
        self._take(*_parts(started(self.lane, self.now)))
        return self

    def time_up(self) -> Story:
        """The timer of the phase runs out."""
        if Which.PHASE in self.timers:
            self.now = Monotonic(max(self.now, self.timers[Which.PHASE][1]))
        return self.then(TimeUp(self.lane.timer))

    def wait(self, seconds: float) -> Story:
        """Time passes, and every timer that runs out meanwhile rings."""
        until = self.now + round(seconds * SECOND)
        while self.timers:
            which, (timer, due) = min(self.timers.items(), key=lambda item: item[1][1])
            if due > until:
                break
            del self.timers[which]
            self.now = Monotonic(max(self.now, due))
            self._take(*_parts(step(self.lane, TimeUp(timer, which), self.now)))
        self.now = Monotonic(until)
        return self

    def order(self, kind: OrderKind, state: LaneState | None = None) -> str:
        """Why the lane doesn't obey; empty when it does."""
        self.then(Ordered(Order("order-1", kind, "Ada", "a delivery", state)))
        said = self.asked(RecordOrder)[-1]
        return said.why_not

    def asked(self, kind: type[_A]) -> list[_A]:
        return [action for action in self.actions if isinstance(action, kind)]

    @property
    def raised(self) -> list[str]:
        return [action.code for action in self.asked(Raise)]

    @property
    def counted(self) -> list[str]:
        return [f"{action.direction} {action.kind}" for action in self.asked(Count)]

    @property
    def line(self) -> str:
        return self.asked(Show)[-1].line

    def _take(self, lane: Lane, actions: tuple[Action, ...]) -> None:
        self.lane = lane
        self.actions += actions
        for action in actions:
            if isinstance(action, StartTimer):
                self.timers[action.which] = (action.timer, self.now + round(action.seconds * SECOND))


def _parts(stepped: Any) -> tuple[Lane, tuple[Action, ...]]:
    return stepped.lane, stepped.actions


def a_story(hold: HoldCause | None = None, state: LaneState = LaneState.OPEN, **fitted: Any) -> Story:
    """A lane of which nothing is known yet."""
    return Story(a_lane(Fitted(**fitted), state, hold))


def a_quiet_lane(**fitted: Any) -> Story:
    """Nobody there, the arm down, both loops live."""
    story = a_story(**fitted).then(Arm(Position.CLOSED), UnderArm(False))
    return story.then(Presence(False)) if story.lane.fitted.arming_loop else story


def a_vended_lane(**fitted: Any) -> Story:
    return a_quiet_lane(**fitted).then(Presence(True), PLATE, Allowed(TICKET, "Welcome"))


def risen(story: Story) -> Story:
    return story.then(Arm(Position.MOVING), Arm(Position.OPEN))


def in_phase(phase: Phase) -> Lane:
    """A lane put into a phase with whatever that phase takes for granted."""
    reached: dict[Phase, Callable[[], Story]] = {
        Phase.IDLE: a_quiet_lane,
        Phase.READING: lambda: a_quiet_lane().then(Presence(True)),
        Phase.DECIDING: lambda: a_quiet_lane().then(Presence(True), PLATE),
        Phase.REFUSED: lambda: a_story(state=LaneState.CLOSED).then(Presence(True)),
        Phase.VENDED: a_vended_lane,
        Phase.PASSING: lambda: a_vended_lane().then(UnderArm(True)),
        Phase.UNSURE: lambda: a_vended_lane().then(UnderArm(True), UnderArm(False)),
    }
    lane = reached[phase]().lane
    assert lane.phase is phase, lane
    return replace(lane)
