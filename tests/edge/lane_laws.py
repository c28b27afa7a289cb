"""The laws of a lane, checked from outside by what it hears and what it asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from drivers.contract import Position
from edge.lane.actions import (
    Action,
    Clear,
    Confirm,
    Decide,
    Hold,
    Lower,
    Raise,
    RecordHold,
    RecordOrder,
    Release,
    StartTimer,
    Unresolve,
    Watch,
    Withdraw,
)
from edge.lane.faults import (
    BROKEN_ARM,
    CATALOGUE,
    CHATTERING_ARMING_LOOP,
    CHATTERING_LOOP,
    CONTRADICTION,
    FORCED_PASSAGE,
    FORCED_UP,
    SILENT_ARM,
    SILENT_LOOP,
    STUCK_ARMING_LOOP,
    STUCK_HALF_WAY,
    STUCK_LOOP,
    STUCK_UP,
    TAILGATE,
    WRONG_WAY,
)
from edge.lane.lane import Lane, Side, Step
from edge.lane.loop_watch import LoopWatch
from edge.lane.signals import Allowed, Arm, FarPresence, Fire, Ordered, Presence, Refused, Signal, UnderArm, Vend, Which
from models.ids import TicketId
from models.instants import SECOND, Monotonic
from models.lanes import HoldCause, LaneState, OrderKind

NO_ARM_CLOSES_ON_A_VEHICLE = (
    "no arm is told to close, or to end a hold, while anything is or may be on the closing loop"
)
NO_VEND_WITHOUT_VEHICLE_OR_ORDER = "no vend without a vehicle before the arm, a person's order, or a hold"
NO_CONFIRM_WITHOUT_A_PASSAGE = "no ticket is confirmed before the closing loop was on and off again since its vend"
A_TICKET_ENDS_ONCE = "a ticket ends once, and one at most is open in a lane"
AN_ANSWER_IS_FOR_WHOM_IT_WAS_ASKED = "no vehicle is vended on the answer for another one"
EVERY_FAULT_IS_LEFT = "every fault is in the catalogue, and its stated end ends it"
NO_FAULT_ENDS_EARLY = "no fault ends before its stated end"
FIRE_GOES_OVER_EVERYTHING = "fire raises the arm at once, and nothing but its reset lets it come down"
A_HELD_ARM_IS_TOLD_UNTIL_IT_IS_UP = "an arm that is to stay up is told so every few seconds until it is seen up"
A_CLOSED_LANE_LETS_NOBODY_IN = "in a lane that is closed no arm rises on the desk's answer"
NOTHING_MOVES_BY_ITSELF = "no arm moves because a lane started, a level was unknown, or a timer rang"
NO_TIMER_IS_USED_TWICE = "no number of a timer is used twice"
WHAT_PEOPLE_ORDER_IS_RECORDED = "each order is recorded once, and each beginning and end of a hold"
THE_LANE_GETS_BACK_TO_WORK = "once all is well, no fault is left and the next vehicle is served"
NO_SIGNAL_IS_AN_ERROR = "no signal is an error in any phase"
COUNTS_EQUAL_THE_CARS_INSIDE = "what was confirmed and counted equals the cars that passed"

LAWS = (
    NO_ARM_CLOSES_ON_A_VEHICLE,
    NO_VEND_WITHOUT_VEHICLE_OR_ORDER,
    NO_CONFIRM_WITHOUT_A_PASSAGE,
    A_TICKET_ENDS_ONCE,
    AN_ANSWER_IS_FOR_WHOM_IT_WAS_ASKED,
    EVERY_FAULT_IS_LEFT,
    NO_FAULT_ENDS_EARLY,
    FIRE_GOES_OVER_EVERYTHING,
    A_HELD_ARM_IS_TOLD_UNTIL_IT_IS_UP,
    A_CLOSED_LANE_LETS_NOBODY_IN,
    NOTHING_MOVES_BY_ITSELF,
    NO_TIMER_IS_USED_TWICE,
    WHAT_PEOPLE_ORDER_IS_RECORDED,
    THE_LANE_GETS_BACK_TO_WORK,
    NO_SIGNAL_IS_AN_ERROR,
    COUNTS_EQUAL_THE_CARS_INSIDE,
)


class LawBroken(AssertionError):
    def __init__(self, law: str, how: str) -> None:
        super().__init__(f"{law}: {how}")
        self.law = law


@dataclass(slots=True)
class Witness:
    """Sees everything that a lane hears and says. `only`: the laws that are looked at; the others may be broken."""

    lane: Lane
    only: frozenset[str] = frozenset(LAWS)
    tickets: dict[TicketId, str] = field(default_factory=dict[TicketId, str])
    asked: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    open_faults: set[str] = field(default_factory=set[str])
    clock: int = 0
    looks: int = 0
    watched_at: int = 0
    vended_at: dict[TicketId, int] = field(default_factory=dict[TicketId, int])
    began_at: dict[TicketId, int] = field(default_factory=dict[TicketId, int])
    came_under_at: int = -1
    went_under_at: int = -1
    """When the one that went through last had come under the arm"""
    went_through_at: int = -1
    left_at: dict[Side, int] = field(default_factory=dict[Side, int])
    anybody: bool = False
    fire_contact: bool | None = None
    timers: dict[Which, int] = field(default_factory=dict[Which, int])
    raw: dict[type[Signal], bool | None] = field(default_factory=dict[type[Signal], bool | None])
    now: int = 0
    told_to_stay_up: int = 0
    """When the arm was last told so, or was seen up, or nothing kept it up"""
    vacant_since: int = 0
    """When an arming loop last changed, in monotonic microseconds as `now`"""

    # --- what it sees ---

    def begins(self, stepped: Step, now: Monotonic) -> None:
        """A lane starts, or starts again: nothing is known, the faults and vends of before are nobody's any more."""
        self.open_faults, self.timers, self.raw, self.asked = set(), {}, {}, []
        self.now = self.told_to_stay_up = now
        self.anybody, self.fire_contact = stepped.lane.hold is not None, None
        for ticket, end in self.tickets.items():
            if end == "open":
                self.tickets[ticket] = "left unresolved by the restart"
        self._after(None, self.lane, stepped)

    def gives(self, ticket: TicketId) -> None:
        """The desk answers with a new ticket."""
        self.tickets[ticket] = "open"

    def sees(self, signal: Signal, stepped: Step, now: Monotonic) -> None:
        self.clock += 1
        self.now = now
        if isinstance(signal, Presence | FarPresence) and signal.present is not self.raw.get(type(signal)):
            self.vacant_since = now
        before = self.lane
        if isinstance(signal, Presence | FarPresence | UnderArm):
            self.raw[type(signal)] = signal.present if not isinstance(signal, UnderArm) else signal.occupied
        self.anybody = self.anybody or _is_somebody(signal)
        if isinstance(signal, Fire):
            self.fire_contact = signal.active
        answers = self.asked.pop(0) if isinstance(signal, Allowed | Refused) and self.asked else None
        self._loops(before, stepped.lane)
        self._after(signal, before, stepped)
        self._an_answer_is_for_whom_it_was_asked(answers, stepped)

    def _loops(self, before: Lane, after: Lane) -> None:
        if after.under_arm and not before.under_arm:
            self.came_under_at = self.clock
        if after.under_arm is False and before.under_arm is not False and self.came_under_at > self.watched_at:
            self.went_under_at, self.went_through_at = self.came_under_at, self.clock
        for side in Side:
            if before.at(side) is not False and after.at(side) is False:
                self.left_at[side] = self.clock

    def _after(self, signal: Signal | None, before: Lane, stepped: Step) -> None:
        self.lane = stepped.lane
        self._stays_up(before, stepped)
        for action in stepped.actions:
            self._acts(action, signal, stepped.lane)
        self._orders_are_recorded(signal, before, stepped)
        self._fire(signal, before, stepped)
        self._faults(signal, before, stepped)
        self._tickets()

    # --- the laws ---

    def _acts(self, action: Action, signal: Signal | None, lane: Lane) -> None:
        match action:
            case Lower() | Release():
                if lane.fitted.closing_loop:
                    clear = lane.under_arm is False and self.raw.get(UnderArm) is False
                    self.holds(clear, NO_ARM_CLOSES_ON_A_VEHICLE, f"{action} with the closing loop {lane.under_arm}")
                else:
                    self._nobody_may_be_under_it(action, lane)
                self._moves(action, lane)
            case Vend() | Hold():
                self._moves(action, lane)
                self._vends(action, signal, lane)
            case Confirm(ticket):
                self._confirms(ticket, lane)
                self._ends(ticket, "confirmed")
            case Withdraw(ticket):
                self._ends(ticket, "withdrawn")
            case Unresolve(ticket):
                self._ends(ticket, "unresolved")
            case Watch(on=True):
                self.looks += 1
                # A second look at a vehicle that has its ticket isn't a new vehicle.
                self.watched_at = self.watched_at if "open" in self.tickets.values() else self.clock
            case Decide():
                self.asked.append((self.looks, self.clock))
            case StartTimer(timer, _, which):
                self.holds(timer > self.timers.get(which, 0), NO_TIMER_IS_USED_TWICE, f"{which} {timer}")
                self.timers[which] = timer
            case _:
                pass

    def _nobody_may_be_under_it(self, action: Lower | Release, lane: Lane) -> None:
        """No loop tells of the arm: a hold ends where nobody stands before it, and nobody has for a while."""
        self.holds(isinstance(action, Release), NO_ARM_CLOSES_ON_A_VEHICLE, "told to close, and nobody knows")
        sides = (Presence, FarPresence) if lane.fitted.two_way else (Presence,)
        seen = [self.raw.get(side) for side in sides]
        self.holds(not any(level is not False for level in seen), NO_ARM_CLOSES_ON_A_VEHICLE, f"{action} with {seen}")
        quiet = self.now - self.vacant_since >= lane.timing.used_within * SECOND
        self.holds(quiet, NO_ARM_CLOSES_ON_A_VEHICLE, f"{action} a moment after somebody left")

    def _moves(self, action: Action, lane: Lane) -> None:
        # Only an arm that reads up for long, above a loop that is seen clear, is told to close by a timer.
        seen = self.anybody or (isinstance(action, Lower) and lane.arm.is_up and self.raw.get(UnderArm) is False)
        self.holds(seen, NOTHING_MOVES_BY_ITSELF, f"{action}")

    def _vends(self, action: Vend | Hold, signal: Signal | None, lane: Lane) -> None:
        if isinstance(action, Hold) or action.order == "hold":
            self.holds(lane.hold is not None, NO_VEND_WITHOUT_VEHICLE_OR_ORDER, f"{action} though nothing is held")
            return
        said = self.raw.get(Presence if lane.side is Side.NEAR else FarPresence)
        ordered = isinstance(signal, Ordered) and signal.order.id == action.order
        self.holds(
            ordered or (lane.present is True and said is True),
            NO_VEND_WITHOUT_VEHICLE_OR_ORDER,
            f"{action} with presence {lane.present}",
        )
        by_desk = isinstance(signal, Allowed | Refused) and lane.order is None and lane.hold is None
        self.holds(not (by_desk and lane.state is LaneState.CLOSED), A_CLOSED_LANE_LETS_NOBODY_IN, f"{action}")
        if action.ticket is not None:
            self.holds(
                self.tickets.get(action.ticket) == "open", A_TICKET_ENDS_ONCE, f"{action} on a ticket that ended"
            )
            on_its_way = action.ticket in self.vended_at or lane.under_arm is True
            if not (ordered and on_its_way):
                self.vended_at[action.ticket] = self.clock
                # It waited there all the time and was on the closing loop as well: its passage began before the vend.
                stayed = self._left_at(lane) < self.watched_at < self.came_under_at
                began_before = stayed and lane.under_arm is True
                self.began_at[action.ticket] = self.watched_at if began_before else self.clock

    def _confirms(self, ticket: TicketId, lane: Lane) -> None:
        since = self.vended_at.get(ticket, self.watched_at)
        if lane.fitted.closing_loop:
            passed = self.began_at.get(ticket, since) < self.went_under_at < self.went_through_at > since
            self.holds(passed, NO_CONFIRM_WITHOUT_A_PASSAGE, f"{ticket} never passed the closing loop")
        else:
            left = self._left_at(lane) > since
            self.holds(left, NO_CONFIRM_WITHOUT_A_PASSAGE, f"{ticket} never left the arming loop")

    def _left_at(self, lane: Lane) -> int:
        return self.left_at.get(lane.side, -1)

    def _ends(self, ticket: TicketId, how: str) -> None:
        self.holds(self.tickets.get(ticket) == "open", A_TICKET_ENDS_ONCE, f"{how} after {self.tickets.get(ticket)}")
        self.tickets[ticket] = how

    def _tickets(self) -> None:
        still_open = [ticket for ticket, end in self.tickets.items() if end == "open"]
        self.holds(len(still_open) <= 1, A_TICKET_ENDS_ONCE, f"{still_open} are open")
        self.holds(still_open in ([], [self.lane.ticket]), A_TICKET_ENDS_ONCE, f"the lane forgot {still_open}")

    def _an_answer_is_for_whom_it_was_asked(self, asked: tuple[int, int] | None, stepped: Step) -> None:
        """A look begins with `Watch(on)`: what was asked before the latest, or of one that left, is about another."""
        vended = any(isinstance(action, Vend) and action.ticket is not None for action in stepped.actions)
        if asked is None or not vended:
            return
        look, at = asked
        stays = look == self.looks and self._left_at(stepped.lane) <= at
        self.holds(stays, AN_ANSWER_IS_FOR_WHOM_IT_WAS_ASKED, "a vend for another one than was asked about")

    def _orders_are_recorded(self, signal: Signal | None, before: Lane, stepped: Step) -> None:
        filed = [action.order for action in stepped.actions if isinstance(action, RecordOrder)]
        given = [signal.order] if isinstance(signal, Ordered) else []
        self.holds(filed == given, WHAT_PEOPLE_ORDER_IS_RECORDED, f"{given} was filed as {filed}")
        if signal is None:
            return
        causes = [action.cause for action in stepped.actions if isinstance(action, RecordHold)]
        changed = [] if before.hold is stepped.lane.hold else [stepped.lane.hold]
        self.holds(causes == changed, WHAT_PEOPLE_ORDER_IS_RECORDED, f"hold {changed} was recorded as {causes}")

    def _stays_up(self, before: Lane, stepped: Step) -> None:
        """Where nothing reads the position, a fire takes nothing for granted; of other holds nothing is asked here."""
        lane = stepped.lane
        taken = before.arm.is_up if lane.fitted.reads_back else before.hold is not HoldCause.FIRE
        if before.hold is None or lane.hold is None or taken or any(_keeps_up(action) for action in stepped.actions):
            self.told_to_stay_up = self.now
            return
        waited = (self.now - self.told_to_stay_up) / SECOND
        self.holds(waited <= lane.timing.rise_within + 1, A_HELD_ARM_IS_TOLD_UNTIL_IT_IS_UP, f"{waited:.1f} s ago")

    def _fire(self, signal: Signal | None, before: Lane, stepped: Step) -> None:
        after = stepped.lane.hold
        if isinstance(signal, Fire) and signal.active:
            self.holds(after is HoldCause.FIRE, FIRE_GOES_OVER_EVERYTHING, "a fire that raises no arm")
            told = before.hold is HoldCause.FIRE or any(_keeps_up(action) for action in stepped.actions)
            self.holds(told, FIRE_GOES_OVER_EVERYTHING, "the arm isn't told of the fire")
        if before.hold is not HoldCause.FIRE:
            return
        if after is HoldCause.FIRE:
            down = [one for one in stepped.actions if isinstance(one, Vend | Release | Lower) and not _keeps_up(one)]
            self.holds(not down, FIRE_GOES_OVER_EVERYTHING, f"{down}")
            return
        reset = isinstance(signal, Ordered) and signal.order.kind is OrderKind.RESET_FIRE
        self.holds(reset, FIRE_GOES_OVER_EVERYTHING, f"it ended by {signal}")
        cold = self.fire_contact is False or not before.fitted.fire_input
        self.holds(cold, FIRE_GOES_OVER_EVERYTHING, f"it was reset while the contact said {self.fire_contact}")

    def _faults(self, signal: Signal | None, before: Lane, stepped: Step) -> None:
        for action in stepped.actions:
            if isinstance(action, Raise):
                self.holds(action.code in CATALOGUE, EVERY_FAULT_IS_LEFT, f"{action.code} isn't in the catalogue")
                self.open_faults.add(action.code)
            elif isinstance(action, Clear):
                if action.code in self.open_faults:
                    self._may_end(action.code, stepped.lane)
                self.open_faults.discard(action.code)
        for code in self.open_faults:
            ended = signal is not None and ENDS[code](signal, before, stepped.lane)
            self.holds(not ended, EVERY_FAULT_IS_LEFT, f"{code} stands after its end ({signal})")

    def _may_end(self, code: str, lane: Lane) -> None:
        watches = [watch for watch in (lane.near_watch, lane.far_watch, lane.closing_watch) if watch is not None]
        still = [w.which for w in watches if (w.is_stuck and w.stuck.code == code)]
        still += [w.which for w in watches if (w.chattering and w.chatters.code == code)]
        self.holds(not still, NO_FAULT_ENDS_EARLY, f"{code} of the {still}")

    def holds(self, so: bool, law: str, how: str) -> None:
        if not so and law in self.only:
            raise LawBroken(law, how)


def _is_somebody(signal: Signal) -> bool:
    match signal:
        case Presence(True) | FarPresence(True) | UnderArm(True) | Fire(True) | Ordered():
            return True
        case _:
            return False


def _keeps_up(action: Action) -> bool:
    return isinstance(action, Hold) or (isinstance(action, Vend) and action.order == "hold")


# --- when a fault must have ended: its `ends`, put as what the lane heard ---

Ended = Callable[[Signal, Lane, Lane], bool]


def _arm(*positions: Position) -> Ended:
    return lambda signal, before, after: isinstance(signal, Arm) and signal.position in positions


def _closing_loop_clear(signal: Signal, before: Lane, after: Lane) -> bool:
    return after.under_arm is False and before.under_arm is not False


def _reset(signal: Signal, before: Lane, after: Lane) -> bool:
    return isinstance(signal, Ordered) and signal.order.kind is OrderKind.RESET_FAULTS


def _no_arming_loop(stands: Callable[[LoopWatch], bool]) -> Ended:
    def ended(signal: Signal, before: Lane, after: Lane) -> bool:
        return not any(stands(watch) for watch in (after.near_watch, after.far_watch) if watch is not None)

    return ended


def _said_clear(signal: Signal, before: Lane, after: Lane) -> bool:
    return isinstance(signal, UnderArm) and signal.occupied is False


def _closing_loop_quiet(signal: Signal, before: Lane, after: Lane) -> bool:
    return after.closing_watch is not None and not after.closing_watch.chattering


_RISES = (Position.MOVING, Position.OPEN, Position.HELD)
ENDS: dict[str, Ended] = {
    SILENT_ARM.code: _arm(*_RISES),
    STUCK_HALF_WAY.code: _arm(Position.OPEN, Position.HELD, Position.CLOSED),
    STUCK_UP.code: _arm(Position.CLOSED),
    BROKEN_ARM.code: _arm(*(position for position in Position if position is not Position.FAULTED)),
    FORCED_UP.code: _reset,
    CONTRADICTION.code: _reset,
    TAILGATE.code: _closing_loop_clear,
    WRONG_WAY.code: _closing_loop_clear,
    FORCED_PASSAGE.code: _closing_loop_clear,
    STUCK_LOOP.code: _said_clear,
    SILENT_LOOP.code: lambda signal, before, after: after.under_arm is True,
    STUCK_ARMING_LOOP.code: _no_arming_loop(lambda watch: watch.is_stuck and watch.level is not False),
    CHATTERING_LOOP.code: _closing_loop_quiet,
    CHATTERING_ARMING_LOOP.code: _no_arming_loop(lambda watch: watch.chattering),
}
