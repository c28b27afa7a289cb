"""Sums that a terminal is asked for: on record before it is asked, and for as long as it may still take them."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from enum import Enum, auto

from edge.parking.money import booking, debts
from edge.parking.money.booking import Receipt
from edge.parking.money.debts import Debt
from edge.parking.stays import moments
from edge.parking.stays.moments import What, When
from edge.parking.stays.tickets import Ticket
from edge.parking.stays.tickets import ticket as find
from edge.store import Transaction
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
    terminal takes to answer costs the driver nothing.

    `till` is where it is asked for, and `provider` in whose books it then stands; empty where that isn't known any
    more. `debts` of former stays are part of the `amount`.
    """

    payment: PaymentId
    ticket: TicketId
    amount: Minor
    currency: str
    until: When
    till: str = ""
    provider: str = ""
    debts: tuple[Debt, ...] = ()

    @property
    def fee(self) -> Minor:
        """What of it is for the stay itself."""
        return Minor(self.amount - sum(debt.amount for debt in self.debts))


class Standing(Enum):
    """What is known of a charge."""

    AWAITED = auto()
    """Whoever wants to leave with that ticket has to hear first what became of it"""
    GIVEN_UP = auto()
    """A debt on record; the terminal may take it all the same"""
    OVER = auto()
    """Taken, declined, or given up by a release that didn't keep those"""


@dataclass(frozen=True, slots=True)
class Unresolved:
    """A charge of which nobody knows yet what became of it. `authorised`: its terminal has stored it."""

    charge: Charge
    standing: Standing
    authorised: bool = field(default=False)


def grace(tariff: Tariff) -> int:
    """Microseconds to leave after paying."""
    said = tariff.grace.exit if isinstance(tariff, Terms) else None
    return GRACE if said is None else said * SECOND


def await_answer(tx: Transaction, charge: Charge) -> None:
    row = (charge.payment, charge.ticket, charge.amount, charge.until.wall, charge.till, charge.provider)
    tx.connection.execute(
        "INSERT INTO charges (payment_id, ticket_id, amount, until, till, provider) VALUES (?, ?, ?, ?, ?, ?)", row
    )
    tx.connection.executemany(
        "INSERT INTO charged_debts VALUES (?, ?, ?)", [(charge.payment, debt.id, debt.amount) for debt in charge.debts]
    )
    moments.mark(tx, charge.payment, What.ASKED, charge.until.moment)


def awaited(tx: Transaction, stay: Ticket) -> Charge | None:
    row = tx.connection.execute("SELECT * FROM charges WHERE ticket_id = ?", (stay.id,)).fetchone()
    return None if row is None else _charge(tx, row, stay.tariff.currency, row["till"])


def unresolved(tx: Transaction, till: str, most: int) -> list[Unresolved]:
    """What was asked for at this lane or station and never answered, the oldest first."""
    found: list[Unresolved] = []
    for row in tx.connection.execute("SELECT * FROM charges WHERE till = ? ORDER BY rowid LIMIT ?", (till, most)):
        currency = find(tx.connection, row["ticket_id"]).tariff.currency
        found.append(Unresolved(_charge(tx, row, currency, till), Standing.AWAITED))
    given_up = "SELECT * FROM charges_given_up WHERE lane = ? AND provider IS NOT NULL ORDER BY rowid LIMIT ?"
    for row in tx.connection.execute(given_up, (till, most)):
        charge = _charge(tx, row, row["currency"], till)
        found.append(Unresolved(charge, Standing.GIVEN_UP, bool(row["authorised"])))
    return found


def asked(tx: Transaction, payment: PaymentId) -> Charge | None:
    """What was asked for under that id and hasn't been answered; None: nothing was, or it is known."""
    row = tx.connection.execute("SELECT * FROM charges WHERE payment_id = ?", (payment,)).fetchone()
    if row is not None:
        return _charge(tx, row, find(tx.connection, row["ticket_id"]).tariff.currency, row["till"])
    row = tx.connection.execute("SELECT * FROM charges_given_up WHERE payment_id = ?", (payment,)).fetchone()
    return None if row is None else _charge(tx, row, row["currency"], row["lane"])


def unheard_of(tx: Transaction) -> int:
    """How many were given up, and nobody knows whether a terminal took them. They stay debts on record until their
    terminal can be asked; where it can't be, for a person to look into."""
    return int(tx.connection.execute("SELECT count(*) FROM charges_given_up").fetchone()[0])


def promised(connection: sqlite3.Connection) -> Minor:
    """What the lot's terminals have stored and no bank has confirmed."""
    stored = "SELECT coalesce(sum(amount), 0) FROM charges_given_up WHERE authorised = 1"
    return Minor(connection.execute(stored).fetchone()[0])


def give_up(tx: Transaction, lane: LaneName, charge: Charge, why: str, *, authorised: bool = False) -> bool:
    """The vehicle isn't kept waiting for the answer: the sum is a debt, for as long as the terminal doesn't say that it
    has taken it. False: nobody was waiting for it."""
    if not _leaves(tx, charge, "charges"):
        return False
    moments.forget(tx, charge.payment)
    place = charge.till or lane
    row = (charge.payment, charge.ticket, place, charge.amount, charge.currency, charge.until.wall, tx.at.wall)
    tx.connection.execute(
        "INSERT INTO charges_given_up (payment_id, ticket_id, lane, amount, currency, until, at, provider, authorised)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (*row, charge.provider if charge.till else None, authorised),
    )
    owe(tx, lane, charge, why, asked=(charge.provider or None) if charge.till else None)
    return True


def authorise(tx: Transaction, charge: Charge, receipt: Receipt) -> bool:
    """The terminal has stored it: a debt, until its bank has said yes. False: nobody waited for that any more, and
    what is on record of it says so now."""
    waited = give_up(tx, receipt.place, charge, "authorised off line", authorised=True)
    if not waited:
        stored = "UPDATE charges_given_up SET authorised = 1 WHERE payment_id = ?"
        if tx.connection.execute(stored, (charge.payment,)).rowcount == 0:
            return False
    if charge.fee:
        booking.authorised(tx, charge.payment, charge.ticket, charge.fee, charge.currency, receipt)
    return waited


def end(tx: Transaction, charge: Charge) -> Standing:
    """The terminal has answered, once and for all. Returns how the charge stood until then."""
    moments.forget(tx, charge.payment)
    stood = Standing.OVER
    if _leaves(tx, charge, "charges"):
        stood = Standing.AWAITED
    elif _leaves(tx, charge, "charges_given_up"):
        stood = Standing.GIVEN_UP
    tx.connection.execute("DELETE FROM charged_debts WHERE payment_id = ?", (charge.payment,))
    return stood


def book(tx: Transaction, charge: Charge, receipt: Receipt, amount: Minor | None = None) -> Standing:
    """The terminal has taken it: that is on record once, pays the debt if it was given up, and the debts of former
    stays that were asked for with it. `amount` is what was taken, if it isn't what was asked for. Returns how it
    stood."""
    stood = end(tx, charge)
    taken = charge.amount if amount is None else amount
    if stood is Standing.OVER:
        if not _is_booked(tx, charge, receipt.reference):
            # Its id may stand for something else; the money has to be on record all the same.
            _book_more(tx, charge, charge.ticket, taken, receipt)
        return stood
    part = _part_of(charge, receipt) if charge.debts else receipt
    fee = min(taken, charge.fee)
    left = taken - fee
    for debt in charge.debts:
        paid = Minor(min(left, debt.amount))
        left -= paid
        if paid and booking.is_open(tx, debt.id):
            booking.collected(tx, debt.id, paid, part)
        elif paid:
            _book_more(tx, charge, debt.ticket, paid, receipt)
    _book_fee(tx, charge, Minor(fee + left), stood, part)
    return stood


def owe(tx: Transaction, lane: LaneName, charge: Charge, reason: str, asked: str | None = None) -> None:
    """The stay's own part; the debts of former stays are on record already. `asked`: who may take it yet."""
    if charge.fee:
        booking.owed(tx, charge.payment, charge.ticket, lane, charge.fee, charge.currency, reason, asked)


def _book_fee(tx: Transaction, charge: Charge, amount: Minor, stood: Standing, receipt: Receipt) -> None:
    given_up = stood is Standing.GIVEN_UP and charge.fee > 0
    if given_up and not booking.is_open(tx, charge.payment):
        # Written off, or paid in another way since.
        _book_more(tx, charge, charge.ticket, amount, receipt)
        return
    excess = Minor(max(amount - charge.fee, 0))
    amount = Minor(amount - _pay_debts(tx, charge.ticket, excess, _part_of(charge, receipt), but=charge.payment))
    if given_up:
        booking.collected(tx, charge.payment, amount, receipt)
    elif amount:
        booking.taken(tx, charge.payment, charge.ticket, amount, charge.currency, receipt)


def _book_more(tx: Transaction, charge: Charge, ticket: TicketId, amount: Minor, receipt: Receipt) -> None:
    """Money for which nobody waits any more: it pays what is still open of that stay, and the rest is on record as a
    payment of its own."""
    part = _part_of(charge, receipt)
    rest = Minor(amount - _pay_debts(tx, ticket, amount, part))
    if rest:
        booking.taken(tx, PaymentId(tx.mint()), ticket, rest, charge.currency, part)


def _pay_debts(
    tx: Transaction, ticket: TicketId, money: Minor, part: Receipt, *, but: PaymentId | None = None
) -> Minor:
    """What was paid above its sum pays the other debts of the same stay, before any of it is owed to the driver: the
    books lessen them by it, so what is on record has to say the same. Returns how much it paid."""
    left = money
    for debt in debts.of_stay(tx.connection, ticket) if money else ():
        paid = Minor(min(left, debt.amount)) if debt.id != but else Minor(0)
        if paid:
            booking.collected(tx, debt.id, paid, part)
            left = Minor(left - paid)
    return Minor(money - left)


def _part_of(charge: Charge, receipt: Receipt) -> Receipt:
    return Receipt(receipt.place, receipt.method, receipt.provider, receipt.reference, charge.payment)


def _charge(tx: Transaction, row: sqlite3.Row, currency: str, till: str | None) -> Charge:
    until = moments.when(tx, row["payment_id"], What.ASKED, row["until"])
    with_it = "SELECT debt_id, ticket_id, charged_debts.amount FROM charged_debts JOIN payments ON id = debt_id"
    owing = tx.connection.execute(f"{with_it} WHERE payment_id = ?", (row["payment_id"],)).fetchall()
    return Charge(
        *(row["payment_id"], row["ticket_id"], row["amount"], currency, until, till or "", row["provider"] or ""),
        tuple(Debt(debt["debt_id"], debt["ticket_id"], debt["amount"]) for debt in owing),
    )


def _is_booked(tx: Transaction, charge: Charge, reference: str) -> bool:
    same = """SELECT 1 FROM payments WHERE status = 'TAKEN' AND reference IN (?, ?)
        AND (ticket_id = ? AND amount = ? OR id = ? OR charge_id = ?)"""
    row = (reference, f"report {charge.payment}", charge.ticket, charge.amount, charge.payment, charge.payment)
    return tx.connection.execute(same, row).fetchone() is not None


def _leaves(tx: Transaction, charge: Charge, table: str) -> bool:
    return tx.connection.execute(f"DELETE FROM {table} WHERE payment_id = ?", (charge.payment,)).rowcount == 1
