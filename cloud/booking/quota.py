"""How many places a lot is asked to keep back for reservations: never fewer than are sold already."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import BindParameter, Text, Uuid, func, literal, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud.db.schema import intents, policies, reservation_quotas, standing_intents
from cloud.intents.issue import Order, Unacceptable, issue, refuse_nonsense
from models.ids import LotId
from models.instants import Instant
from models.intents import ReservationQuota
from models.reservations.selling import FARTHEST, HOLD_MARGIN, LONGEST
from models.spots import SpotType


@dataclass(frozen=True, slots=True)
class QuotaView:
    """`asked` of the lot, as it stands; `kept` as the lot says, None until it has; `most` that may be sold at once;
    `sold` at once, at the most, from now on."""

    spot_type: SpotType
    asked: int
    kept: int | None
    most: int
    sold: int


async def keep_back(
    connection: AsyncConnection, tenant: str, lot: LotId, spot_type: SpotType, places: int, order: Order
) -> int:
    """The revision of the intent. Fewer counts for sales at once, more when the lot says that it keeps them back.

    Raises Unacceptable where more are sold, and LookupError, as `issue` does.
    """
    wanted = ReservationQuota(quota=spot_type, places=places)
    await refuse_nonsense(connection, tenant, lot, [wanted])
    await _hold_sales(connection, tenant, lot, wanted.subject)
    sold = await _sold(connection, lot, spot_type, order.at)
    if places < sold:
        raise Unacceptable(
            f"{sold} {spot_type.value} places are sold at one moment from now on, so {places} aren't enough:"
            f" cancel reservations first, or ask for {sold} or more"
        )
    [revision] = await issue(connection, tenant, lot, [wanted], order)
    return revision


async def quotas_of(connection: AsyncConnection, lot: LotId, at: Instant) -> list[QuotaView]:
    """Of each type that the lot was ever asked to keep back, in the order of the types."""
    kept = {
        row.spot_type: row.kept
        for row in await connection.execute(select(reservation_quotas).where(reservation_quotas.c.lot_id == lot))
    }
    standing = standing_intents.c
    asked = (
        select(intents.c.body)
        .join(standing_intents, (standing.lot_id == intents.c.lot_id) & (standing.revision == intents.c.revision))
        .where(intents.c.lot_id == lot, intents.c.type == ReservationQuota.type)
    )
    views: list[QuotaView] = []
    for row in await connection.execute(asked):
        quota = ReservationQuota.model_validate_json(row.body)
        most = await connection.scalar(select(func.booking_room_v1(_uuid(lot), _text(quota.quota))))
        sold = await _sold(connection, lot, quota.quota, at)
        views.append(QuotaView(quota.quota, quota.places, kept.get(quota.quota.value), most or 0, sold))
    return sorted(views, key=lambda view: list(SpotType).index(view.spot_type))


async def _hold_sales(connection: AsyncConnection, tenant: str, lot: LotId, subject: str) -> None:
    """Nothing of this type is sold until the transaction ends: sales lock the intent that stands. The lot's policy
    comes first, as whoever issues locks it first."""
    first_time = postgresql.insert(policies).values(tenant_id=tenant, lot_id=lot).on_conflict_do_nothing()
    await connection.execute(first_time)
    await connection.execute(select(policies.c.revision).where(policies.c.lot_id == lot).with_for_update())
    stands = standing_intents.c.lot_id == lot, standing_intents.c.subject == subject
    await connection.execute(select(standing_intents.c.revision).where(*stands).with_for_update())


async def _sold(connection: AsyncConnection, lot: LotId, spot_type: SpotType, now: Instant) -> int:
    ever = now + FARTHEST + LONGEST
    peak = func.booked_peak_v1(_uuid(lot), _text(spot_type), now, ever, now - HOLD_MARGIN)
    return int(await connection.scalar(select(peak)) or 0)


def _uuid(lot: LotId) -> BindParameter[str]:
    return literal(lot, Uuid(as_uuid=False))


def _text(spot_type: SpotType) -> BindParameter[str]:
    return literal(spot_type.value, Text)
