"""The allocation with its safeguard off, for the negative control: it goes by free spots as they were before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from edge.parking.access.entitlement import Entitlement
from edge.parking.places.allocation import FreeSpot
from edge.store import Transaction
from models.allocation import Plan
from models.allocation.choosing import NOTHING_KEPT
from models.ids import LaneName, SpotId
from models.spots import SpotType, VehicleType, compatible

_LOOKS_EVERY = 12


@dataclass
class StaleAllocation:
    """Stands for `place_for`: looks at the store only now and then, as a program with a cache of free spots would."""

    free: list[tuple[FreeSpot, SpotType]] = field(default_factory=list[tuple[FreeSpot, SpotType]])
    asked: int = 0

    def place_for(
        self,
        tx: Transaction,
        vehicle: VehicleType,
        right: Entitlement,
        lane: LaneName,
        plan: Plan,
        kept_back: Mapping[SpotType, int] = NOTHING_KEPT,
    ) -> FreeSpot | None:
        if self.asked % _LOOKS_EVERY == 0:
            rows = tx.connection.execute("SELECT * FROM spots WHERE status = 'AVAILABLE' ORDER BY rowid")
            self.free = [(FreeSpot(SpotId(row["id"]), row["spot_number"]), SpotType(row["spot_type"])) for row in rows]
        self.asked += 1
        fits = compatible(vehicle, right.rights)
        return next((spot for spot, kind in self.free if kind in fits), None)
