"""Takes over what hangs on a stay of before and is the lot's own: what its terminals may take yet, refunds, keys."""

from __future__ import annotations

from edge.store import Transaction
from models.ids import SpotId, spot_id
from models.tickets import PaymentStatus
from models.wire.restoring import KnownKey, KnownStay

_GIVEN_UP = """
    INSERT OR IGNORE INTO charges_given_up
        (payment_id, ticket_id, lane, amount, currency, until, at, provider, authorised)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_LONG_AGO = 2**62
_DUE = "INSERT OR IGNORE INTO refunds_due VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_KEY = """
    INSERT OR IGNORE INTO valet_stays
        (id, lot_id, ticket_id, tag, state, taken_by, taken_at, spot_id, place, parked_at, called_at, fetching_by,
         ready_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""


def take_over_what_hangs_on(tx: Transaction, stay: KnownStay) -> None:
    """The cloud has all of this already, as it is put down here."""
    _charges(tx, stay)
    tx.connection.executemany(
        _DUE,
        [
            (due.refund, stay.ticket, due.payment, due.provider, due.amount, due.currency, due.by, due.reason, due.at)
            for due in stay.refunds
        ],
    )
    if stay.key is not None:
        _key(tx, stay, stay.key)


def _charges(tx: Transaction, stay: KnownStay) -> None:
    """Debts that somebody was asked for: whether the money was taken after all is asked before the driver is."""
    tx.connection.executemany(
        _GIVEN_UP,
        [
            (debt.payment, stay.ticket, debt.lane, debt.amount, debt.currency, debt.at, debt.at, debt.provider, stored)
            for debt in stay.payments
            if debt.status is PaymentStatus.UNCOLLECTED and debt.provider is not None
            for stored in [debt.method == "terminal"]
        ],
    )


def _key(tx: Transaction, stay: KnownStay, key: KnownKey) -> None:
    """Under a tag that was given out since hangs another key: an attendant takes this vehicle over anew."""
    spot: SpotId | None = None
    if key.floor is not None and key.spot_number is not None:
        spot = spot_id(tx.lot, key.floor, key.spot_number)
    row = (stay.ticket, tx.lot, stay.ticket, key.tag, key.state.value, key.taken_by, key.taken_at, spot, key.place)
    tx.connection.execute(_KEY, (*row, key.parked_at, key.called_at, key.fetching_by, key.ready_at))
    if key.called_at is not None:
        # In the order in which they called, and before all who have called since.
        called = "INSERT OR IGNORE INTO valet_calls SELECT id, ? FROM valet_stays WHERE id = ? AND tag = ?"
        tx.connection.execute(called, (key.called_at - _LONG_AGO, stay.ticket, key.tag))
