"""By what right a vehicle comes in: as a transient, on a permit, on a reservation."""

from __future__ import annotations

from dataclasses import dataclass

from edge.parking.access.permits import Permit
from models.ids import ReservationId
from models.spots import Right, SpotType


@dataclass(frozen=True, slots=True)
class Reserved:
    """A place of this type is kept for the vehicle."""

    reservation: ReservationId
    spot_type: SpotType


@dataclass(frozen=True, slots=True)
class Entitlement:
    """What the decision about a place and a ticket goes by. Without permit and reservation it is a transient's."""

    permit: Permit | None = None
    reserved: Reserved | None = None

    @property
    def transient(self) -> bool:
        return self.permit is None and self.reserved is None

    @property
    def rights(self) -> frozenset[Right]:
        return frozenset() if self.permit is None else self.permit.rights


TRANSIENT = Entitlement()
