"""What differed between a lot and the cloud, field by field, and what was done about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud.db.schema import differences
from cloud.queries.lots import is_id
from models.instants import Instant

_MOST = 1000


@dataclass(frozen=True, slots=True)
class Differed:
    """One field of one row; column `*` is the whole row, which one side lacked. Values as JSON, plates hidden."""

    at: Instant
    table: str
    row: str
    column: str
    in_cloud: str | None
    at_lot: str | None
    outcome: str


async def differences_of(connection: AsyncConnection, tenant: str, lot: str) -> Sequence[Differed]:
    """The newest first, so many of them. Empty for a lot that the tenant hasn't got."""
    if not is_id(lot):
        return []
    of_lot = select(differences).where(differences.c.tenant_id == tenant, differences.c.lot_id == lot)
    newest = of_lot.order_by(differences.c.at.desc(), differences.c.resync_id, differences.c.number).limit(_MOST)
    rows = (await connection.execute(newest)).mappings()
    return [
        Differed(
            at=row["at"],
            table=row["table_name"],
            row=row["row_id"],
            column=row["column_name"],
            in_cloud=row["in_cloud"],
            at_lot=row["at_lot"],
            outcome=row["outcome"],
        )
        for row in rows
    ]
