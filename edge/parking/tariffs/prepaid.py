"""The stay of a reservation's guest: its window was paid for when it was made, and only what lies beside it is charged.

What lies before the window and what lies after it are priced like two stays of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from edge.parking.stays.moments import When
from edge.parking.stays.tickets import Ticket
from edge.store import Transaction
from models.instants import Instant
from models.money import Minor
from models.tariff import Fee, Line
from models.tariff.bill import What
from models.timeline import Bounds, Length, apart


@dataclass(frozen=True, slots=True)
class Prepaid:
    """What was paid for, by the rules that held when its vehicle came."""

    start: Instant
    end: Instant
    charge_early: bool
    leave_within: int


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the stay that is to be paid, at least so long."""

    begun: When
    ended: When
    length: Length


def prepaid_of(tx: Transaction, ticket: Ticket) -> Prepaid | None:
    """None: it is on no reservation."""
    if ticket.reservation is None:
        return None
    row = tx.connection.execute("SELECT * FROM reservations WHERE id = ?", (ticket.reservation,)).fetchone()
    if row is None:
        return _ALL
    return Prepaid(row["start_time"], row["end_time"], bool(row["charge_early"]), row["leave_within"])


_ALL = Prepaid(Instant(0), Instant(2**62), charge_early=True, leave_within=0)
"""Of a reservation that isn't known any more: nobody pays twice."""


def unpaid_parts(prepaid: Prepaid, came: When, came_at: Bounds, until: When, left_at: Bounds) -> Iterator[Part]:
    """As far as it is sure that the vehicle was there then."""
    start, end = When(None, prepaid.start), When(None, prepaid.end)
    early = apart(came_at, (prepaid.start, prepaid.start))
    if prepaid.charge_early and early.least > 0:
        yield Part(came, start, early)
    late = apart((prepaid.end, prepaid.end), left_at)
    if late.least > prepaid.leave_within:
        yield Part(end, until, late)


def together(prepaid: Prepaid, currency: str, fees: list[Fee]) -> Fee:
    """One bill of all parts."""
    taxes: dict[str, int] = {}
    for name, amount in (tax for fee in fees for tax in fee.taxes):
        taxes[name] = taxes.get(name, 0) + amount
    reserved = Line(What.PAID, "Reserved, paid before", Minor(0), prepaid.start, prepaid.end)
    return Fee(
        total=Minor(sum(fee.total for fee in fees)),
        currency=currency,
        started_hours=sum(fee.started_hours for fee in fees),
        capped=any(fee.capped for fee in fees),
        lines=(reserved, *(line for fee in fees for line in fee.lines)),
        taxes=tuple((name, Minor(amount)) for name, amount in taxes.items()),
        needs_person=any(fee.needs_person for fee in fees),
    )
