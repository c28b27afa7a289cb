"""Intents about reservations: a spot of some type that is kept for somebody for a while."""

from __future__ import annotations

from pydantic import Field, model_validator

from models.ids import ReservationId
from models.instants import Instant
from models.intents.base import Intent
from models.spots import SpotType


class ReservationMade(Intent, type="reservation.made", version=1, about="reservation", personal=("license_plate",)):
    """A spot of this type is kept from `start_time` until just before `end_time`. Which one is chosen at arrival.

    `code_hash` is the hex SHA-256 of the code that the driver shows, None where the plate is enough.
    """

    reservation: ReservationId
    user: str
    spot_type: SpotType
    start_time: Instant
    end_time: Instant
    code_hash: str | None = None
    license_plate: str | None = None

    @model_validator(mode="after")
    def _in_order(self) -> ReservationMade:
        if self.start_time >= self.end_time:
            raise ValueError("it ends before it begins")
        return self


class ReservationCancelled(Intent, type="reservation.cancelled", version=1, about="reservation", ends=True):
    """Nothing is kept any more."""

    reservation: ReservationId


class ReservationQuota(Intent, type="reservation.quota", version=1, about="quota"):
    """So many places of this type are kept back for reservations, from now on; 0 ends it.

    The lot says by `quota.kept` how many it does keep back, and only those may be sold: what it keeps back it never
    gives to a transient, heard from or not. `quota` is the spot type: there is one for each.
    """

    quota: SpotType
    places: int = Field(ge=0, le=100_000)
