"""The first dialect of the tariff language: started hours at an hourly rate, up to a maximum."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from models.instants import HOUR, Instant
from models.money import Minor, written
from models.tariff.bill import Fee, Line, What


class HourlyTariff(BaseModel):
    """Up to one hour costs one hourly rate, a longer stay the rate for each started hour, at most the maximum.

    Pinned on the ticket at entry, so that a price change never reaches a driver who is already inside.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    dialect: Literal[1] = Field(default=1, description="Version of the tariff language; its meaning never changes")
    currency: str = Field(pattern=r"^[A-Z]{3}$", description="ISO 4217 code")
    hourly_rate: Minor = Field(ge=0, description="Minor units for each started hour")
    daily_maximum: Minor = Field(ge=0, description="Minor units; no stay costs more")

    @model_validator(mode="after")
    def _maximum_covers_an_hour(self) -> HourlyTariff:
        if self.daily_maximum < self.hourly_rate:
            raise ValueError("daily_maximum is below hourly_rate: the first hour would cost more than the maximum")
        return self


def hourly_fee(tariff: HourlyTariff, entered: Instant, leaves: Instant) -> Fee:
    """The fee of a stay, tax included, in minor units.

    A stay of no length, or one whose clock ran backwards, costs the first hour: the vehicle was here.
    """
    started_hours = max(1, -(-(leaves - entered) // HOUR))
    full = Minor(tariff.hourly_rate * started_hours)
    total = min(full, tariff.daily_maximum)
    rate, most = (written(sum_, tariff.currency) for sum_ in (tariff.hourly_rate, tariff.daily_maximum))
    lines = [Line(What.RATE, f"{started_hours} x 1 h at {rate}", full)]
    if total < full:
        lines.append(Line(What.CAP, f"At most {most}", Minor(total - full)))
    return Fee(Minor(total), tariff.currency, started_hours, capped=total < full, lines=tuple(lines))
