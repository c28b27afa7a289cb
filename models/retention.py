"""What may be forgotten on both sides, and whose personal part a fact holds."""

from __future__ import annotations

import uuid
from typing import Literal

from models.ids import LotId, VehicleId
from models.spots import VehicleType

DiskClass = Literal["pictures", "telemetry", "tickets", "money"]
"""In the order in which they go when space runs out; the last two never do."""

Why = Literal["age", "space"]

PERSON_OF: dict[str, str] = {
    "vehicle.registered": "vehicle",
    "ticket.restored": "vehicle",
    "plate.differed": "ticket",
    "exit.doubted": "ticket",
    "ticket.suspected": "ticket",
    "access.refused": "refusal",
    "passage.counted": "passage",
    "help.called": "call",
}
"""Each type of fact with a personal part, and the field of its body that names the row it belongs to: when that row's
plate is masked, so is the fact's."""

_MASKED = uuid.UUID("5b0d8c4e-3c0f-4f4e-9f0a-3c1d2b7e6a10")
"""The namespace of `masked_vehicle`; it never changes."""


def masked_vehicle(lot: LotId, vehicle_type: VehicleType | str) -> VehicleId:
    """The vehicle without a plate to which masked stays of a type belong whose own vehicle still needs its plate: the
    same wherever it is worked out (UUID version 5)."""
    return VehicleId(str(uuid.uuid5(_MASKED, f"{lot}/{vehicle_type}")))
