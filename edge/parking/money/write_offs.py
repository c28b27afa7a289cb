"""Debts that nobody will be asked for any more, and payments that a driver's bank disputes."""

from __future__ import annotations

from edge.parking.money import ledger
from edge.parking.money.refunds import Refused
from edge.parking.stays.tickets import Ticket
from edge.store import Transaction
from models.facts import DebtWrittenOff
from models.ids import PaymentId
from models.ledger import booking
from models.ledger.accounts import DISPUTED, UNCOLLECTED
from models.ledger.posting import Kind
from models.money import Minor, written

_DEBTS = "SELECT id, amount FROM payments WHERE ticket_id = ? AND status = 'UNCOLLECTED' ORDER BY id"


def write_off(tx: Transaction, stay: Ticket, by: str, reason: str) -> Minor:
    """All that the ticket owes. Returns how much that was. Raises Refused."""
    if stay.open:
        raise Refused(f"the stay of ticket {stay.code} isn't over yet")
    ledger.begin(tx, stay.id)
    debts = tx.connection.execute(_DEBTS, (stay.id,)).fetchall()
    if not debts:
        raise Refused(f"ticket {stay.code} owes nothing")
    currency = stay.tariff.currency
    for debt in debts:
        payment = PaymentId(debt["id"])
        tx.record(
            DebtWrittenOff(
                payment=payment,
                ticket=stay.id,
                amount=debt["amount"],
                currency=currency,
                by=by,
                reason=reason,
                at=tx.at.wall,
            )
        )
    # What a lower fee has made of a debt since is no debt any more.
    owed = Minor(ledger.balances(tx.connection, stay.id).get(UNCOLLECTED, 0))
    ledger.post(tx, booking.written_off(owed), currency, stay.id, by, reason)
    return owed


def dispute(tx: Transaction, stay: Ticket, amount: Minor, by: str, reason: str) -> None:
    """The bank of the ticket's driver has taken so much back, until it is clear whose it is. Raises Refused."""
    ledger.begin(tx, stay.id)
    rows = tx.connection.execute(
        """SELECT payment_id, account, sum(amount) AS amount FROM ledger_entries
           WHERE ticket_id = ? AND payment_id IS NOT NULL GROUP BY payment_id, account ORDER BY payment_id DESC""",
        (stay.id,),
    ).fetchall()
    for row in rows:
        if row["account"].startswith("provider:") and row["amount"] >= amount > 0:
            posted = booking.dispute(amount, row["account"], row["payment_id"])
            ledger.post(tx, posted, stay.tariff.currency, stay.id, by, reason)
            return
    raise Refused(f"no payment of ticket {stay.code} is as large as {written(amount, stay.tariff.currency)}")


def decide_dispute(tx: Transaction, stay: Ticket, by: str, reason: str, *, won: bool) -> Minor:
    """It is clear whose the money is. Returns how much that was. Raises Refused."""
    row = tx.connection.execute(
        """SELECT payment_id, account, -amount AS amount FROM ledger_entries
           WHERE ticket_id = ? AND kind = ? AND account <> ? ORDER BY rowid DESC LIMIT 1""",
        (stay.id, Kind.DISPUTE, DISPUTED),
    ).fetchone()
    open_ = ledger.balances(tx.connection, stay.id).get(DISPUTED, 0)
    if row is None or open_ <= 0:
        raise Refused(f"no payment of ticket {stay.code} is disputed")
    amount = Minor(min(open_, row["amount"]))
    back = booking.dispute_won(amount, row["account"], row["payment_id"])
    posted = back if won else booking.dispute_lost(amount, row["payment_id"])
    ledger.post(tx, posted, stay.tariff.currency, stay.id, by, reason)
    return amount
