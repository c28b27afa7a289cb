"""Sums that no machine may take by itself: what a person is called for, and what a terminal may store off line."""

from __future__ import annotations

from edge.parking.money import charges
from edge.parking.money.charges import Charge
from edge.parking.money.policy import PaymentPolicy
from edge.store import Transaction
from models.facts import PersonNeeded
from models.ids import LaneName, TicketId
from models.money import Minor


def person_needed(tx: Transaction, ticket: TicketId, lane: LaneName, amount: Minor, currency: str, why: str) -> None:
    """Tells the operator the sum: once, and again when it has changed, not each time that the lane asks."""
    told = tx.connection.execute("SELECT amount FROM sums_told WHERE ticket_id = ?", (ticket,)).fetchone()
    if told is not None and told["amount"] == amount:
        return
    tx.connection.execute("INSERT OR REPLACE INTO sums_told VALUES (?, ?)", (ticket, amount))
    tx.record(PersonNeeded(ticket=ticket, lane=lane, amount=amount, currency=currency, why=why, at=tx.at.wall))


def forget(tx: Transaction, ticket: TicketId) -> None:
    """The vehicle may leave: nobody is called for it any more."""
    tx.connection.execute("DELETE FROM sums_told WHERE ticket_id = ?", (ticket,))


def may_be_stored(tx: Transaction, charge: Charge, policy: PaymentPolicy) -> bool:
    """Whether the terminal may keep it without a bank's word: never without a ceiling, of the stay or of the lot."""
    if policy.stay_ceiling is None or policy.lot_ceiling is None:
        return False
    together = charges.promised(tx.connection) + charge.amount
    return charge.amount <= policy.stay_ceiling and together <= policy.lot_ceiling
