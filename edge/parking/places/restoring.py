"""Takes over which spots nobody was led to before the lot's store was new."""

from __future__ import annotations

from collections.abc import Iterable

from edge.store import Transaction
from models.facts import BlockedSpot, SpotsRestored
from models.ids import SpotId
from models.wire.restoring import KnownSpot

_NOT_BLOCKED = """
    SELECT spots.id FROM spots JOIN levels ON levels.id = level_id
    WHERE floor_number = ? AND spot_number = ? AND removed = 0 AND blocked IS NULL"""


def take_over_spots(tx: Transaction, known: Iterable[KnownSpot]) -> None:
    """Those of which nothing was said here since. One that the lot no longer has is left out."""
    found = [(tx.connection.execute(_NOT_BLOCKED, (each.floor, each.spot_number)).fetchone(), each) for each in known]
    spots = tuple(BlockedSpot(spot=SpotId(row["id"]), blocked=each.blocked) for row, each in found if row is not None)
    if spots:
        tx.record(SpotsRestored(spots=spots, at=tx.at.wall))
