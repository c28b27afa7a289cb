"""A tariff made ready for one kind of vehicle on one type of spot: whole numbers instead of words."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from models.spots import SpotType, VehicleType
from models.tariff.engine.localtime import LocalTime
from models.tariff.engine.windows import ApartDays, Windows
from models.tariff.language.rates import Cap
from models.tariff.language.stays import Factor, Free, Lost, Special
from models.tariff.language.terms import Terms
from models.tariff.language.written import At

ENDLESS = 1 << 62
"""Microseconds: longer than any stay."""
DAY, WEEK, MONTH, STAY = "day", "week", "month", "stay"


class UnresolvedHolidays(ValueError):
    """The tariff names a country's holidays; which days those are has to be said first."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a ladder. Lengths in microseconds, prices in the plan's own small unit."""

    ends: int
    """Of the time on the ladder"""
    unit: int | None
    """None: the price is for the whole step"""
    each_day: bool
    """The unit is the calendar day"""
    price: int
    words: str
    """What stands after the number of units on the bill"""


@dataclass(frozen=True, slots=True)
class Again:
    """When a ladder starts again: with each window, with each day, after a length (microseconds; 0: none)."""

    window: bool
    day: bool
    length: int


@dataclass(frozen=True, slots=True)
class PlannedRate:
    name: str
    steps: tuple[Step, ...]
    again: Again
    """When the ladder starts again"""
    cap: int | None
    cap_words: str = ""
    holds: int | At | None = None
    """Where the time of arrival decides: for how long (microseconds), or until when; None: for the whole stay"""
    pauses: bool = False
    once: bool = False
    """Its flat price is for the whole stay"""
    at: At | None = None
    """Charged each time that the clock shows this"""


@dataclass(frozen=True, slots=True)
class Layer:
    """What is charged side by side: the rates, and each extra by itself."""

    rates: tuple[PlannedRate, ...]
    windows: Windows
    under_caps: bool = True
    pauses: bool = False
    """Whether some rate makes the ladders stand still"""


@dataclass(frozen=True, slots=True)
class PlannedCap:
    cap: Cap
    limits: tuple[int, ...]
    words: tuple[str, ...]
    """What the bill says of each limit"""
    length: int
    """Microseconds of a rolling period; of one of the calendar, as long as it usually is"""
    rolling: bool
    resets: At
    rates: frozenset[str]
    first: int | None
    """Microseconds: only what begins so soon in a period"""


class Kind(NamedTuple):
    """Whose stay it is, as far as a tariff asks: `codes` are the validations with rates of their own."""

    vehicle: VehicleType
    spot: SpotType | None
    codes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Plan:
    terms: Terms
    time: LocalTime
    scale: int
    """So many of the plan's small units are one minor unit"""
    minor: int
    """So many of them are one major unit"""
    rates: Layer
    extras: tuple[Layer, ...]
    caps: tuple[PlannedCap, ...]
    specials: tuple[Special, ...]
    free: tuple[Free, ...]
    factors: tuple[Factor, ...]
    lost: Lost | None
    apart: ApartDays

    def scaled(self, amount: Decimal | Fraction) -> int:
        """Major units in the plan's small units."""
        exact = Fraction(amount) * self.minor
        if exact.denominator != 1:
            raise ValueError(f"{amount} isn't a whole number of 1/{self.scale} of the smallest coin")
        return exact.numerator
