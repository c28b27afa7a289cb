"""From the vend to the passage: the vehicle drives through, backs out, is followed, or nobody knows."""

from __future__ import annotations

from rapidfuzz.distance import Levenshtein

from drivers.contract import Position
from edge.lane import blips, unvended
from edge.lane.actions import Action, Clear, Confirm, Count, Raise, Show, Unresolve, Watch, Withdraw
from edge.lane.approach import passed_by, shown, to_idle
from edge.lane.changed import replace
from edge.lane.deciding import vend
from edge.lane.faults import SILENT_ARM, SILENT_LOOP
from edge.lane.lane import (
    Lane,
    Side,
    Step,
    gone_through,
    patience_under_the_arm,
    refused,
    sensed,
    told_to_rise,
    with_timer,
)
from edge.lane.signals import Arm, Card, Code, FarPresence, Phase, Presence, Read, TimeUp, UnderArm, VendFailed
from models.lanes import HoldCause, PassageKind
from models.phrases.phrase import Phrase
from models.plates import Plate
from models.refusals import Refusal

_TOO_MANY_BACK_OUTS = 3
_TOO_MANY_UNUSED = 3
"""So often an arm comes down before somebody who doesn't drive; then who stands there is looked at afresh."""
_ALIKE = 0.6
"""Of two plates that are nearer to each other than this (share of characters), one may be a misread of the other."""

# --- the arm was told to rise ---


def vended_presence(lane: Lane, signal: Presence) -> Step:
    here = sensed(lane, signal)
    here = replace(
        here,
        lost_sight=lane.lost_sight or signal.present is None,
        # Who is on it again before anything was under the arm had only moved back a little.
        gap=signal.present is False,
        maybe_through=lane.maybe_through or (signal.present is False and blips.leaves_with_one(lane)),
    )
    if signal.present is None:
        return Step(here)
    if here.lost_sight:
        return nobody_knows(here)
    if signal.present:
        left = lane.gap or lane.maybe_through
        return _on_the_loop_again(here) if left else with_timer(here, lane.timing.rise_within)
    if not lane.fitted.closing_loop:
        return _left_before_an_arm_without_a_loop(here)
    return with_timer(here, lane.timing.back_out_after)


def _on_the_loop_again(lane: Lane) -> Step:
    """The vehicle that the arm rose for, which had left, or another one."""
    if blips.may_have_passed(lane):
        return _asked_by_its_plate(lane)
    if lane.fitted.closing_loop and lane.ticket is not None and not blips.was_there_all_the_time(lane):
        # No car fits between the loops: the one before went back, or this one is it again. It is looked at afresh.
        return _gone_unseen(lane)
    return with_timer(lane, lane.timing.rise_within)


def vended_far_presence(lane: Lane, signal: FarPresence) -> Step:
    """Opened by a person while nobody was seen: it is for whoever comes first, from either side."""
    here = sensed(lane, signal)
    if signal.present and lane.fitted.two_way and blips.has_passed(here):
        return passed(here)
    if signal.present and lane.fitted.two_way and lane.waited_out and lane.ticket is not None:
        # Gone for long, and one comes towards it: it has gone back.
        return _gone_unseen(here)
    for_anybody = lane.ticket is None and lane.present is not True and not lane.gap
    if not (signal.present and for_anybody and lane.fitted.two_way):
        return Step(here)
    return with_timer(replace(here, side=lane.side.other), lane.timing.rise_within)


def vended_under_arm(lane: Lane, signal: UnderArm) -> Step:
    # Somebody else may have been under the arm at the vend; once they are gone the next one there is who it was for.
    others = Step(sensed(lane, signal)) if lane.unvended is None else unvended.under_arm(lane, signal)
    here = others.lane
    if signal.occupied and here.unvended is None:
        return _comes_under_the_arm(here)
    # Seen clear while the vehicle stands before it all the time: nothing was missed.
    nothing_missed = signal.occupied is False and lane.present is True and not lane.lost_sight
    return Step(replace(here, blind=not nothing_missed and (lane.blind or signal.occupied is None)), others.actions)


def _comes_under_the_arm(lane: Lane) -> Step:
    patience = patience_under_the_arm(lane)
    return with_timer(replace(lane, phase=Phase.PASSING, waited=patience), patience)


def vended_read(lane: Lane, signal: Read) -> Step:
    """Looked at again: where quite another plate stands now, who the arm rose for has gone without a passage."""
    if lane.read is None or not _is_another(lane.read.plate, signal.plate) or lane.present is not True:
        return Step(lane)
    return _instead_of_it(lane, signal)


def vended_shown(lane: Lane, signal: Code | Card) -> Step:
    """Who shows another ticket or card than the one that the arm rose for isn't let through on that."""
    before = lane.asked.credential if lane.asked is not None else None
    another = type(before) is type(signal) and before != signal
    return _instead_of_it(lane, signal) if another and lane.present is True else Step(lane)


def _instead_of_it(lane: Lane, signal: Read | Code | Card) -> Step:
    return _then_shown(_gone_unseen(lane), signal)


def _then_shown(gone: Step, signal: Read | Code | Card) -> Step:
    return gone if gone.lane.phase is not Phase.READING else gone.and_then(shown(gone.lane, signal))


def _is_another(plate: Plate, other: Plate) -> bool:
    return Levenshtein.normalized_similarity(plate, other) < _ALIKE


def vend_failed(lane: Lane, signal: VendFailed) -> Step:
    """The order didn't get out. The ticket stands, and the arm is told again while the vehicle is there."""
    if signal.vend is not None and (signal.vend.ticket is not lane.ticket):
        return Step(lane)  # that of a vehicle that is gone
    told = refused(replace(lane, told_perhaps=lane.told_perhaps or signal.maybe), Refusal.ARM_UNREACHABLE)
    again = with_timer(told.lane, lane.timing.retry_after)
    return Step(again.lane, told.actions + again.actions)


def note_arm(lane: Lane, signal: Arm) -> Step:
    """Where the arm is, in any phase. Only a position that was read back is evidence."""
    seen = replace(lane, arm=signal.position)
    rises = signal.position.is_up or signal.position is Position.MOVING
    if not rises or not lane.fitted.reads_back:
        return Step(seen)
    return Step(replace(seen, risen=True), (Clear(SILENT_ARM.code),))


def vended_arm(lane: Lane, signal: Arm) -> Step:
    """An arm that comes down again while nobody stands there and nothing was under it: nobody drove through."""
    seen = note_arm(lane, signal)
    over = lane.waited_out and lane.present is False and signal.position is Position.CLOSED
    if not over:
        return seen
    ended = _gone_unseen(seen.lane)
    return Step(ended.lane, seen.actions + ended.actions)


def vended_time_up(lane: Lane, signal: TimeUp) -> Step:
    if signal.timer != lane.timer:
        return Step(lane)
    if lane.present is not True:
        return _nobody_there(lane)
    waited = replace(lane, waited=lane.waited + lane.timing.rise_within)
    if waited.waited < lane.timing.used_within:
        return _waits_on(waited)
    if lane.presence_is_stuck or lane.came_down >= _TOO_MANY_UNUSED:
        # Nobody may be there at all: the vend isn't kept for whoever comes next.
        return _gone_unseen(lane)
    far = lane.side is Side.FAR
    return _waits_on(replace(waited, waited=0.0)).then(Watch(on=False, far=far), Watch(on=True, far=far))


def _waits_on(lane: Lane) -> Step:
    """The vehicle stands there still: the arm is told again, if it didn't rise or has come down since."""
    seconds = lane.timing.rise_within
    seen_up = lane.fitted.reads_back and (lane.arm.is_up or lane.arm is Position.MOVING)
    if lane.refusal is Refusal.ARM_UNREACHABLE and not seen_up:
        return with_timer(replace(lane, refusal=None), seconds, *told_to_rise(lane))
    if lane.hold is None and (lane.reads_closed or _came_down(lane)):
        unused = replace(lane, came_down=lane.came_down + _came_down(lane))
        return with_timer(unused, seconds, *_told_again(lane))
    return with_timer(lane, seconds, Show(Phrase.DRIVE_ON))


def _told_again(lane: Lane) -> tuple[Action, ...]:
    """An arm that is still down has been silent, unless it rose since it was told, and came down again."""
    silent = () if _came_down(lane) else (Raise(SILENT_ARM.code, "told to rise, still closed; told again"),)
    return (*silent, *told_to_rise(lane))


def _came_down(lane: Lane) -> bool:
    """Since it was told to rise; maybe only assumed: telling one that is up does no harm, one that is down keeps in."""
    watch = lane.arm_watch
    return lane.arm is Position.CLOSED and (watch.told is None or watch.since > watch.told)


def _nobody_there(lane: Lane) -> Step:
    if lane.present is None and lane.ticket is not None:
        return with_timer(lane, lane.timing.rise_within)
    up = lane.arm.is_up or lane.arm is Position.MOVING
    if up and lane.fitted.closing_loop and lane.hold is None and not lane.blind and not lane.waited_out:
        # It may still be between the loops: while the arm is up, the vend is its. A person's order is for anybody.
        return with_timer(replace(lane, waited_out=True, gap=lane.ticket is not None), lane.timing.used_within)
    return _gone_unseen(lane)


# --- under the arm ---


def passing_presence(lane: Lane, signal: Presence) -> Step:
    here = sensed(lane, signal)
    # A second vehicle came onto the arming loop and is off it again while the first is still under the arm.
    followed = lane.followed or (lane.gap and lane.present is True and signal.present is False)
    return Step(replace(here, gap=lane.gap or signal.present is False, followed=followed))


def passing_far_presence(lane: Lane, signal: FarPresence) -> Step:
    """It has reached the other side: that loop is its own until it is clear."""
    here = sensed(lane, signal)
    if not signal.present or not lane.fitted.two_way:
        return Step(here)
    return Step(replace(here, outgoing=lane.side.other, reached_other=True))


def passing_read(lane: Lane, signal: Read) -> Step:
    """Lost to the camera under the arm, and seen again: it is the same vehicle, and nobody behind it."""
    again = lane.gap and lane.read is not None and lane.read.plate == signal.plate
    return Step(replace(lane, gap=False)) if again and not lane.fitted.arming_loop else Step(lane)


def passing_under_arm(lane: Lane, signal: UnderArm) -> Step:
    here = replace(sensed(lane, signal), blind=lane.blind or signal.occupied is None)
    if signal.occupied is not False:
        return Step(here)
    # It was seen under the arm; only if the loop was out of reach since then may it have gone back.
    if here.blind and not lane.under_arm:
        return nobody_knows(here)
    if lane.under_arm and here.was_no_vehicle and not lane.reached_other:
        return _still_before_it(here)
    if lane.unclear:
        # The same one, or another on its vend: one of them is through, and where no ticket is at stake it is counted.
        return passed(here) if lane.ticket is None and lane.gap else nobody_knows(here)
    if _may_have_rolled_back(here):
        return _asked_by_its_plate(here)
    return passed(here)


def _still_before_it(lane: Lane) -> Step:
    """A blip of the closing loop: whoever the arm rose for is where they were, or so it seems."""
    if lane.unclear:
        return with_timer(replace(lane, phase=Phase.UNSURE), lane.timing.read_within)
    patience = lane.timing.rise_within if lane.present else lane.timing.back_out_after
    through = lane.maybe_through or blips.had_left(lane)
    return with_timer(replace(lane, phase=Phase.VENDED, waited=0.0, blinked=True, maybe_through=through), patience)


def _may_have_rolled_back(lane: Lane) -> bool:
    """The arming loop was never clear: passed with another close behind, or rolled back? Its plate tells."""
    if lane.reached_other:
        return False
    return lane.fitted.arming_loop and lane.present is True and not lane.gap


def _asked_by_its_plate(lane: Lane) -> Step:
    """Whoever stands on the arming loop is looked at: the one that the arm rose for, or the next one?"""
    far = lane.side is Side.FAR
    unsure = replace(lane, phase=Phase.UNSURE)
    return with_timer(unsure, lane.timing.read_within, Watch(on=False, far=far), Watch(on=True, far=far))


def passing_time_up(lane: Lane, signal: TimeUp) -> Step:
    """An arm that is still down is told again; where the closing loop is stuck, nobody sees the end of this passage."""
    if signal.timer != lane.timer:
        return Step(lane)
    left = lane.timing.clear_within - lane.waited
    if left <= 0:
        return nobody_knows(lane)
    if not lane.reads_closed or lane.hold is not None or lane.present is not True:
        return with_timer(replace(lane, waited=lane.timing.clear_within), left)
    again = min(lane.timing.rise_within, left)
    return with_timer(replace(lane, waited=lane.waited + again), again, *_told_again(lane))


# --- clear of the arm, with a vehicle on the arming loop all the time ---


def unsure_shown(lane: Lane, signal: Read | Code | Card) -> Step:
    """What is shown tells whether that is the one before. A plate tells nothing of one that came without."""
    if isinstance(signal, Read) and lane.read is None:
        return Step(lane)
    before = lane.asked.credential if lane.asked and not isinstance(signal, Read) else lane.read
    if lane.ticket is not None and type(before) is not type(signal):
        # Of one that showed something else, a ticket or a card tells nothing: it may be its own as well.
        return _then_shown(nobody_knows(lane), signal)
    same = signal.plate == before.plate if isinstance(signal, Read) and isinstance(before, Read) else signal == before
    if same:
        # It rolled back and stands there still: its ticket holds.
        return vend(lane, greeting=Phrase.DRIVE_ON)
    return _then_shown(_gone_unseen(lane) if lane.maybe_through else passed(lane), signal)


def unsure_presence(lane: Lane, signal: Presence) -> Step:
    here = sensed(lane, signal)
    if signal.present:
        return Step(here)
    if signal.present is False and lane.maybe_through:
        # It may drive on, under the arm that rose for the one that has passed, or for itself.
        return with_timer(replace(here, gap=True), lane.timing.back_out_after)
    return nobody_knows(here)


def unsure_under_arm(lane: Lane, signal: UnderArm) -> Step:
    """The same one again, or another behind it on its vend: nobody can tell any more."""
    here = sensed(lane, signal)
    if signal.occupied:
        return _comes_under_the_arm(replace(here, unclear=True))
    return Step(replace(here, blind=lane.blind or signal.occupied is None))


def unsure_time_up(lane: Lane, signal: TimeUp) -> Step:
    if signal.timer != lane.timer:
        return Step(lane)
    return _gone_unseen(lane) if lane.maybe_through else nobody_knows(lane)


# --- how it ends ---


def passed(lane: Lane) -> Step:
    lane = gone_through(lane, lane.side.other)
    done: tuple[Action, ...] = (Confirm(lane.ticket, lane.direction),) if lane.ticket else (unticketed(lane),)
    if lane.followed:
        done = (*done, Count(PassageKind.TAILGATE, lane.direction))
    return _next(lane, *done)


def backed_out(lane: Lane) -> Step:
    went = lane.risen and lane.fitted.closing_loop and not lane.presence_is_stuck
    unseen = lane.unseen + 1 if went else lane.unseen
    silent: tuple[Action, ...] = ()
    if unseen == _TOO_MANY_BACK_OUTS:
        silent = (Raise(SILENT_LOOP.code, f"{unseen} vehicles in a row went from a raised arm without it"),)
    lane = replace(lane, unseen=unseen)
    return _next(lane, *silent, *((Withdraw(lane.ticket, lane.direction, vended=True),) if lane.ticket else ()))


def _gone_unseen(lane: Lane) -> Step:
    """Who the arm rose for isn't there any more, and nobody saw them under it."""
    through = blips.may_have_passed(lane)
    if through and lane.ticket is None:
        return passed(lane)  # no ticket is at stake: it is counted
    return nobody_knows(lane) if lane.blind or through else backed_out(lane)


def nobody_knows(lane: Lane, *actions: Action) -> Step:
    """Neither passed nor backed out for certain: the ticket is left to the vehicle's next passage or to a person."""
    return _next(lane, *((Unresolve(lane.ticket, lane.direction),) if lane.ticket else ()), *actions)


def unticketed(lane: Lane) -> Count:
    """What a passage without a ticket was."""
    if lane.hold is not None:
        kind = PassageKind.FIRE if lane.hold is HoldCause.FIRE else PassageKind.HELD
        return Count(kind, lane.direction, lane.plate, lane.hold_order)
    if lane.order is not None:
        return Count(PassageKind.MANUAL, lane.direction, lane.plate, lane.order)
    return Count(PassageKind.POLICY if lane.policy else PassageKind.PERMIT, lane.direction, lane.plate)


def _next(lane: Lane, *actions: Action) -> Step:
    done = (*actions, Watch(on=False, far=lane.side is Side.FAR))
    return passed_by(lane, lane.gap, *done) if lane.phase is Phase.PASSING else to_idle(lane, *done)


def _left_before_an_arm_without_a_loop(lane: Lane) -> Step:
    """It left: through, unless the order didn't get out or the arm says that it stayed down."""
    if lane.fitted.reads_back and lane.risen:
        return passed(lane)
    if lane.reads_closed:
        return backed_out(lane)
    if lane.told_perhaps:
        return nobody_knows(lane)
    return backed_out(lane) if lane.refusal is Refusal.ARM_UNREACHABLE else passed(lane)
