"""Puts the lot's books beside a provider's report, and books the money of which they say nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from edge.parking.money import charges, ledger
from edge.parking.money.booking import Receipt
from edge.parking.money.charges import Charge
from edge.parking.stays.tickets import ticket as find
from edge.store import Transaction
from models.ids import LaneName, PaymentId
from models.instants import Instant
from models.ledger import booking
from models.ledger.accounts import Account, provider
from models.ledger.posting import Kind
from models.ledger.reconciliation import Differences, Moved, Told, reconciled
from models.money import Minor

_TAKEN = (Kind.PAYMENT, Kind.COLLECTED, Kind.UNALLOCATED, Kind.MOVED)
"""What was moved to another ticket comes to nothing; in a store that was restored it may be all that is known of it."""
_AT = f"CASE WHEN kind <> '{Kind.MOVED}' THEN at END"
_OURS = f"""
    SELECT coalesce(charge_id, payment_id) AS payment,
        CASE WHEN sum(amount) < 0 THEN 'refund' ELSE 'charge' END AS kind,
        abs(sum(amount)) AS amount, currency, max(at) AS at
    FROM (
        SELECT entry.*, charge_id FROM ledger_entries AS entry LEFT JOIN payments ON payments.id = payment_id
        WHERE account = ? AND payment_id IS NOT NULL)
    GROUP BY payment, currency, kind NOT IN ({", ".join(f"'{kind}'" for kind in _TAKEN)})
        OR (kind = '{Kind.UNALLOCATED}' AND amount < 0)
    HAVING sum(amount) <> 0 AND coalesce(max({_AT}), max(at)) >= ? AND coalesce(min({_AT}), min(at)) < ?"""


def ours(connection: sqlite3.Connection, name: str, since: Instant, until: Instant) -> list[Moved]:
    """What a provider has taken and given back by our books from `since` until just before `until`."""
    rows = connection.execute(_OURS, (provider(name), since, until)).fetchall()
    return [Moved(row["payment"], row["kind"], row["amount"], row["currency"]) for row in rows]


def differences(
    connection: sqlite3.Connection, name: str, theirs: Iterable[Told], since: Instant, until: Instant
) -> Differences:
    """Both of the same time. A payment whose two sides fall around its edge shows up, and is gone in a longer one."""
    return reconciled(ours(connection, name, since, until), theirs)


def book_missing(tx: Transaction, name: str, found: Differences) -> int:
    """Money that the provider has moved and of which the books say nothing: a charge whose answer was lost is booked as
    it was asked; anything else is money of which nobody knows yet what for. Returns how many were booked."""
    more = [(pair.ours, pair.theirs) for pair in found.amounts]
    return sum(_book(tx, name, line) for line in found.missing_here) + sum(
        _book(tx, name, theirs._replace(amount=Minor(theirs.amount - ours.amount)))
        for ours, theirs in more
        if theirs.amount > ours.amount
    )


def _book(tx: Transaction, name: str, line: Moved) -> bool:
    asked = charges.asked(tx, PaymentId(line.payment)) if line.kind == "charge" else None
    if asked is not None and (asked.amount, asked.currency) == (line.amount, line.currency):
        place = LaneName(asked.till or _lane_of(tx, asked))
        charges.book(tx, asked, Receipt(place, "terminal", name, f"report {line.payment}"))
        return True
    sign = 1 if line.kind == "charge" else -1
    into: Account = provider(name)
    # What has no id of ours is named by the provider's reference, which no column of ids takes.
    payment = PaymentId(line.payment) if not line.payment.startswith("reference ") else None
    why = f"by the report of {name}: {line.payment}"
    if payment is None and _is_unallocated(tx.connection, why):
        return False
    posted = booking.unallocated(Minor(sign * line.amount), into, payment)
    return ledger.post(tx, posted, line.currency, reason=why) is not None


def _is_unallocated(connection: sqlite3.Connection, why: str) -> bool:
    found = "SELECT 1 FROM ledger_entries WHERE ticket_id IS NULL AND reason = ?"
    return connection.execute(found, (why,)).fetchone() is not None


def _lane_of(tx: Transaction, charge: Charge) -> str:
    stay = find(tx.connection, charge.ticket)
    return stay.exit_lane or stay.entry_lane
