"""What a stay costs. For now the one rule: started hours at an hourly rate, up to a maximum."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field, model_validator

from models.instants import HOUR, Instant
from models.money import Minor

DIALECTS = (1,)
"""Every version of the tariff language that this engine runs. The meaning of none ever changes."""


class UnknownDialect(ValueError):
    """The tariff is written in a language that this engine doesn't know."""

    def __init__(self, dialect: int) -> None:
        super().__init__(f"tariff dialect {dialect}: this release runs {', '.join(map(str, DIALECTS))}")


def runs(dialect: int) -> bool:
    return dialect in DIALECTS


class Tariff(BaseModel):
    """Up to one hour costs one hourly rate, a longer stay the rate for each started hour, at most the maximum.

    Pinned on the ticket at entry, so that a price change never reaches a driver who is already inside.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    dialect: int = Field(default=1, description="Version of the tariff language; its meaning never changes")
    currency: str = Field(pattern=r"^[A-Z]{3}$", description="ISO 4217 code")
    hourly_rate: Minor = Field(ge=0, description="Minor units for each started hour")
    daily_maximum: Minor = Field(ge=0, description="Minor units; no stay costs more")

    @model_validator(mode="after")
    def _maximum_covers_an_hour(self) -> Tariff:
        if self.daily_maximum < self.hourly_rate:
            raise ValueError("daily_maximum is below hourly_rate: the first hour would cost more than the maximum")
        return self


@dataclass(frozen=True, slots=True)
class Fee:
    """The price of one stay and how it came about."""

    total: Minor
    currency: str
    started_hours: int
    capped: bool


def fee(tariff: Tariff, entered: Instant, leaves: Instant) -> Fee:
    """The fee of a stay, tax included, in minor units.

    A stay of no length, or one whose clock ran backwards, costs the first hour: the vehicle was here.
    """
    started_hours = max(1, -(-(leaves - entered) // HOUR))
    full = tariff.hourly_rate * started_hours
    total = min(full, tariff.daily_maximum)
    return Fee(Minor(total), tariff.currency, started_hours, capped=total < full)
