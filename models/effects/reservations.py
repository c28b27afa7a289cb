"""What the facts about reservations change: the places kept back, and who came."""

from __future__ import annotations

from models.effects.by_fact import changes_of
from models.effects.changes import Change, SpotOf, Value
from models.facts import QuotaKept, ReservationArrived, ReservationMissed, ReservationReturned
from models.ids import LotId, quota_id
from models.tickets import ReservationStatus


@changes_of.register
def _(fact: QuotaKept, lot: LotId, spot_of: SpotOf) -> list[Change]:
    values: dict[str, Value] = {"asked": fact.asked, "kept": fact.places, "revision": fact.revision, "kept_at": fact.at}
    at_first: dict[str, Value] = {"lot_id": lot, "spot_type": fact.spot_type.value}
    return [Change("declare", "reservation_quotas", quota_id(lot, fact.spot_type), values, at_first)]


@changes_of.register
def _(fact: ReservationArrived, lot: LotId, spot_of: SpotOf) -> list[Change]:
    """One that came by its code alone may be news to either side. A stay can be put on it later, at the exit."""
    at_first: dict[str, Value] = {
        "lot_id": lot,
        "spot_type": fact.spot_type.value,
        "start_time": fact.start_time,
        "end_time": fact.end_time,
    }
    values: dict[str, Value] = {"status": ReservationStatus.ARRIVED.value}
    return [
        Change("declare", "reservations", fact.reservation, values, at_first),
        Change("update", "tickets", fact.ticket, {"reservation_id": fact.reservation}),
    ]


@changes_of.register
def _(fact: ReservationReturned, lot: LotId, spot_of: SpotOf) -> list[Change]:
    return [Change("update", "reservations", fact.reservation, {"status": ReservationStatus.BOOKED.value})]


@changes_of.register
def _(fact: ReservationMissed, lot: LotId, spot_of: SpotOf) -> list[Change]:
    return [Change("update", "reservations", fact.reservation, {"status": ReservationStatus.EXPIRED.value})]
