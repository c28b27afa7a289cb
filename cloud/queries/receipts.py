"""The receipts and credit notes that a lot has made out, the newest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud.db.schema import receipts, tickets
from cloud.queries.lots import is_id
from models.instants import Instant
from models.money import Minor


@dataclass(frozen=True, slots=True)
class ReceiptView:
    """`said` is all that stands on it, for `models.receipts.document`; no plate does. Amounts in minor units."""

    number: int
    ticket: str
    total: Minor
    currency: str
    at: Instant
    said: str


async def receipts_of(
    connection: AsyncConnection, tenant: str, lot: str, ticket: str | None = None, limit: int = 50
) -> Sequence[ReceiptView]:
    """Of a whole lot, or of one of its tickets by its code as `models.codes.read_code` gives it."""
    if not is_id(lot):
        return ()
    query = (
        select(receipts, tickets.c.code)
        .join(tickets, and_(tickets.c.lot_id == receipts.c.lot_id, tickets.c.id == receipts.c.ticket_id))
        .where(tickets.c.tenant_id == tenant, receipts.c.lot_id == lot)
        .order_by(receipts.c.number.desc(), receipts.c.id)
        .limit(limit)
    )
    if ticket is not None:
        query = query.where(tickets.c.code == ticket)
    return [_view(dict(row)) for row in (await connection.execute(query)).mappings()]


def _view(row: dict[str, Any]) -> ReceiptView:
    return ReceiptView(row["number"], row["code"], row["total"], row["currency"], row["at"], row["said"])
