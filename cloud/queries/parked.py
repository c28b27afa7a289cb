"""Facts that wait for a person, or did, and the cases that are open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import asyncpg

from models.instants import Instant, to_rfc3339

_TORN = "two histories have facts of this ticket; the lot hasn't said anything of it since"
_LOTS_NAME = "coalesce(lots.called, lots.name)"


@dataclass(frozen=True, slots=True)
class ParkedFact:
    """`subject` is what `parkgate-cloud parked` takes: the fact's ticket, or its stream and number when it has none."""

    lot: str
    lot_name: str
    subject: str
    stream_id: str
    seq: int
    type: str
    version: int
    cause: str
    why: str
    parked_at: Instant
    body: str
    settled_at: Instant | None
    outcome: str | None
    settled_by: str | None
    settled_why: str | None

    def in_short(self) -> dict[str, object]:
        return {name: value for name, value in self.as_json().items() if name != "body"}

    def as_json(self) -> dict[str, object]:
        settled = None if self.settled_at is None else to_rfc3339(self.settled_at)
        return {**asdict(self), "parked_at": to_rfc3339(self.parked_at), "settled_at": settled}


async def parked_facts(
    connection: asyncpg.Connection, lot: str | None, *, subject: str | None = None, settled: bool = False
) -> Sequence[ParkedFact]:
    """In the order in which they were parked; without what is personal in them. A ticket of which two histories have
    facts is among them, as fact 0, before its lot has said anything of it."""
    rows = await connection.fetch(
        f"SELECT parked.lot_id::text AS lot, {_LOTS_NAME} AS lot_name,"
        " coalesce(parked.ticket_id::text, parked.stream_id::text || '/' || parked.seq) AS subject,"
        " parked.stream_id::text AS stream_id, parked.seq, facts.type, facts.version, parked.cause, parked.why,"
        " parked.parked_at, facts.body, parked.settled_at, parked.outcome, parked.settled_by, parked.settled_why"
        " FROM parked_facts AS parked JOIN facts USING (lot_id, stream_id, seq)"
        " JOIN parking_lots AS lots ON lots.id = parked.lot_id"
        " WHERE ($1::text IS NULL OR parked.lot_id::text = $1) AND (parked.settled_at IS NOT NULL) = $3"
        " AND ($2::text IS NULL OR coalesce(parked.ticket_id::text, parked.stream_id::text || '/' || parked.seq) = $2)"
        f" UNION ALL SELECT torn.lot_id::text, {_LOTS_NAME}, torn.ticket_id::text, torn.stream_id::text,"
        " 0, '-', 0, 'torn', $4,"
        " streams.opened_at, '', torn.settled_at, torn.outcome, torn.settled_by, torn.settled_why"
        " FROM torn_tickets AS torn JOIN streams USING (lot_id, stream_id)"
        " JOIN parking_lots AS lots ON lots.id = torn.lot_id"
        " WHERE ($1::text IS NULL OR torn.lot_id::text = $1) AND (torn.settled_at IS NOT NULL) = $3"
        " AND ($2::text IS NULL OR torn.ticket_id::text = $2) AND NOT EXISTS (SELECT 1 FROM parked_facts AS parked"
        "  WHERE parked.lot_id = torn.lot_id AND parked.ticket_id = torn.ticket_id AND parked.cause <> 'superseded')"
        " ORDER BY parked_at, stream_id, seq LIMIT 10000",
        *(lot, subject, settled, _TORN),
    )
    return [ParkedFact(**dict(row)) for row in rows]


async def open_cases(connection: asyncpg.Connection, lot: str | None) -> Sequence[dict[str, object]]:
    rows = await connection.fetch(
        f"SELECT cases.id::text, lot_id::text AS lot, {_LOTS_NAME} AS lot_name, kind, subject, detail, opened_at,"
        " seen_at, times FROM cases JOIN parking_lots AS lots ON lots.id = lot_id"
        " WHERE closed_at IS NULL AND ($1::text IS NULL OR lot_id::text = $1) ORDER BY opened_at DESC LIMIT 10000",
        lot,
    )
    return [{**dict(row), **{name: to_rfc3339(row[name]) for name in ("opened_at", "seen_at")}} for row in rows]
