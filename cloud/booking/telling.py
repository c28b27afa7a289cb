"""What the lots are told of reservations. The rows are the outbox: sold in one transaction, told of in a later one.

A crash in between loses nothing, for a row says itself whether its lot is still to be told. Meanwhile the lot is safe:
what it keeps back, it keeps back unheard, and the code that the driver holds is signed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import BigInteger, RowMapping, bindparam, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud.db.schema import reservations
from cloud.intents.issue import Order, issue
from models.ids import LotId, ReservationId
from models.instants import HOUR, Instant
from models.intents import Intent, ReservationCancelled, ReservationMade
from models.spots import SpotType
from models.tickets import ReservationStatus

AT_ONCE = 500
OVER_SINCE = 24 * HOUR
"""A reservation that is over stands at the lot for so long, for whoever asks there what became of it."""

_LOTS = select(reservations.c.tenant_id, reservations.c.lot_id).distinct().where(reservations.c.to_tell)

_FREE = text(
    # The lot's own word, in the order of its facts: whatever it let in before it knew has been applied by then.
    """
    UPDATE reservations AS own SET holds_place = false, status = 'CANCELLED'
    FROM (SELECT DISTINCT lot_id FROM reservations WHERE holds_place AND cancelled_at IS NOT NULL) AS lots
    JOIN streams ON streams.lot_id = lots.lot_id AND streams.stream = 'ledger' AND streams.current
    CROSS JOIN LATERAL (
        SELECT body::jsonb AS taken FROM facts
        WHERE facts.lot_id = streams.lot_id AND facts.stream_id = streams.stream_id AND type = 'intents.taken'
        ORDER BY seq DESC LIMIT 1
    ) AS last
    WHERE own.lot_id = lots.lot_id AND own.holds_place AND own.cancelled_at IS NOT NULL
        AND own.status IN ('CANCELLED', 'BOOKED') AND own.ended_revision <= (taken ->> 'revision')::bigint
        AND NOT taken -> 'parked' @> to_jsonb(own.ended_revision)
    """
)


@dataclass(frozen=True, slots=True)
class _Told:
    """A row, and the revisions of what was said of it this time; None: it had been said, or isn't yet to be."""

    reservation: str
    made: int | None
    ended: int | None


async def lots_to_tell(connection: AsyncConnection) -> list[tuple[str, LotId]]:
    """Each with its tenant."""
    return [(row.tenant_id, LotId(row.lot_id)) for row in await connection.execute(_LOTS)]


async def tell(connection: AsyncConnection, tenant: str, lot: LotId, at: Instant) -> int:
    """Issues what the lot is still to be told, in the order in which it was sold; how many reservations that were.

    Several may be at it: a row is told of by whoever has it locked, and passed over by the others.
    """
    own = reservations.c.to_tell & (reservations.c.lot_id == lot) & (reservations.c.tenant_id == tenant)
    query = select(reservations).where(own).order_by(reservations.c.booked_at, reservations.c.id).limit(AT_ONCE)
    rows = (await connection.execute(query.with_for_update(skip_locked=True))).mappings().all()
    return await _issued(connection, tenant, lot, [(str(row["id"]), _said_of(row)) for row in rows], at)


async def tell_what_is_over(connection: AsyncConnection, at: Instant) -> int:
    """What came or was missed, and is over, no longer stands: snapshots would carry it to each new machine for ever."""
    columns = reservations.c
    over = select(columns.tenant_id, columns.lot_id, columns.id).where(
        columns.made_revision.is_not(None),
        columns.ended_revision.is_(None),
        columns.end_time < at - OVER_SINCE,
        columns.status.in_([ReservationStatus.ARRIVED, ReservationStatus.EXPIRED]),
    )
    rows = (await connection.execute(over.limit(AT_ONCE).with_for_update(skip_locked=True))).all()
    for tenant, lot in sorted({(row.tenant_id, row.lot_id) for row in rows}):
        ended = [ReservationId(row.id) for row in rows if row.lot_id == lot]
        said = [(id, [ReservationCancelled(reservation=id)]) for id in ended]
        await _issued(connection, tenant, LotId(lot), said, at)
    return len(rows)


async def free(connection: AsyncConnection) -> int:
    """Places of cancelled reservations are sold again, once their lots act by it: until then the code opens there."""
    return (await connection.execute(_FREE)).rowcount


async def end_holds(connection: AsyncConnection, before: Instant) -> int:
    """Holds that ended before this are over; they count no more by themselves already."""
    ended = update(reservations).where(
        reservations.c.status == ReservationStatus.HELD, reservations.c.held_until < before
    )
    return (await connection.execute(ended.values(status=ReservationStatus.EXPIRED, holds_place=False))).rowcount


def _said_of(row: RowMapping) -> list[Intent]:
    """That it was made comes first, also of one that was cancelled meanwhile: its code is known to be void then."""
    said: list[Intent] = []
    id = ReservationId(row["id"])
    if row["made_revision"] is None:
        made = ReservationMade(
            reservation=id,
            user=row["user_id"] or "",
            spot_type=SpotType(row["spot_type"]),
            start_time=Instant(row["start_time"]),
            end_time=Instant(row["end_time"]),
            code_hash=row["code_hash"],
            license_plate=row["license_plate"],
        )
        said.append(made)
    if row["status"] == ReservationStatus.CANCELLED and row["ended_revision"] is None:
        said.append(ReservationCancelled(reservation=id))
    return said


async def _issued(
    connection: AsyncConnection, tenant: str, lot: LotId, said: Sequence[tuple[str, Sequence[Intent]]], at: Instant
) -> int:
    intents = [intent for _, some in said for intent in some]
    if not said:
        return 0
    revisions = iter(await issue(connection, tenant, lot, intents, Order("booking", "reservations", at)))
    told = [_told(id, {intent.ends: next(revisions) for intent in some}) for id, some in said]
    columns = reservations.c
    noted = update(reservations).where(columns.lot_id == lot, columns.id == bindparam("row"))
    noted = noted.values(
        to_tell=False,
        made_revision=func.coalesce(bindparam("made", type_=BigInteger), columns.made_revision),
        ended_revision=func.coalesce(bindparam("ended", type_=BigInteger), columns.ended_revision),
    )
    await connection.execute(noted, [{"row": one.reservation, "made": one.made, "ended": one.ended} for one in told])
    return len(told)


def _told(id: str, revisions: dict[bool, int]) -> _Told:
    return _Told(id, revisions.get(False), revisions.get(True))
