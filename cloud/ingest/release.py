"""Parked facts applied after all, in their order, or judged by a person. Either way they stay on record."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import asyncpg

from cloud.ingest.cases import close_cases
from cloud.ingest.fold import EFFECT_FAILURES, Owner, Poisoned
from cloud.ingest.lanes import Lanes, lanes_after
from cloud.ingest.lineage import Span
from cloud.ingest.reading import Entry, read
from cloud.ingest.write import POISON, reason, write_changes, write_lanes
from models.effects import Change, Table, effects
from models.facts import Fact
from models.facts.base import known_facts
from models.ids import LotId, SpotId, StreamId, TicketId
from models.instants import Instant
from models.spots import SpotStatus
from models.tickets import OPEN
from models.wire.envelopes import SentFact

ITSELF = "parkgate"
"""Who settles what needs no person."""

_WAITING = """
    SELECT parked.stream_id::text AS stream_id, parked.ticket_id::text AS ticket_id, facts.seq, facts.type,
           facts.version, facts.boot_id, facts.monotonic, facts.wall, facts.synced, facts.body, facts.salt,
           facts.personal, facts.hash
    FROM parked_facts AS parked JOIN facts USING (lot_id, stream_id, seq) JOIN streams USING (lot_id, stream_id)
    WHERE parked.lot_id = $1 AND parked.settled_at IS NULL AND """
_LAYOUT = {
    "lot.declared": ("lot.declared",),
    "level.declared": ("level.declared", "spots.removed"),
    "spots.removed": ("level.declared", "spots.removed"),
}
"""Facts that say how things are from then on, and those that say so of the same things."""
_SET_AT: Mapping[Table, str] = {
    "lane_states": "changed_at",
    "parking_lots": "neutral_since",
    "vehicles": "neutral_since",
}
"""Columns that say since when a row is so."""
_IN_ORDER = " ORDER BY streams.opened_at, parked.stream_id, facts.seq"
_OPEN = ", ".join(f"'{status}'" for status in OPEN)


@dataclass(frozen=True, slots=True)
class Released:
    """How many facts were applied, and how many still can't be."""

    applied: int = 0
    waiting: int = 0

    def __add__(self, other: Released) -> Released:
        return Released(self.applied + other.applied, self.waiting + other.waiting)


@dataclass(frozen=True, slots=True)
class Judge:
    """Who lets a fact go, and why."""

    by: str
    why: str


@dataclass(frozen=True, slots=True)
class _Waiting:
    stream_id: StreamId
    ticket: TicketId | None
    entry: Entry

    @property
    def subject(self) -> str:
        return self.ticket or f"{self.stream_id}/{self.entry.sent.seq}"


@dataclass(slots=True)
class _Work:
    """One lot's facts being let go. `stuck`: tickets of which one still waits. `spots`: those that it concerns."""

    connection: asyncpg.Connection
    tenant: str
    lot: LotId
    at: Instant
    judge: Judge
    stuck: set[TicketId] = field(default_factory=set[TicketId])
    spots: set[str] = field(default_factory=set[str])


async def release_ticket(
    connection: asyncpg.Connection, tenant: str, lot: LotId, ticket: TicketId, at: Instant, judge: Judge
) -> Released:
    """Every parked fact of this ticket, tried again in order until one can't be applied."""
    await _lock(connection, lot)
    rows = await connection.fetch(f"{_WAITING} parked.ticket_id = $2 {_IN_ORDER}", lot, ticket)
    await _settle_torn(connection, lot, ticket, "applied", at, judge)
    return await _release(_Work(connection, tenant, lot, at, judge), rows)


async def release_fact(
    connection: asyncpg.Connection, tenant: str, lot: LotId, stream_id: StreamId, seq: int, at: Instant, judge: Judge
) -> Released:
    """One parked fact that is of no ticket."""
    await _lock(connection, lot)
    rows = await connection.fetch(
        f"{_WAITING} parked.stream_id = $2 AND parked.seq = $3 {_IN_ORDER}", lot, stream_id, seq
    )
    return await _release(_Work(connection, tenant, lot, at, judge), rows)


async def release_span(connection: asyncpg.Connection, tenant: str, lot: LotId, span: Span, at: Instant) -> Released:
    """What was kept apart of a stream, now that the lot goes on from it."""
    rows = await connection.fetch(
        f"{_WAITING} parked.stream_id = $2 AND parked.seq > $3 AND parked.seq <= $4"
        f" AND parked.cause = 'superseded' {_IN_ORDER}",
        *(lot, span.stream_id, span.after, span.to),
    )
    return await _release(_Work(connection, tenant, lot, at, Judge(ITSELF, "the lot goes on from it")), rows)


async def release_readable(connection: asyncpg.Connection, at: Instant) -> Released:
    """What an earlier release couldn't read and this one can. A ticket that waits for a person goes on waiting."""
    known = sorted(known_facts())
    found = await connection.fetch(
        "SELECT parked.tenant_id::text, parked.lot_id::text, parked.ticket_id::text AS ticket,"
        " CASE WHEN parked.ticket_id IS NULL THEN parked.stream_id::text END AS stream,"
        " CASE WHEN parked.ticket_id IS NULL THEN parked.seq END AS seq"
        " FROM parked_facts AS parked JOIN facts USING (lot_id, stream_id, seq) JOIN streams USING (lot_id, stream_id)"
        " JOIN unnest($1::text[], $2::int[]) AS known (type, version)"
        " ON known.type = facts.type AND known.version = facts.version"
        " WHERE parked.settled_at IS NULL AND parked.cause = 'unreadable' AND NOT EXISTS ("
        "   SELECT 1 FROM parked_facts AS other WHERE other.lot_id = parked.lot_id AND other.settled_at IS NULL"
        "   AND other.ticket_id = parked.ticket_id AND other.cause IN ('poisoned', 'torn')) AND NOT EXISTS ("
        "   SELECT 1 FROM torn_tickets AS torn WHERE torn.lot_id = parked.lot_id AND torn.settled_at IS NULL"
        "   AND torn.ticket_id = parked.ticket_id)"
        " GROUP BY 1, 2, 3, 4, 5 ORDER BY 2, min(streams.opened_at), min(facts.seq)",
        [type for type, _ in known],
        [version for _, version in known],
    )
    judge, done = Judge(ITSELF, "this release can read it"), Released()
    for row in found:
        lot = LotId(row["lot_id"])
        async with connection.transaction():
            if row["ticket"] is None:
                one = (StreamId(row["stream"]), row["seq"])
                done += await release_fact(connection, row["tenant_id"], lot, *one, at, judge)
            else:
                done += await release_ticket(connection, row["tenant_id"], lot, TicketId(row["ticket"]), at, judge)
    return done


async def settle(
    connection: asyncpg.Connection,
    lot: LotId,
    subject: TicketId | tuple[StreamId, int],
    at: Instant,
    judge: Judge,
) -> int:
    """A person judges that these facts aren't to be applied. Returns how many there were; of a ticket of which two
    histories have facts and none waits yet, how many histories."""
    await _lock(connection, lot)
    of_ticket = not isinstance(subject, tuple)
    where, about = ("ticket_id = $5", (subject,)) if of_ticket else ("stream_id = $5 AND seq = $6", subject)
    done = await connection.execute(
        "UPDATE parked_facts SET settled_at = $2, outcome = 'judged', settled_by = $3, settled_why = $4"
        f" WHERE lot_id = $1 AND settled_at IS NULL AND {where}",
        *(lot, at, judge.by, judge.why, *about),
    )
    torn = 0 if isinstance(subject, tuple) else await _settle_torn(connection, lot, subject, "judged", at, judge)
    told = subject if isinstance(subject, str) else f"{subject[0]}/{subject[1]}"
    await close_cases(connection, lot, "fact_parked", told, at, judge.by, judge.why)
    return int(done.rpartition(" ")[2]) or torn


async def _settle_torn(
    connection: asyncpg.Connection, lot: LotId, ticket: TicketId, outcome: str, at: Instant, judge: Judge
) -> int:
    """Whether the lot's word counts or what the cloud has: also where the lot has said nothing of that ticket yet."""
    done = await connection.execute(
        "UPDATE torn_tickets SET settled_at = $3, outcome = $4, settled_by = $5, settled_why = $6"
        " WHERE lot_id = $1 AND ticket_id = $2 AND settled_at IS NULL",
        *(lot, ticket, at, outcome, judge.by, judge.why),
    )
    return int(done.rpartition(" ")[2])


async def _lock(connection: asyncpg.Connection, lot: LotId) -> None:
    """No window of this lot is applied meanwhile."""
    await connection.execute("SELECT 1 FROM streams WHERE lot_id = $1 ORDER BY stream_id FOR UPDATE", lot)


async def _release(work: _Work, rows: Sequence[asyncpg.Record]) -> Released:
    waiting = [_waiting(row) for row in rows]
    applied = 0
    for one in waiting:
        applied += await _try(work, one)
    await _look_at_spots(work)
    for subject in {one.subject for one in waiting}:
        await _close_when_done(work, subject)
    return Released(applied, len(waiting) - applied)


async def _try(work: _Work, one: _Waiting) -> bool:
    if one.ticket in work.stuck:
        return False
    fact = one.entry.fact
    if fact is None:
        return await _goes_on_waiting(work, one, "unreadable", one.entry.why or "")
    try:
        async with work.connection.transaction():
            await _apply(work, one, fact)
    except POISON as wrong:
        return await _goes_on_waiting(work, one, "poisoned", reason(wrong))
    await work.connection.execute(
        "UPDATE parked_facts SET settled_at = $4, outcome = 'applied', settled_by = $5, settled_why = $6"
        " WHERE lot_id = $1 AND stream_id = $2 AND seq = $3",
        *(work.lot, one.stream_id, one.entry.sent.seq, work.at, work.judge.by, work.judge.why),
    )
    return True


async def _apply(work: _Work, one: _Waiting, fact: Fact) -> None:
    """What it changes, but for what later facts have changed since: states of lanes, who passed there last, and how the
    lot and its lanes were declared."""
    since = await _said_since(work, one)
    held = await _spot_of(work, fact)
    try:
        changes = effects(fact, work.lot, lambda ticket: held)
    except EFFECT_FAILURES as wrong:
        raise Poisoned(f"its effects can't be worked out ({type(wrong).__name__})") from wrong
    fresh = [change for change in changes if not (since and _is_past(change, since))]
    fresh = [change for change in fresh if not await _is_old(work, change)]
    owner = Owner(work.tenant, work.lot)
    await write_changes(work.connection, [(owner, fresh)])
    await write_lanes(work.connection, [(owner, Lanes(None if since else lanes_after([fact]).declared, ()))])
    work.spots.update(change.id for change in fresh if change.table == "spots" and "status" in change.values)


async def _spot_of(work: _Work, fact: Fact) -> SpotId | None:
    ticket = getattr(fact, "ticket", None)
    found = await work.connection.fetchval(
        "SELECT spot_id::text FROM tickets WHERE lot_id = $1 AND id = $2", work.lot, ticket
    )
    return None if found is None else SpotId(found)


async def _said_since(work: _Work, one: _Waiting) -> list[str]:
    """Newer facts that were applied and say how things are as this one does: their bodies."""
    if one.entry.sent.type not in _LAYOUT:
        return []
    rows = await work.connection.fetch(
        "SELECT facts.body FROM facts JOIN streams USING (lot_id, stream_id) WHERE facts.lot_id = $1"
        " AND facts.type = ANY($2::text[]) AND (streams.opened_at, facts.seq) > ((SELECT opened_at FROM streams AS own"
        "  WHERE own.lot_id = $1 AND own.stream_id = $3), $4::bigint) AND NOT EXISTS (SELECT 1 FROM parked_facts AS"
        "  other WHERE other.lot_id = $1 AND other.stream_id = facts.stream_id AND other.seq = facts.seq"
        "  AND other.outcome IS DISTINCT FROM 'applied')",
        *(work.lot, list(_LAYOUT[one.entry.sent.type]), one.stream_id, one.entry.sent.seq),
    )
    return [row["body"] for row in rows]


def _is_past(change: Change, since: Sequence[str]) -> bool:
    """A level or a spot that was spoken of again, or the lot itself."""
    return change.table == "parking_lots" or any(change.id in body for body in since)


async def _is_old(work: _Work, change: Change) -> bool:
    found = _SET_AT.get(change.table)
    if found is None or found not in change.values:
        return False
    owner = "id" if change.table == "parking_lots" else "lot_id"
    newer = await work.connection.fetchval(
        f"SELECT 1 FROM {change.table} WHERE {owner} = $1 AND id = $2 AND {found} > $3",
        *(work.lot, change.id, change.values[found]),
    )
    return newer is not None


async def _goes_on_waiting(work: _Work, one: _Waiting, cause: str, why: str) -> bool:
    await work.connection.execute(
        "UPDATE parked_facts SET cause = $4, why = $5 WHERE lot_id = $1 AND stream_id = $2 AND seq = $3",
        *(work.lot, one.stream_id, one.entry.sent.seq, cause, why),
    )
    if one.ticket is not None:
        work.stuck.add(one.ticket)
    return False


async def _look_at_spots(work: _Work) -> None:
    """Others may have taken and left these spots meanwhile: what counts is who stands there now."""
    await work.connection.execute(
        "UPDATE spots SET status = CASE WHEN EXISTS (SELECT 1 FROM tickets WHERE tickets.lot_id = spots.lot_id"
        f" AND tickets.spot_id = spots.id AND tickets.status IN ({_OPEN})) THEN $3 ELSE $4 END"
        " WHERE lot_id = $1 AND id = ANY($2::uuid[]) AND status IN ($3, $4)",
        *(work.lot, list(work.spots), SpotStatus.OCCUPIED.value, SpotStatus.AVAILABLE.value),
    )


async def _close_when_done(work: _Work, subject: str) -> None:
    left = await work.connection.fetchval(
        "SELECT count(*) FROM parked_facts WHERE lot_id = $1 AND settled_at IS NULL"
        " AND coalesce(ticket_id::text, stream_id::text || '/' || seq) = $2",
        *(work.lot, subject),
    )
    if left == 0:
        await close_cases(work.connection, work.lot, "fact_parked", subject, work.at, work.judge.by, work.judge.why)


def _waiting(row: asyncpg.Record) -> _Waiting:
    return _Waiting(
        StreamId(row["stream_id"]),
        None if row["ticket_id"] is None else TicketId(row["ticket_id"]),
        read([_sent(row)])[0],
    )


def _sent(row: asyncpg.Record) -> SentFact:
    """As it came; its personal part is kept as text."""
    personal = None if row["personal"] is None else json.loads(row["personal"])
    return SentFact.model_validate({**dict(row), "personal": personal})
