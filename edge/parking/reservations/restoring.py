"""Takes over what the cloud knew of reservations before the lot's store was new: a code that was used stays used."""

from __future__ import annotations

from collections.abc import Iterable

from edge.store import Transaction
from models.ids import quota_id
from models.tickets import ReservationStatus
from models.wire.restoring import KnownQuota, KnownReservation

_KNOWN = """
    INSERT INTO reservations (id, lot_id, spot_type, start_time, end_time, status, withdrawn)
    VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET status = excluded.status
    WHERE excluded.status = 'ARRIVED' AND status IN ('BOOKED', 'EXPIRED')"""
_KEPT = "INSERT OR IGNORE INTO reservation_quotas VALUES (?, ?, ?, ?, ?, ?, ?)"


def take_over_reservations(tx: Transaction, known: Iterable[KnownReservation]) -> None:
    """Those that opened before open no more."""
    for each in known:
        withdrawn = each.status is ReservationStatus.CANCELLED
        said = (each.spot_type.value, each.start_time, each.end_time, each.status.value, withdrawn)
        tx.connection.execute(_KNOWN, (each.reservation, tx.lot, *said))


def take_over_quotas(tx: Transaction, known: Iterable[KnownQuota]) -> None:
    """What the lot has promised it keeps, also before it hears again what it is asked for."""
    for each in known:
        said = (each.spot_type.value, each.asked, each.kept, each.revision, each.kept_at)
        tx.connection.execute(_KEPT, (quota_id(tx.lot, each.spot_type), tx.lot, *said))
