"""What a lane makes of codes and cards beyond what they lead to: guessed ones wait, swapped tickets are looked at."""

from __future__ import annotations

from drivers.contract import FaultReporter
from edge.lane.signals import Asked, Card, Code
from edge.parking.access.code_limit import WRONG, CodeLimit
from edge.parking.reservations.claiming import ComeLater
from edge.parking.stays.suspicions import Swapped, looked_at
from edge.parking.stays.tickets import Ticket, WithoutStay
from edge.store import Transaction
from models.ids import LaneName
from models.instants import Clock
from models.refusals import Refusal


class CodeDesk:
    """One lane's, in both its directions. Without a clock nobody waits, and without `faults` nobody hears of it."""

    def __init__(
        self, clock: Clock | None = None, faults: FaultReporter | None = None, swapped: Swapped = Swapped.NOTE
    ) -> None:
        self._limit, self._swapped = CodeLimit(clock, faults), swapped

    def has_to_wait(self, asked: Asked) -> bool:
        """Whether what is shown isn't even looked up now, so that nobody learns if it is right. A person's word
        counts."""
        return _shown(asked) is not None and self._limit.has_to_wait()

    def heard(self, asked: Asked, answer: object) -> None:
        """What came of it. A code that is right and opens nothing forgives none that were wrong."""
        shown = _shown(asked)
        if shown is not None and answer in WRONG:
            self._limit.wrong(shown)
        elif asked.by_hand is None and not isinstance(answer, Refusal | ComeLater):
            self._limit.right()

    def compared(
        self, tx: Transaction, lane: LaneName, asked: Asked, claimed: Ticket | WithoutStay | Refusal
    ) -> Ticket | WithoutStay | Refusal:
        """A ticket whose driver lost it, or of which nobody showed anything, was found by a person, who has looked at
        the vehicle: at one of which that plate was read, and no other."""
        if not isinstance(asked.credential, Code):
            return claimed
        if asked.credential.by_person and asked.credential.plate_seen == asked.plate:
            return claimed
        if isinstance(claimed, Ticket) and claimed.lost:
            return claimed
        return looked_at(tx, lane, asked.credential.text, asked.plate, claimed, self._swapped)


def _shown(asked: Asked) -> str | None:
    """What could be guessed; None: nothing is."""
    if asked.by_hand is not None:
        return None
    match asked.credential:
        case Code(text, by_person):
            return None if by_person else text
        case Card(number):
            return number
        case _:
            return None
