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
from models.ledger.accounts import held_by, is_cash
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
    rows = connection.execute(_OURS, (held_by(name), since, until)).fetchall()
    return [Moved(row["payment"], row["kind"], row["amount"], row["currency"]) for row in rows]


def differences(
    connection: sqlite3.Connection, name: str, theirs: Iterable[Told], since: Instant, until: Instant
) -> Differences:
    """Both of the same time. A payment whose two sides fall around its edge shows up, and is gone in a longer one."""
    return reconciled(ours(connection, name, since, until), theirs)


def book_missing(tx: Transaction, name: str, found: Differences) -> int:
    """Money that the provider has moved and of which the books say nothing: a charge whose answer was lost is booked as
    it was taken, all of it, a part or too much; anything else is money of which nobody knows yet what for. Returns how
    many were booked."""
    more = [(pair.ours, pair.theirs) for pair in found.amounts]
    # What was taken more than once under one id isn't all for that stay: a person looks into it.
    doubtful = {line.payment for line in found.twice}
    return sum(_book(tx, name, line, line.payment in doubtful) for line in found.missing_here) + sum(
        _book(tx, name, theirs._replace(amount=Minor(theirs.amount - ours.amount)), True)
        for ours, theirs in more
        if theirs.amount > ours.amount
    )


def _book(tx: Transaction, name: str, line: Moved, doubtful: bool) -> bool:
    asked = None if doubtful or line.kind != "charge" else charges.asked(tx, PaymentId(line.payment))
    if asked is not None and asked.currency == line.currency:
        charges.book(tx, asked, _receipt(tx, name, asked), line.amount)
        return True
    sign = 1 if line.kind == "charge" else -1
    into = held_by(name)
    # What has no id of ours is named by the provider's reference, which no column of ids takes.
    payment = PaymentId(line.payment) if not line.payment.startswith("reference ") else None
    why = f"by the report of {name}: {line.payment}"
    if payment is None and _is_unallocated(tx.connection, why):
        return False
    posted = booking.unallocated(Minor(sign * line.amount), into, payment)
    return ledger.post(tx, posted, line.currency, reason=why) is not None


def _receipt(tx: Transaction, name: str, charge: Charge) -> Receipt:
    """A machine for coins is named by its box, and that by the lane or station where it stands."""
    reference = f"report {charge.payment}"
    if is_cash(name):
        return Receipt(LaneName(name.partition(":")[2]), "cash", name, reference)
    return Receipt(LaneName(charge.till or _lane_of(tx, charge)), "terminal", name, reference)


def _is_unallocated(connection: sqlite3.Connection, why: str) -> bool:
    found = "SELECT 1 FROM ledger_entries WHERE ticket_id IS NULL AND reason = ?"
    return connection.execute(found, (why,)).fetchone() is not None


def _lane_of(tx: Transaction, charge: Charge) -> str:
    stay = find(tx.connection, charge.ticket)
    return stay.exit_lane or stay.entry_lane
