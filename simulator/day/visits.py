"""Who comes on the day: a line for each visit, by what it comes in and how it goes out. Another one is another line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from models.refusals import Refusal
from models.tickets import PaymentStatus
from simulator.day.far_ends import EXIT_CARDS, EXIT_COINS, EXIT_LATER
from simulator.troubles import Trouble

EXITS = ("out", EXIT_COINS, EXIT_CARDS, EXIT_LATER)
"""The exits of the lot, in the order of its file."""
MERCHANT = "CINEMA"
"""A code that the tariff of the lot knows, and that leaves something to pay."""


class ComesIn(StrEnum):
    """By what a vehicle is let in."""

    PLATE = "plate"
    TICKET = "ticket"
    PERMIT_PLATE = "permit, by plate"
    PERMIT_CARD = "permit, by card"
    COURTESY = "courtesy, by plate"
    BARRED = "barred plate"
    RESERVATION_CODE = "reservation, by code"
    RESERVATION_PLATE = "reservation, by plate"
    RESERVATION_UNHEARD = "reservation, unknown to the lot"
    """Sold while the network was gone: the lot hears of it first from its driver"""


class GoesOut(StrEnum):
    """How what a stay costs is settled."""

    TERMINAL = "terminal"
    SECOND_CARD = "terminal, second card"
    DEBT = "debt, terminal down"
    PAID_LATE = "terminal, paid after leaving"
    NOTHING = "nothing to pay"
    STATION = "pay station"
    LOST_TICKET = "terminal, ticket lost"
    DEBT_PAID_NEXT_TIME = "debt, paid next time"
    TURNED_AWAY = "turned away"
    COINS = "coins, exact"
    COINS_OVER = "coins, no change"
    STATION_COINS = "coins at a station"
    CARDS = "card over nexo"
    LATER = "authorised off line"
    VALIDATED = "merchant's code"


@dataclass(frozen=True, slots=True)
class Entering:
    """`readable`: the lane reads the plate. `recorded`: what has to stand on the ticket. `refused`: why none."""

    readable: bool
    recorded: Mapping[str, Any]
    refused: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Leaving:
    """`meets`: what goes wrong at the exit. `settled`: how the payments on record end, all of them together being what
    the stay cost, and where the driver is owed some of it, `overpaid`. `recorded`: what else has to stand on the
    ticket. `by`: the exit."""

    settled: tuple[PaymentStatus, ...]
    meets: Trouble | None = None
    by: str = "out"
    overpaid: bool = False
    recorded: Mapping[str, Any] = field(default_factory=dict[str, Any])


ENTERING: Mapping[ComesIn, Entering] = {
    ComesIn.PLATE: Entering(True, {"entered_by": "plate"}),
    ComesIn.TICKET: Entering(False, {"entered_by": "button"}),
    ComesIn.PERMIT_PLATE: Entering(True, {"entered_by": "permit"}),
    ComesIn.PERMIT_CARD: Entering(False, {"entered_by": "card"}),
    ComesIn.COURTESY: Entering(True, {"entered_by": "permit"}),
    ComesIn.BARRED: Entering(True, {}, Refusal.BARRED),
    ComesIn.RESERVATION_CODE: Entering(False, {"entered_by": "reservation"}),
    ComesIn.RESERVATION_PLATE: Entering(True, {"entered_by": "reservation"}),
    ComesIn.RESERVATION_UNHEARD: Entering(False, {"entered_by": "reservation"}),
}
LEAVING: Mapping[GoesOut, Leaving] = {
    GoesOut.TERMINAL: Leaving((PaymentStatus.TAKEN,)),
    GoesOut.SECOND_CARD: Leaving((PaymentStatus.TAKEN,), Trouble.TERMINAL_DECLINES),
    GoesOut.DEBT: Leaving((PaymentStatus.UNCOLLECTED,), Trouble.TERMINAL_UNREACHABLE),
    GoesOut.PAID_LATE: Leaving((PaymentStatus.TAKEN,), Trouble.TERMINAL_HANGS),
    GoesOut.NOTHING: Leaving(()),
    GoesOut.STATION: Leaving((PaymentStatus.TAKEN,)),
    GoesOut.LOST_TICKET: Leaving((PaymentStatus.TAKEN,)),
    GoesOut.TURNED_AWAY: Leaving(()),
    GoesOut.DEBT_PAID_NEXT_TIME: Leaving((PaymentStatus.TAKEN,), Trouble.TERMINAL_UNREACHABLE),
    GoesOut.COINS: Leaving((PaymentStatus.TAKEN,), by=EXIT_COINS),
    GoesOut.COINS_OVER: Leaving((PaymentStatus.TAKEN,), by=EXIT_COINS, overpaid=True),
    GoesOut.STATION_COINS: Leaving((PaymentStatus.TAKEN,)),
    GoesOut.CARDS: Leaving((PaymentStatus.TAKEN,), by=EXIT_CARDS),
    GoesOut.LATER: Leaving((PaymentStatus.TAKEN,), by=EXIT_LATER),
    GoesOut.VALIDATED: Leaving(
        (PaymentStatus.TAKEN,), Trouble.TERMINAL_DECLINES, recorded={"validations": f'["{MERCHANT}"]'}
    ),
}


RESERVED = (ComesIn.RESERVATION_CODE, ComesIn.RESERVATION_PLATE, ComesIn.RESERVATION_UNHEARD)


@dataclass(frozen=True, slots=True)
class Visit:
    """`stays` in minutes. `again`: it is the driver of so many visits before, who comes once more."""

    comes_in: ComesIn
    goes_out: GoesOut
    stays: float = 70.0
    again: int = 0


VISITS = (
    Visit(ComesIn.PLATE, GoesOut.TERMINAL),
    Visit(ComesIn.TICKET, GoesOut.TERMINAL),
    Visit(ComesIn.PERMIT_PLATE, GoesOut.TERMINAL),
    Visit(ComesIn.PERMIT_CARD, GoesOut.TERMINAL),
    Visit(ComesIn.COURTESY, GoesOut.NOTHING),
    Visit(ComesIn.BARRED, GoesOut.TURNED_AWAY),
    Visit(ComesIn.PLATE, GoesOut.SECOND_CARD),
    Visit(ComesIn.PLATE, GoesOut.DEBT),
    Visit(ComesIn.TICKET, GoesOut.DEBT),
    Visit(ComesIn.PLATE, GoesOut.PAID_LATE),
    Visit(ComesIn.RESERVATION_CODE, GoesOut.NOTHING),
    Visit(ComesIn.RESERVATION_PLATE, GoesOut.NOTHING),
    Visit(ComesIn.RESERVATION_UNHEARD, GoesOut.NOTHING),
    Visit(ComesIn.PLATE, GoesOut.DEBT_PAID_NEXT_TIME, stays=15),
    Visit(ComesIn.TICKET, GoesOut.STATION),
    Visit(ComesIn.PLATE, GoesOut.STATION),
    Visit(ComesIn.TICKET, GoesOut.LOST_TICKET),
    Visit(ComesIn.PLATE, GoesOut.TERMINAL, again=4),
    Visit(ComesIn.PLATE, GoesOut.COINS),
    Visit(ComesIn.TICKET, GoesOut.COINS_OVER),
    Visit(ComesIn.TICKET, GoesOut.STATION_COINS),
    Visit(ComesIn.PLATE, GoesOut.CARDS),
    Visit(ComesIn.PLATE, GoesOut.LATER),
    Visit(ComesIn.PLATE, GoesOut.VALIDATED),
)
"""Each way in and each way out, at least once; one is the debtor who comes again."""


def visits(rounds: int = 1, day: Sequence[Visit] = VISITS) -> tuple[Visit, ...]:
    """So many such days in one: others come each time, and stay a little longer."""
    return tuple(replace(visit, stays=visit.stays + round_ % 7) for round_ in range(rounds) for visit in day)
