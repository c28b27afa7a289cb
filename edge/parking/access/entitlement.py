"""By what right a vehicle comes in: as a transient, on a permit, on a reservation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from edge.parking.access.permits import Permit
from models.ids import ReservationId
from models.reservations.rules import Window
from models.spots import Right, SpotType

ShownBy = Literal["code", "plate", "by_hand"]
"""What shows that a vehicle comes on a reservation."""


@dataclass(frozen=True, slots=True)
class Reserved:
    """The reservation that a vehicle comes on. `kept`: a place is kept for it now; else it gets one that is kept for
    nobody, because it comes `early` or was no longer waited for."""

    reservation: ReservationId
    spot_type: SpotType
    window: Window
    by: ShownBy
    kept: bool = True
    early: bool = False


@dataclass(frozen=True, slots=True)
class Entitlement:
    """What the decision about a place and a ticket goes by. Without permit and reservation it is a transient's.

    `in_hours`: it is one of the permit's hours. `account_limit`: how many vehicles of its account may be inside.
    """

    permit: Permit | None = None
    reserved: Reserved | None = None
    in_hours: bool = True
    account_limit: int | None = None

    @property
    def transient(self) -> bool:
        return self.permit is None and self.reserved is None

    @property
    def rights(self) -> frozenset[Right]:
        return frozenset() if self.permit is None else self.permit.rights


TRANSIENT = Entitlement()
