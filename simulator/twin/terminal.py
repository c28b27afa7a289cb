"""The twin's payment terminals: they take money, decline, fall silent, and keep a book of their own."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from drivers.contract import ChargeOutcome
from models.ids import LaneName
from simulator.troubles import Trouble
from simulator.twin.line import Event

_REFERENCES = uuid.UUID("0b0d2c1e-3b0a-4f0e-8a55-7d3c1b8e4a90")


@dataclass(frozen=True, slots=True)
class Entry:
    """One charge in a terminal's book, as it ended. Times in microseconds."""

    payment: str
    lane: LaneName
    car: int | None
    amount: int
    currency: str
    asked: int
    ended: int
    outcome: ChargeOutcome
    reference: str = ""


@dataclass(slots=True)
class _Asked:
    payment: str
    lane: LaneName
    car: int | None
    amount: int
    currency: str
    asked: int
    due: int


@dataclass(slots=True)
class Terminals:
    """`pays_in` says how long the driver of a car takes, when it is asked at a moment."""

    pays_in: Callable[[int | None, int], int]
    book: list[Entry] = field(default_factory=list[Entry])
    _asked: list[_Asked] = field(default_factory=list[_Asked])
    _taken: dict[str, Entry] = field(default_factory=dict[str, Entry])

    def charge(self, lane: LaneName, car: int | None, detail: dict[str, Any], now: int) -> None:
        payment = str(detail["payment"])
        # Asked again with a payment that was taken, it answers at once and takes nothing more.
        due = now if payment in self._taken else now + self.pays_in(car, now)
        self._asked.append(_Asked(payment, lane, car, int(detail["amount"]), str(detail["currency"]), now, due))

    def next_due(self) -> int | None:
        return min((asked.due for asked in self._asked), default=None)

    def due(
        self,
        troubles: Callable[[LaneName], frozenset[Trouble]],
        is_there: Callable[[LaneName, int], bool],
        now: int,
    ) -> list[Event]:
        """`is_there` tells whether a car still stands before that lane's arm: who has driven on doesn't pay."""
        events: list[Event] = []
        for asked in [asked for asked in self._asked if asked.due <= now]:
            self._asked.remove(asked)
            left = asked.car is None or not is_there(asked.lane, asked.car)
            said = self._ends(asked, troubles(asked.lane), left, now)
            if said is not None:
                events.append((f"{asked.lane}.payment_terminal", said))
        return events

    def taken(self) -> list[Entry]:
        return list(self._taken.values())

    def _ends(self, asked: _Asked, troubles: frozenset[Trouble], left: bool, now: int) -> dict[str, Any] | None:
        again = self._taken.get(asked.payment)
        if again is not None:
            return _answer(again)
        outcome = ChargeOutcome.TAKEN
        if Trouble.TERMINAL_UNREACHABLE in troubles:
            outcome = ChargeOutcome.UNREACHABLE
        elif Trouble.TERMINAL_DECLINES in troubles or left:
            outcome = ChargeOutcome.DECLINED
        reference = f"TWIN-{uuid.uuid5(_REFERENCES, asked.payment).hex[:12].upper()}"
        entry = Entry(
            *(asked.payment, asked.lane, asked.car, asked.amount, asked.currency, asked.asked, now, outcome),
            reference if outcome is ChargeOutcome.TAKEN else "",
        )
        self.book.append(entry)
        if outcome is ChargeOutcome.TAKEN:
            self._taken[entry.payment] = entry
        return None if Trouble.TERMINAL_HANGS in troubles else _answer(entry)


def _answer(entry: Entry) -> dict[str, Any]:
    detail = "" if entry.outcome is ChargeOutcome.TAKEN else f"the twin's terminal: {entry.outcome}"
    return {"payment": entry.payment, "outcome": entry.outcome, "reference": entry.reference, "detail": detail}
