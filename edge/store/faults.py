"""What can go wrong with the disk beneath the lot's records."""

from __future__ import annotations

from models.faults import Fault

FULL = Fault(
    code="store.full",
    meaning="The disk is full: only the room that the store keeps for itself is left",
    does="Lets nobody in and goes on letting out, with every payment on record; gives up pictures, then telemetry",
    ends="There is room again: by itself, within seconds",
    look_at="What fills the disk: logs, pictures, copies; `df -h` and `du -x` say it. A larger card, if nothing else",
)
HELD_OPEN = Fault(
    code="store.held_open",
    meaning="A program has been reading the store for so long that its log can't be emptied and grows",
    does="Works on; the log takes room on the disk",
    ends="That program is through or closed",
    look_at="The process named in the detail, such as a forgotten `sqlite3` on the lot's file",
)
DAMAGED = Fault(
    code="store.damaged",
    meaning="The store was found damaged: it was set aside, and a new one begun with all that could be read of it",
    does="Works on with the new one; the detail names the file that was set aside, and what was lost",
    ends="The file that was set aside has been taken away: by hand, or after the days for which plates are kept",
    look_at="The card or disk, which is likely to fail again; keep the file until nobody asks for what was lost",
)
SET_RIGHT = Fault(
    code="store.set_right",
    meaning="Rows of the store didn't say what the lot's own facts say of them, as after damage on the card",
    does="Set them right from the facts, whose hashes hold; the detail names the first one",
    ends="A round through the store finds none",
    look_at="The card or disk: one that changes what is written on it is at its end. If it isn't that, tell the maker",
)
DAMAGED_STILL = Fault(
    code="store.damaged_again",
    meaning="Damage was found in the store, and no new one is begun: too many were, or the disk has no room for one",
    does="Works on with what can be read and written; an exit that can't be recorded lets out all the same",
    ends="A round through the store finds nothing any more",
    look_at="The card or disk: replace it, or make room and start again. `parkgate-edge journal verify` says where the "
    "records break",
)
