"""What a manager writes in a price policy, as exact values: factors, shares, lengths, times of day, weekdays."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import Annotated, Any, cast

from pydantic import BeforeValidator, PlainSerializer, PlainValidator

from models.documents.times import (
    MINUTES_OF_A_DAY,
    WEEKDAYS,
    clock_minute,
    clock_text,
    length,
    length_text,
    span_of_days,
)
from models.documents.written import as_written

DAY = MINUTES_OF_A_DAY
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

Length = Annotated[int, BeforeValidator(length), PlainSerializer(length_text)]
"""A length of time in seconds, written with its unit."""


def _clock(written: Any) -> int:
    expected = "a time of day is expected, such as 09:00"
    text = written.strip() if isinstance(written, str) else ""
    minute = clock_minute(text)
    if minute is None:
        raise ValueError(f"{expected}; there is no {text} on a clock" if re.fullmatch(r"\d+:\d\d", text) else expected)
    return minute


ClockTime = Annotated[int, BeforeValidator(_clock), PlainSerializer(clock_text)]
"""What the lot's own clock shows, in minutes since midnight; `24:00` is the end of the day."""


def _weekdays(written: Any) -> tuple[int, ...]:
    items = cast("list[Any]", written) if isinstance(written, list | tuple) else [written]
    words = [word for item in items for word in re.split(r"\s*(?:,|\band\b|&)\s*", str(item).strip().lower())]
    days = {day for word in words for day in span_of_days(word)}
    if not days:
        raise ValueError("days of the week are expected, such as mon-fri or sat, sun")
    return tuple(sorted(days))


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
