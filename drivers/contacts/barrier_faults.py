"""What can go wrong with a barrier that is made of relays and inputs."""

from __future__ import annotations

from models.faults import Fault

CONTACT_FAILED = Fault(
    code="barrier.contact_failed",
    meaning="A contact of the barrier couldn't be made or opened",
    look_at="The fault of the relay itself, which is reported beside this one",
    does="The order is refused and never repeated; a contact that may be made is opened as soon as that can be done",
    ends="With the next order that the relay takes",
)
BUSY = Fault(
    code="barrier.busy",
    meaning="The barrier was told to rise while it was still being told",
    look_at="Who gives so many orders; `pulse`, if it is longer than the barrier needs",
    does="The order is refused; the arm is rising already",
    ends="At once: the next order is taken",
)
NOT_FITTED = Fault(
    code="barrier.not_fitted",
    meaning="The barrier was told something for which it has no contact",
    look_at="`close`, `hold` and `hold_by` in the barrier's settings",
    does="The order is refused",
    ends="At once",
)
LIMITS_DISAGREE = Fault(
    code="barrier.limits_disagree",
    meaning="Both limit switches say that the arm is at their end",
    look_at="The limit switches and their wires; `active_low` of at_top and at_bottom",
    does="Takes the barrier for faulted; vends are still told",
    ends="By itself, when one of them is off",
)
OUT_OF_ORDER = Fault(
    code="barrier.out_of_order",
    meaning="The barrier's own contact says that the arm is broken off or its controller is at fault",
    look_at="The arm and its break-away contact; the display of the barrier's controller; `active_low` of broken",
    does="Takes the barrier for faulted; vends are still told",
    ends="By itself, when that contact is off",
)
HOLD_LOST = Fault(
    code="barrier.hold_lost",
    meaning="The contact that keeps the arm up has opened by itself, or nobody can tell whether it has",
    look_at="The power of the relay board, which forgets its relays when it goes; the way to the board",
    does="Without limit switches, the arm's position is unknown; the lane tells it again to stay up",
    ends="With the next hold or release, or when the board says that the contact is made",
)
OWN_FAULTS = (CONTACT_FAILED, BUSY, NOT_FITTED, LIMITS_DISAGREE, OUT_OF_ORDER, HOLD_LOST)
