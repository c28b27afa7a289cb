"""From the first sight of a vehicle to the vend: it is read, or shows what it has, and the desk decides."""

from __future__ import annotations

from edge.lane.actions import Action, Call, Count, Decide, LetGo, Show, Watch
from edge.lane.changed import replace
from edge.lane.lane import Lane, Side, Step, WhenUnread, forgotten, refused, sensed, with_timer
from edge.lane.signals import (
    Asked,
    Button,
    Card,
    Chosen,
    Code,
    Credential,
    FarPresence,
    Guess,
    Phase,
    Presence,
    Pressed,
    Question,
    Read,
    TimeUp,
    Unread,
)
from models.lanes import HoldCause, LaneState, PassageKind
from models.phrases.phrase import Phrase
from models.refusals import Refusal

BY_HAND_WITHIN = 3.0
"""Seconds that a person's order waits for the desk, so that what is owed can be put on record."""
READ_BEFORE = 1.0
"""Seconds for which a question is only shown: who presses sooner hasn't read it, but presses what stood there before
once more."""
# These are asked again with what the vehicle showed; the others want a fresh look at it.
_ASK_AGAIN = {
    Refusal.LOT_FULL,
    Refusal.PAYMENT_DECLINED,
    Refusal.NEEDS_PERSON,
    Refusal.NOT_RECORDED,
    Refusal.CLOSED_TO_TRANSIENTS,
    Refusal.RESERVATION_EARLY,
}


# --- idle ---


def idle_presence(lane: Lane, signal: Presence) -> Step:
    return _idle(lane, sensed(lane, signal), lane.side)


def idle_far_presence(lane: Lane, signal: FarPresence) -> Step:
    return _idle(lane, sensed(lane, signal), lane.side.other) if lane.fitted.two_way else Step(lane)


def _idle(before: Lane, lane: Lane, side: Side) -> Step:
    leaves = before.at(side) is True and lane.at(side) is False and before.outgoing is not side
    if not leaves:
        return _looked_at(lane)
    if lane.left_is_through:
        return Step(lane, (counted_held(replace(lane, side=side)),))
    # In a fire nobody is served who drives on under the arm.
    looked = _looked_at(replace(lane, just_left=side))
    if looked.lane.phase is not Phase.IDLE:
        return looked
    soon = with_timer(looked.lane, lane.timing.back_out_after)
    return Step(soon.lane, looked.actions + soon.actions)


def _looked_at(lane: Lane) -> Step:
    """Serve whoever stands there. A vehicle that came from under the arm is on its way out of the lane."""
    if lane.unvended is not None:
        return Step(lane)
    for side in (lane.side, lane.side.other) if lane.fitted.two_way else (Side.NEAR,):
        if lane.at(side) and lane.outgoing is not side:
            return begin(replace(lane, side=side))
    return Step(lane)


def idle_time_up(lane: Lane, signal: TimeUp) -> Step:
    return Step(replace(lane, just_left=None)) if signal.timer == lane.timer else Step(lane)


def idle_shown(lane: Lane, signal: Code | Card) -> Step:
    """Nobody is seen. Where the lane can't see, the driver is told how to get help."""
    blind = lane.present is None and lane.hold is None and lane.fitted.arming_loop
    return Step(lane, (Show(Refusal.NO_TICKET.driver, (Button.HELP,)),) if blind else ())


def begin(lane: Lane) -> Step:
    """A vehicle stands there: look at it, unless the lane is closed or everybody shall just drive."""
    if lane.hold is HoldCause.FIRE:
        return Step(lane)
    fresh = replace(lane, phase=Phase.READING, read=None, guess=None, question=None, asked=None, unreadable=False)
    if lane.state is LaneState.CLOSED and lane.hold is None:
        return refused(replace(fresh, phase=Phase.REFUSED), Refusal.LANE_CLOSED)
    far = lane.side is Side.FAR
    reading = with_timer(fresh, lane.timing.read_within, Watch(on=True, far=far), Show(Phrase.READING_PLATE))
    return _unreadable(reading) if lane.reader_down else reading


def to_idle(lane: Lane, *actions: Action) -> Step:
    """The vehicle is gone, or done with; whoever else stands there is served next."""
    idle = forgotten(lane)
    looked = _looked_at(idle)
    return Step(looked.lane, (*actions, Show(idle_line(idle)), *looked.actions))


def passed_by(lane: Lane, left: bool, *actions: Action) -> Step:
    """The vehicle that stood there is through. A camera that alone tells who is there may go on seeing it drive away,
    and it isn't served again for that. `left`: it had lost it; whoever stands there now is another one."""
    another = lane.present is not False if left else lane.present is False
    if lane.fitted.arming_loop or another:
        return to_idle(lane, *actions)
    return to_idle(replace(lane, near=None if lane.near is None else False), *actions, LetGo())


def idle_line(lane: Lane) -> str:
    """What the sign says while nobody is served."""
    if lane.hold is HoldCause.FIRE:
        return Phrase.FIRE_LEAVE if lane.is_exit else Phrase.FIRE_STAY_OUT
    if lane.hold is HoldCause.KEEP_OPEN:
        return Phrase.DRIVE_ON
    return Refusal.LANE_CLOSED.driver if lane.state is LaneState.CLOSED else ""


# --- reading ---


def reading_presence(lane: Lane, signal: Presence) -> Step:
    return _went_away(lane, signal)


def _went_away(lane: Lane, signal: Presence) -> Step:
    here = sensed(lane, signal)
    if signal.present:
        return Step(here)
    if signal.present is None:
        return to_idle(here, Watch(on=False, far=lane.side is Side.FAR))
    if here.left_is_through:
        return to_idle(here, counted_held(here), Watch(on=False, far=lane.side is Side.FAR))
    return left_unserved(replace(here, just_left=lane.side))


def left_unserved(lane: Lane, *actions: Action) -> Step:
    """Nobody waits there any more; who left a moment ago may be on the way under the arm, without a vend."""
    left = to_idle(lane, *actions, Watch(on=False, far=lane.side is Side.FAR))
    still = replace(left.lane, just_left=lane.just_left)
    if lane.just_left is None or still.phase is not Phase.IDLE:
        return Step(still, left.actions)
    soon = with_timer(still, lane.timing.back_out_after)
    return Step(soon.lane, left.actions + soon.actions)


def shown(lane: Lane, signal: Read | Code | Card) -> Step:
    """The plate is certain, or the driver shows what they have."""
    if not lane.present or lane.refusal is Refusal.LANE_CLOSED:
        return Step(lane)
    read = signal if isinstance(signal, Read) else lane.read
    return ask(replace(lane, read=read), signal)


def guessed(lane: Lane, signal: Guess) -> Step:
    """Its driver is asked if that is its plate, unless another question stands on the sign: a press is an answer to
    what is shown."""
    if not lane.present or lane.refusal is Refusal.LANE_CLOSED or lane.question is not None:
        return Step(lane)
    asks = (Button.CONFIRM, Button.DENY, Button.HELP)
    return Step(replace(lane, guess=signal), (Show(Phrase.IS_THIS_YOUR_PLATE.of(plate=signal.plate), asks),))


def reading_time_up(lane: Lane, signal: TimeUp) -> Step:
    if signal.timer != lane.timer:
        return Step(lane)
    again = with_timer(lane, lane.timing.read_within)
    if lane.guess is not None and not lane.unreadable:
        # The driver has been asked; they get as long again to answer.
        return Step(replace(again.lane, unreadable=True), again.actions)
    return _unreadable(again)


def _unreadable(step: Step) -> Step:
    """Degraded: the plate can't be read, so the lane does what it is set to do then."""
    lane = replace(step.lane, unreadable=True)
    when = lane.fitted.when_unread
    if when is WhenUnread.OPEN and not lane.presence_is_stuck:
        asked = ask(lane, Unread(by_policy=True))
        return Step(asked.lane, step.actions + asked.actions)
    offers = when is WhenUnread.BUTTON and not lane.is_exit
    told = refused(lane, Refusal.NOT_READ, *((Button.TICKET,) if offers else (Button.LOST_TICKET,)))
    told = told.then(Show(_what_to_do(lane, offers), told_asks(offers)))
    return Step(told.lane, step.actions + told.actions)


def told_asks(offers: bool) -> tuple[Button, ...]:
    return (Button.TICKET if offers else Button.LOST_TICKET, Button.HELP)


def _what_to_do(lane: Lane, offers: bool) -> str:
    if offers:
        return Phrase.PRESS_FOR_TICKET
    return Phrase.SCAN_YOUR_TICKET if lane.is_exit else Refusal.NOT_READ.driver


def pressed(lane: Lane, signal: Pressed) -> Step:
    """A button while the vehicle is being looked at, or has been refused."""
    match signal.button:
        case Button.TICKET if lane.present and _may_press_for_a_ticket(lane):
            return ask(lane, Unread(by_policy=False))
        case Button.CONFIRM | Button.DENY if lane.question is not None:
            if not lane.present or not lane.answerable:
                return Step(lane)
            return answered(lane, lane.question, yes=signal.button is Button.CONFIRM)
        case Button.CONFIRM if lane.present and lane.guess is not None:
            sure = Read(lane.guess.plate, lane.guess.confidence, by_driver=True, seen=lane.guess.seen)
            return shown(lane, sure)
        case Button.DENY if lane.guess is not None:
            return _unreadable(Step(replace(lane, guess=None)))
        case Button.HELP | Button.LOST_TICKET if lane.question is not None:
            return _called_instead(lane, signal)
        case Button.HELP | Button.LOST_TICKET:
            return called(lane, signal)
        case _:
            return Step(lane)


def _may_press_for_a_ticket(lane: Lane) -> bool:
    return not lane.is_exit and lane.unreadable and lane.fitted.when_unread is WhenUnread.BUTTON


def called(lane: Lane, signal: Pressed) -> Step:
    """A call for a person, once for each vehicle and button; a stuck button calls nobody again and again."""
    if signal.button not in (Button.HELP, Button.LOST_TICKET):
        return Step(lane)
    coming = Show(Phrase.HELP_IS_COMING, (Button.HELP,))
    if signal.button in lane.called:
        return Step(lane, (coming,))
    return Step(replace(lane, called=lane.called | {signal.button}), (Call(signal.button, lane.plate), coming))


def chosen(lane: Lane, signal: Chosen) -> Step:
    return Step(replace(lane, chosen=signal.vehicle_type) if lane.present else lane)


# --- deciding ---


def ask(lane: Lane, credential: Credential) -> Step:
    # Whoever passes an arm that is kept open isn't kept waiting for money: it is a debt on record.
    by_hand = lane.order or (lane.hold_order if lane.hold is HoldCause.KEEP_OPEN and lane.is_exit else None)
    plate = lane.read.plate if lane.read else None
    asked = Asked(credential, lane.state, lane.chosen, by_hand, plate, lane.waited_for_person, denied=lane.denied)
    due = lane.answers_due + 1
    passing = lane.unvended
    if passing is not None and passing.came_from is lane.side and not passing.left:
        passing = replace(passing, asked=True)
    # Who drives on from now on is the one that is asked about, not one that left before.
    decided = replace(lane, asked=asked, question=None, unvended=passing, just_left=None)
    deciding = replace(decided, phase=Phase.DECIDING, answers_due=due, timer=lane.timer + 1)
    told = (Decide(asked, lane.direction), Show(Phrase.ONE_MOMENT))
    return with_timer(deciding, BY_HAND_WITHIN if lane.order else lane.timing.answer_within, *told)


def counted_held(lane: Lane) -> Count:
    """Through under an arm that was kept up, with no ticket to stand for it."""
    kind = PassageKind.FIRE if lane.hold is HoldCause.FIRE else PassageKind.HELD
    return Count(kind, lane.direction, lane.plate, lane.hold_order)


# --- asked which stay is theirs ---


def answered(lane: Lane, question: Question, *, yes: bool) -> Step:
    """The driver has said whether they came with that plate. What was read of the vehicle stays what it is."""
    if lane.read is None:
        return begin(lane)
    if yes:
        return ask(lane, Read(question.plate, lane.read.confidence, by_driver=True, seen=lane.read.seen))
    return ask(replace(lane, denied=lane.denied | {question.plate}), lane.read)


def _called_instead(lane: Lane, signal: Pressed) -> Step:
    """The driver wants a person. The question is gone from the sign, so nothing answers it any more; it comes again
    when the vehicle is looked at again."""
    told = called(replace(lane, question=None), signal)
    waiting = with_timer(told.lane, lane.timing.retry_after)
    return Step(waiting.lane, told.actions + waiting.actions)


def _without_an_answer(lane: Lane) -> Step:
    """Nobody pressed: the driver is told what else there is, and after that looked at afresh, and asked again."""
    told = refused(replace(lane, question=None), Refusal.NO_TICKET, Button.LOST_TICKET, line=Phrase.SCAN_YOUR_TICKET)
    waiting = with_timer(told.lane, lane.timing.retry_after)
    return Step(waiting.lane, told.actions + waiting.actions)


# --- refused ---


def refused_time_up(lane: Lane, signal: TimeUp) -> Step:
    if signal.timer != lane.timer:
        return Step(lane)
    if lane.question is not None and not lane.answerable:
        rest = max(lane.timing.read_within - READ_BEFORE, READ_BEFORE)
        return with_timer(replace(lane, answerable=True), rest)
    if lane.question is not None:
        return _without_an_answer(lane)
    if lane.refusal is Refusal.LANE_CLOSED:
        return Step(lane)
    if lane.asked is not None and (lane.refusal in _ASK_AGAIN or not lane.fitted.arming_loop):
        return ask(lane, lane.asked.credential)
    return begin(lane)


def reader(lane: Lane, down: bool) -> Step:
    """The lane's plate reader is out of order, or in order again."""
    knows = replace(lane, reader_down=down)
    if down and lane.phase is Phase.READING and not lane.unreadable:
        return _unreadable(Step(knows))
    return Step(knows)
