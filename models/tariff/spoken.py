"""A tariff in a few short lines, as they stand on a paper ticket or a price board."""

from __future__ import annotations

from decimal import Decimal

from models.money import exponent, written
from models.tariff.engine.ladders import ladder
from models.tariff.hourly import HourlyTariff
from models.tariff.language.rates import Cap, Rate, Tier
from models.tariff.language.terms import Terms
from models.tariff.language.written import At, Days, at_text, days_text, length_text

MOST_LINES = 12
"""What a paper ticket has room for"""


def spoken(tariff: HourlyTariff | Terms) -> tuple[str, ...]:
    """Its rates, what is free, and the caps."""
    if isinstance(tariff, HourlyTariff):
        price, most = (written(sum_, tariff.currency) for sum_ in (tariff.hourly_rate, tariff.daily_maximum))
        return f"{price} for each hour begun", f"At most {most}"
    lines = [f"First {length_text(free.first)} free" for free in tariff.free if not free.vehicles and not free.spots]
    for rate in tariff.rates:
        lines.append(spoken_rate(rate, tariff))
    lines += [_cap(cap, tariff) for cap in tariff.caps]
    lines += [f"{special.name}: {money(special.price, tariff)}" for special in tariff.specials]
    return tuple(lines[: MOST_LINES - 1]) + (("and more: see the price board",) if len(lines) >= MOST_LINES else ())


def money(amount: Decimal, tariff: Terms) -> str:
    """`2.50 EUR`; a price finer than the smallest coin keeps its decimal places."""
    places = max(exponent(tariff.currency), -int(amount.normalize().as_tuple().exponent))
    return f"{amount:.{places}f} {tariff.currency}"


def spoken_rate(rate: Rate, tariff: Terms) -> str:
    """With the times at which it holds."""
    when = times(rate.days, rate.from_, rate.to)
    name = rate.name or ("Parking" if not when else "")
    head = " ".join(filter(None, (name, when)))
    whose = f" ({', '.join((*rate.vehicles, *rate.spots)).lower()})" if rate.vehicles or rate.spots else ""
    steps = ladder(rate, tariff, tariff.factor)
    prices = [_tier(tier, Decimal(price.numerator) / price.denominator, tariff) for tier, price in steps]
    cap = [] if rate.cap is None else [f"at most {money(rate.cap, tariff)}"]
    return f"{head}{whose}: {', '.join([*prices, *cap])}"


def _tier(tier: Tier, price: Decimal, tariff: Terms) -> str:
    if not price and tier.total is None:
        said = "free"
    elif tier.total is not None:
        said = money(tier.total, tariff)
    else:
        said = money(price, tariff)
    if isinstance(tier.per, int):
        said = f"{said} for each {length_text(tier.per)}"
    elif tier.per == "day":
        said = f"{said} a day"
    if tier.up_to is not None:
        return f"up to {length_text(tier.up_to)} {said}"
    return f"next {length_text(tier.next)} {said}" if tier.next is not None else said


def _cap(cap: Cap, tariff: Terms) -> str:
    period = f"for {length_text(cap.per)}" if isinstance(cap.per, int) else f"for a {cap.per}"
    when = f" ({days_text(cap.days)})" if cap.days is not None else ""
    return f"At most {money(cap.ladder[0], tariff)} {period}{when}"


def times(days: Days | None, begin: At | None, end: At | None) -> str:
    """`mon-fri 08:00-18:00`."""
    clock = "" if begin is None and end is None else f"{at_text(begin or At(0))}-{at_text(end or At(1440))}"
    return " ".join(filter(None, ("" if days is None else days_text(days), clock)))
