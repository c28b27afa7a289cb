"""How long the cloud keeps what it knows of each lot."""

from __future__ import annotations

from dataclasses import dataclass

import asyncpg

from cloud.settings import CloudSettings
from models.ids import LotId
from models.instants import HOUR, Instant

DAY = 24 * HOUR


@dataclass(frozen=True, slots=True)
class KeptLot:
    """One lot, and how many days its plates and those of its debts are kept: its tenant's own, or the settings'."""

    id: LotId
    tenant: str
    plate_days: int
    debt_plate_days: int


def before(now: Instant, days: int) -> Instant:
    return Instant(now - days * DAY)


async def kept_lots(connection: asyncpg.Connection, settings: CloudSettings) -> list[KeptLot]:
    rows = await connection.fetch(
        "SELECT lot.id, tenant_id, coalesce(plate_days, $1) AS plates, coalesce(debt_plate_days, $2) AS debts"
        " FROM parking_lots AS lot JOIN tenants ON tenants.id = tenant_id ORDER BY lot.id",
        *(settings.plate_days, settings.debt_plate_days),
    )
    return [
        KeptLot(LotId(str(row["id"])), str(row["tenant_id"]), row["plates"], max(row["debts"], row["plates"]))
        for row in rows
    ]
