"""Who comes on the day: a line for each visit, by what it comes in and how it goes out. Another one is another line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from models.tickets import PaymentStatus
from simulator.troubles import Trouble


class ComesIn(StrEnum):
    """By what a vehicle is let in."""

    PLATE = "plate"
    TICKET = "ticket"
    PERMIT_PLATE = "permit, by plate"
    PERMIT_CARD = "permit, by card"


class GoesOut(StrEnum):
    """How what a stay costs is settled."""

    TERMINAL = "terminal"
    SECOND_CARD = "terminal, second card"
    DEBT = "debt, terminal down"
    PAID_LATE = "terminal, paid after leaving"


@dataclass(frozen=True, slots=True)
class Entering:
    """`readable`: the lane reads the plate. `recorded`: what has to stand on the ticket."""

    readable: bool
    recorded: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Leaving:
    """`meets`: what goes wrong at the exit. `settled`: how the payments on record end, all of them together being what
    the stay cost."""

    settled: tuple[PaymentStatus, ...]
    meets: Trouble | None = None


ENTERING: Mapping[ComesIn, Entering] = {
    ComesIn.PLATE: Entering(True, {"entered_by": "plate"}),
    ComesIn.TICKET: Entering(False, {}),
    ComesIn.PERMIT_PLATE: Entering(True, {}),
    ComesIn.PERMIT_CARD: Entering(False, {}),
}
LEAVING: Mapping[GoesOut, Leaving] = {
    GoesOut.TERMINAL: Leaving((PaymentStatus.TAKEN,)),
    GoesOut.SECOND_CARD: Leaving((PaymentStatus.TAKEN,), Trouble.TERMINAL_DECLINES),
    GoesOut.DEBT: Leaving((PaymentStatus.UNCOLLECTED,), Trouble.TERMINAL_UNREACHABLE),
    GoesOut.PAID_LATE: Leaving((PaymentStatus.TAKEN,), Trouble.TERMINAL_HANGS),
}


@dataclass(frozen=True, slots=True)
class Visit:
    """`stays` in minutes. `driver`: whoever comes again has the number of their first visit."""

    comes_in: ComesIn
    goes_out: GoesOut
    stays: float = 70.0
    driver: int | None = None


VISITS = (
    Visit(ComesIn.PLATE, GoesOut.TERMINAL),
    Visit(ComesIn.TICKET, GoesOut.TERMINAL),
    Visit(ComesIn.PERMIT_PLATE, GoesOut.TERMINAL),
    Visit(ComesIn.PERMIT_CARD, GoesOut.TERMINAL),
    Visit(ComesIn.PLATE, GoesOut.SECOND_CARD),
    Visit(ComesIn.PLATE, GoesOut.DEBT),
    Visit(ComesIn.TICKET, GoesOut.DEBT),
    Visit(ComesIn.PLATE, GoesOut.PAID_LATE),
)
"""Each way in and each way out, at least once."""


def visits(rounds: int = 1, day: Sequence[Visit] = VISITS) -> tuple[Visit, ...]:
    """So many such days in one: others come each time, and stay a little longer."""
    return tuple(
        replace(
            visit,
            stays=visit.stays + round_ * 7,
            driver=None if visit.driver is None else visit.driver + round_ * len(day),
        )
        for round_ in range(rounds)
        for visit in day
    )
