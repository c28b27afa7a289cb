"""Cases: what the cloud met while taking facts in that a person must judge."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Literal

import asyncpg

from models.ids import ENTROPY_BYTES, LotId, uuid7
from models.instants import Instant

CaseKind = Literal[
    "fact_parked",
    "stream_forked",
    "stream_superseded",
    "window_refused",
    "lot_claimed_twice",
    "stays_unknown_to_lot",
    "facts_missing",
    "cloud_restored",
    "intents_parked",
    "intents_withheld",
    "intents_forked",
    "intents_differ",
    "digest_differs",
    "money_unknown_to_lot",
    "snapshot_refused",
    "more_sold_than_kept",
]


@dataclass(frozen=True, slots=True)
class Case:
    """`subject` tells cases of one kind apart: a stream, a ticket, a topic. Met again, the open case is counted up."""

    kind: CaseKind
    subject: str
    detail: str


async def open_case(connection: asyncpg.Connection, tenant: str, lot: LotId, case: Case, at: Instant) -> None:
    await connection.execute(
        "INSERT INTO cases (tenant_id, lot_id, id, kind, subject, detail, opened_at, seen_at, times)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $7, 1)"
        " ON CONFLICT (lot_id, kind, subject) WHERE closed_at IS NULL"
        " DO UPDATE SET seen_at = excluded.seen_at, times = cases.times + 1",
        *(tenant, lot, uuid7(at, secrets.token_bytes(ENTROPY_BYTES)), case.kind, case.subject, case.detail, at),
    )


async def close_case(connection: asyncpg.Connection, lot: LotId, kind: str, at: Instant) -> None:
    """Of a kind that ends by itself; harmless when none is open."""
    await connection.execute(
        "UPDATE cases SET closed_at = $3 WHERE lot_id = $1 AND kind = $2 AND closed_at IS NULL", lot, kind, at
    )


async def close_cases(
    connection: asyncpg.Connection, lot: LotId, kind: str, subject: str, at: Instant, by: str, why: str
) -> None:
    """The open cases of this kind about this subject are judged."""
    await connection.execute(
        "UPDATE cases SET closed_at = $4, closed_by = $5, closed_why = $6"
        " WHERE lot_id = $1 AND kind = $2 AND subject = $3 AND closed_at IS NULL",
        *(lot, kind, subject, at, by, why),
    )


async def open_case_of_lot(connection: asyncpg.Connection, lot: LotId, case: Case, at: Instant) -> None:
    """The same, for a lot whose tenant isn't at hand; a lot that was never enrolled has nobody to tell."""
    tenant = await connection.fetchval("SELECT tenant_id FROM parking_lots WHERE id::text = $1", lot)
    if tenant is not None:
        await open_case(connection, str(tenant), lot, case, at)
