"""A lot goes on in a new stream: what the old history has and the lot hasn't is named, and the two are kept apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg
from pydantic import ValidationError

from cloud.ingest.cases import Case, close_cases, open_case
from cloud.ingest.lineage import Branch, Span, lost
from cloud.ingest.release import ITSELF, release_span
from cloud.ingest.window import LARGEST, is_uuid
from models.facts import StoreQuarantined, StreamOpened
from models.facts.base import Stream
from models.ids import LotId, StreamId
from models.instants import Instant
from models.tickets import OPEN, PaymentStatus
from models.wire.chain import GENESIS
from models.wire.envelopes import SentFact, Window

_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_TICKET = f"""substring(facts.body from '"ticket":"({_UUID})"')::uuid"""
_FAULT = f"""substring(facts.body from '"fault":"({_UUID})"')::uuid"""
# Bodies are canonical JSON: no spaces. A body that isn't JSON names nothing. A pattern is looked for only where its
# answer is used: a year of a busy lot is five million facts.
_FACTS = """
    SELECT facts.type, {}
    FROM unnest($2::uuid[], $3::bigint[], $4::bigint[]) AS span (stream_id, after, up_to)
    JOIN facts ON facts.lot_id = $1 AND facts.stream_id = span.stream_id
         AND facts.seq > span.after AND facts.seq <= span.up_to"""
_TICKETS = _FACTS.format(f"{_TICKET} AS ticket")
_OPENED = _FACTS.format(f"CASE WHEN facts.type = 'ticket.opened' THEN {_TICKET} END AS ticket")
_FAULTS = _FACTS.format(f"CASE WHEN facts.type = 'fault.raised' THEN {_FAULT} END AS fault")
PATIENCE_SECONDS = 600
"""For a statement that reads all that a lot has lost, once in its life: only this lot waits for it."""
_OPEN = ", ".join(f"'{status}'" for status in OPEN)


@dataclass(frozen=True, slots=True)
class LostHistory:
    """What the cloud has of a time that the lot doesn't know any more. `unknown`: stays that began then and go on."""

    facts: int
    opened: int
    payments: int
    unknown: int

    def __str__(self) -> str:
        return (
            f"the cloud has {self.facts} facts that the lot doesn't know:"
            f" {self.opened} stays began and {self.payments} payments were taken"
        )


@dataclass(frozen=True, slots=True)
class Opening:
    """What a stream goes on from: stream `left`, up to and with fact `after_seq`. `head`: where the lot stood there,
    number and hash, if all that it had written after that point was carried over."""

    left: StreamId
    after_seq: int
    head: tuple[int, str] | None = None


async def branches_of(connection: asyncpg.Connection, lot: LotId, stream: Stream) -> Sequence[Branch]:
    """All streams of this kind that the lot ever had, the latest first."""
    rows = await connection.fetch(
        "SELECT stream_id::text, seq, hash, current, epoch, parent_id::text, parent_seq FROM streams"
        " WHERE lot_id = $1 AND stream = $2 ORDER BY current DESC, left_at DESC NULLS LAST, opened_at DESC",
        *(lot, stream),
    )
    return [
        Branch(
            StreamId(row["stream_id"]),
            row["seq"],
            row["hash"],
            row["current"],
            row["epoch"],
            None if row["parent_id"] is None else StreamId(row["parent_id"]),
            row["parent_seq"] or 0,
        )
        for row in rows
    ]


async def epoch_in_force(connection: asyncpg.Connection, lot: LotId) -> int:
    return await connection.fetchval("SELECT epoch_in_force FROM parking_lots WHERE id = $1", lot) or 1


async def put_in_force(connection: asyncpg.Connection, lot: LotId, epoch: int, at: Instant) -> None:
    """A lot was heard under a new enrolment: what was opened under an earlier one is left from this moment on.

    A cloud that was restored from a copy may not know of that enrolment; it mustn't grant the same again.
    """
    await connection.execute(
        "UPDATE parking_lots SET epoch_in_force = $2, epoch = greatest(epoch, $2)"
        " WHERE id = $1 AND epoch_in_force < $2",
        *(lot, epoch),
    )
    await connection.execute(
        "UPDATE streams SET current = false, left_at = $3 WHERE lot_id = $1 AND current AND epoch < $2"
        " AND stream = 'ledger'",
        *(lot, epoch, at),
    )


async def open_stream(connection: asyncpg.Connection, tenant: str, window: Window, at: Instant) -> bool:
    """Make the stream known, under the lock of its lot. False: it is of an earlier enrolment, and isn't the lot's."""
    lot, in_force = window.lot, await epoch_in_force(connection, window.lot)
    opened = opening(window.facts[0])
    if opened is not None:
        why = "the lot has opened a new stream"
        await close_cases(connection, lot, "stream_forked", opened.left, at, ITSELF, why)
    if window.epoch < in_force:
        await _make_known(connection, tenant, window, opened, at, current=False)
        return False
    if window.epoch > in_force:
        await put_in_force(connection, lot, window.epoch, at)
    before = await branches_of(connection, lot, window.stream)
    await connection.execute(
        "UPDATE streams SET current = false, left_at = $3 WHERE lot_id = $1 AND stream = $2 AND current",
        *(lot, window.stream, at),
    )
    await _make_known(connection, tenant, window, opened, at, current=True)
    if opened is not None:
        await _take_up(connection, tenant, window, opened, before, at)
    if before and window.stream == "ledger":
        await _name_what_is_lost(connection, tenant, window, opened, before, at)
    return True


def opening(first: SentFact) -> Opening | None:
    """What a stream's first fact says it goes on from; None when it begins from nothing, or from what can't be."""
    if first.seq != 1:
        return None
    try:
        match (first.type, first.version):
            case (StreamOpened.type, StreamOpened.version):
                return _left(StreamOpened.model_validate_json(first.body))
            case (StoreQuarantined.type, StoreQuarantined.version):
                return _after_damage(StoreQuarantined.model_validate_json(first.body))
            case _:
                return None
    except ValidationError:
        return None


def _left(told: StreamOpened) -> Opening | None:
    can_be = is_uuid(told.left) and 0 <= told.after_seq <= LARGEST and 0 <= told.head_seq <= LARGEST
    if not can_be or "\0" in told.head_hash:
        return None
    return Opening(told.left, told.after_seq, (told.head_seq, told.head_hash))


def _after_damage(told: StoreQuarantined) -> Opening | None:
    """A lot that has nothing left in one piece begins from nothing, whatever its stream was called."""
    if told.former_stream is None or not is_uuid(told.former_stream) or not 0 < told.former_seq <= LARGEST:
        return None
    return Opening(told.former_stream, told.former_seq)


async def _make_known(
    connection: asyncpg.Connection,
    tenant: str,
    window: Window,
    opened: Opening | None,
    at: Instant,
    *,
    current: bool,
) -> None:
    first = window.facts[0].seq
    await connection.execute(
        "INSERT INTO streams (tenant_id, lot_id, stream, stream_id, seq, hash, current, opened_at, epoch, parent_id,"
        " parent_seq, left_at) VALUES ($1, $2, $3, $4, 0, $5, $6, $7, $8, $9, $10, $11)",
        *(tenant, window.lot, window.stream, window.stream_id, GENESIS, current, at, window.epoch),
        *((opened.left, opened.after_seq) if opened is not None and first == 1 else (None, None)),
        None if current else at,
    )


async def _take_up(
    connection: asyncpg.Connection,
    tenant: str,
    window: Window,
    opened: Opening,
    before: Sequence[Branch],
    at: Instant,
) -> None:
    """What was kept apart of the stream that it goes on from is the lot's history now; what it brings itself isn't
    needed from there."""
    parent = next((branch for branch in before if branch.stream_id == opened.left), None)
    have = 0 if parent is None else parent.seq
    if have < opened.after_seq:
        detail = f"facts {have + 1} to {opened.after_seq} of that stream never arrived, or were lost here"
        await open_case(connection, tenant, window.lot, Case("facts_missing", opened.left, detail), at)
    if parent is None:
        return
    await release_span(connection, tenant, window.lot, Span(parent.stream_id, 0, opened.after_seq), at)
    if opened.head is None:
        return
    head_seq, head_hash = opened.head
    at_head = await connection.fetchval(
        "SELECT hash FROM facts WHERE lot_id = $1 AND stream_id = $2 AND seq = $3",
        *(window.lot, opened.left, head_seq),
    )
    if at_head == head_hash:
        await connection.execute(
            "UPDATE parked_facts SET settled_at = $5, outcome = 'carried' WHERE lot_id = $1 AND stream_id = $2"
            " AND seq > $3 AND seq <= $4 AND cause = 'superseded' AND settled_at IS NULL",
            *(window.lot, opened.left, opened.after_seq, head_seq, at),
        )


async def _name_what_is_lost(
    connection: asyncpg.Connection,
    tenant: str,
    window: Window,
    opened: Opening | None,
    before: Sequence[Branch],
    at: Instant,
) -> None:
    lot, left = window.lot, before[0]
    from_id, from_seq = (StreamId(""), 0) if opened is None else (opened.left, opened.after_seq)
    spans = lost(before, left.stream_id, from_id, from_seq)
    if not spans:
        return
    torn = 0
    if opened is None and all(span.after == 0 for span in spans):
        await _clear_all_faults(connection, lot, at)
        history = await _whole_history(connection, lot, spans)
    else:
        where = (lot, *_columns(spans))
        if opened is not None:
            torn = await _tear(connection, tenant, window, where)
        await _clear_faults(connection, where, at)
        history = await _history(connection, where)
    begins = f"goes on after fact {from_seq} of {from_id}" if opened is not None else "began from nothing"
    kind = "stream_superseded" if opened is None else "stream_forked"
    detail = f"the lot {begins}, as {window.stream_id}; {history}"
    detail += f"; {torn} tickets wait, for the lot knows them otherwise (`parked list`)" if torn else ""
    await open_case(connection, tenant, lot, Case(kind, left.stream_id, detail), at)
    if history.unknown:
        detail = f"{history.unknown} stays are open here that the lot doesn't know: they began in the history it lost"
        await open_case(connection, tenant, lot, Case("stays_unknown_to_lot", window.stream_id, detail), at)


async def _tear(connection: asyncpg.Connection, tenant: str, window: Window, where: tuple[object, ...]) -> int:
    """Tickets that the lot knows, and of which the history that it lost has facts too: what the lot says of them from
    now on waits for a person. One that began there, or was told to the lot there, it doesn't know."""
    done = await connection.execute(
        f"INSERT INTO torn_tickets (tenant_id, lot_id, stream_id, ticket_id)"
        f" SELECT $5, $1, $6, ticket FROM ({_TICKETS}) AS known WHERE ticket IS NOT NULL"
        " GROUP BY ticket HAVING NOT bool_or(type IN ('ticket.opened', 'ticket.restored'))",
        *(*where, tenant, window.stream_id),
        timeout=PATIENCE_SECONDS,
    )
    return int(done.rpartition(" ")[2])


async def _clear_faults(connection: asyncpg.Connection, where: tuple[object, ...], at: Instant) -> None:
    """The lot says what is wrong with it now; what it doesn't know of it can't end."""
    await connection.execute(
        f"UPDATE faults SET cleared_at = $5 WHERE lot_id = $1 AND cleared_at IS NULL"
        f" AND id IN (SELECT fault FROM ({_FAULTS}) AS known WHERE fault IS NOT NULL)",
        *(*where, at),
        timeout=PATIENCE_SECONDS,
    )


async def _history(connection: asyncpg.Connection, where: tuple[object, ...]) -> LostHistory:
    row = await connection.fetchrow(
        f"WITH known AS ({_OPENED}) SELECT count(*) AS facts, count(*) FILTER (WHERE type = 'ticket.opened') AS opened,"
        " count(*) FILTER (WHERE type IN ('payment.taken', 'payment.collected')) AS payments,"
        " (SELECT count(*) FROM tickets WHERE lot_id = $1 AND status IN (" + _OPEN + ") AND id IN"
        " (SELECT ticket FROM known WHERE ticket IS NOT NULL)) AS unknown FROM known",
        *where,
        timeout=PATIENCE_SECONDS,
    )
    assert row is not None
    return LostHistory(**dict(row))


async def _clear_all_faults(connection: asyncpg.Connection, lot: LotId, at: Instant) -> None:
    """An empty store knows of nothing that was wrong before."""
    await connection.execute("UPDATE faults SET cleared_at = $2 WHERE lot_id = $1 AND cleared_at IS NULL", lot, at)


async def _whole_history(connection: asyncpg.Connection, lot: LotId, spans: Sequence[Span]) -> LostHistory:
    """Everything is lost: what the tables have of this lot says how much that is, without reading a fact."""
    row = await connection.fetchrow(
        "SELECT (SELECT count(*) FROM tickets WHERE lot_id = $1) AS opened,"
        f" (SELECT count(*) FROM tickets WHERE lot_id = $1 AND status IN ({_OPEN})) AS unknown,"
        " (SELECT count(*) FROM payments WHERE lot_id = $1 AND status = $2) AS payments",
        *(lot, PaymentStatus.TAKEN.value),
        timeout=PATIENCE_SECONDS,
    )
    assert row is not None
    return LostHistory(sum(span.to - span.after for span in spans), **dict(row))


def _columns(spans: Sequence[Span]) -> tuple[list[str], list[int], list[int]]:
    return [span.stream_id for span in spans], [span.after for span in spans], [span.to for span in spans]
