"""Vehicles that nobody wants here: what is done when one of them comes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from models.instants import Instant
from models.refusals import Refusal
from models.timeline import Bounds


class BarredAction(StrEnum):
    REFUSE = "refuse"
    REFUSE_AND_CALL = "refuse_and_call"
    """Refused, and a person is called to the lane"""
    ADMIT_AND_ALERT = "admit_and_alert"
    """Let in, and an operator is told at once"""


LONGEST_REASON = 120
"""Characters: it stands in a fact and on a page."""


@dataclass(frozen=True, slots=True)
class Barred:
    """What stands of one plate. `entry` names it on the list, `until` is when it ends; None: it doesn't."""

    entry: str
    reason: str
    action: BarredAction = BarredAction.REFUSE
    until: Instant | None = None

    def holds(self, now: Bounds) -> bool:
        """Until it has surely ended: while nobody knows the time, no clock that may be wrong lets anybody in."""
        earliest, _ = now
        return self.until is None or earliest is None or earliest < self.until


def refusal_of(action: BarredAction) -> Refusal | None:
    """None: the vehicle is let in."""
    match action:
        case BarredAction.REFUSE:
            return Refusal.BARRED
        case BarredAction.REFUSE_AND_CALL:
            return Refusal.BARRED_CALLED
        case BarredAction.ADMIT_AND_ALERT:
            return None


_HARDNESS = (BarredAction.ADMIT_AND_ALERT, BarredAction.REFUSE, BarredAction.REFUSE_AND_CALL)


def hardest(found: list[Barred]) -> Barred | None:
    """Of several entries for one vehicle."""
    return max(found, key=lambda each: _HARDNESS.index(each.action), default=None)
