"""What a stay is charged, line by line."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from models.instants import Instant
from models.money import Minor
from models.spots import SpotType, VehicleType


class What(StrEnum):
    """What a line of a bill stands for."""

    RATE = "rate"
    EXTRA = "extra"
    CAP = "cap"
    SPECIAL = "special"
    FREE = "free"
    FACTOR = "factor"
    MINIMUM = "minimum"
    LOST = "lost"
    ENERGY = "energy"
    IDLE = "idle"
    VALIDATION = "validation"
    TAX = "tax"
    ROUNDING = "rounding"
    PAID = "paid"


@dataclass(frozen=True, slots=True)
class Line:
    """One line: what, why, and how much in minor units; `since` and `until` where it stands for a time."""

    what: What
    text: str
    amount: Minor
    since: Instant | None = None
    until: Instant | None = None


@dataclass(frozen=True, slots=True)
class Fee:
    """The price of one stay and how it came about, in minor units. `lines` add up to `total`, and are the whole of it
    in the second dialect only. `taxes`: by name, what of the total they are."""

    total: Minor
    currency: str
    started_hours: int
    capped: bool
    lines: tuple[Line, ...] = ()
    taxes: tuple[tuple[str, Minor], ...] = ()
    needs_person: bool = False
    """More than a machine may take"""


@dataclass(frozen=True, slots=True)
class Earlier:
    """A stay that ended before; `paid` in minor units."""

    entered: Instant
    left: Instant
    paid: Minor


@dataclass(frozen=True, slots=True)
class Stay:
    """What is known of a stay besides when it began and ended."""

    vehicle: VehicleType = VehicleType.REGULAR
    spot: SpotType | None = None
    validations: tuple[str, ...] = ()
    """Codes, as the tariff has them"""
    energy: int = 0
    """Watt-hours"""
    charged_until: Instant | None = None
    """When charging ended; None: the vehicle didn't charge, or still does"""
    lost: bool = False
    """The ticket is lost"""
    entry_known: bool = True
    """Whether anybody knows when it came; of a lost ticket only the camera does"""
    earlier: tuple[Earlier, ...] = field(default=())
    """Former stays of the same vehicle, the last one last"""


ORDINARY = Stay()
