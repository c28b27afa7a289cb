"""What a manager writes in a price policy, as exact values: factors, shares, lengths of time, hours, weekdays."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, cast

from pydantic import BeforeValidator, PlainSerializer

DAY = 24 * 60
"""Minutes"""
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_NUMBER = re.compile(r"-?\d{1,6}(\.\d{1,12})?", re.ASCII)
_MOST_PLACES = 4
_MOST = 100


def _exact(written: Any, expected: str) -> Decimal:
    """The number as it was written. A loader may hand over its own kind of number that remembers its text."""
    if isinstance(written, int | float) and not isinstance(written, bool):
        written = getattr(written, "text", written)
    if isinstance(written, float):
        raise ValueError(f"{expected}: as text or a decimal number, never as a binary fraction")
    text = "" if isinstance(written, bool) else str(written).strip()
    if re.fullmatch(r"-?\d+,\d+", text):
        raise ValueError(f"{expected}: with a point, as in {text.replace(',', '.')}")
    if not _NUMBER.fullmatch(text):
        raise ValueError(expected)
    return Decimal(text)


def _factor(written: Any) -> Decimal:
    expected = "a factor is expected, such as 1.5"
    number = _exact(written, expected)
    if number < 0:
        raise ValueError(f"{expected}; it can't be negative: 0.8 makes it cheaper, 1.0 leaves the price as it is")
    if number > _MOST or number.normalize().as_tuple().exponent < -_MOST_PLACES:  # type: ignore[operator]
        raise ValueError(f"{expected}: at most {_MOST}, with at most {_MOST_PLACES} decimal places")
    return number


Factor = Annotated[Decimal, BeforeValidator(_factor)]
"""What a price is multiplied by, or how much of that: not negative, exact."""


def _share(written: Any) -> Decimal:
    expected = "a share of the spots is expected, such as 90 %"
    percent = isinstance(written, str) and written.rstrip().endswith("%")
    number = _exact(written.rstrip().removesuffix("%") if percent else written, expected)
    found = number.scaleb(-2) if percent else number
    if not 0 <= found <= 1:
        raise ValueError(f"{expected}: between 0 % and 100 %")
    return found


def _percent(share: Decimal) -> str:
    return f"{(share.scaleb(2)).normalize():f} %"


Share = Annotated[Decimal, BeforeValidator(_share), PlainSerializer(_percent)]
"""A part of all spots: `90 %` or `0.9`."""

_UNITS = {"s": 1_000_000, "min": 60_000_000, "h": 3_600_000_000}
_LENGTH = re.compile(r"\s*(\d{1,6}(?:\.\d{1,3})?)\s*([a-z]*)\s*", re.ASCII)


def _length(written: Any) -> int:
    expected = "a length of time is expected, such as 10 min"
    match = _LENGTH.fullmatch(str(getattr(written, "text", written)))
    if match is None or isinstance(written, bool):
        raise ValueError(expected)
    if match[2] not in _UNITS:
        raise ValueError(f"{expected}: with its unit, {', '.join(_UNITS)}")
    microseconds = int(Decimal(match[1]) * _UNITS[match[2]])
    if microseconds == 0:
        raise ValueError(f"{expected}; it can't be nothing")
    return microseconds


def _length_text(microseconds: int) -> str:
    unit = next((unit for unit in ("h", "min") if microseconds % _UNITS[unit] == 0), "s")
    return f"{(Decimal(microseconds) / _UNITS[unit]).normalize():f} {unit}"


Length = Annotated[int, BeforeValidator(_length), PlainSerializer(_length_text)]
"""A length of time, in microseconds."""


@dataclass(frozen=True, slots=True)
class Hours:
    """From one time of the day until another, which doesn't belong to it; across midnight where it ends earlier.

    Both in minutes since midnight, as clocks on the wall show them.
    """

    begins: int
    ends: int

    @property
    def minutes(self) -> int:
        return self.ends - self.begins if self.ends > self.begins else self.ends + DAY - self.begins

    def __str__(self) -> str:
        return f"{clock_text(self.begins)}-{clock_text(self.ends)}"


ALL_DAY = Hours(0, DAY)

_HOURS_EXPECTED = "hours are expected from one time until another, such as 09:00-19:00"
_HOURS = re.compile(r"(\d{1,2}):(\d\d)\s*[-\u2013]\s*(\d{1,2}):(\d\d)", re.ASCII)


def clock_text(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _hours(written: Any) -> Hours:
    if isinstance(written, Hours):
        return written
    match = _HOURS.fullmatch(written.strip()) if isinstance(written, str) else None
    if match is None:
        raise ValueError(_HOURS_EXPECTED)
    begins, ends = _minute(match[1], match[2]), _minute(match[3], match[4])
    if begins == DAY:
        raise ValueError(f"{_HOURS_EXPECTED}: midnight as a beginning is written 00:00")
    if begins == ends:
        raise ValueError(f"{_HOURS_EXPECTED}: these end where they begin; the whole day is 00:00-24:00")
    return Hours(begins, ends)


def _minute(hour: str, minute: str) -> int:
    found = int(hour) * 60 + int(minute)
    if int(minute) > 59 or found > DAY:
        raise ValueError(f"{_HOURS_EXPECTED}: there is no {hour}:{minute} on a clock")
    return found


WrittenHours = Annotated[Hours, BeforeValidator(_hours), PlainSerializer(str)]
"""Hours of the day by the lot's own clock: `09:00-19:00`, `22:00-06:00`."""


def _weekdays(written: Any) -> tuple[int, ...]:
    """`mon-fri`, `sat, sun`, or a list of such. Counted from Monday, 0."""
    items = cast("list[Any]", written) if isinstance(written, list | tuple) else str(written).split(",")
    days = {day for item in items for day in _day_span(item)}
    if not days:
        raise ValueError(_DAYS_EXPECTED)
    return tuple(sorted(days))


_DAYS_EXPECTED = "weekdays are expected, such as mon-fri or sat, sun"


def _day_span(written: Any) -> list[int]:
    first, dash, last = str(written).strip().lower().partition("-")
    begins = _day(first)
    ends = _day(last) if dash else begins
    return [(begins + day) % 7 for day in range((ends - begins) % 7 + 1)]


def _day(written: str) -> int:
    name = written.strip()
    found = [at for at, day in enumerate(_DAY_NAMES) if name[:3] == day[:3] and day.startswith(name)]
    if not found:
        raise ValueError(_DAYS_EXPECTED)
    return found[0]


_DAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _days_text(days: tuple[int, ...]) -> list[str]:
    return [WEEKDAYS[day] for day in days]


Weekdays = Annotated[tuple[int, ...], BeforeValidator(_weekdays), PlainSerializer(_days_text)]
"""Days of the week, counted from Monday, 0."""
