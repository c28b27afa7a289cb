"""What becomes of who comes on a reservation early, late or not at all, as a technician writes it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from drivers.values import Seconds
from models.documents.section import Section
from models.instants import SECOND
from models.reservations.rules import Rules, TooEarly


class ReservationSettings(Section):
    """Who comes on a reservation early, late or not at all."""

    early: Annotated[Seconds, Field(ge=0, le=86400)] = 1800.0
    """It opens so long before its start, as long as there is a place that isn't kept back for others"""
    too_early: TooEarly = "refuse"
    """What becomes of a code that is shown before that: `refuse` tells the driver to come later, `transient` lets them
    in like anybody"""
    charge_early: bool = True
    """The time before its start costs what it costs anybody"""
    keep_for: Annotated[Seconds, Field(ge=60)] | None = None
    """Who hasn't come so long after its start is waited for no longer, and the place is given to others; without it,
    the place is kept until its end"""
    leave_within: Annotated[Seconds, Field(ge=0, le=86400)] = 600.0
    """Leaving so long after its end costs nothing; whoever leaves later pays from its end on"""

    def rules(self) -> Rules:
        return Rules(
            early=round(self.early * SECOND),
            too_early=self.too_early,
            keep_for=None if self.keep_for is None else round(self.keep_for * SECOND),
            charge_early=self.charge_early,
            leave_within=round(self.leave_within * SECOND),
        )
