"""Money that goes back to drivers: promised on record first, and given back once, also after a restart."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from edge.parking.money import ledger
from edge.parking.stays.tickets import Ticket
from edge.parking.stays.tickets import ticket as find
from edge.store import Transaction
from models.facts import RefundDeclined, RefundPaid, RefundPromised
from models.ids import PaymentId, TicketId
from models.instants import Instant
from models.ledger import booking
from models.ledger.accounts import Account, cash, is_money, provider
from models.money import Minor, written


@dataclass(frozen=True, slots=True)
class Due:
    """A refund that was promised; the provider hasn't said yet that the money is back."""

    refund: str
    ticket: TicketId
    payment: PaymentId
    provider: str
    amount: Minor
    currency: str
    by: str
    reason: str
    at: Instant
    asked: PaymentId | None = None
    """Under which id its provider took it, where that is known: of a sum that was asked for at once, the whole one's"""


class Refused(Exception):
    """What a person asked for can't be done with this money; the text says why, in a line."""


def promise(tx: Transaction, stay: Ticket, amount: Minor, by: str, reason: str) -> Due:
    """So much goes back by the way it came. Raises Refused."""
    _grant(tx, stay, amount, by, reason)
    payment, by_whom = _payment_to_give_back(tx.connection, stay, amount)
    due = Due(tx.mint(), stay.id, payment, by_whom, amount, stay.tariff.currency, by, reason, tx.at.wall)
    row = (due.refund, due.ticket, due.payment, due.provider, due.amount, due.currency, by, reason, tx.at.wall)
    tx.connection.execute("INSERT INTO refunds_due VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    tx.record(
        RefundPromised(
            refund=due.refund,
            ticket=due.ticket,
            payment=due.payment,
            provider=due.provider,
            amount=due.amount,
            currency=due.currency,
            by=by,
            reason=reason,
            at=tx.at.wall,
        )
    )
    return due


def pay_in_cash(tx: Transaction, stay: Ticket, amount: Minor, drawer: str, by: str, reason: str) -> None:
    """So much is handed out of a drawer. Raises Refused."""
    _grant(tx, stay, amount, by, reason)
    due = Due(tx.mint(), stay.id, PaymentId(""), "", amount, stay.tariff.currency, by, reason, tx.at.wall)
    _record(tx, due, cash(drawer), "")


def waiting(connection: sqlite3.Connection) -> list[Due]:
    """Those that were promised, the oldest first."""
    rows = connection.execute(
        "SELECT refunds_due.*, coalesce(charge_id, payment_id) AS asked FROM refunds_due"
        " LEFT JOIN payments ON payments.id = payment_id ORDER BY refund_id"
    ).fetchall()
    return [_due(row) for row in rows]


def paid(tx: Transaction, due: Due, reference: str) -> bool:
    """The provider has given it back, whatever it said before. False: that is on record already."""
    _over(tx, due)
    if ledger.is_posted(tx.connection, due.refund):
        return False
    _record(tx, due, provider(due.provider), reference)
    return True


def declined(tx: Transaction, due: Due) -> bool:
    """The provider won't: it is owed as before, and may be paid in cash. False: that is known already."""
    was_due = _over(tx, due)
    if was_due:
        tx.record(RefundDeclined(refund=due.refund, ticket=due.ticket, at=tx.at.wall))
    return was_due


def _over(tx: Transaction, due: Due) -> bool:
    return tx.connection.execute("DELETE FROM refunds_due WHERE refund_id = ?", (due.refund,)).rowcount == 1


def _grant(tx: Transaction, stay: Ticket, amount: Minor, by: str, reason: str) -> None:
    """What isn't owed yet becomes so. A stay that isn't over is charged as before: it gets nothing beyond its due."""
    currency = stay.tariff.currency
    ledger.begin(tx, stay.id)
    ledger.settle(tx, stay.id)
    if amount <= 0:
        raise Refused("nothing is to be given back")
    most = _paid_and_not_promised(tx.connection, stay)
    if amount > most:
        raise Refused(f"of what ticket {stay.code} has paid, {written(most, currency)} can be given back")
    owed = booking.refund_owed(ledger.balances(tx.connection, stay.id))
    free = max(owed - _promised(tx.connection, stay.id), 0)
    if amount > free:
        if stay.open:
            raise Refused(f"the stay of ticket {stay.code} isn't over; what it has paid too much is owed once it is")
        ledger.post(tx, booking.granted(Minor(amount - free)), currency, stay.id, by, reason)


def _paid_and_not_promised(connection: sqlite3.Connection, stay: Ticket) -> Minor:
    return Minor(find(connection, stay.id).amount_paid - _promised(connection, stay.id))


def _promised(connection: sqlite3.Connection, ticket: TicketId) -> int:
    found = "SELECT coalesce(sum(amount), 0) FROM refunds_due WHERE ticket_id = ?"
    return int(connection.execute(found, (ticket,)).fetchone()[0])


def _payment_to_give_back(connection: sqlite3.Connection, stay: Ticket, amount: Minor) -> tuple[PaymentId, str]:
    """The last payment of the ticket of which so much is left, and who took it. Raises Refused."""
    rows = connection.execute(
        """SELECT payment_id, sum(amount) AS amount, max(account) AS account FROM ledger_entries
           WHERE ticket_id = ? AND payment_id IS NOT NULL AND account LIKE 'provider:%'
           GROUP BY payment_id ORDER BY payment_id DESC""",
        (stay.id,),
    ).fetchall()
    found = "SELECT coalesce(sum(amount), 0) FROM refunds_due WHERE payment_id = ?"
    for row in rows:
        left = row["amount"] - connection.execute(found, (row["payment_id"],)).fetchone()[0]
        if left >= amount:
            return PaymentId(row["payment_id"]), row["account"].partition(":")[2]
    raise Refused("no single payment by card was so large; give back less at once, or pay in cash with --cash")


def _record(tx: Transaction, due: Due, out_of: Account, reference: str) -> None:
    assert is_money(out_of)
    stay = find(tx.connection, due.ticket)
    tx.record(
        RefundPaid(
            refund=due.refund,
            ticket=due.ticket,
            payment=due.payment or None,
            amount=due.amount,
            currency=due.currency,
            out_of=out_of,
            reference=reference,
            by=due.by,
            reason=due.reason,
            paid_in_all=Minor(stay.amount_paid - due.amount),
            at=tx.at.wall,
        )
    )
    posted = booking.refund(due.amount, out_of, due.payment or None)
    ledger.post(tx, posted, due.currency, due.ticket, due.by, due.reason, due.refund)


def _due(row: sqlite3.Row) -> Due:
    return Due(
        row["refund_id"],
        row["ticket_id"],
        row["payment_id"],
        row["provider"],
        row["amount"],
        row["currency"],
        row["given_by"],
        row["reason"],
        row["at"],
        row["asked"],
    )
