"""How far a camera that reads plates itself is believed, as values. Lengths of time are in microseconds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from drivers.plate_sources.heard import Bearing


class Only(StrEnum):
    """Which way the vehicles of a lane drive, as its camera sees them."""

    APPROACHING = "approaching"
    LEAVING = "leaving"
    ANY = "any"

    def counts(self, bearing: Bearing | None) -> bool:
        """Whether a vehicle that drives this way, as far as it is known, is one of the lane's."""
        wrong = {Only.APPROACHING: Bearing.LEAVES, Only.LEAVING: Bearing.APPROACHES}
        return bearing is None or bearing is not wrong.get(self)


@dataclass(frozen=True, slots=True)
class Trust:
    """See `drivers.plate_sources.settings` for what each of them means."""

    min_confidence: float = 0.85
    unsaid: float = 0.0
    only: Only = Only.APPROACHING
    early: int = 4_000_000
    settle: int = 0
    ask_after: int = 2_000_000
    gone_after: int = 60_000_000
    fresh_within: int = 10_000_000
    tells_ends: bool = False
