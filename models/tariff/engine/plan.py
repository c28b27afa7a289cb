"""A tariff made ready for one kind of vehicle on one type of spot: whole numbers instead of words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from math import lcm
from typing import Any, NamedTuple, TypeVar

from models.instants import SECOND
from models.money import exponent
from models.spots import SpotType, VehicleType
from models.tariff.engine import words
from models.tariff.engine.localtime import LocalTime, local_time
from models.tariff.engine.windows import ApartDays, Windows, apart
from models.tariff.language.parts import Whose
from models.tariff.language.rates import Cap, Extra, Rate, Tier
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
    holidays: frozenset[int]
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
    caps_apart: ApartDays
    arrivals_apart: ApartDays
    taxes_apart: ApartDays

    def scaled(self, amount: Decimal | Fraction) -> int:
        """Major units in the plan's small units."""
        exact = Fraction(amount) * self.minor
        if exact.denominator != 1:
            raise ValueError(f"{amount} isn't a whole number of 1/{self.scale} of the smallest coin")
        return exact.numerator


def planned(terms: Terms, kind: Kind) -> Plan:
    """Raises UnresolvedHolidays."""
    holidays = holiday_days(terms)
    time = local_time(terms.timezone)
    scale = _scale(terms)
    rates = _fitting(terms.rates, kind)
    unit = 10 ** exponent(terms.currency) * scale
    return Plan(
        terms=terms,
        time=time,
        holidays=holidays,
        scale=scale,
        minor=unit,
        rates=Layer(
            tuple(_rate(rate, terms, unit) for rate in rates),
            Windows(rates, time, holidays, [how_particular(rate) for rate in rates]),
            pauses=any(rate.pauses for rate in rates),
        ),
        extras=tuple(
            Layer((_rate(extra, terms, unit, Decimal(1)),), Windows([extra], time, holidays), extra.under_caps)
            for extra in _fitting(terms.extras, kind)
        ),
        caps=_caps(terms, _most_particular(_fitting(terms.caps, kind)), unit),
        specials=tuple(_fitting(terms.specials, kind)),
        free=tuple(sorted(_fitting(terms.free, kind), key=_how_particular_free, reverse=True)),
        factors=tuple(_fitting(terms.factors, kind)),
        lost=max(_fitting(terms.lost_ticket, kind), key=how_particular, default=None),
        caps_apart=apart((cap.days for cap in terms.caps), holidays),
        taxes_apart=apart((tax.days for tax in terms.tax), holidays),
        arrivals_apart=apart((each.arrive.days for each in (*terms.specials, *terms.free)), holidays),
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


def _ordinals(spans: Iterable[Any]) -> set[int]:
    return {day for span in spans for day in range(span.first.toordinal(), span.last.toordinal() + 1)}


_For = TypeVar("_For", bound=Whose)


def _fitting(parts: Sequence[_For], kind: Kind) -> list[_For]:
    return [
        part
        for part in parts
        if (not part.vehicles or kind.vehicle in part.vehicles)
        and (not part.spots or kind.spot in part.spots)
        and (not part.validations or not kind.codes.isdisjoint(part.validations))
    ]


def how_particular(part: Whose) -> int:
    return 4 * bool(part.validations) + 2 * bool(part.spots) + bool(part.vehicles)


def _how_particular_free(free: Free) -> tuple[int, bool]:
    """Free minutes for who comes on a Saturday go over those for all."""
    return how_particular(free), not free.arrive.always


def _most_particular(caps: Sequence[Cap]) -> list[Cap]:
    """Of two caps for the same period, that for motorcycles only goes over that for all."""
    best: dict[int | str, int] = {}
    for cap in caps:
        best[cap.per] = max(best.get(cap.per, 0), how_particular(cap))
    return [cap for cap in caps if how_particular(cap) == best[cap.per]]


def _scale(terms: Terms) -> int:
    """The least number of parts of a minor unit in which every price of the tariff is whole."""
    minor = 10 ** exponent(terms.currency)
    parts = [Fraction(price) * minor for price in _prices(terms)]
    ladders = [ladder(rate, terms, factor) for rate, factor in _priced(terms)]
    parts += [_each(step, price) * minor for steps in ladders for step, price in steps]
    return lcm(1, *(part.denominator for part in parts))


def _priced(terms: Terms) -> list[tuple[Rate, Decimal]]:
    return [*((rate, terms.factor) for rate in terms.rates), *((extra, Decimal(1)) for extra in terms.extras)]


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


def ladder(rate: Rate, terms: Terms, factor: Decimal) -> list[tuple[Tier, Fraction]]:
    """The steps of a rate, each with its price in major units; `factor` leaves whole minor units whole, so that what
    the sign shows is what is charged."""
    tiers = rate.tiers or (Tier.model_construct(price=rate.price, in_steps_of=rate.in_steps_of, per=_per(rate)),)
    minor = Decimal(1).scaleb(-exponent(terms.currency))
    priced: list[tuple[Tier, Fraction]] = []
    before = Fraction(0)
    begun = 0
    for tier in tiers:
        ends = _ends(tier, begun)
        if tier.total is not None:
            whole = Fraction(_multiplied(tier.total, factor, minor))
            priced.append((tier, whole - before))
            before = whole
        else:
            price = Fraction(_multiplied(tier.price or Decimal(0), factor, minor))
            priced.append((tier, price))
            before += price * _units(tier, begun, ends)
        begun = ends
    return priced


def _per(rate: Rate) -> int | str | None:
    return rate.per if isinstance(rate.per, int) or rate.per == DAY else None


def _multiplied(price: Decimal, factor: Decimal, minor: Decimal) -> Decimal:
    """A price finer than the smallest coin keeps its decimal places."""
    if factor == 1:
        return price
    places = min(minor, Decimal(1).scaleb(int(price.as_tuple().exponent)))
    return (price * factor).quantize(places, ROUND_HALF_UP)


def _ends(tier: Tier, begun: int) -> int:
    if tier.up_to is not None:
        return tier.up_to * SECOND
    return ENDLESS if tier.next is None else begun + tier.next * SECOND


def _units(tier: Tier, begun: int, ends: int) -> Fraction | int:
    """How many units of its price a whole step holds; of one without end, it doesn't matter."""
    if not isinstance(tier.per, int) or ends == ENDLESS:
        return 1
    return Fraction(-(-(ends - begun) // _unit(tier)) * _unit(tier), tier.per * SECOND)


def _unit(tier: Tier) -> int:
    assert isinstance(tier.per, int)
    return (tier.in_steps_of or tier.per) * SECOND


def _each(tier: Tier, price: Fraction) -> Fraction:
    """The price of one unit that is charged."""
    if tier.in_steps_of is None or not isinstance(tier.per, int):
        return price
    return price * tier.in_steps_of / tier.per


def _rate(rate: Rate, terms: Terms, unit: int, factor: Decimal | None = None) -> PlannedRate:
    steps: list[Step] = []
    begun = 0
    for tier, price in ladder(rate, terms, terms.factor if factor is None else factor):
        ends = _ends(tier, begun)
        each = _each(tier, price) * unit
        steps.append(
            Step(
                ends=ends,
                unit=_unit(tier) if isinstance(tier.per, int) else None,
                each_day=tier.per == DAY,
                price=each.numerator,
                words=_words(tier, price),
            )
        )
        begun = ends
    holds = None if rate.holds_for is None else rate.holds_for * SECOND
    return PlannedRate(
        name=rate.name or "Parking",
        steps=tuple(steps),
        again=_again(rate),
        cap=_whole(rate.cap, unit),
        cap_words="" if rate.cap is None else words.window_cap(rate.name, words.major(rate.cap, terms.currency)),
        holds=holds or rate.holds_until,
        pauses=rate.pauses,
        at=rate.at if isinstance(rate, Extra) else None,
    )


def _words(tier: Tier, price: Fraction) -> str:
    shown = Decimal(price.numerator) / price.denominator
    return words.unit(_unit(tier) // SECOND, tier.per, shown) if isinstance(tier.per, int) else f" x {shown}"


def _whole(amount: Decimal | None, unit: int) -> int | None:
    return None if amount is None else (Fraction(amount) * unit).numerator


def _again(rate: Rate) -> Again:
    said = rate.starts_again
    timed = rate.from_ is not None or rate.to is not None
    lengths = [each for each in said if isinstance(each, int)]
    return Again(
        window="each window" in said if said else timed,
        day="each day" in said,
        length=min(lengths, default=0) * SECOND,
    )


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
