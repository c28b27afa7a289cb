"""The price of a tariff in one short line, as a driver reads it from the car: what the time costs who comes now."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from models.instants import Instant
from models.money import written
from models.spots import VehicleType
from models.tariff.engine.charged import plan_of
from models.tariff.engine.ladders import ladder
from models.tariff.engine.plan import Kind, UnresolvedHolidays
from models.tariff.engine.planning import fitting
from models.tariff.hourly import HourlyTariff
from models.tariff.language.rates import Rate, Tier
from models.tariff.language.terms import Terms
from models.tariff.language.written import length_text
from models.tariff.spoken import money, spoken_rate

_HOUR, _MINUTE = 3600, 60


def headline(tariff: HourlyTariff | Terms, now: Instant | None, vehicle: VehicleType = VehicleType.REGULAR) -> str:
    """`2.60 EUR for each hour begun`: the first step of the rate that holds at `now`. None: nobody knows what time it
    is; where the rate depends on that, the first one is said with its times."""
    if isinstance(tariff, HourlyTariff):
        return f"{written(tariff.hourly_rate, tariff.currency)} for each hour begun"
    rate = _in_force(tariff, now, vehicle)
    return spoken_rate(tariff.rates[0], tariff) if rate is None else _said(rate, tariff)


def _in_force(terms: Terms, now: Instant | None, vehicle: VehicleType) -> Rate | None:
    rates = fitting(terms.rates, Kind(vehicle, None))
    if len(rates) == 1:
        return rates[0]
    if now is None or not rates:
        return None
    try:
        held = plan_of(terms, Kind(vehicle, None)).rates.windows.held(now, Instant(now + 1))
    except UnresolvedHolidays:
        return None
    return rates[held.window] if held.window >= 0 else None


def _said(rate: Rate, terms: Terms) -> str:
    (tier, price), *more = ladder(rate, terms, terms.factor)
    if price or not more:
        return _for(tier, price, terms)
    return f"{_until(tier)} free, then {_for(*more[0], terms)}"


def _until(tier: Tier) -> str:
    length = tier.up_to or tier.next
    return "At first" if length is None else f"First {length_text(length)}"


def _for(tier: Tier, price: Fraction, terms: Terms) -> str:
    amount = money(Decimal(price.numerator) / price.denominator, terms)
    if not price:
        return "Free"
    if tier.per == "day":
        return f"{amount} a day"
    if tier.per == _HOUR:
        begun = terms.units == "begun" and tier.in_steps_of is None
        return f"{amount} for each hour begun" if begun else f"{amount} an hour"
    if isinstance(tier.per, int):
        return f"{amount} a minute" if tier.per == _MINUTE else f"{amount} for each {length_text(tier.per)}"
    length = tier.up_to or tier.next
    if length is None:
        return amount
    return f"{amount} for the first {'hour' if length == _HOUR else length_text(length)}"
