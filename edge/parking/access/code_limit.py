"""The limit on guessed codes and cards at one place: a lane, or a pay station. Each counts for itself."""

from __future__ import annotations

from drivers.contract import FaultReporter
from edge.lane.faults import CODES_GUESSED
from edge.parking.access import guessing
from models.instants import Clock
from models.refusals import Refusal

WRONG = frozenset({Refusal.NO_SUCH_TICKET, Refusal.RESERVATION_UNKNOWN, Refusal.CARD_UNKNOWN})
"""What is said of a code or card of which nobody knows anything."""


class CodeLimit:
    """Without a clock nobody waits, and without `faults` nobody hears of it."""

    def __init__(self, clock: Clock | None = None, faults: FaultReporter | None = None) -> None:
        self._clock, self._faults = clock, faults
        self._guesses = guessing.NONE

    def has_to_wait(self) -> bool:
        """Whether nothing is even looked up now, so that nobody learns if it is right."""
        if self._clock is None:
            return False
        now = self._clock.monotonic()
        self._take(guessing.forgotten(self._guesses, now))
        return not guessing.may_try(self._guesses, now)

    def wrong(self, text: str) -> None:
        if self._clock is not None:
            self._take(guessing.after_wrong(self._guesses, text, self._clock.monotonic()))

    def right(self) -> None:
        """Whoever stood there has passed, or paid: who comes next begins anew."""
        self._take(guessing.after_right(self._guesses))

    def _take(self, guesses: guessing.Guesses) -> None:
        was, self._guesses = self._guesses, guesses
        if self._faults is None or was.alarming == guesses.alarming:
            return
        if guesses.alarming:
            self._faults.raised(CODES_GUESSED, f"{guesses.wrong} wrong codes in a row")
        else:
            self._faults.cleared(CODES_GUESSED)
