"""The desk decides, and the arm is told: answers that are waited for, come too late, or are about another vehicle."""

from __future__ import annotations

from drivers.contract import Position
from edge.lane.actions import Action, Clear, Confirm, Print, Show, Watch, Withdraw
from edge.lane.approach import READ_BEFORE, ask, called, counted_held, left_unserved, to_idle
from edge.lane.changed import replace
from edge.lane.lane import Lane, Side, Step, patience_under_the_arm, refused, sensed, told_to_rise, with_timer
from edge.lane.signals import Allowed, Button, Phase, Presence, Pressed, Question, Read, Refused, TimeUp, Unread
from models.lanes import LaneState
from models.phrases.phrase import Phrase
from models.refusals import Refusal
from models.tickets import Direction


def deciding_time_up(lane: Lane, signal: TimeUp) -> Step:
    """Nobody waits for a desk that hangs: a person's order lets the vehicle through soon, an exit by itself after a
    while, an entry tells it so. An answer that comes later is taken back."""
    if signal.timer != lane.timer:
        return Step(lane)
    if lane.order is None and not lane.answer_passed:
        return _unanswered(lane)
    if lane.answer_passed:
        return to_idle(lane, counted_held(lane), Watch(on=False, far=lane.side is Side.FAR))
    return vend(replace(lane, ticket=None), greeting=Phrase.DRIVE_ON)


def _unanswered(lane: Lane) -> Step:
    if lane.is_exit and lane.asked is not None and lane.present is True:
        return let_out(lane)
    if lane.asked is None or lane.present is not True:
        return left_unserved(lane)
    return refused_for_now(lane, Refusal.NOT_RECORDED)


def let_out(lane: Lane) -> Step:
    """At an exit, where nothing can be put on record for so long: the passage is counted, and what was owed is lost."""
    return vend(replace(lane, ticket=None, policy=True), greeting=Phrase.DRIVE_ON)


def refused_for_now(lane: Lane, reason: Refusal, line: str = "") -> Step:
    """Told so, and asked again while it waits."""
    told = refused(replace(lane, phase=Phase.REFUSED), reason, *_ways_out(lane, reason), line=line)
    waiting = with_timer(told.lane, lane.timing.retry_after)
    return Step(waiting.lane, told.actions + waiting.actions)


def deciding_presence(lane: Lane, signal: Presence) -> Step:
    """A vehicle that leaves while the lot decides takes what it showed with it: the next one isn't let in on it."""
    here = sensed(lane, signal)
    if signal.present is False and here.left_is_through:
        return _through_before_the_answer(here)
    under_way = here.answer_passed or (here.unvended is not None and here.unvended.asked)
    if signal.present is False and here.unvended is None:
        here = replace(here, just_left=here.side)
    here = replace(here, lost_sight=lane.lost_sight or (under_way and signal.present is None))
    # Under an arm that is kept up it may have driven on; the answer is for it.
    if signal.present or under_way or here.hold is not None:
        return Step(here)
    return Step(replace(here, asked=None, read=None, order=None))


def deciding_read(lane: Lane, signal: Read) -> Step:
    """The plate of a vehicle that showed something else before it was read. The desk isn't asked about it; it stands in
    what is put on record of the vehicle from now on, and with what it showed if that has to be asked again."""
    showed = lane.asked.credential if lane.asked is not None else None
    by_itself = lane.present is True and lane.just_left is None and lane.unvended is None and not lane.answer_passed
    if showed is None or isinstance(showed, Read) or lane.read is not None or not by_itself:
        return Step(lane)
    return Step(replace(lane, read=signal))


def _through_before_the_answer(lane: Lane) -> Step:
    """The desk's answer is for the one that it was asked about; whoever else leaves meanwhile is only counted."""
    if lane.answer_passed or lane.asked is None:
        return Step(lane, (counted_held(replace(lane, read=None)),))
    return Step(replace(lane, answer_passed=True))


def deciding_allowed(lane: Lane, signal: Allowed) -> Step:
    lane = _answered(lane)
    if lane.answers_due:
        return Step(lane, withdrawn(lane, signal))
    if lane.asked is None:
        return _somebody_else_stands_there(lane, *withdrawn(lane, signal))
    if lane.answer_passed:
        # Through already, under an arm that was kept up.
        done = (Confirm(signal.ticket, lane.direction),) if signal.ticket else (counted_held(lane),)
        return to_idle(lane, *done, Watch(on=False, far=lane.side is Side.FAR))
    if lane.state is LaneState.CLOSED and lane.order is None and lane.hold is None:
        closed = replace(lane, phase=Phase.REFUSED, timer=lane.timer + 1)
        return Step(closed, withdrawn(lane, signal)).and_then(refused(closed, Refusal.LANE_CLOSED))
    policy = signal.ticket is None and isinstance(lane.asked.credential, Unread)
    printed = (Print(signal.printed),) if signal.printed else ()
    vended = replace(lane, ticket=signal.ticket, policy=policy)
    return vend(vended, *printed, greeting=signal.greeting)


def vend(lane: Lane, *before: Action, greeting: str) -> Step:
    """Whatever has to be on record is: the arm is told to rise."""
    passing = lane.unvended
    under_way = passing is not None and passing.asked
    if passing is not None and under_way:
        before = (*before, Clear(passing.fault.code))
    vended = replace(
        lane,
        phase=Phase.PASSING if under_way else Phase.VENDED,
        waited=patience_under_the_arm(lane) if under_way else 0.0,
        waited_out=False,
        blinked=False,
        maybe_through=False,
        unclear=False,
        refusal=None,
        unvended=None if under_way else passing,
        blind=lane.fitted.closing_loop and lane.under_arm is not False and not under_way,
        lost_sight=False,
        gap=passing is not None and under_way and passing.left,
        followed=False,
        reached_other=False,
        risen=lane.arm.is_up or lane.arm is Position.MOVING,
    )
    # What has driven on under the arm needs none that rises, and one that isn't seen before it gets none.
    gone_on = passing is not None and under_way and (passing.left or lane.present is not True)
    rises = () if gone_on else told_to_rise(vended)
    return with_timer(vended, _patience(vended), *before, *rises, Show(greeting))


def _patience(lane: Lane) -> float:
    if lane.phase is Phase.PASSING:
        return patience_under_the_arm(lane)
    # Opened by a person for somebody whom no loop sees.
    return lane.timing.rise_within if lane.present else lane.timing.used_within


def deciding_refused(lane: Lane, signal: Refused) -> Step:
    lane = _answered(lane)
    if lane.answers_due:
        return Step(lane)
    if lane.answer_passed:
        return to_idle(lane, counted_held(lane), Watch(on=False, far=lane.side is Side.FAR))
    if lane.order is not None and lane.asked is not None and lane.asked.by_hand is None and lane.present:
        # The desk hadn't heard of the order yet: asked by hand, it puts on record what it can.
        return ask(lane, lane.asked.credential)
    if lane.order is not None:
        # A person let it through; what couldn't be put on record as a stay is counted.
        return vend(replace(lane, ticket=None), greeting=Phrase.DRIVE_ON)
    if lane.asked is None or lane.present is not True:
        return _somebody_else_stands_there(lane)
    if signal.question is not None:
        return _asked_whose(lane, signal, signal.question)
    unrecorded = lane.unrecorded + lane.timing.retry_after if signal.reason is Refusal.NOT_RECORDED else 0.0
    if lane.is_exit and unrecorded >= lane.timing.answer_within:
        return let_out(lane)
    if signal.reason is Refusal.NEEDS_PERSON:
        return _person_called(lane)
    told = refused_for_now(replace(lane, unrecorded=unrecorded), signal.reason, signal.line)
    if signal.reason is Refusal.BARRED_CALLED:
        return told.and_then(called(told.lane, Pressed(Button.HELP)))
    return told


def _asked_whose(lane: Lane, signal: Refused, question: Question) -> Step:
    """Nothing is refused yet: the driver says whether the stay is theirs, or shows something else."""
    asks = (Button.CONFIRM, Button.DENY, Button.HELP)
    asked = replace(lane, phase=Phase.REFUSED, refusal=signal.reason, guess=None, question=question, unrecorded=0.0)
    return with_timer(replace(asked, answerable=False), READ_BEFORE, Show(question.line, asks))


def _person_called(lane: Lane) -> Step:
    """As if the driver had pressed for help: nobody waits there unseen. The desk is asked again meanwhile, and told how
    long that has been."""
    waited = replace(lane, unrecorded=0.0, waited_for_person=lane.waited_for_person + lane.timing.retry_after)
    told = refused_for_now(waited, Refusal.NEEDS_PERSON)
    return told.and_then(called(told.lane, Pressed(Button.HELP)))


def _ways_out(lane: Lane, reason: Refusal) -> tuple[Button, ...]:
    return (Button.LOST_TICKET,) if lane.direction is Direction.EXIT and reason is not Refusal.PAYMENT_DECLINED else ()


def _somebody_else_stands_there(lane: Lane, *actions: Action) -> Step:
    """The vehicle that was decided about is gone. No vend; whoever stands there now is looked at afresh."""
    return left_unserved(lane, *actions)


def late_allowed(lane: Lane, signal: Allowed) -> Step:
    """An answer that nobody waits for any more: what it put on record is taken back."""
    return Step(_answered(lane), withdrawn(lane, signal))


def late_refused(lane: Lane, signal: Refused) -> Step:
    return Step(_answered(lane))


def _answered(lane: Lane) -> Lane:
    return replace(lane, answers_due=max(lane.answers_due - 1, 0))


def withdrawn(lane: Lane, signal: Allowed) -> tuple[Action, ...]:
    return () if signal.ticket is None else (Withdraw(signal.ticket, lane.direction, vended=False),)
