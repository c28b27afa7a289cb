"""A small honest world around one lane: its timers, a desk that answers in order, and a barrier that may fail."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from drivers.contract import Position
from edge.lane import machine
from edge.lane.actions import Action, Confirm, Decide, Hold, Release, StartTimer, Watch
from edge.lane.faults import SILENT_LOOP
from edge.lane.lane import Fitted, Lane, Step, WhenUnread, a_lane
from edge.lane.signals import (
    Allowed,
    Arm,
    Blind,
    FarPresence,
    Fire,
    HoldFailed,
    Order,
    Ordered,
    Phase,
    Presence,
    Question,
    Read,
    Refused,
    Signal,
    TimeUp,
    UnderArm,
    Vend,
    VendFailed,
    Which,
)
from models.ids import TicketId
from models.instants import SECOND, Monotonic
from models.lanes import LaneState, OrderKind
from models.plates import Plate
from models.refusals import Refusal
from models.tickets import Direction
from tests.edge.lane_laws import LAWS, NO_SIGNAL_IS_AN_ERROR, THE_LANE_GETS_BACK_TO_WORK, Witness

_START = Monotonic(1000 * SECOND)
MOST_RINGS = 2000
"""More timers than this in one wait: the lane wakes itself without an end."""


@dataclass
class World:
    """One lane at work. A tenth of a second lies between two signals, more before the closing loop is clear. Timers
    ring when they are due."""

    fitted: Fitted
    only: frozenset[str] = frozenset(LAWS)
    lane: Lane = field(init=False)
    witness: Witness = field(init=False)
    now: Monotonic = _START
    timers: dict[Which, tuple[int, int]] = field(default_factory=dict[Which, tuple[int, int]])
    desk: list[Decide] = field(default_factory=list[Decide])
    told: list[Vend | Hold | Release] = field(default_factory=list[Vend | Hold | Release])
    actions: list[Action] = field(default_factory=list[Action])
    issued: int = 0
    ordered: int = 0
    signals: int = 0

    def __post_init__(self) -> None:
        self.lane = a_lane(self.fitted)
        self.witness = Witness(self.lane, self.only)
        self._begin()

    def restart(self) -> None:
        """The daemon is killed and starts again: timers and questions are gone, what it was set to is remembered."""
        by = self.lane.hold_order.id if self.lane.hold_order else ""
        self.lane = a_lane(self.fitted, self.lane.state, self.lane.hold, by)
        self.timers, self.desk, self.told = {}, [], []
        self.witness.lane = self.lane
        self._begin()

    def _begin(self) -> None:
        begun = machine.started(self.lane, self.now)
        self.witness.begins(begun, self.now)
        self._take(begun)

    # --- signals and time ---

    def hear(self, *signals: Signal) -> None:
        for signal in signals:
            self.wait(0.4 if signal == UnderArm(False) else 0.1)
            self._step(signal)

    def hear_at_once(self, *signals: Signal) -> None:
        """The computer stood still while they came."""
        for signal in signals:
            self._step(signal)

    def wait(self, seconds: float) -> None:
        """Time passes, and every timer that runs out meanwhile rings."""
        until = Monotonic(self.now + round(seconds * SECOND))
        for _ in range(MOST_RINGS):
            which = self._next_ring()
            if which is None or self.timers[which][1] > until:
                self.now = until
                return
            timer, due = self.timers.pop(which)
            self.now = Monotonic(max(self.now, due))
            self._step(TimeUp(timer, which))
        self.witness.holds(False, THE_LANE_GETS_BACK_TO_WORK, f"{MOST_RINGS} timers rang within {seconds} s")

    def _next_ring(self) -> Which | None:
        return min(self.timers, key=lambda which: self.timers[which][1], default=None)

    def _step(self, signal: Signal) -> None:
        self.signals += 1
        try:
            stepped = machine.step(self.lane, signal, self.now)
        except (LookupError, AttributeError, TypeError, ValueError, AssertionError) as wrong:
            self.witness.holds(False, NO_SIGNAL_IS_AN_ERROR, f"{wrong!r} of {signal} while {self.lane.phase}")
            raise
        self.witness.sees(signal, stepped, self.now)
        self._take(stepped)

    def _take(self, stepped: Step) -> None:
        self.lane = stepped.lane
        for action in stepped.actions:
            self.actions.append(action)
            match action:
                case StartTimer(timer, seconds, which):
                    self.timers[which] = (timer, self.now + round(seconds * SECOND))
                case Decide():
                    self.desk.append(action)
                case Vend() | Hold() | Release():
                    self.told.append(action)
                case _:
                    pass

    # --- the desk, the barrier, people ---

    def desk_answers(self, refusal: Refusal | None, *, counts_only: bool = False) -> None:
        """To what it was asked first of all."""
        if not self.desk:
            return
        self.desk.pop(0)
        if refusal is Refusal.NO_TICKET:
            # Before that, an exit may ask its driver.
            self.issued += 1
            asks = Question(Plate("AB12CDF"), "AB12CD*", "You came 10:42? AB12CD*")
            self.hear(Refused(refusal, asks.line, asks if self.issued % 2 else None))
            return
        if refusal is not None:
            self.hear(Refused(refusal))
            return
        self.issued += 1
        ticket = None if counts_only else TicketId(f"ticket-{self.issued}")
        self.wait(0.1)
        if ticket is not None:
            self.witness.gives(ticket)
        self._step(Allowed(ticket, ""))

    def barrier_fails(self, *, maybe: bool = False) -> None:
        """The order that was told first of all didn't get out, or (`maybe`) nobody knows whether it did."""
        if self.told:
            order = self.told.pop(0)
            self.hear(VendFailed(maybe, order) if isinstance(order, Vend) else HoldFailed())

    def person_orders(self, kind: OrderKind, state: LaneState | None = None) -> None:
        self.ordered += 1
        self.hear(Ordered(Order(f"order-{self.ordered}", kind, "Ada", "a reason", state)))

    # --- everything is made well ---

    def make_everything_well(self) -> None:
        """What ends each fault comes about: loops clear and quiet, the arm moves and comes down, people reset."""
        for again in range(3):
            if again and self._all_is_well():
                break
            self.hear(*self._all_clear())
            while self.desk:
                self.desk_answers(Refusal.LOT_FULL)
            for kind in (OrderKind.RESET_FIRE, OrderKind.RELEASE, OrderKind.RESET_FAULTS):
                self.person_orders(kind)
            self.person_orders(OrderKind.SET_STATE, LaneState.OPEN)
            self.told.clear()
            self.wait(200)
        holds = self.witness.holds
        holds(not self.witness.open_faults, THE_LANE_GETS_BACK_TO_WORK, f"{self.witness.open_faults} still stand")
        holds(self.lane.phase is Phase.IDLE, THE_LANE_GETS_BACK_TO_WORK, f"it is {self.lane.phase}")
        holds(self.lane.ticket is None, THE_LANE_GETS_BACK_TO_WORK, "it has a ticket still")

    def _all_is_well(self) -> bool:
        return not self.witness.open_faults and self.lane.phase is Phase.IDLE

    def _all_clear(self) -> Iterable[Signal]:
        if self.fitted.fire_input:
            yield Fire(False)
        yield Blind(False)
        yield Presence(False)
        if self.fitted.two_way:
            yield FarPresence(False)
        if self.fitted.closing_loop:
            yield UnderArm(False)
        if SILENT_LOOP.code in self.witness.open_faults:
            yield from (UnderArm(True), UnderArm(False))
        yield from self._arm(Position.MOVING, Position.OPEN, Position.CLOSED)

    def _arm(self, *positions: Position) -> list[Signal]:
        return [Arm(position) for position in positions]

    def the_next_vehicle_is_served(self, far: bool = False) -> None:
        """It is read, decided, vended and confirmed, from either side, and no fault comes of it."""
        comes, goes = (FarPresence(True), FarPresence(False)) if far else (Presence(True), Presence(False))
        there = [Presence(True), Presence(False)] if far else [FarPresence(True), FarPresence(False)]
        there = there if self.fitted.two_way else []
        direction = self.lane.fitted.direction if not far else _other(self.lane.fitted.direction)
        plate = Read(Plate("FR35H"), 0.99)
        self._asks(comes, Watch(True, far=far))
        self.hear(plate)
        self._said(bool(self.desk) and self.desk[0].asked.credential == plate, "the plate isn't decided about")
        self.desk_answers(None)
        ticket = TicketId(f"ticket-{self.issued}")
        self._said(Vend(ticket) in self.actions, "no vend")
        self.hear(*self._arm(Position.MOVING, Position.OPEN))
        passes: list[Signal] = [UnderArm(True), *there[:1], goes, UnderArm(False), *there[1:]]
        self.hear(*(passes if self.fitted.closing_loop else [goes, *there]))
        self._said(Confirm(ticket, direction) in self.actions, "the passage isn't confirmed")
        self.hear(*self._arm(Position.MOVING, Position.CLOSED))
        self.wait(100)
        self._said(self.lane.phase is Phase.IDLE, f"it is {self.lane.phase} afterwards")
        self._said(not self.witness.open_faults, f"{self.witness.open_faults} after an ordinary passage")

    def _asks(self, signal: Signal, action: Action) -> None:
        before = len(self.actions)
        self.hear(signal)
        self._said(action in self.actions[before:], f"{action} doesn't follow {signal}")

    def _said(self, so: bool, how: str) -> None:
        self.witness.holds(so, THE_LANE_GETS_BACK_TO_WORK, how)


def _other(direction: Direction) -> Direction:
    return Direction.EXIT if direction is Direction.ENTRY else Direction.ENTRY


def any_fitted() -> dict[str, list[object]]:
    """Every choice that a technician has."""
    return {
        "direction": list(Direction),
        "two_way": [False, True],
        "arming_loop": [True, True, True, False],
        "closing_loop": [True, True, True, False],
        "reads_back": [True, False],
        "can_hold": [True, False],
        "can_lower": [True, False],
        "fire_input": [True, False],
        "when_unread": list(WhenUnread),
    }
