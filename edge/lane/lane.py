"""Everything that the machine knows about its lane, and the small steps that all its transitions share."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from drivers.contract import Position
from edge.lane.actions import Action, RecordRefusal, Show, StartTimer
from edge.lane.arm_watch import ArmWatch
from edge.lane.changed import replace
from edge.lane.faults import CHATTERING_ARMING_LOOP, CHATTERING_LOOP, STUCK_ARMING_LOOP, STUCK_LOOP
from edge.lane.loop_watch import LoopWatch
from edge.lane.signals import (
    Asked,
    Button,
    FarPresence,
    Guess,
    Order,
    Phase,
    Presence,
    Question,
    Read,
    UnderArm,
    Vend,
    Which,
)
from edge.lane.timing import LaneTiming
from models.faults import Fault
from models.ids import TicketId
from models.instants import SECOND
from models.lanes import HoldCause, LaneState, OrderKind, PassageKind
from models.plates import Plate
from models.refusals import Refusal
from models.spots import VehicleType
from models.tickets import Direction


class WhenUnread(StrEnum):
    """What a lane does for a vehicle whose plate can't be read."""

    REFUSE = "refuse"
    """It waits for a person, or shows a code or a card"""
    BUTTON = "button"
    """At an entry it gets a ticket at the press of a button"""
    OPEN = "open"
    """It is let through; at an exit its fee is recorded as unable to collect"""


class Side(StrEnum):
    NEAR = "near"
    FAR = "far"

    @property
    def other(self) -> Side:
        return Side.FAR if self is Side.NEAR else Side.NEAR


@dataclass(frozen=True, slots=True)
class Fitted:
    """What stands in the lane, and how it is set up. `direction` is that of a vehicle that comes from the near side."""

    direction: Direction = Direction.ENTRY
    two_way: bool = False
    arming_loop: bool = True
    closing_loop: bool = True
    reads_back: bool = True
    can_hold: bool = True
    can_lower: bool = False
    fire_input: bool = False
    when_unread: WhenUnread = WhenUnread.REFUSE
    timing: LaneTiming = field(default_factory=LaneTiming)


@dataclass(frozen=True)
class Unvended:
    """A vehicle on the closing loop that nothing was vended for.

    `waited`: it stood on the arming loop of the side that it `came_from` when it drove on; `left`: that loop has been
    clear since; `reached_other`: it came onto the one beyond the arm. `fault` stands as long as it is there. `asked`:
    it is the one that the desk was asked about.
    """

    kind: PassageKind
    fault: Fault
    came_from: Side
    waited: bool
    plate: Plate | None = None
    left: bool = False
    reached_other: bool = False
    asked: bool = False


@dataclass(frozen=True)
class Lane:
    """`near`, `far` and `under_arm` are None while they are unknown; `far` stays so in a lane that works one way.

    Of the vehicle that is served: it comes from `side`. `asked` is what it showed last, `read` its plate, `guess` what
    its plate may be, `question` what its driver was asked by the desk, `denied` to which plates they said no, `chosen`
    what they say it is. `answerable`: the question has stood for long enough that a press is meant for it. `refusal` is
    what it was told last, `recorded` all that is on record for it, `called` whom it called for. `unreadable`: its
    plate couldn't be read in time.

    Of a vend: `ticket` or `order` or `policy` say what for. `blind`: the closing loop couldn't be believed during this
    passage. `lost_sight`: the arming loop was unknown during it, so another vehicle may stand there now. `gap`: the
    arming loop was clear since the vend. `followed`: another vehicle came and went on under the arm meanwhile.
    `reached_other`: it came onto the loop beyond the arm.
    `risen`: the arm was seen to move or stand open since the vend. `told_perhaps`: an order to rise failed, and may
    have arrived all the same. `answer_passed`: the vehicle was through, under an
    arm that was kept up, before the desk had answered.

    `answers_due`: questions that the desk hasn't answered yet; it answers in order, and only the last answer is wanted.
    `unrecorded`: seconds for which the desk couldn't put on record what it decides; `waited_for_person`: for which it
    said that a person has to come. `came_down`: how often the arm came
    down unused since the vend.
    `waited`: seconds for which it was waited for before the arm, since the last look at it, or under the arm, by the
    time that the timer rings.
    `waited_out`: it left the arming loop and has been waited for once. `blinked`: the closing loop was occupied for a
    moment since the vend, for less than a passage takes; `maybe_through`: and it has left the arming loop, so that may
    have been a passage that was heard in one moment. `unclear`: something was under the arm twice,
    and nobody knows what. `unseen`: vehicles in a row that left a raised arm without coming onto the closing loop.
    `outgoing`: the side on whose arming loop a vehicle stands that has passed already. `through`: the side towards
    which one has passed that hasn't reached that loop yet. `just_left`: the side on whose arming loop a vehicle stood
    a moment ago that was not let through. `served`: how many it has been done with.
    """

    fitted: Fitted = field(default_factory=Fitted)
    phase: Phase = Phase.IDLE
    side: Side = Side.NEAR
    near: bool | None = None
    far: bool | None = None
    under_arm: bool | None = None
    arm: Position = Position.UNKNOWN
    state: LaneState = LaneState.OPEN
    hold: HoldCause | None = None
    kept_open_before: bool = False
    hold_order: Order | None = None
    releasing: bool = False
    fire: bool | None = None
    reader_down: bool = False
    read: Read | None = None
    guess: Guess | None = None
    question: Question | None = None
    answerable: bool = False
    denied: frozenset[Plate] = frozenset()
    asked: Asked | None = None
    chosen: VehicleType | None = None
    unreadable: bool = False
    ticket: TicketId | None = None
    order: Order | None = None
    policy: bool = False
    refusal: Refusal | None = None
    recorded: frozenset[Refusal] = frozenset()
    called: frozenset[Button] = frozenset()
    blind: bool = False
    lost_sight: bool = False
    gap: bool = False
    followed: bool = False
    reached_other: bool = False
    risen: bool = False
    told_perhaps: bool = False
    answer_passed: bool = False
    unrecorded: float = 0.0
    waited_for_person: float = 0.0
    waited: float = 0.0
    came_down: int = 0
    waited_out: bool = False
    blinked: bool = False
    maybe_through: bool = False
    unclear: bool = False
    unseen: int = 0
    served: int = 0
    answers_due: int = 0
    unvended: Unvended | None = None
    outgoing: Side | None = None
    through: Side | None = None
    just_left: Side | None = None
    timer: int = 0
    arm_watch: ArmWatch = field(default_factory=ArmWatch)
    near_watch: LoopWatch | None = None
    far_watch: LoopWatch | None = None
    closing_watch: LoopWatch | None = None

    @property
    def timing(self) -> LaneTiming:
        return self.fitted.timing

    @property
    def direction(self) -> Direction:
        """Of the vehicle that is served."""
        return self.fitted.direction if self.side is Side.NEAR else opposite(self.fitted.direction)

    def at(self, side: Side) -> bool | None:
        """Whether a vehicle stands on the arming loop of that side."""
        return self.near if side is Side.NEAR else self.far

    @property
    def present(self) -> bool | None:
        """Whether a vehicle stands before the arm, on the side that is served."""
        return self.at(self.side)

    @property
    def presence_is_stuck(self) -> bool:
        """Whether the arming loop of the side that is served has been occupied for so long that it tells nothing."""
        watch = self.near_watch if self.side is Side.NEAR else self.far_watch
        return watch is not None and watch.is_stuck

    @property
    def was_no_vehicle(self) -> bool:
        """Whether what has just left the closing loop was on it for less time than any vehicle takes."""
        watch = self.closing_watch
        if watch is None or len(watch.changes) < 2:
            return False
        return watch.changes[-1] - watch.changes[-2] < self.timing.shortest_passage * SECOND

    @property
    def reads_closed(self) -> bool:
        """Whether the arm is down, for certain."""
        return self.fitted.reads_back and self.arm is Position.CLOSED

    @property
    def left_is_through(self) -> bool:
        """Whether who leaves the arming loop counts as through: the arm is kept up, and no loop tells of it."""
        return self.hold is not None and not self.fitted.closing_loop and not self.reads_closed

    @property
    def is_exit(self) -> bool:
        return self.direction is Direction.EXIT

    @property
    def plate(self) -> Plate | None:
        return self.read.plate if self.read else None


class Step(NamedTuple):
    lane: Lane
    actions: tuple[Action, ...] = ()

    def then(self, *actions: Action) -> Step:
        return Step(self.lane, (*self.actions, *actions))

    def and_then(self, after: Step) -> Step:
        return Step(after.lane, (*self.actions, *after.actions))


def a_lane(fitted: Fitted, state: LaneState = LaneState.OPEN, hold: HoldCause | None = None, by: str = "") -> Lane:
    """A lane as its daemon starts: nothing is known but what it was set to. `by`: the order to keep it open."""
    timing = fitted.timing
    chatter = (timing.chatter_changes, timing.chatter_window, timing.settled_after)
    arming = (STUCK_ARMING_LOOP, CHATTERING_ARMING_LOOP, timing.leave_within)
    closing = (STUCK_LOOP, CHATTERING_LOOP, timing.clear_within)
    stands = by or hold is HoldCause.KEEP_OPEN
    kept = Order(by, OrderKind.KEEP_OPEN, "before the restart", "kept open") if stands else None
    return Lane(
        fitted,
        state=state,
        hold=hold,
        hold_order=kept,
        kept_open_before=hold is HoldCause.FIRE and kept is not None,
        near_watch=LoopWatch(Which.ARMING_LOOP, *arming, *chatter) if fitted.arming_loop else None,
        far_watch=LoopWatch(Which.FAR_LOOP, *arming, *chatter) if fitted.two_way else None,
        closing_watch=LoopWatch(Which.CLOSING_LOOP, *closing, *chatter) if fitted.closing_loop else None,
    )


def opposite(direction: Direction) -> Direction:
    return Direction.EXIT if direction is Direction.ENTRY else Direction.ENTRY


def sensed(lane: Lane, signal: Presence | FarPresence | UnderArm) -> Lane:
    """The lane with what its loops say now."""
    match signal:
        case Presence(present):
            return _stands(lane, lane.side, present)
        case FarPresence(present):
            return _stands(lane, lane.side.other, present)
        case UnderArm(occupied):
            return replace(lane, under_arm=occupied)


def _stands(lane: Lane, side: Side, present: bool | None) -> Lane:
    if present is not True and lane.outgoing is side:
        # Out of reach, it may have gone meanwhile: whoever stands there then is looked at.
        lane = replace(lane, outgoing=None)
    if present and lane.through is side:
        lane = replace(lane, outgoing=side if _passed_just_now(lane, side) else lane.outgoing, through=None)
    return replace(lane, near=present) if side is Side.NEAR else replace(lane, far=present)


def _passed_just_now(lane: Lane, side: Side) -> bool:
    """Whether what comes onto this loop is the short vehicle that was under the arm a moment ago."""
    watch, closing = lane.near_watch if side is Side.NEAR else lane.far_watch, lane.closing_watch
    if watch is None or closing is None or not watch.changes or not closing.changes:
        return False
    return watch.changes[-1] - closing.changes[-1] <= lane.timing.back_out_after * SECOND


def gone_through(lane: Lane, side: Side) -> Lane:
    """A vehicle is clear of the arm, on its way out over the loop on `side`, if there is one."""
    if not lane.fitted.two_way:
        return lane
    return replace(lane, outgoing=side) if lane.at(side) else replace(lane, through=side)


def with_timer(lane: Lane, seconds: float, *actions: Action) -> Step:
    timed = replace(lane, timer=lane.timer + 1)
    return Step(timed, (*actions, StartTimer(timed.timer, seconds)))


def patience_under_the_arm(lane: Lane) -> float:
    """Seconds until a vehicle under the arm is looked after: an arm that is still down may have to be told again."""
    may_be_silent = lane.reads_closed and lane.hold is None
    return lane.timing.rise_within if may_be_silent else lane.timing.clear_within


def told_to_rise(lane: Lane) -> tuple[Action, ...]:
    """The vend of the vehicle that is served; nothing while the arm is kept up anyway."""
    if lane.hold is not None:
        return ()
    return (Vend(lane.ticket, lane.order.id if lane.order else None),)


def refused(lane: Lane, reason: Refusal, *asks: Button, line: str = "") -> Step:
    """Show the refusal, or the `line` that says more; put it on record once for each vehicle and reason."""
    told = replace(lane, refusal=reason, recorded=lane.recorded | {reason})
    shown = Show(line or reason.driver, (*asks, Button.HELP))
    if reason in lane.recorded:
        return Step(told, (shown,))
    return Step(told, (RecordRefusal(reason, lane.plate, lane.direction), shown))


def forgotten(lane: Lane) -> Lane:
    """Nothing is known any more of the vehicle that was served; timers of it are no longer of interest."""
    return replace(
        lane,
        served=lane.served + 1,
        phase=Phase.IDLE,
        read=None,
        guess=None,
        question=None,
        answerable=False,
        denied=frozenset(),
        asked=None,
        chosen=None,
        unreadable=False,
        ticket=None,
        order=None,
        policy=False,
        refusal=None,
        recorded=frozenset(),
        called=frozenset(),
        blind=False,
        lost_sight=False,
        gap=False,
        followed=False,
        reached_other=False,
        answer_passed=False,
        told_perhaps=False,
        unrecorded=0.0,
        waited_for_person=0.0,
        waited=0.0,
        came_down=0,
        waited_out=False,
        blinked=False,
        maybe_through=False,
        unclear=False,
        just_left=None,
        timer=lane.timer + 1,
    )
