"""A tariff in a few short lines, as they stand on a paper ticket or a price board."""

from __future__ import annotations

from decimal import Decimal

from models.money import exponent, written
from models.tariff.engine.ladders import ladder
from models.tariff.hourly import HourlyTariff
from models.tariff.language.parts import Times, Whose
from models.tariff.language.rates import Cap, Extra, Rate, Tier
from models.tariff.language.stays import Free, Special
from models.tariff.language.terms import Terms
from models.tariff.language.written import At, Days, at_text, date_spans_text, days_text, length_text, season_text

_MOST_DATES = 2
MOST_LINES = 12
"""What a paper ticket has room for"""


def spoken(tariff: HourlyTariff | Terms) -> tuple[str, ...]:
    """Its rates, what is free, and the caps."""
    if isinstance(tariff, HourlyTariff):
        price, most = (written(sum_, tariff.currency) for sum_ in (tariff.hourly_rate, tariff.daily_maximum))
        return f"{price} for each hour begun", f"At most {most}"
    lines = [_free(free) for free in tariff.free]
    lines += [spoken_rate(rate, tariff) for rate in tariff.rates]
    lines += [f"On top: {spoken_rate(extra, tariff)}" for extra in tariff.extras]
    lines += [_cap(cap, tariff) for cap in tariff.caps]
    lines += [_special(special, tariff) for special in tariff.specials]
    lines += [f"{factor.name}: {factor.percent} % of the price{_only(factor)}" for factor in tariff.factors]
    if tariff.prices == "exclude tax":
        lines += [f"Plus {tax.percent} % {tax.name}" for tax in tariff.tax]
    if tariff.dynamic is not None:
        lines.append("The price moves: the sign says it")
    return tuple(lines[: MOST_LINES - 1]) + (("and more: see the price board",) if len(lines) >= MOST_LINES else ())


def money(amount: Decimal, tariff: Terms) -> str:
    """`2.50 EUR`; a price finer than the smallest coin keeps its decimal places."""
    places = max(exponent(tariff.currency), -int(amount.normalize().as_tuple().exponent))
    return f"{amount:.{places}f} {tariff.currency}"


def spoken_rate(rate: Rate, tariff: Terms) -> str:
    """With the times at which it holds."""
    when = _when(rate)
    if isinstance(rate, Extra) and rate.at is not None:
        when = f"{when} at {at_text(rate.at)}".strip()
    name = rate.name or ("Parking" if not when else "")
    head = " ".join(filter(None, (name, when)))
    whose = _only(rate)
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
    begins = "" if cap.resets is None else f" from {at_text(cap.resets)}"
    first, *more = (money(amount, tariff) for amount in cap.ladder)
    name = f"{cap.name}: at" if cap.name else "At"
    also = [
        *([f"of {' and '.join(cap.rates)}"] if cap.rates else []),
        *([f"its first {length_text(cap.first)}"] if cap.first else []),
        *(["once"] if cap.once else []),
    ]
    return f"{name} most {', then '.join([first, *more])} {period}{begins}{_only(cap, _on_days(cap), *also)}"


def _special(special: Special, tariff: Terms) -> str:
    said: list[str] = []
    come = _when(special.arrive)
    if special.arrive.before is not None:
        come = f"{come} before {at_text(special.arrive.before)}".strip()
    if come:
        said.append(f"in {come}")
    if special.leave is not None:
        after = "" if special.leave.after is None else f"{at_text(special.leave.after)}-"
        said.append(f"out {after or 'by '}{at_text(special.leave.end)}")
    if special.at_least is not None:
        said.append(f"at least {length_text(special.at_least)}")
    if special.at_most is not None:
        said.append(f"at most {length_text(special.at_most)}")
    if special.pays_until is not None:
        said.append(f"until {at_text(special.pays_until)}")
    if special.pays_for is not None:
        said.append(f"for {length_text(special.pays_for)}")
    on_top = "on top " if special.charge == "on top" else ""
    return f"{special.name}{_only(special, *said)}: {on_top}{money(special.price, tariff)}"


def _free(free: Free) -> str:
    lost = ["for no longer stays"] if free.lost else []
    return f"First {length_text(free.first)} free{_only(free, _when(free.arrive), *lost)}"


def _only(part: Whose, *conditions: str) -> str:
    """` (mon-fri; motorcycle)`: whom it is for, and when; nothing where it is for all."""
    whose = [each.lower() for each in (*part.vehicles, *part.spots)]
    said = [
        each for each in (*conditions, ", ".join(whose), ", ".join(f"with {code}" for code in part.validations)) if each
    ]
    return f" ({'; '.join(said)})" if said else ""


def _when(part: Times) -> str:
    return " ".join(filter(None, (_on_days(part), times(None, part.from_, part.to))))


def _on_days(part: Times | Cap) -> str:
    """`2027-06-05 mon-fri 05-01 to 09-30`; of many dates, the first two."""
    dates = date_spans_text(part.dates or ())
    shown = [*dates[:_MOST_DATES], *(["..."] if len(dates) > _MOST_DATES else [])]
    season = "" if part.season is None else season_text(part.season)
    return " ".join(filter(None, (", ".join(shown), "" if part.days is None else days_text(part.days), season)))


def times(days: Days | None, begin: At | None, end: At | None) -> str:
    """`mon-fri 08:00-18:00`."""
    clock = "" if begin is None and end is None else f"{at_text(begin or At(0))}-{at_text(end or At(1440))}"
    return " ".join(filter(None, ("" if days is None else days_text(days), clock)))
