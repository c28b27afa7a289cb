"""Applies one window in one PostgreSQL transaction, and says what may be acknowledged once it has committed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import asyncpg

from cloud.ingest.apart import keep_apart
from cloud.ingest.cases import Case, open_case
from cloud.ingest.digests import Compared, cut, look_at_digest
from cloud.ingest.fold import Owner
from cloud.ingest.lanes import lanes_after
from cloud.ingest.opening import open_stream
from cloud.ingest.reading import Entry, read
from cloud.ingest.window import (
    Apply,
    Cursor,
    Duplicate,
    Fork,
    Gap,
    Refused,
    Superseded,
    Verdict,
    is_uuid,
    judge,
    overlap,
)
from cloud.ingest.working import worked_out
from cloud.ingest.write import POISON, Fresh, reason, write_changes, write_cursors, write_facts, write_lanes
from cloud.retention.log import Deletion, record_deletion
from models.effects import Change
from models.facts import Fact, TicketClosed, TicketVoided
from models.ids import LotId, SpotId, TicketId
from models.instants import Instant
from models.wire.envelopes import Ack, Window

TORN = "the history that the lot lost has facts of this ticket too"


CURSOR = "SELECT tenant_id, stream, seq, hash, current FROM streams WHERE lot_id = $1 AND stream_id::text = $2"
FENCE = "FOR UPDATE"
"""One transaction at a time goes past this for each stream, whoever else believes that the lot is its own."""


class UnknownLot(Exception):
    """The lot was never enrolled here."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was committed. `ack` is to be published now; None when nothing may be acknowledged. `digest`: what came of
    the last digest in it."""

    verdict: Verdict
    ack: Ack | None
    applied: int = 0
    parked: int = 0
    digest: Compared | None = None


@dataclass(frozen=True, slots=True)
class Parked:
    entry: Entry
    why: str
    cause: Literal["unreadable", "poisoned", "follows", "torn"]


ApplyFacts = Callable[
    [asyncpg.Connection, str, LotId, Sequence[Entry], dict[TicketId, SpotId | None], frozenset[TicketId]],
    Awaitable[list[Parked]],
]


async def apply_window(connection: asyncpg.Connection, window: Window, at: Instant) -> Outcome:
    """Judges the window and applies what is new in it, facts, effects and cursor together; as two windows where a
    digest of the lot's state has to be compared before the rest is applied.

    Several processes may call this with the same window at once: the row lock on the stream's cursor
    lets one in, and the others find it applied. Raises UnknownLot, or what asyncpg raises; then nothing
    was changed.
    """
    first, *rest = cut(window)
    outcome = await _apply_piece(connection, first, at)
    for piece in rest:
        if not isinstance(outcome.verdict, Apply | Duplicate):
            break
        outcome = _both(outcome, await _apply_piece(connection, piece, at))
    return outcome


def _both(first: Outcome, then: Outcome) -> Outcome:
    """Of two pieces of one window: whatever was applied in either, and where that ends."""
    verdict = first.verdict if isinstance(then.verdict, Duplicate) else then.verdict
    applied, parked = first.applied + then.applied, first.parked + then.parked
    return Outcome(verdict, then.ack or first.ack, applied, parked, then.digest or first.digest)


async def _apply_piece(connection: asyncpg.Connection, window: Window, at: Instant) -> Outcome:
    try:
        return await _in_one_transaction(connection, window, at, _apply_together)
    except POISON:
        # Rare enough to begin again, and to look at each fact by itself.
        return await _in_one_transaction(connection, window, at, _apply_one_by_one)


async def _in_one_transaction(connection: asyncpg.Connection, window: Window, at: Instant, how: ApplyFacts) -> Outcome:
    async with connection.transaction():
        tenant, cursor, is_new = await _locked_cursor(connection, window)
        verdict = judge(cursor, window, await _held(connection, window, cursor))
        if isinstance(verdict, Apply) and is_new and not await open_stream(connection, tenant, window, at):
            verdict = Superseded("facts of an earlier enrolment", verdict.facts, verdict.previous)
        case = _case(window, verdict)
        if case is not None:
            await open_case(connection, tenant, window.lot, case, at)
        if isinstance(verdict, Superseded):
            if window.stream == "ledger":
                await keep_apart(connection, tenant, window, verdict, at)
            ack = reached(window, verdict)
            await write_cursors(connection, [ack], at)
            return Outcome(verdict, ack, parked=len(verdict.facts))
        if not isinstance(verdict, Apply):
            return Outcome(verdict, _acknowledged(window, verdict, cursor))
        if verdict.lacking and window.stream == "telemetry":
            await _note_lacking(connection, tenant, window, verdict, at)
        parked = await _apply_facts(connection, tenant, window, verdict, at, how)
        ack = reached(window, verdict)
        await write_cursors(connection, [ack], at)
        compared = await look_at_digest(connection, tenant, window.lot, window.stream_id, verdict.facts[-1], at)
        return Outcome(verdict, ack, applied=len(verdict.facts) - parked, parked=parked, digest=compared)


def reached(window: Window, verdict: Apply | Superseded) -> Ack:
    """How far the stream is, once the window's facts are taken in."""
    return _ack(window, verdict.facts[-1].seq, verdict.facts[-1].hash)


def _acknowledged(window: Window, verdict: Verdict, cursor: Cursor) -> Ack | None:
    """How far we are, where saying so helps the lot: to mark rows sent, to send again, or to see its own fork."""
    if isinstance(verdict, Duplicate | Gap | Fork):
        return _ack(window, cursor.seq, cursor.hash)
    return None


def _ack(window: Window, seq: int, hash: str) -> Ack:
    return Ack(
        lot=window.lot,
        stream=window.stream,
        stream_id=window.stream_id,
        seq=seq,
        hash=hash,
        session=window.session,
    )


def _case(window: Window, verdict: Verdict) -> Case | None:
    if window.stream == "telemetry" and isinstance(verdict, Fork | Superseded):
        return None  # its lot begins anew when it hears of it
    match verdict:
        case Fork(why):
            return Case("stream_forked", window.stream_id, why)
        case Refused(why):
            return Case("window_refused", window.stream_id[:64], why)
        case Apply(facts, _, missing) if missing and window.stream == "ledger":
            first = facts[0].seq
            why = f"facts {first - missing} to {first - 1} are lost: they aren't here, and the lot has dropped them"
            return Case("facts_missing", window.stream_id, why)
        case _:
            return None


async def _locked_cursor(connection: asyncpg.Connection, window: Window) -> tuple[str, Cursor, bool]:
    """The lot's tenant, the stream's cursor, locked, and whether this is a stream's first window."""
    if not is_uuid(window.lot):
        raise UnknownLot(window.lot)
    known = await _cursor(connection, window)
    if known is not None:
        return *known, False
    # A stream that isn't there can't be locked: its lot is, and then it is looked for again.
    tenant = await connection.fetchval("SELECT tenant_id FROM parking_lots WHERE id = $1 FOR NO KEY UPDATE", window.lot)
    if tenant is None:
        raise UnknownLot(window.lot)
    known = await _cursor(connection, window)
    return (str(tenant), Cursor(window.stream), True) if known is None else (*known, False)


async def _cursor(connection: asyncpg.Connection, window: Window) -> tuple[str, Cursor] | None:
    row = await connection.fetchrow(f"{CURSOR} {FENCE}", window.lot, window.stream_id)
    if row is None:
        return None
    return str(row["tenant_id"]), Cursor(row["stream"], row["seq"], row["hash"], row["current"])


async def _held(connection: asyncpg.Connection, window: Window, cursor: Cursor) -> str | None:
    """Our own hash where the window overlaps what was applied."""
    shared = overlap(cursor, window)
    if shared is None or shared == cursor.seq:
        return None if shared is None else cursor.hash
    return await connection.fetchval(
        "SELECT hash FROM facts WHERE lot_id = $1 AND stream_id = $2 AND seq = $3",
        *(window.lot, window.stream_id, shared),
    )


async def _note_lacking(
    connection: asyncpg.Connection, tenant: str, window: Window, verdict: Apply, at: Instant
) -> None:
    """Telemetry that its lot has dropped before it got here: a hole that is known."""
    why = window.dropped.why if window.dropped is not None else "age"
    what = f"facts of the {window.stream} that never came"
    gone = Deletion("telemetry", what, verdict.lacking, verdict.facts[0].wall, "lot", why)
    await record_deletion(connection, tenant, window.lot, gone, at)


async def _apply_facts(
    connection: asyncpg.Connection, tenant: str, window: Window, verdict: Apply, at: Instant, how: ApplyFacts
) -> int:
    """Facts, effects and lanes. Returns how many facts were parked."""
    await write_facts(connection, [Fresh(Owner(tenant, window.lot), window, verdict.facts, verdict.previous)], at)
    entries = read(verdict.facts)
    held = await _spots_held(connection, window.lot, entries)
    waiting = await _tickets_waiting(connection, window.lot)
    parked = await how(connection, tenant, window.lot, entries, held, waiting)
    for one in parked:
        await _park(connection, tenant, window, one, at)
    return len(parked)


async def _apply_together(
    connection: asyncpg.Connection,
    tenant: str,
    lot: LotId,
    entries: Sequence[Entry],
    held: dict[TicketId, SpotId | None],
    waiting: frozenset[TicketId],
) -> list[Parked]:
    """All readable facts at once, which is how nearly every window goes. Raises one of POISON."""
    readable, parked = part(entries, waiting)
    changes = [change for fact in readable for change in effects_of(fact, lot, held)]
    await _write(connection, tenant, lot, changes, readable)
    return parked


async def _apply_one_by_one(
    connection: asyncpg.Connection,
    tenant: str,
    lot: LotId,
    entries: Sequence[Entry],
    held: dict[TicketId, SpotId | None],
    waiting: frozenset[TicketId],
) -> list[Parked]:
    """Each fact behind a savepoint of its own, so that the poisoned one is found and the others stand."""
    parked: list[Parked] = []
    stuck = set(waiting)
    for entry in entries:
        readable, unreadable = part([entry], stuck)
        parked += unreadable
        for fact in readable:
            try:
                async with connection.transaction():
                    await _write(connection, tenant, lot, effects_of(fact, lot, held), [fact])
            except POISON as wrong:
                parked.append(Parked(entry, reason(wrong), "poisoned"))
        stuck.update(one.entry.ticket for one in parked if one.entry.ticket is not None)
    return parked


async def _write(
    connection: asyncpg.Connection, tenant: str, lot: LotId, changes: Iterable[Change], facts: Sequence[Fact]
) -> None:
    owner = Owner(tenant, lot)
    await write_changes(connection, [(owner, changes)])
    await write_lanes(connection, [(owner, lanes_after(facts))])


def part(entries: Iterable[Entry], waiting: Iterable[TicketId]) -> tuple[list[Fact], list[Parked]]:
    """The facts that can be applied, and those to park: unreadable ones and what follows of their tickets."""
    stuck = set(waiting)
    readable: list[Fact] = []
    parked: list[Parked] = []
    for entry in entries:
        if entry.fact is not None and entry.ticket not in stuck:
            readable.append(entry.fact)
            continue
        if entry.fact is None:
            parked.append(Parked(entry, entry.why or "", "unreadable"))
        else:
            parked.append(Parked(entry, "an earlier fact of this ticket is parked", "follows"))
        if entry.ticket is not None:
            stuck.add(entry.ticket)
    return readable, parked


def effects_of(fact: Fact, lot: LotId, held: dict[TicketId, SpotId | None]) -> tuple[Change, ...]:
    """The fact's effects; `held` learns which spot a ticket takes."""
    return worked_out(fact, lot, held, lambda ticket: held.get(TicketId(ticket)))


async def _spots_held(
    connection: asyncpg.Connection, lot: LotId, entries: Iterable[Entry]
) -> dict[TicketId, SpotId | None]:
    """The spots of the tickets that end in this window, as far as the tables know them."""
    ending = [entry.ticket for entry in entries if isinstance(entry.fact, TicketClosed | TicketVoided)]
    if not ending:
        return {}
    rows = await connection.fetch(
        "SELECT id, spot_id FROM tickets WHERE lot_id = $1 AND id = ANY($2::uuid[])", lot, ending
    )
    return {TicketId(str(row["id"])): SpotId(str(row["spot_id"])) if row["spot_id"] else None for row in rows}


async def _tickets_waiting(connection: asyncpg.Connection, lot: LotId) -> frozenset[TicketId]:
    """Tickets of which nothing is applied now: a fact of theirs is parked, or two histories have facts of them. What
    was kept apart, being no fact of this lot's, holds nothing up."""
    rows = await connection.fetch(
        "SELECT DISTINCT ticket_id FROM parked_facts"
        " WHERE lot_id = $1 AND settled_at IS NULL AND ticket_id IS NOT NULL AND cause <> 'superseded'"
        " UNION SELECT ticket_id FROM torn_tickets WHERE lot_id = $1 AND settled_at IS NULL",
        lot,
    )
    return frozenset(TicketId(str(row["ticket_id"])) for row in rows)


async def _park(connection: asyncpg.Connection, tenant: str, window: Window, one: Parked, at: Instant) -> None:
    sent = one.entry.sent
    one = await _torn(connection, window.lot, one)
    await connection.execute(
        "INSERT INTO parked_facts (tenant_id, lot_id, stream_id, seq, ticket_id, why, parked_at, cause)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        *(tenant, window.lot, window.stream_id, sent.seq, one.entry.ticket, one.why, at, one.cause),
    )
    subject = one.entry.ticket or f"{window.stream_id}/{sent.seq}"
    detail = f"fact {sent.seq} ({sent.type} v{sent.version}): {one.why}"
    await open_case(connection, tenant, window.lot, Case("fact_parked", subject, detail), at)


async def _torn(connection: asyncpg.Connection, lot: LotId, one: Parked) -> Parked:
    """The first of a ticket's facts to wait is told from those that only follow it."""
    is_torn = one.cause == "follows" and await connection.fetchval(
        "SELECT EXISTS (SELECT 1 FROM torn_tickets WHERE lot_id = $1 AND ticket_id = $2 AND settled_at IS NULL)"
        " AND NOT EXISTS (SELECT 1 FROM parked_facts WHERE lot_id = $1 AND ticket_id = $2 AND settled_at IS NULL"
        " AND cause <> 'superseded')",
        *(lot, one.entry.ticket),
    )
    return replace(one, cause="torn", why=TORN) if is_torn else one
