"""What of a lot waits for a person, and what of its tables can't be compared or put right until then."""

from __future__ import annotations

from typing import Literal

import asyncpg

from models.digests import COLUMNS, TICKET_IN
from models.ids import LotId, TicketId

Waits = Literal["nothing", "tickets", "anything"]

_OF_TICKETS = frozenset({"vehicles", "spots", *TICKET_IN})
"""What facts of tickets change."""
_TOUCHED = {"nothing": frozenset[str](), "tickets": _OF_TICKETS, "anything": frozenset(COLUMNS)}


async def what_waits(connection: asyncpg.Connection, lot: LotId) -> Waits:
    """Facts of tickets only, or one of which nobody knows what it would change. A ticket of which two histories have
    facts waits before the lot has said anything of it. What another card says is kept apart and changes nothing."""
    row = await connection.fetchrow(
        "SELECT coalesce(bool_or(ticket_id IS NULL), false) AS anything, count(*) AS facts,"
        " (SELECT count(*) FROM torn_tickets WHERE lot_id = $1 AND settled_at IS NULL) AS torn"
        " FROM parked_facts WHERE lot_id = $1 AND settled_at IS NULL AND cause <> 'superseded'",
        lot,
    )
    assert row is not None
    if row["anything"]:
        return "anything"
    return "tickets" if row["facts"] or row["torn"] else "nothing"


def touched(waits: Waits) -> frozenset[str]:
    """The tables that have to differ until it is settled."""
    return _TOUCHED[waits]


async def tickets_judged(connection: asyncpg.Connection, lot: LotId) -> frozenset[TicketId]:
    """Tickets that the cloud has as a person judged them, whatever the lot says."""
    rows = await connection.fetch(
        "SELECT ticket_id FROM (SELECT lot_id, ticket_id FROM parked_facts WHERE outcome = 'judged'"
        " UNION SELECT lot_id, ticket_id FROM torn_tickets WHERE outcome = 'judged') AS judged"
        " JOIN tickets ON tickets.lot_id = judged.lot_id AND tickets.id = ticket_id WHERE judged.lot_id = $1",
        lot,
    )
    return frozenset(TicketId(str(row["ticket_id"])) for row in rows)
