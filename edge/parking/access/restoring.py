"""Takes over how often passes had let somebody in before the lot's store was new: one that is used up stays so."""

from __future__ import annotations

from collections.abc import Iterable

from edge.parking.stays.restoring import heard_of
from edge.store import Transaction, journal
from models.facts import TicketOpened
from models.wire.restoring import KnownEntries, Told

# All stays on it that are here, but for those of which the cloud hadn't heard when it counted.
_COUNTED_HERE = f"""
    SELECT permit_id, count(*) AS entries FROM tickets
    WHERE permit_id IS NOT NULL AND status != 'VOIDED' AND id NOT IN (
        SELECT body ->> 'ticket' FROM journal WHERE stream_id = ? AND seq > ? AND type = '{TicketOpened.type}')
    GROUP BY permit_id"""
_FORGOTTEN = """
    INSERT INTO entries_forgotten (permit_id, entries) VALUES (?, ?)
    ON CONFLICT (permit_id) DO UPDATE SET entries = excluded.entries"""


def take_over_entries(tx: Transaction, known: Iterable[KnownEntries], told: Told | None) -> None:
    """To be called once the stays are taken over."""
    head = journal.head_of(tx.connection, "ledger")
    if head is None:
        return
    rows = tx.connection.execute(_COUNTED_HERE, (head.stream_id, heard_of(head, told))).fetchall()
    here = {row["permit_id"]: row["entries"] for row in rows}
    tx.connection.executemany(
        _FORGOTTEN, [(each.permit, max(each.entries - here.get(each.permit, 0), 0)) for each in known]
    )
