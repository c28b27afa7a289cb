"""What an exit makes of codes beyond what they lead to: guessed ones have to wait, swapped ones are looked at."""

from __future__ import annotations

from drivers.contract import FaultReporter
from edge.lane.faults import CODES_GUESSED
from edge.lane.signals import Asked, Code
from edge.parking.access import guessing
from edge.parking.stays.suspicions import Swapped, looked_at
from edge.parking.stays.tickets import Ticket, WithoutStay
from edge.store import Transaction
from models.ids import LaneName
from models.instants import Clock
from models.refusals import Refusal


class CodeDesk:
    """One lane's. Without a clock nobody waits, and without `faults` nobody hears of it."""

    def __init__(
        self, clock: Clock | None = None, faults: FaultReporter | None = None, swapped: Swapped = Swapped.NOTE
    ) -> None:
        self._clock, self._faults, self._swapped = clock, faults, swapped
        self._guesses = guessing.NONE

    def has_to_wait(self, asked: Asked) -> bool:
        """Whether a code isn't even looked up now, so that nobody learns if it is right. A person's word counts."""
        if self._clock is None or not isinstance(asked.credential, Code) or asked.by_hand is not None:
            return False
        now = self._clock.monotonic()
        self._take(guessing.forgotten(self._guesses, now))
        return not guessing.may_try(self._guesses, now)

    def heard(self, asked: Asked, answer: object) -> None:
        """What came of it."""
        if self._clock is None or not isinstance(asked.credential, Code) or asked.by_hand is not None:
            return
        if answer is Refusal.NO_SUCH_TICKET:
            self._take(guessing.after_wrong(self._guesses, asked.credential.text, self._clock.monotonic()))
        else:
            self._take(guessing.after_right(self._guesses))

    def compared(
        self, tx: Transaction, lane: LaneName, asked: Asked, claimed: Ticket | WithoutStay | Refusal
    ) -> Ticket | WithoutStay | Refusal:
        """A ticket whose driver lost it was found by a person, who has looked at the vehicle."""
        if not isinstance(asked.credential, Code) or (isinstance(claimed, Ticket) and claimed.lost):
            return claimed
        return looked_at(tx, lane, asked.credential.text, asked.plate, claimed, self._swapped)

    def _take(self, guesses: guessing.Guesses) -> None:
        was, self._guesses = self._guesses, guesses
        if self._faults is None or was.alarming == guesses.alarming:
            return
        if guesses.alarming:
            self._faults.raised(CODES_GUESSED, f"{guesses.wrong} wrong codes in a row")
        else:
            self._faults.cleared(CODES_GUESSED)
