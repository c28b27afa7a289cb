"""What a stay costs, minute by minute, written down from what the language means and not from the engine.

For tariffs of rates with windows and ladders under caps, whose lengths are whole minutes, and stays that begin and end
on a whole minute. No zone conversions are kept, no units counted at once, no periods worked out ahead: slow, and plain.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from models.instants import Instant, to_datetime
from models.tariff.language.written import WEEKDAYS
from tests.tariffs.composed import DAY, MINUTE, WEEK, Written

_HOURS_OF = {"1 h": 1, "6 h": 6, "12 h": 12, "24 h": 24, "7 days": 168}
_ORDER = ["1 h", "6 h", "12 h", "day", "24 h", "week", "7 days", "month", "stay"]


@dataclass
class Unit:
    """One unit, or one flat price."""

    begun: int
    """Minutes after entry"""
    rate: int
    occurrence: Any
    price: Fraction
    shown: dt.datetime
    counts: bool


@dataclass
class Running:
    """The unit that is running: when it ends at the latest, and when it is over in full; None of a flat price."""

    until: int | None
    full: int | None
    unit: Unit
    has_end: bool = True
    """A flat price whose step has an end runs on like a unit of that length"""


@dataclass
class Walker:
    """One stay. `looked` is the window in which the last unit began; `in_window`, `in_day` since when."""

    said: Written
    units: list[Unit] = field(default_factory=list[Unit])
    running: Running | None = None
    looked: Any = None
    in_window: int = 0
    in_day: int = 0
    flat_until: int = 0
    """When the flat step ends that was begun last: under another rate, too, it is paid for"""


def cost(said: Written, entered: Instant, leaves: Instant) -> int:
    """In minor units, rounded at the end; a half goes up."""
    return (exactly(said, entered, leaves) * 100 + Fraction(1, 2)).__floor__()


def exactly(said: Written, entered: Instant, leaves: Instant) -> Fraction:
    """In major units."""
    minutes = (leaves - entered) // MINUTE
    walker = Walker(said)
    day: dt.date | None = None
    for minute in range(max(minutes, 1)):
        shown = shown_at(Instant(entered + minute * MINUTE), said["timezone"])
        new_day = shown.date() != day
        if new_day:
            day, walker.in_day = shown.date(), minute
        _minute(walker, minute, shown, new_day=new_day)
    _ended(walker, minutes)
    return _under_caps(said, [unit for unit in walker.units if unit.counts])


def shown_at(at: Instant, zone: str) -> dt.datetime:
    """What the clock shows. While it shows an hour for the second time, that hour is over: the last minute of it."""
    shown = local(at, zone)
    while shown.fold:
        at = Instant(at - MINUTE)
        shown = local(at, zone)
    return shown.replace(tzinfo=None)


def local(at: Instant, zone: str) -> dt.datetime:
    return to_datetime(at).astimezone(ZoneInfo(zone))


def _minute(walker: Walker, minute: int, shown: dt.datetime, *, new_day: bool) -> None:
    place, occurrence = _window(walker.said["rates"], shown)
    running = walker.running
    if running is not None:
        rate = walker.said["rates"][running.unit.rate]
        moved = (place, occurrence) != (running.unit.rate, running.unit.occurrence)
        cut = moved and (walker.said["edges"] == "cut" or not running.has_end)
        if not (cut or minute == running.until or (new_day and _again(rate) == "each day")):
            return
        _ended(walker, minute)
        over = (cut and _again(rate) == "each window") or (new_day and _again(rate) == "each day")
        if over and running.full is None:
            walker.flat_until = min(walker.flat_until, minute)
    if (place, occurrence) != walker.looked:
        walker.looked, walker.in_window = (place, occurrence), minute
    _begin(walker, minute, place, occurrence, shown)


def _begin(walker: Walker, minute: int, place: int, occurrence: Any, shown: dt.datetime) -> None:
    rate = walker.said["rates"][place]
    again = _again(rate)
    frame, frame_ends = 0, None
    if again == "each window":
        frame = walker.in_window
    elif again == "each day":
        frame = walker.in_day
    elif again != "never":
        span = _minutes(again)
        frame = minute - minute % span
        frame_ends = frame + span
    step, ends = _step(rate, minute - frame)
    unit = _minutes(step.get("in_steps_of") or step["per"]) if "per" in step else None
    price = Fraction(step["price"])
    if "in_steps_of" in step:
        price = price * _minutes(step["in_steps_of"]) / _minutes(step["per"])
    step_ends = None if ends is None else frame + ends
    over_steps = unit is not None and walker.said["edges"] == "run on"
    limits = [frame_ends, None if over_steps else step_ends, None if unit is None else minute + unit]
    known = [limit for limit in limits if limit is not None]
    if unit is None and step_ends is not None:
        if frame < minute < walker.flat_until:
            price = Fraction(0)
        walker.flat_until = min(known)
    begun = Unit(minute, place, occurrence, price, shown, counts=unit is None or walker.said["units"] == "begun")
    walker.units.append(begun)
    full = None if unit is None else minute + unit
    walker.running = Running(min(known, default=None), full, begun, unit is not None or step_ends is not None)


def _ended(walker: Walker, minute: int) -> None:
    """A unit that has run in full counts, where only such do."""
    running = walker.running
    if running is not None and running.full == minute:
        running.unit.counts = True
    walker.running = None


def _again(rate: Written) -> str:
    return rate.get("starts_again") or ("each window" if "from" in rate else "never")


def _minutes(written: str) -> int:
    number, unit = written.split()
    return int(number) * {"min": 1, "h": 60, "days": DAY}[unit]


def _step(rate: Written, elapsed: int) -> tuple[Written, int | None]:
    for step in rate.get("tiers", [rate]):
        ends = _minutes(step["up_to"]) if "up_to" in step else None
        if ends is None or elapsed < ends:
            return step, ends
    raise AssertionError("the last step has no end")


def _window(rates: list[Written], shown: dt.datetime) -> tuple[int, Any]:
    """Which rate holds, and which time of it: the day on which it began."""
    for place, rate in enumerate(rates):
        if "from" not in rate:
            if "days" not in rate or WEEKDAYS[shown.weekday()] in rate["days"]:
                return place, None
            continue
        whole, now = (WEEK, shown.weekday() * DAY) if " " in rate["from"] else (DAY, 0)
        now += shown.hour * 60 + shown.minute
        begin, end = _of_week(rate["from"]), _of_week(rate["to"])
        if (now - begin) % whole < (end - begin) % whole or begin == end:
            return place, (shown - dt.timedelta(minutes=(now - begin) % whole)).date()
    raise AssertionError("a gap in the week")


def _of_week(written: str) -> int:
    day, _, clock = written.rpartition(" ")
    hours, minutes = clock.split(":")
    return (WEEKDAYS.index(day) * DAY if day else 0) + int(hours) * 60 + int(minutes)


def _under_caps(said: Written, units: list[Unit]) -> Fraction:
    caps = sorted(said["caps"], key=lambda cap: _ORDER.index(cap["per"]))
    kept: dict[Any, Fraction] = {}
    total = Fraction(0)
    for unit in units:
        amount, rate = unit.price, said["rates"][unit.rate]
        if "cap" in rate:
            amount = _keep(kept, ("window", unit.rate, unit.occurrence), amount, Fraction(rate["cap"]))
        for cap in caps:
            amount = _keep(kept, (cap["per"], period(cap, unit)), amount, Fraction(cap["amount"]))
        total += amount
    return total


def _keep(kept: dict[Any, Fraction], period: Any, amount: Fraction, most: Fraction) -> Fraction:
    before = kept.get(period, Fraction(0))
    kept[period] = min(before + amount, most)
    return kept[period] - before


def period(cap: Written, unit: Unit) -> Any:
    per = cap["per"]
    if per == "stay":
        return 0
    if per in _HOURS_OF:
        return unit.begun // (_HOURS_OF[per] * 60)
    begins = _of_week(cap.get("resets", "00:00"))
    shifted = unit.shown - dt.timedelta(minutes=begins)
    if per == "week":
        return shifted.date().toordinal() - shifted.weekday()
    return (shifted.year, shifted.month) if per == "month" else shifted.date()
