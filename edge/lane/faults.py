"""The faults that a lane finds by itself."""

from __future__ import annotations

from models.faults import Fault

SILENT_ARM = Fault(
    code="barrier.silent",
    meaning="The arm was told to rise and still reads closed",
    look_at="Power and motor of the barrier, the relay's wiring, the position switch",
)
UNVENDED_PASSAGE = Fault(
    code="lane.unvended_passage",
    meaning="A vehicle is on the closing loop though nothing was vended: wrong way, tailgate, or a forced arm",
    look_at="The lane's pictures; the arm; the closing loop if nothing is there",
)

STUCK_LOOP = Fault(
    code="lane.closing_loop_stuck",
    meaning="The closing loop has been occupied, or unknown, for too long; the lane works on without it",
    look_at="A vehicle standing under the arm; the loop's detector, its wiring and its sensitivity",
)
CONTRADICTION = Fault(
    code="lane.contradiction",
    meaning="What the lane saw doesn't agree with the lot's records, so it wasn't written",
    look_at="The ticket named in the detail; report this to the maker",
)

CATALOGUE = {fault.code: fault for fault in (SILENT_ARM, UNVENDED_PASSAGE, STUCK_LOOP, CONTRADICTION)}
