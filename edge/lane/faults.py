"""The faults that a lane finds by itself: each declared once, with what the lane does about it and what ends it."""

from __future__ import annotations

from models.faults import Fault

SILENT_ARM = Fault(
    code="barrier.silent",
    meaning="The arm was told to rise and still reads closed",
    does="Tells it again for as long as the vehicle stands there; nobody counts as having passed",
    ends="The arm is seen to move or to be up",
    look_at="Power and motor of the barrier, the relay's wiring, the position switch",
)
CODES_GUESSED = Fault(
    code="lane.codes_guessed",
    meaning="Wrong codes or cards are shown at this lane or pay station one after another: somebody may be guessing",
    does="Takes codes and cards ever more slowly, one in half a minute at last; plates that are read go on as ever",
    ends="A vehicle that passes, or pays, or the next code after ten minutes without a wrong one",
    look_at="Who stands there; tickets that have become unreadable: the printer's paper and head",
)
STUCK_HALF_WAY = Fault(
    code="barrier.stuck_half_way",
    meaning="The arm has been between up and down for too long",
    does="Goes on: vehicles are let in and out if they get past",
    ends="The arm reads open or closed",
    look_at="Ice or a branch on the arm, its spring and its motor; the position switches",
)
STUCK_UP = Fault(
    code="barrier.stuck_up",
    meaning="The arm is still up though nobody is passing and nothing keeps it there",
    does="Tells it to close once, if it can be told and the closing loop is clear; goes on selling tickets",
    ends="The arm reads closed",
    look_at="The closing loop and the light barrier of the barrier's own controller; its auto-close time",
)
FORCED_UP = Fault(
    code="barrier.forced",
    meaning="The arm rose though nobody told it to",
    does="Goes on; whoever drives through counts as a passage without a ticket",
    ends="A person resets it (`reset_faults`)",
    look_at="The lane's pictures; a key switch or a remote control at the barrier; the relay's contact",
)
BROKEN_ARM = Fault(
    code="barrier.faulted",
    meaning="The barrier says that it is out of order: the arm broken off, the motor blocked, its switches disagree",
    does="Goes on: vends are still told and passages are counted",
    ends="The barrier says another position",
    look_at="The arm and its break-away contact; the display of the barrier's controller",
)
TAILGATE = Fault(
    code="lane.tailgate",
    meaning="A vehicle follows another one through on its vend",
    does="Counts it as a passage without a ticket",
    ends="The closing loop is clear",
    look_at="The lane's pictures; the barrier's closing speed, if it happens often",
)
WRONG_WAY = Fault(
    code="lane.wrong_way",
    meaning="Something is on the closing loop that didn't come over the arming loop",
    does="Counts a passage against the lane's direction if it goes on over the arming loop",
    ends="The closing loop is clear",
    look_at="The lane's pictures; if nothing is there, the closing loop's detector",
)
FORCED_PASSAGE = Fault(
    code="lane.forced_passage",
    meaning="A vehicle is under an arm that reads closed: driven through, or the arm is off",
    does="Counts it as a passage without a ticket once it is through",
    ends="The closing loop is clear",
    look_at="The arm; the lane's pictures; the position switch",
)
STUCK_LOOP = Fault(
    code="lane.closing_loop_stuck",
    meaning="The closing loop has been occupied, or unknown, for too long",
    does="Works on: tickets of passages meanwhile end unresolved; the arm isn't told to close",
    ends="The loop is clear",
    look_at="A vehicle standing under the arm; the loop's detector, its wiring and its sensitivity",
)
STUCK_ARMING_LOOP = Fault(
    code="lane.arming_loop_stuck",
    meaning="The arming loop has been occupied for too long",
    does="Works on by what the camera reads and drivers show; keeps no vend for long, opens nothing by policy",
    ends="The loop is clear",
    look_at="A vehicle left before the arm; the loop's detector, its wiring and its sensitivity",
)
SILENT_LOOP = Fault(
    code="lane.closing_loop_silent",
    meaning="Several vehicles in a row went away from a raised arm without coming onto the closing loop",
    does="Voids their tickets, as of vehicles that backed out; somebody should look whether they drove through",
    ends="The closing loop is on again",
    look_at="The closing loop's detector and its wiring; the lane's pictures of those vehicles",
)
CHATTERING_LOOP = Fault(
    code="lane.closing_loop_chatters",
    meaning="The closing loop changes so often that it can't be believed",
    does="Takes it for unknown: a passage meanwhile leaves its ticket unresolved; the arm isn't told to close",
    ends="The loop has been quiet for some seconds",
    look_at="The loop's detector and its sensitivity, a loose wire, water in the joint",
)
CHATTERING_ARMING_LOOP = Fault(
    code="lane.arming_loop_chatters",
    meaning="The arming loop changes so often that it can't be believed",
    does="Takes it for unknown: no vend meanwhile, but on a person's order",
    ends="The loop has been quiet for some seconds",
    look_at="The loop's detector and its sensitivity, a loose wire, water in the joint",
)
CONTRADICTION = Fault(
    code="lane.contradiction",
    meaning="What the lane saw doesn't agree with the lot's records, so it wasn't written",
    does="Serves the next vehicle",
    ends="A person resets it (`reset_faults`)",
    look_at="The ticket named in the detail; report this to the maker",
)

CATALOGUE = {
    fault.code: fault
    for fault in (
        *(SILENT_ARM, STUCK_HALF_WAY, STUCK_UP, FORCED_UP, BROKEN_ARM),
        *(TAILGATE, WRONG_WAY, FORCED_PASSAGE),
        *(STUCK_LOOP, SILENT_LOOP, STUCK_ARMING_LOOP, CHATTERING_LOOP, CHATTERING_ARMING_LOOP, CONTRADICTION),
    )
}
ENDED_BY_A_PERSON = (FORCED_UP, CONTRADICTION)
