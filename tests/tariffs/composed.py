"""Tariffs put together at random from the parts of the language, as they would be written, and stays to charge."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import assume
from hypothesis import strategies as st

from models.instants import SECOND, Instant, from_datetime
from models.spots import SpotType, VehicleType
from models.tariff import Stay, Terms
from models.tariff.checks import disagreements
from models.tariff.language.written import WEEKDAYS

Written = dict[str, Any]
"""A tariff, or a part of one, as YAML has it"""

MINUTE = 60 * SECOND
HOUR, DAY, WEEK = 60, 24 * 60, 7 * 24 * 60
"""In minutes"""
CHANGING = ("Europe/Berlin", "America/Chicago", "Europe/London", "Australia/Lord_Howe")
"""Their clocks change twice a year; those of Lord Howe by half an hour"""
STEADY = ("Asia/Tokyo", "Asia/Kolkata", "UTC")
CHANGES = ("2027-03-14", "2027-03-28", "2027-04-04", "2027-10-03", "2027-10-31", "2027-11-07")
HOLIDAYS = ["2027-03-29", "2027-06-09", "2027-11-01", "2027-12-24 to 2027-12-26"]
NAMES = ("A", "B", "C", "D", "E", "F")

zones = st.sampled_from(CHANGING + STEADY)
vehicles, spots = st.sampled_from(VehicleType), st.sampled_from([None, *SpotType])
coins = st.integers(0, 2000).map(lambda cents: f"{cents // 100}.{cents % 100:02d}")
fine_prices = st.one_of(coins, st.integers(0, 99_999).map(lambda parts: f"{Decimal(parts) / 10_000:f}"))
unit_minutes = st.sampled_from([1, 1, 5, 7, 10, 15, 20, 30, 60, 60, 90, 120, 1440])
clock_minutes = st.one_of(st.integers(0, 95).map(lambda quarter: quarter * 15), st.integers(0, DAY - 1))


def length(minutes: int) -> str:
    return f"{minutes} min"


def clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def week_clock(minute: int) -> str:
    return f"{WEEKDAYS[minute // DAY]} {clock(minute % DAY)}"


@st.composite
def unit_prices(draw: st.DrawFn, prices: st.SearchStrategy[str] = coins) -> Written:
    """`price` for each `per`, perhaps in parts."""
    per = draw(unit_minutes)
    said: Written = {"price": draw(prices), "per": length(per)}
    parts = [part for part in (1, 5, 30) if part < per and per % part == 0]
    if parts and draw(st.booleans()):
        said["in_steps_of"] = length(draw(st.sampled_from(parts)))
    return said


@st.composite
def ladders(draw: st.DrawFn, prices: st.SearchStrategy[str] = coins, *, tables: bool = False) -> Written:
    """`tiers`, the last of them without end; `tables`: some of them as totals, which may fall."""
    ends = sorted(
        draw(st.sets(st.sampled_from([10, 30, 45, 60, 90, 120, 180, 240, 600, 1440]), min_size=1, max_size=3))
    )
    total = tables and draw(st.booleans())
    tiers: list[Written] = []
    for end in ends:
        step = {"total": draw(coins)} if total else draw(st.one_of(st.builds(dict, price=prices), unit_prices(prices)))
        tiers.append({"up_to": length(end), **step})
    return {"tiers": [*tiers, draw(unit_prices(prices))]}


@st.composite
def priced(draw: st.DrawFn, prices: st.SearchStrategy[str] = coins, *, tables: bool = False) -> Written:
    """What a rate costs: for each unit, flat, or by a ladder."""
    kind = draw(st.sampled_from(["unit", "unit", "flat", "ladder", "ladder"]))
    if kind == "unit":
        return draw(unit_prices(prices))
    if kind == "flat":
        return {"price": draw(coins)}
    said = draw(ladders(prices, tables=tables))
    again = draw(st.sampled_from([None, "never", "each window", "each day", "24 h", "30 h"]))
    return said if again is None else {**said, "starts_again": again}


@st.composite
def windows(draw: st.DrawFn) -> list[Written]:
    """Windows that together are the whole week, each moment in one of them."""
    kind = draw(st.sampled_from(["always", "day", "day", "week", "weekdays"]))
    if kind == "always":
        return [{}]
    if kind == "weekdays":
        first = draw(st.sets(st.sampled_from(WEEKDAYS), min_size=1, max_size=6))
        return [{"days": sorted(first)}, {"days": sorted(set(WEEKDAYS) - first)}]
    whole, said = (DAY, clock) if kind == "day" else (WEEK, week_clock)
    minutes = clock_minutes if kind == "day" else st.integers(0, WEEK - 1)
    edges = sorted(draw(st.sets(minutes, min_size=2, max_size=4)))
    assume(all(0 < edge < whole for edge in edges[1:]))
    return [{"from": said(begin), "to": said(end)} for begin, end in zip(edges, [*edges[1:], edges[0]], strict=True)]


@st.composite
def rates(draw: st.DrawFn, prices: st.SearchStrategy[str] = coins, *, tables: bool = False) -> list[Written]:
    found: list[Written] = []
    for name, window in zip(NAMES, draw(windows()), strict=False):
        rate = {"name": name, **window, **draw(priced(prices, tables=tables))}
        if draw(st.integers(0, 3)) == 0:
            rate["cap"] = f"{dearest(rate) * draw(st.integers(1, 30)) + draw(st.integers(0, 30))}"
        found.append(rate)
    return found


def dearest(rate: Written) -> Decimal:
    """More than a cap may be below."""
    tiers: list[Written] = rate.get("tiers", [rate])
    return max(Decimal(tier.get("price") or tier["total"]) for tier in tiers).quantize(Decimal("0.01"), "ROUND_UP")


@st.composite
def caps(draw: st.DrawFn, least: Decimal, *, months: bool = True) -> list[Written]:
    """Of periods that grow, with amounts that grow."""
    periods = ["1 h", "6 h", "12 h", "day", "24 h", "week", "7 days", *(["month"] if months else []), "stay"]
    # Often none, and often high: a low one hides what lies above it.
    several = draw(st.sampled_from([0, 0, 1, 1, 2, 3]))
    chosen = draw(st.sets(st.sampled_from(periods), min_size=several, max_size=several))
    amount, found = least, list[Written]()
    for period in [each for each in periods if each in chosen]:
        amount += draw(st.integers(0, 40)) * draw(st.sampled_from([1, 10, 100]))
        cap: Written = {"amount": f"{amount}", "per": period}
        if period in ("day", "week", "month") and draw(st.booleans()):
            cap["resets"] = clock(draw(clock_minutes))
            if period == "week" and draw(st.booleans()):
                cap["resets"] = week_clock(draw(st.integers(0, WEEK - 1)))
        found.append(cap)
    return found


@st.composite
def skeletons(
    draw: st.DrawFn,
    prices: st.SearchStrategy[str] = coins,
    *,
    zone: st.SearchStrategy[str] = zones,
    tables: bool = False,
    months: bool = True,
) -> Written:
    """Rates, caps, and how units are counted: nothing else."""
    found = draw(rates(prices, tables=tables))
    return {
        "currency": "EUR",
        "timezone": draw(zone),
        "rates": found,
        "caps": draw(caps(max(dearest(rate) for rate in found), months=months)),
        "edges": draw(st.sampled_from(["cut", "cut", "run on"])),
        "units": draw(st.sampled_from(["begun", "begun", "completed"])),
    }


@st.composite
def arrivals(draw: st.DrawFn) -> Written:
    kind = draw(st.sampled_from(["always", "clock", "days"]))
    if kind == "always":
        return {}
    if kind == "days":
        return {"days": draw(st.sampled_from(["mon-fri", "sat, sun", "wed"]))}
    return {"from": clock(draw(clock_minutes)), "to": clock(draw(clock_minutes))}


@st.composite
def specials(draw: st.DrawFn, *, rising: bool) -> Written:
    """`rising`: none that a stay can grow into cheaper, or out of."""
    said: Written = {"name": "Special", "price": draw(coins), "arrive": draw(arrivals())}
    charge = draw(st.sampled_from(["if cheaper", "if cheaper", "instead", "on top"]))
    end = draw(st.sampled_from(["none", "leave", "pays_until", "pays_for"]))
    if rising and charge != "if cheaper" and end == "leave":
        end = "none"
    if end == "leave":
        said["leave"] = {"by": clock(draw(clock_minutes))}
        if not rising and draw(st.booleans()):
            said["leave"]["after"] = clock(draw(clock_minutes))
    elif end == "pays_until":
        said["pays_until"] = clock(draw(clock_minutes))
    elif end == "pays_for":
        said["pays_for"] = length(draw(st.integers(1, 2 * DAY)))
    bound = draw(st.sampled_from(["none", "none", "at_least", "at_most"]))
    if bound != "none" and (not rising or (charge, bound) in (("if cheaper", "at_most"), ("on top", "at_least"))):
        said[bound] = length(draw(st.integers(1, 2 * DAY)))
    return {**said, "charge": charge}


@st.composite
def extras(draw: st.DrawFn) -> Written:
    said = draw(priced())
    window = draw(
        st.sampled_from([{}, {"from": "17:00", "to": "03:00"}, {"days": "sat, sun"}, {"dates": "2027-03-28"}])
    )
    return {"name": "Event", **window, **said, "under_caps": draw(st.booleans())}


@st.composite
def everything(
    draw: st.DrawFn,
    *,
    rising: bool = False,
    weekly: bool = False,
    zone: st.SearchStrategy[str] = zones,
) -> Written:
    """A tariff with some of all there is. `rising`: without what can make a longer stay cheaper; `weekly`: without
    what isn't the same each week."""
    said = draw(skeletons(fine_prices, zone=zone, tables=not rising, months=not weekly))

    def perhaps(key: str, value: st.SearchStrategy[Any]) -> None:
        if draw(st.integers(0, 3)) == 0:
            said[key] = draw(value)

    extra = extras() if not weekly else extras().filter(lambda each: "dates" not in each)
    perhaps("extras", st.lists(extra, min_size=1, max_size=2).map(_named_apart))
    perhaps("free", st.builds(_free, st.integers(1, 120), st.booleans(), arrivals()))
    perhaps("specials", st.lists(specials(rising=rising), min_size=1, max_size=2))
    perhaps("grace", st.builds(_grace, st.integers(0, 30), st.integers(0, 15)))
    perhaps("minimum", coins)
    perhaps("factors", st.builds(_factor, st.integers(0, 250)))
    perhaps("tax", st.lists(st.integers(0, 2500).map(_tax), min_size=1, max_size=2))
    perhaps("prices", st.sampled_from(["include tax", "exclude tax"]))
    perhaps("rounding", st.builds(_rounding, st.sampled_from([None, "0.05", "0.10", "0.50", "1"]), _hows))
    perhaps("by_arrival", st.booleans())
    perhaps("whole_minutes", st.booleans())
    perhaps("day_starts", clock_minutes.map(clock))
    perhaps("validations", st.builds(_validations, coins, st.integers(0, 100), st.integers(1, 180), coins))
    perhaps("charging", st.builds(_charging, fine_prices, coins, _parking))
    if not weekly:
        perhaps("holidays", st.just(HOLIDAYS))
        if "holidays" in said:
            said["rates"].append({"name": "Holidays", "days": "holidays", **draw(unit_prices())})
    return said


def _named_apart(found: list[Written]) -> list[Written]:
    return [{**extra, "name": f"Event {place}"} for place, extra in enumerate(found)]


def _free(minutes: int, lost: bool, arrive: Written) -> Written:
    return {"first": length(minutes), "lost": lost, "arrive": arrive}


def _grace(entry: int, unit: int) -> Written:
    return {key: length(minutes) for key, minutes in (("entry", entry), ("unit", unit)) if minutes}


def _factor(percent: int) -> list[Written]:
    return [{"name": "Share", "percent": f"{percent} %"}]


def _tax(hundredths: int) -> Written:
    return {"percent": f"{Decimal(hundredths) / 100:f} %"}


def _rounding(to: str | None, how: str) -> Written:
    return {"how": how} if to is None else {"to": to, "how": how}


_parking = st.sampled_from(["as usual", "free while charging", "free"])
_hows = st.sampled_from(["nearest", "up", "down", "nearest even"])


def _validations(amount: str, percent: int, minutes: int, floor: str) -> Written:
    offers = {"A": {"amount": amount}, "P": {"percent": f"{percent} %", "floor": floor}, "T": {"time": length(minutes)}}
    return {"offers": offers}


def _charging(per_kwh: str, session: str, parking: str) -> Written:
    idle = {"price": "0.10", "per": "1 min", "after": "15 min", "from": "08:00", "to": "22:00", "cap": "12.00"}
    return {"per_kwh": per_kwh, "session": session, "parking": parking, "idle": idle}


def whole(said: Written) -> Terms:
    """The terms, where nothing in them disagrees."""
    terms = Terms.model_validate(said)
    assume(not any(True for _ in disagreements(terms)))
    return terms


@st.composite
def entries(draw: st.DrawFn, zone: str, *, on_the_minute: bool = False) -> Instant:
    """Some time of 2027, often shortly before the clocks change."""
    if draw(st.booleans()):
        night = dt.datetime.fromisoformat(draw(st.sampled_from(CHANGES))).replace(tzinfo=ZoneInfo(zone))
        begin, span = from_datetime(night) - DAY * MINUTE, 2 * DAY
    else:
        begin, span = from_datetime(dt.datetime(2027, 1, 1, tzinfo=ZoneInfo(zone))), 365 * DAY
    minute = draw(st.integers(0, span))
    return Instant(begin + minute * MINUTE + (0 if on_the_minute else draw(st.integers(0, 59)) * SECOND))


minutes_long = st.one_of(
    st.integers(0, 3 * HOUR),
    st.integers(4 * HOUR, 40 * HOUR),
    st.integers(12 * HOUR, 60 * HOUR),
    st.sampled_from([30, 60, 120, 180, 24 * HOUR, 25 * HOUR, 48 * HOUR, WEEK]),
    st.integers(0, 9 * DAY),
)
seconds_long = st.builds(lambda minutes, after: max(minutes * 60 + after, 0), minutes_long, st.integers(-2, 59))


@st.composite
def stays(draw: st.DrawFn, terms: Terms, entered: Instant) -> Stay:
    codes = draw(st.sets(st.sampled_from(["A", "P", "T"]))) if terms.validations is not None else set[str]()
    charged = draw(st.one_of(st.none(), st.integers(0, 5 * HOUR)))
    return Stay(
        vehicle=draw(vehicles),
        spot=draw(spots),
        validations=tuple(sorted(codes)),
        energy=draw(st.integers(0, 60_000)),
        charged_until=None if charged is None else Instant(entered + charged * MINUTE),
    )
