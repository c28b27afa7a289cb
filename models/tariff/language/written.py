"""How a tariff's values are written: prices, lengths of time, times of day, days, dates. Each reads back what it
writes, so that the tariff pinned on a ticket stands in the words of the manager who wrote it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, NamedTuple, TypeVar, cast

from pydantic import PlainSerializer, PlainValidator

from models.documents.times import (
    MINUTES_OF_A_DAY,
    WEEKDAYS,
    clock_minute,
    clock_text,
    length,
    length_text,
    span_of_days,
    weekday,
)
from models.documents.written import as_written

__all__ = ["MINUTES_OF_A_DAY", "WEEKDAYS", "length", "length_text"]

NAMED_DAYS = ("holidays", "eves")
"""Days that a tariff names besides those of the week"""

_TIME_EXPECTED = 'a time of day is expected, such as "08:00" or "24:00"'
_DATE_EXPECTED = "a date is expected, such as 2026-12-24, or the first and the last: 2026-12-24 to 2026-12-26"
_SEASON_EXPECTED = "month and day of the first and the last day are expected, such as 05-01 to 09-30"
_FROM_TO = re.compile(r"\s*(?:\bto\b|\.\.|–|\bbis\b)\s*|\s+-\s+")

_MOST_DIGITS, _MOST_PLACES = 11, 8


def price(value: Any) -> Decimal:
    text = as_written(value)
    expected = "an amount of money is expected, such as 2.50"
    if not isinstance(text, str):
        raise ValueError(expected)
    try:
        exact = Decimal(text.strip())
    except InvalidOperation:
        if re.fullmatch(r"\s*\d+,\d+\s*", text):
            raise ValueError(f"{expected}: with a point, not with a comma") from None
        free = "; what is free costs 0" if text.strip().lower() in ("free", "none", "-") else ", without a currency"
        raise ValueError(f"{expected}{free}") from None
    if not exact.is_finite():
        raise ValueError(expected)
    if exact < 0:
        raise ValueError(f"{expected}; it can't be negative: what is taken off stands under `validations`")
    return _handy(exact, expected)


def _percent(value: Any) -> Decimal:
    text = as_written(value)
    try:
        exact = Decimal(text.strip().removesuffix("%").strip()) if isinstance(text, str) else Decimal("nan")
    except InvalidOperation:
        exact = Decimal("nan")
    if not exact.is_finite() or exact < 0:
        raise ValueError('a percentage is expected, such as "19 %"')
    return _handy(exact, 'a percentage is expected, such as "19 %"')


def _handy(number: Decimal, expected: str) -> Decimal:
    """Within what anybody charges: no sum of it takes long, or overflows."""
    if number and (number.adjusted() > _MOST_DIGITS or int(number.as_tuple().exponent) < -_MOST_PLACES):
        raise ValueError(f"{expected}: at most {_MOST_DIGITS + 1} digits before the point and {_MOST_PLACES} after it")
    return number


class At(NamedTuple):
    """A time that the wall clock shows: each day, or (with `weekday`, 0 is Monday) once a week."""

    minute: int
    """Of the day, 0 to 1440"""
    weekday: int | None = None


def at(value: Any) -> At:
    """`"08:00"`, or `"fri 18:00"`. Raises ValueError."""
    text = as_written(value)
    if not isinstance(text, str):
        raise ValueError(_TIME_EXPECTED)
    day, _, clock = text.strip().lower().rpartition(" ")
    minute = clock_minute(clock)
    if minute is None:
        raise ValueError(_TIME_EXPECTED)
    return At(minute, weekday(day, NAMED_DAYS) if day else None)


def at_text(when: At) -> str:
    clock = clock_text(when.minute)
    return clock if when.weekday is None else f"{WEEKDAYS[when.weekday]} {clock}"


class Days(NamedTuple):
    """Days of the week (0 is Monday), and whether holidays and the days before them are meant."""

    weekdays: frozenset[int]
    holidays: bool = False
    eves: bool = False
    """Days before a holiday that aren't holidays themselves"""


def days(value: Any) -> Days:
    """`mon-fri`, `sat, sun, holidays`, `[mon, wed]`. Raises ValueError."""
    items: list[Any] = cast("list[Any]", value) if isinstance(value, list) else [value]
    weekdays: set[int] = set()
    words: list[str] = []
    for item in items:
        if not isinstance(item, str):
            raise ValueError("days are expected, such as mon-fri or sat, sun, holidays")
        words += re.split(r"\s*(?:,|\band\b|&)\s*", item.strip().lower())
    for word in words:
        if word not in NAMED_DAYS:
            weekdays |= span_of_days(word, NAMED_DAYS)
    return Days(frozenset(weekdays), "holidays" in words, "eves" in words)


def days_text(days: Days) -> str:
    """Runs of days as spans: `mon-fri, holidays`."""
    runs: list[list[int]] = []
    for day in sorted(days.weekdays):
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    spans = [WEEKDAYS[run[0]] if len(run) == 1 else f"{WEEKDAYS[run[0]]}-{WEEKDAYS[run[-1]]}" for run in runs]
    return ", ".join([*spans, *(["holidays"] if days.holidays else []), *(["eves"] if days.eves else [])])


class DateSpan(NamedTuple):
    """From the first day to the last, both included."""

    first: dt.date
    last: dt.date


def date_spans(value: Any) -> tuple[DateSpan, ...]:
    """One date, one span, or a list of both. Raises ValueError."""
    items: list[Any] = cast("list[Any]", value) if isinstance(value, list) else [value]
    return tuple(_date_span(item) for item in items)


def _date_span(value: Any) -> DateSpan:
    if not isinstance(value, str):
        raise ValueError(_DATE_EXPECTED)
    parts = _FROM_TO.split(value.strip())
    try:
        first, last = dt.date.fromisoformat(parts[0]), dt.date.fromisoformat(parts[-1])
    except ValueError:
        raise ValueError(_DATE_EXPECTED) from None
    if not 1970 <= first.year <= last.year <= 2199 or last - first > dt.timedelta(days=1100):
        raise ValueError(f"{_DATE_EXPECTED}, between 1970 and 2199, at most three years long")
    if len(parts) > 2 or last < first:
        raise ValueError(f"{_DATE_EXPECTED}; the last can't come before the first")
    return DateSpan(first, last)


def date_spans_text(spans: tuple[DateSpan, ...]) -> list[str]:
    return [f"{span.first}" if span.first == span.last else f"{span.first} to {span.last}" for span in spans]


class Season(NamedTuple):
    """A part of each year, from (month, day) to (month, day), both included; it may run over New Year."""

    first: tuple[int, int]
    last: tuple[int, int]

    def holds(self, date: dt.date) -> bool:
        day = (date.month, date.day)
        if self.first <= self.last:
            return self.first <= day <= self.last
        return day >= self.first or day <= self.last


def season(value: Any) -> Season:
    """`05-01 to 09-30`. Raises ValueError."""
    parts = _FROM_TO.split(value.strip()) if isinstance(value, str) else []
    if len(parts) != 2:
        raise ValueError(_SEASON_EXPECTED)
    # A leap year, so that a season may end on 29 February.
    try:
        first, last = (dt.date.fromisoformat(f"2028-{part}") for part in parts)
    except ValueError:
        raise ValueError(_SEASON_EXPECTED) from None
    return Season((first.month, first.day), (last.month, last.day))


def season_text(season: Season) -> str:
    (first_month, first_day), (last_month, last_day) = season
    return f"{first_month:02d}-{first_day:02d} to {last_month:02d}-{last_day:02d}"


_Item = TypeVar("_Item")


def one_or_several(read: Callable[[Any], _Item]) -> Callable[[Any], tuple[_Item, ...]]:
    """Reads a list, a text with commas, or one value."""

    def each(value: Any) -> tuple[_Item, ...]:
        items: list[Any] = cast("list[Any]", value) if isinstance(value, list | tuple) else [value]
        if len(items) == 1 and isinstance(items[0], str):
            items = re.split(r"\s*,\s*", items[0].strip())
        return tuple(read(item) for item in items)

    return each


Price = Annotated[Decimal, PlainValidator(price), PlainSerializer(str)]
"""Money in the currency's major unit, as on a price board, exact; it may be finer than the smallest coin."""
Percent = Annotated[Decimal, PlainValidator(_percent), PlainSerializer(lambda share: f"{share} %")]
Length = Annotated[int, PlainValidator(length), PlainSerializer(length_text)]
"""A length of time in seconds, written with its unit."""
ClockTime = Annotated[At, PlainValidator(at), PlainSerializer(at_text)]
WrittenDays = Annotated[Days, PlainValidator(days), PlainSerializer(days_text)]
WrittenDates = Annotated[tuple[DateSpan, ...], PlainValidator(date_spans), PlainSerializer(date_spans_text)]
WrittenSeason = Annotated[Season, PlainValidator(season), PlainSerializer(season_text)]
