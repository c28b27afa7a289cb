"""Takes over how often passes had let somebody in before the lot's store was new: one that is used up stays so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from edge.parking.stays.restoring import unheard
from edge.store import Transaction
from models.facts import TicketOpened
from models.wire.restoring import KnownEntries, Told

_HERE = "SELECT id, permit_id FROM tickets WHERE permit_id IS NOT NULL AND status != 'VOIDED'"
_OPENED_SINCE = f"""
    SELECT body ->> 'ticket' FROM journal
    WHERE stream_id = ? AND seq > ? AND seq <= ? AND type = '{TicketOpened.type}'"""
_FORGOTTEN = """
    INSERT INTO entries_forgotten (permit_id, entries) VALUES (?, ?)
    ON CONFLICT (permit_id) DO UPDATE SET entries = excluded.entries"""


def take_over_entries(tx: Transaction, known: Iterable[KnownEntries], told: Told | None) -> None:
    """To be called once the stays are taken over."""
    # All stays on it that are here, but for those of which the cloud hadn't heard when it counted.
    since = {row[0] for piece in unheard(tx.connection, told) for row in tx.connection.execute(_OPENED_SINCE, piece)}
    here = Counter(row["permit_id"] for row in tx.connection.execute(_HERE) if row["id"] not in since)
    tx.connection.executemany(_FORGOTTEN, [(each.permit, max(each.entries - here[each.permit], 0)) for each in known])
