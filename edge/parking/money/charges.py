"""Sums that a terminal is asked for: on record before it is asked, and for as long as it may still take them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from edge.parking.money import ledger
from edge.parking.stays import moments
from edge.parking.stays.moments import What, When
from edge.parking.stays.tickets import Ticket
from edge.parking.stays.tickets import ticket as find
from edge.store import Transaction
from models.facts import DebtCollected, PaymentTaken, UnableToCollect
from models.ids import LaneName, PaymentId, TicketId
from models.instants import SECOND
from models.money import Minor
from models.tariff import Tariff, Terms

GRACE = 10 * 60 * SECOND
"""After a payment the vehicle has this long to leave before more is due (UK private parking code of practice), unless
its tariff says how long."""


@dataclass(frozen=True, slots=True)
class Charge:
    """A sum that a terminal is asked for, on record before it is asked. It pays for the time until `until`: what a
    terminal takes to answer costs the driver nothing."""

    payment: PaymentId
    ticket: TicketId
    amount: Minor
    currency: str
    until: When


class Standing(Enum):
    """What is known of a charge."""

    AWAITED = auto()
    """Whoever wants to leave with that ticket has to hear first what became of it"""
    GIVEN_UP = auto()
    """A debt on record; the terminal may take it all the same"""
    OVER = auto()
    """Taken, declined, or given up by a release that didn't keep those"""


def grace(tariff: Tariff) -> int:
    """Microseconds to leave after paying."""
    said = tariff.grace.exit if isinstance(tariff, Terms) else None
    return GRACE if said is None else said * SECOND


def await_answer(tx: Transaction, charge: Charge) -> None:
    row = (charge.payment, charge.ticket, charge.amount, charge.until.wall)
    tx.connection.execute("INSERT INTO charges (payment_id, ticket_id, amount, until) VALUES (?, ?, ?, ?)", row)
    moments.mark(tx, charge.payment, What.ASKED, charge.until.moment)


def awaited(tx: Transaction, stay: Ticket) -> Charge | None:
    row = tx.connection.execute("SELECT * FROM charges WHERE ticket_id = ?", (stay.id,)).fetchone()
    if row is None:
        return None
    until = moments.when(tx, row["payment_id"], What.ASKED, row["until"])
    return Charge(row["payment_id"], stay.id, row["amount"], stay.tariff.currency, until)


def unheard_of(tx: Transaction) -> int:
    """How many were given up, and nobody knows whether a terminal took them. Asking it again would take the money from
    whoever stands there now: they stay debts on record, for a person to look into."""
    return int(tx.connection.execute("SELECT count(*) FROM charges_given_up").fetchone()[0])


def give_up(tx: Transaction, lane: LaneName, charge: Charge, why: str) -> bool:
    """The vehicle isn't kept waiting for the answer: the sum is a debt, for as long as the terminal doesn't say that it
    has taken it. False: nobody was waiting for it."""
    if not _end(tx, charge, "charges"):
        return False
    row = (charge.payment, charge.ticket, lane, charge.amount, charge.currency, charge.until.wall, tx.at.wall)
    tx.connection.execute("INSERT INTO charges_given_up VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    owe(tx, lane, charge, why)
    return True


def end(tx: Transaction, charge: Charge) -> Standing:
    """The terminal has answered, once and for all. Returns how the charge stood until then."""
    if _end(tx, charge, "charges"):
        return Standing.AWAITED
    return Standing.GIVEN_UP if _end(tx, charge, "charges_given_up") else Standing.OVER


def book(tx: Transaction, lane: LaneName, charge: Charge, reference: str) -> Standing:
    """The terminal has taken it: that is on record once, and pays the debt if it was given up. Returns how it stood."""
    stood = end(tx, charge)
    match stood:
        case Standing.AWAITED:
            _record(tx, PaymentTaken, lane, charge, charge.payment, reference)
        case Standing.GIVEN_UP:
            _record(tx, DebtCollected, lane, charge, charge.payment, reference)
        case Standing.OVER if not _is_booked(tx, charge, reference):
            # Its id may stand for something else; the money has to be on record all the same.
            _record(tx, PaymentTaken, lane, charge, PaymentId(tx.mint()), reference)
        case Standing.OVER:
            pass
    return stood


def owe(tx: Transaction, lane: LaneName, charge: Charge, reason: str) -> None:
    ledger.record(
        tx,
        UnableToCollect(
            payment=charge.payment,
            ticket=charge.ticket,
            lane=lane,
            amount=charge.amount,
            currency=charge.currency,
            reason=reason,
            at=tx.at.wall,
        ),
    )


def _record(
    tx: Transaction,
    fact: type[PaymentTaken] | type[DebtCollected],
    lane: LaneName,
    charge: Charge,
    payment: PaymentId,
    reference: str,
) -> None:
    """The terminal took the money: a payment of its own, or that of a debt."""
    ledger.record(
        tx,
        fact(
            payment=payment,
            ticket=charge.ticket,
            lane=lane,
            amount=charge.amount,
            currency=charge.currency,
            method="terminal",
            reference=reference,
            taken=tx.at.wall,
            paid_in_all=_paid_with(tx, charge),
        ),
    )
    ledger.settle(tx, charge.ticket)


def _paid_with(tx: Transaction, charge: Charge) -> Minor:
    return Minor(find(tx.connection, charge.ticket).amount_paid + charge.amount)


def _is_booked(tx: Transaction, charge: Charge, reference: str) -> bool:
    same = "SELECT 1 FROM payments WHERE ticket_id = ? AND status = 'TAKEN' AND reference = ? AND amount = ?"
    return tx.connection.execute(same, (charge.ticket, reference, charge.amount)).fetchone() is not None


def _end(tx: Transaction, charge: Charge, table: str) -> bool:
    moments.forget(tx, charge.payment)
    return tx.connection.execute(f"DELETE FROM {table} WHERE payment_id = ?", (charge.payment,)).rowcount == 1
