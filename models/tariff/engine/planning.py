"""Makes a tariff ready for one kind of stay."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from math import lcm
from typing import Any, TypeVar

from models.instants import SECOND
from models.money import exponent
from models.tariff.engine import words
from models.tariff.engine.ladders import each_unit, ladder, planned_rate
from models.tariff.engine.localtime import local_time
from models.tariff.engine.plan import DAY, ENDLESS, MONTH, WEEK, Kind, Layer, Plan, PlannedCap, UnresolvedHolidays
from models.tariff.engine.windows import Windows, apart
from models.tariff.language.parts import Whose
from models.tariff.language.rates import Cap, Rate
from models.tariff.language.stays import Factor, Free
from models.tariff.language.terms import Terms
from models.tariff.language.written import Days


def planned(terms: Terms, kind: Kind) -> Plan:
    """Raises UnresolvedHolidays."""
    days_apart = apart(named_days(terms), holiday_days(terms))
    time = local_time(terms.timezone)
    rates = fitting(terms.rates, kind)
    factors = _counted(terms, fitting(terms.factors, kind))
    shares = {id(rate): _share(rate, factors) for rate in rates}
    scale = _scale(terms, [(rate, terms.factor * shares[id(rate)]) for rate in rates], shares)
    unit = 10 ** exponent(terms.currency) * scale
    return Plan(
        terms=terms,
        time=time,
        apart=days_apart,
        scale=scale,
        minor=unit,
        rates=Layer(
            tuple(planned_rate(rate, terms, unit, shares[id(rate)]) for rate in rates),
            Windows(rates, time, days_apart, [how_particular(rate) for rate in rates]),
            pauses=any(rate.pauses for rate in rates),
        ),
        extras=tuple(
            Layer((planned_rate(extra, terms, unit),), Windows([extra], time, days_apart), extra.under_caps)
            for extra in fitting(terms.extras, kind)
        ),
        caps=_caps(terms, _most_particular(fitting(terms.caps, kind)), unit),
        specials=tuple(fitting(terms.specials, kind)),
        free=tuple(sorted(fitting(terms.free, kind), key=_how_particular_free, reverse=True)),
        factors=tuple(factor for factor in factors if not factor.rates),
        lost=max(fitting(terms.lost_ticket, kind), key=how_particular, default=None),
    )


def holiday_days(terms: Terms) -> frozenset[int]:
    """As ordinals. Raises UnresolvedHolidays."""
    calendar = terms.holidays
    if calendar is None:
        return frozenset()
    if calendar.country is not None:
        raise UnresolvedHolidays(f"which days are holidays in {calendar.country} isn't said in this tariff")
    also = _ordinals(calendar.also)
    return frozenset(also - _ordinals(calendar.except_))


def named_days(terms: Terms) -> Iterator[Days | None]:
    """All days that are named anywhere in the tariff."""
    for part in (*terms.rates, *terms.extras, *terms.caps, *terms.tax):
        yield part.days
    for part in (*terms.specials, *terms.free):
        yield part.arrive.days
    if terms.charging is not None and terms.charging.idle is not None:
        yield terms.charging.idle.days


def _ordinals(spans: Iterable[Any]) -> set[int]:
    return {day for span in spans for day in range(span.first.toordinal(), span.last.toordinal() + 1)}


_For = TypeVar("_For", bound=Whose)


def fits(part: Whose, kind: Kind) -> bool:
    """Whether it is for that kind of stay."""
    return (
        (not part.vehicles or kind.vehicle in part.vehicles)
        and (not part.spots or kind.spot in part.spots)
        and (not part.validations or not kind.codes.isdisjoint(part.validations))
    )


def fitting(parts: Sequence[_For], kind: Kind) -> list[_For]:
    return [part for part in parts if fits(part, kind)]


def how_particular(part: Whose) -> int:
    return 4 * bool(part.validations) + 2 * bool(part.spots) + bool(part.vehicles)


def _how_particular_free(free: Free) -> tuple[int, bool]:
    """Free minutes for who comes on a Saturday go over those for all."""
    return how_particular(free), not free.arrive.always


def _most_particular(caps: Sequence[Cap]) -> list[Cap]:
    """Of two caps for the same period, that for motorcycles only goes over that for all."""
    best: dict[int | str, int] = {}
    for cap in caps:
        always = not (cap.days or cap.dates or cap.season or cap.once or cap.first or cap.until or cap.rates)
        best[cap.per] = max(best.get(cap.per, 0), how_particular(cap) if always else 0)
    return [cap for cap in caps if how_particular(cap) >= best[cap.per]]


def _counted(terms: Terms, factors: list[Factor]) -> list[Factor]:
    if terms.factors_together == "multiply" or not factors:
        return factors
    return [min(factors, key=lambda factor: factor.percent)]


def _share(rate: Rate, factors: Sequence[Factor]) -> Decimal:
    """By what the prices of one rate are multiplied for this kind of stay."""
    found = Decimal(1)
    for factor in factors:
        if rate.name in factor.rates:
            found *= factor.percent / 100
    return found


def _scale(terms: Terms, rates: Sequence[tuple[Rate, Decimal]], shares: Mapping[int, Decimal]) -> int:
    """The least number of parts of a minor unit in which every price of the tariff is whole."""
    minor = 10 ** exponent(terms.currency)
    parts = [Fraction(price) * minor for price in _prices(terms)]
    parts += [Fraction(rate.cap * shares[id(rate)]) * minor for rate, _ in rates if rate.cap is not None]
    priced = [*rates, *((extra, Decimal(1)) for extra in terms.extras)]
    ladders = [ladder(rate, terms, factor) for rate, factor in priced]
    parts += [each_unit(step, price) * minor for steps in ladders for step, price in steps]
    return lcm(1, *(part.denominator for part in parts))


def _prices(terms: Terms) -> list[Decimal]:
    """All prices that are charged as they stand."""
    found = [price for cap in terms.caps for price in cap.ladder] + [special.price for special in terms.specials]
    found += [rate.cap for rate in (*terms.rates, *terms.extras) if rate.cap is not None]
    charging = terms.charging
    if charging is not None:
        found += [price for price in (charging.session,) if price is not None]
        found += [price for idle in [charging.idle] if idle for price in (idle.price, idle.cap) if price is not None]
    for lost in terms.lost_ticket:
        found += [price for price in (lost.charge, lost.plus) if isinstance(price, Decimal)]
    validations = terms.validations
    if validations is not None:
        offers = validations.offers.values()
        found += [price for each in offers for price in (each.amount, each.floor, each.price) if price is not None]
        found += [price for price in (validations.floor,) if price is not None]
    return [*found, *([] if terms.minimum is None else [terms.minimum.amount])]


def _caps(terms: Terms, caps: Sequence[Cap], unit: int) -> tuple[PlannedCap, ...]:
    """From the shortest period to the longest, so that a day's cap comes before a week's."""
    usual = {DAY: 86_400, WEEK: 604_800, MONTH: 31 * 86_400}
    found: list[PlannedCap] = []
    for cap in caps:
        seconds = cap.per if isinstance(cap.per, int) else usual.get(cap.per)
        limits = tuple((Fraction(amount) * unit).numerator for amount in cap.ladder)
        resets = cap.resets or terms.day_starts
        rolling = isinstance(cap.per, int)
        first = None if cap.first is None else cap.first * SECOND
        length = ENDLESS if seconds is None else seconds * SECOND
        said = tuple(words.cap(cap, words.major(amount, terms.currency)) for amount in cap.ladder)
        found.append(PlannedCap(cap, limits, said, length, rolling, resets, frozenset(cap.rates), first))
    return tuple(sorted(found, key=_shortest_first))


def _shortest_first(cap: PlannedCap) -> tuple[int, bool]:
    """A cap of which only a part counts is as short as that part."""
    part = cap.length - (cap.cap.until is not None)
    return (part if cap.first is None else cap.first), cap.rolling
