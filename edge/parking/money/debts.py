"""What a vehicle owes from former stays: asked for when it comes again, and only of exactly its plate.

What a vehicle left unpaid that was found by a likeness may be another's debt: until a person has looked, it is held
against nobody who comes with that plate.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from edge.parking.stays.tickets import Ticket
from models.ids import PaymentId, TicketId
from models.money import Minor
from models.plates import Plate

# One of which a terminal may have taken the money yet isn't asked for a second time, nor one that another charge is
# about to pay.
_OPEN = """
    SELECT payments.id, ticket_id, payments.amount FROM tickets
    JOIN payments ON payments.ticket_id = tickets.id
    WHERE tickets.vehicle_id = ? AND payments.status = 'UNCOLLECTED' AND payments.currency = ?
        AND exit_match IS NOT 'alike'
        AND payments.id NOT IN (SELECT payment_id FROM charges_given_up)
        AND payments.id NOT IN (SELECT debt_id FROM charged_debts)
    ORDER BY payments.at, payments.id"""
_OWES = """
    SELECT 1 FROM vehicles JOIN tickets ON tickets.vehicle_id = vehicles.id
    JOIN payments ON payments.ticket_id = tickets.id
    WHERE license_plate = ? AND payments.status = 'UNCOLLECTED' AND exit_match IS NOT 'alike'
        AND payments.id NOT IN (SELECT payment_id FROM charges_given_up) LIMIT 1"""


@dataclass(frozen=True, slots=True)
class Debt:
    """A sum that a vehicle was once let out without paying."""

    id: PaymentId
    ticket: TicketId
    amount: Minor


def of_former_stays(connection: sqlite3.Connection, stay: Ticket) -> list[Debt]:
    """What the vehicle of this stay owes from others, the oldest first, as far as it may be asked for now."""
    rows = connection.execute(_OPEN, (stay.vehicle, stay.tariff.currency)).fetchall()
    return [Debt(row["id"], row["ticket_id"], row["amount"]) for row in rows if row["ticket_id"] != stay.id]


def of_stay(connection: sqlite3.Connection, ticket: TicketId) -> list[Debt]:
    """All that is open of one stay, the oldest first."""
    open_ = "SELECT id, ticket_id, amount FROM payments WHERE ticket_id = ? AND status = 'UNCOLLECTED' ORDER BY at, id"
    return [Debt(row["id"], row["ticket_id"], row["amount"]) for row in connection.execute(open_, (ticket,)).fetchall()]


def within(debts: Iterable[Debt], fee: Minor, most: Minor | None) -> tuple[Debt, ...]:
    """Those that can be asked for together with the fee: the oldest, as long as the sum is one that a machine takes."""
    chosen: list[Debt] = []
    total = int(fee)
    for debt in debts:
        if most is not None and total + debt.amount > most:
            break
        total += debt.amount
        chosen.append(debt)
    return tuple(chosen)


def owes(connection: sqlite3.Connection, plate: Plate) -> bool:
    """Whether exactly this plate has a debt of which it is known that nobody has taken the money."""
    return connection.execute(_OWES, (plate,)).fetchone() is not None
