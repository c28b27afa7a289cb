"""The twin's payment terminals: they take money, decline, fall silent, and keep a book of their own."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from drivers.contract import ChargeOutcome
from models.ids import LaneName
from models.instants import SECOND
from simulator.troubles import Trouble
from simulator.twin.line import Event

HANGS_FOR = 150 * SECOND
"""A terminal that hangs says what it took so long after it was asked: long after the lane has given up on it."""
_REFERENCES = uuid.UUID("0b0d2c1e-3b0a-4f0e-8a55-7d3c1b8e4a90")


@dataclass(frozen=True, slots=True)
class Entry:
    """One charge in a terminal's book, as it ended. Times in microseconds. `said`: when the lot was told, if that was
    later than it `ended`."""

    payment: str
    lane: LaneName
    car: int | None
    amount: int
    currency: str
    asked: int
    ended: int
    outcome: ChargeOutcome
    reference: str = ""
    said: int | None = None

    @property
    def known(self) -> int:
        """When the lot could know of it."""
        return self.ended if self.said is None else self.said


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
    _unsaid: list[Entry] = field(default_factory=list[Entry])
    """What was taken and will be told later."""

    def charge(self, lane: LaneName, car: int | None, detail: dict[str, Any], now: int) -> None:
        payment = str(detail["payment"])
        # Asked again with a payment that was taken, it answers at once and takes nothing more.
        due = now if payment in self._taken else now + self.pays_in(car, now)
        self._asked.append(_Asked(payment, lane, car, int(detail["amount"]), str(detail["currency"]), now, due))

    def next_due(self) -> int | None:
        return min([*(asked.due for asked in self._asked), *(entry.known for entry in self._unsaid)], default=None)

    def keeps_waiting(self, car: int) -> bool:
        """Whether that car's driver has been asked and is waiting to be told."""
        return any(each.car == car for each in (*self._asked, *self._unsaid))

    def due(
        self,
        troubles: Callable[[LaneName], frozenset[Trouble]],
        is_there: Callable[[LaneName, int], bool],
        now: int,
    ) -> list[Event]:
        """`is_there` tells whether a car still stands before that lane's arm: who has driven on doesn't pay."""
        events = self._said_late(now)
        for asked in [asked for asked in self._asked if asked.due <= now]:
            self._asked.remove(asked)
            left = asked.car is None or not is_there(asked.lane, asked.car)
            said = self._ends(asked, troubles(asked.lane), left, now)
            if said is not None:
                events.append((f"{asked.lane}.payment_terminal", said))
        return events

    def _said_late(self, now: int) -> list[Event]:
        late = [entry for entry in self._unsaid if entry.known <= now]
        self._unsaid = [entry for entry in self._unsaid if entry.known > now]
        return [(f"{entry.lane}.payment_terminal", _answer(entry)) for entry in late]

    def taken(self) -> list[Entry]:
        return list(self._taken.values())

    def _ends(self, asked: _Asked, troubles: frozenset[Trouble], left: bool, now: int) -> dict[str, Any] | None:
        again = self._taken.get(asked.payment)
        if again is not None:
            if again.known > now:
                # The lot hears of it here first.
                self._taken[asked.payment] = replace(again, lane=asked.lane, said=now)
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
        hangs = outcome is ChargeOutcome.TAKEN and Trouble.TERMINAL_HANGS in troubles
        if hangs:
            entry = replace(entry, said=asked.asked + HANGS_FOR)
            self._unsaid.append(entry)
        self.book.append(entry)
        if outcome is ChargeOutcome.TAKEN:
            self._taken[entry.payment] = entry
        return None if hangs else _answer(entry)


def _answer(entry: Entry) -> dict[str, Any]:
    detail = "" if entry.outcome is ChargeOutcome.TAKEN else f"the twin's terminal: {entry.outcome}"
    return {"payment": entry.payment, "outcome": entry.outcome, "reference": entry.reference, "detail": detail}
