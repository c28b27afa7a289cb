"""What a manager writes in a price policy, as exact values: factors, shares, lengths, times of day, weekdays."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import Annotated, Any, cast

from pydantic import BeforeValidator, PlainSerializer, PlainValidator

from models.documents.spelling import nearest
from models.documents.written import as_written

DAY = 24 * 60
"""Minutes"""
EVERY_DAY = tuple(range(7))

_NUMBER = re.compile(r"-?\d{1,6}(\.\d{1,12})?", re.ASCII)
_MOST_PLACES = 4
_MOST = 100


def _exact(written: Any, expected: str) -> Decimal:
    """The number as it was written."""
    text = as_written(written)
    if isinstance(text, float):
        raise ValueError(f"{expected}: as text or a decimal number, never as a binary fraction")
    text = "" if isinstance(text, bool) else str(text).strip()
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
    if number > _MOST or number != number.quantize(Decimal(1).scaleb(-_MOST_PLACES)):
        raise ValueError(f"{expected}: at most {_MOST}, with at most {_MOST_PLACES} decimal places")
    return number


Factor = Annotated[Decimal, PlainValidator(_factor), PlainSerializer(str)]
"""What a price is multiplied by, or how much of that: not negative, exact."""


def _share(written: Any) -> Decimal:
    expected = "a share of the spots is expected, such as 90 %"
    percent = isinstance(written, str) and written.rstrip().endswith("%")
    number = _exact(written.rstrip().removesuffix("%") if percent else written, expected)
    found = number.scaleb(-2) if percent else number
    if not 0 <= found <= 1:
        raise ValueError(f"{expected}: between 0 % and 100 %")
    return found


def share_text(share: Decimal) -> str:
    return f"{(share.scaleb(2)).normalize():f} %"


Share = Annotated[Decimal, PlainValidator(_share), PlainSerializer(share_text)]
"""A part of all spots: `90 %` or `0.9`."""

_SECOND = 1_000_000
_UNITS = {
    **dict.fromkeys(("s", "sec", "second", "seconds"), _SECOND),
    **dict.fromkeys(("min", "minute", "minutes"), 60 * _SECOND),
    **dict.fromkeys(("h", "hour", "hours"), 3600 * _SECOND),
}
_LENGTH = re.compile(r"\s*(\d{1,6}(?:\.\d{1,3})?)\s*([a-z]*)\s*", re.ASCII)


def _length(written: Any) -> int:
    expected = "a length of time is expected, such as 10 min"
    match = _LENGTH.fullmatch(str(as_written(written)))
    if match is None or isinstance(written, bool):
        raise ValueError(expected)
    if match[2] not in _UNITS:
        raise ValueError(f"{expected}: with its unit, s, min or h")
    microseconds = int(Decimal(match[1]) * _UNITS[match[2]])
    if microseconds == 0:
        raise ValueError(f"{expected}; it can't be nothing")
    return microseconds


def _length_text(microseconds: int) -> str:
    unit = next((unit for unit in ("h", "min") if microseconds % _UNITS[unit] == 0), "s")
    return f"{(Decimal(microseconds) / _UNITS[unit]).normalize():f} {unit}"


Length = Annotated[int, BeforeValidator(_length), PlainSerializer(_length_text)]
"""A length of time, in microseconds."""

_CLOCK = re.compile(r"(\d{1,2}):(\d\d)", re.ASCII)


def clock_text(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _clock(written: Any) -> int:
    expected = "a time of day is expected, such as 09:00"
    match = _CLOCK.fullmatch(written.strip()) if isinstance(written, str) else None
    if match is None:
        raise ValueError(expected)
    minute = int(match[1]) * 60 + int(match[2])
    if int(match[2]) > 59 or minute > DAY:
        raise ValueError(f"{expected}; there is no {match[0]} on a clock")
    return minute


ClockTime = Annotated[int, BeforeValidator(_clock), PlainSerializer(clock_text)]
"""What the lot's own clock shows, in minutes since midnight; `24:00` is the end of the day."""

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LONG_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SPANS = {
    **dict.fromkeys(("weekday", "weekdays"), "mon-fri"),
    **dict.fromkeys(("weekend", "weekends"), "sat-sun"),
    **dict.fromkeys(("daily", "every day", "all"), "mon-sun"),
}
_DAYS_EXPECTED = "days of the week are expected, such as mon-fri or sat, sun"


def _weekdays(written: Any) -> tuple[int, ...]:
    items = cast("list[Any]", written) if isinstance(written, list | tuple) else [written]
    words = [word for item in items for word in re.split(r"\s*(?:,|\band\b|&)\s*", str(item).strip().lower())]
    days = {day for word in words for day in _span_of_days(word)}
    if not days:
        raise ValueError(_DAYS_EXPECTED)
    return tuple(sorted(days))


def _span_of_days(word: str) -> list[int]:
    first, dash, last = (part.strip() for part in _SPANS.get(word, word).partition("-"))
    begins = _day(first)
    ends = _day(last) if dash else begins
    return [(begins + day) % 7 for day in range((ends - begins) % 7 + 1)]


def _day(name: str) -> int:
    for names in (WEEKDAYS, _LONG_NAMES):
        if name in names:
            return names.index(name)
    guess = nearest(name, (*WEEKDAYS, *_LONG_NAMES))
    raise ValueError(f'{_DAYS_EXPECTED}; did you mean "{guess}"?' if guess else _DAYS_EXPECTED)


def _days_text(days: tuple[int, ...]) -> str:
    return ", ".join(WEEKDAYS[day] for day in days)


Weekdays = Annotated[tuple[int, ...], BeforeValidator(_weekdays), PlainSerializer(_days_text)]
"""Days of the week, counted from Monday, 0: `mon-fri`, `sat, sun`, or a list of such."""


def _local(written: Any) -> dt.datetime:
    expected = "a date and a time by the tariff's own clock are expected, such as 2026-12-05 17:00"
    try:
        moment = dt.datetime.fromisoformat(written.strip()) if isinstance(written, str) and ":" in written else None
    except ValueError:
        moment = None
    if moment is None:
        raise ValueError(expected)
    if moment.tzinfo is not None:
        raise ValueError(f"{expected}: without an offset, the tariff says in which zone")
    return moment


def local_text(moment: dt.datetime) -> str:
    return moment.isoformat(" ", "seconds" if moment.second else "minutes")


LocalTime = Annotated[dt.datetime, BeforeValidator(_local), PlainSerializer(local_text)]
"""A date and a time as the tariff's own clock shows them, without a zone."""
