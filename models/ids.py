"""Identities: 128-bit time-ordered UUIDs (version 7, RFC 9562), minted by whoever owns the thing."""

from __future__ import annotations

import uuid
from typing import NewType

from models.instants import Instant

LotId = NewType("LotId", str)
LevelId = NewType("LevelId", str)
SpotId = NewType("SpotId", str)
VehicleId = NewType("VehicleId", str)
TicketId = NewType("TicketId", str)
PaymentId = NewType("PaymentId", str)
RefundId = NewType("RefundId", str)
ReservationId = NewType("ReservationId", str)
PermitId = NewType("PermitId", str)
TariffId = NewType("TariffId", str)
StreamId = NewType("StreamId", str)
LaneId = NewType("LaneId", str)
LaneName = NewType("LaneName", str)

ENTROPY_BYTES = 10
_LANES = uuid.UUID("090dff96-1d3b-4853-b978-ac5f2fff51e2")
"""The namespace of `lane_id`; it never changes."""
_PLACES = uuid.UUID("5a6a7b4c-9d39-4c62-8a57-4f0d9a7a1c3e")
"""The namespace of `level_id` and `spot_id`; it never changes."""


def uuid7(at: Instant, entropy: bytes) -> str:
    """The version 7 UUID of a moment and ten random bytes, in its canonical 36-character form.

    Raises ValueError when `entropy` isn't ten bytes long or `at` lies before 1970.
    """
    if len(entropy) != ENTROPY_BYTES:
        raise ValueError(f"a UUIDv7 takes {ENTROPY_BYTES} random bytes, not {len(entropy)}")
    if at < 0:
        raise ValueError("a UUIDv7 can't be minted before 1970")
    random = int.from_bytes(entropy, "big")
    milliseconds = (at // 1000) & (2**48 - 1)
    high = random >> 68
    low = random & (2**62 - 1)
    digits = f"{milliseconds << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def minted_at(id: str) -> Instant:
    """The moment with which a version 7 UUID begins, to the millisecond."""
    return Instant(int(id.replace("-", "")[:12], 16) * 1000)


def level_id(lot: LotId, floor_number: int) -> LevelId:
    """A level's own id, likewise: a lot whose store is new calls its levels as it did before."""
    return LevelId(str(uuid.uuid5(_PLACES, f"{lot}/{floor_number}")))


def spot_id(lot: LotId, floor_number: int, spot_number: str) -> SpotId:
    """A spot's own id, likewise."""
    return SpotId(str(uuid.uuid5(_PLACES, f"{lot}/{floor_number}/{spot_number}")))


def quota_id(lot: LotId, spot_type: str) -> str:
    """Of the places of one type that a lot keeps back, likewise."""
    return str(uuid.uuid5(_PLACES, f"{lot}/quota/{spot_type}"))


def permit_of_file(lot: LotId, name: str) -> PermitId:
    """Of a permit that the lot's own file names, likewise. By its name and not by its plate: who knows a plate learns
    nothing of a stay by it."""
    return PermitId(str(uuid.uuid5(_PLACES, f"{lot}/permit/{name}")))


def lane_id(lot: LotId, name: LaneName) -> LaneId:
    """A lane's own id: the same wherever it is worked out, for a lane is known by its name (UUID version 5)."""
    return LaneId(str(uuid.uuid5(_LANES, f"{lot}/{name}")))
