"""Takes over which spots nobody was led to before the lot's store was new."""

from __future__ import annotations

from collections.abc import Iterable

from edge.parking.stays.restoring import unheard
from edge.store import Transaction
from models.facts import BlockedSpot, SpotReturned, SpotsRestored, SpotWithdrawn, UnknownVehicleGone
from models.ids import SpotId
from models.wire.restoring import KnownSpot, Told

_NOT_BLOCKED = """
    SELECT spots.id FROM spots JOIN levels ON levels.id = level_id
    WHERE floor_number = ? AND spot_number = ? AND removed = 0 AND blocked IS NULL"""

_SAID = ", ".join(f"'{fact.type}'" for fact in (SpotWithdrawn, SpotReturned, UnknownVehicleGone))
_SAID_SINCE = f"""
    SELECT body ->> 'spot' FROM journal WHERE stream_id = ? AND seq > ? AND seq <= ? AND type IN ({_SAID})"""


def take_over_spots(tx: Transaction, known: Iterable[KnownSpot], told: Told | None) -> None:
    """Those of which nothing was said here since. One that the lot no longer has is left out."""
    since = {row[0] for piece in unheard(tx.connection, told) for row in tx.connection.execute(_SAID_SINCE, piece)}
    found = [(tx.connection.execute(_NOT_BLOCKED, (each.floor, each.spot_number)).fetchone(), each) for each in known]
    spots = tuple(
        BlockedSpot(spot=SpotId(row["id"]), blocked=each.blocked)
        for row, each in found
        if row is not None and row["id"] not in since
    )
    if spots:
        tx.record(SpotsRestored(spots=spots, at=tx.at.wall))
