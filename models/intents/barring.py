"""Intents about vehicles that are barred from a lot."""

from __future__ import annotations

from pydantic import Field

from models.access.barred import LONGEST_REASON, BarredAction
from models.instants import Instant
from models.intents.base import Intent
from models.intents.permits import MOST_PLATES, SpelledPlate


class VehicleBarred(Intent, type="vehicle.barred", version=1, about="barred", personal=("plates",)):
    """These vehicles aren't let in until just before `until` (None: for good), permit or not; or they are, and an
    operator is told: as `action` says. By exactly these plates: who looks alike isn't meant. Who is inside may leave.
    """

    barred: str
    plates: tuple[SpelledPlate, ...] = Field(min_length=1, max_length=MOST_PLATES)
    reason: str = Field(min_length=1, max_length=LONGEST_REASON)
    action: BarredAction = BarredAction.REFUSE
    until: Instant | None = None


class VehicleUnbarred(Intent, type="vehicle.unbarred", version=1, about="barred", ends=True):
    """They come in like anybody again."""

    barred: str
