"""Lengths of time, times of day and days of the week as people write them, in whatever file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

from models.documents.spelling import nearest

MINUTES_OF_A_DAY = 24 * 60
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LONG_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_UNITS = {
    **dict.fromkeys(("s", "sec", "second"), 1),
    **dict.fromkeys(("min", "minute"), 60),
    **dict.fromkeys(("h", "hr", "hour"), 3600),
    **dict.fromkeys(("d", "day"), 86400),
    **dict.fromkeys(("w", "week"), 604800),
}
_LARGEST_FIRST = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
_LONGEST = 366 * 86400
_PART = re.compile(r"(\d+(?:\.\d+)?)?\s*([a-z]+)")
_LENGTH_EXPECTED = 'a length of time is expected, such as "30 min", "1 h" or "1 h 30 min"'
_TIME_OF_DAY = re.compile(r"(\d{1,2}):(\d\d)")


def length(value: Any) -> int:
    """`"1 h 30 min"` is 5400 seconds. Raises ValueError for a bare number: nobody knows which unit it has."""
    if not isinstance(value, str) or value.strip().replace(".", "", 1).isdecimal():
        raise ValueError(f"{_LENGTH_EXPECTED}: with its unit")
    text, total = value.strip().lower(), Decimal(0)
    while text:
        part = _PART.match(text)
        unit = None if part is None else _UNITS.get(part[2]) or _UNITS.get(part[2].removesuffix("s"))
        if part is None or unit is None:
            raise ValueError(_LENGTH_EXPECTED)
        total += Decimal(part[1] or 1) * unit
        text = text[part.end() :].lstrip(" ,")
    if total <= 0 or total != total.to_integral_value() or total > _LONGEST:
        raise ValueError(f"{_LENGTH_EXPECTED}: whole seconds, more than nothing, at most a year")
    return int(total)


@lru_cache(maxsize=1024)
def length_text(seconds: int) -> str:
    """`5400` is "1 h 30 min"; a single day stays "24 h": calendar days are something else."""
    parts: list[str] = []
    for unit, size in _LARGEST_FIRST:
        if unit == "d" and seconds < 2 * size:
            continue
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts)


def clock_minute(text: str) -> int | None:
    """`08:00` is 480, `24:00` the end of the day; None for what no clock shows."""
    found = _TIME_OF_DAY.fullmatch(text)
    if found is None or int(found[2]) > 59:
        return None
    minute = int(found[1]) * 60 + int(found[2])
    return minute if minute <= MINUTES_OF_A_DAY else None


def clock_text(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def weekday(name: str, also: Sequence[str] = ()) -> int:
    """Counted from Monday, 0. `also`: what else may stand there. Raises ValueError."""
    for names in (WEEKDAYS, _LONG_NAMES):
        if name in names:
            return names.index(name)
    guess = nearest(name, (*WEEKDAYS, *_LONG_NAMES))
    hint = f'; did you mean "{guess}"?' if guess else ""
    others = "".join(f', or "{word}"' if place == 0 else f' or "{word}"' for place, word in enumerate(also))
    raise ValueError(f"a day of the week is expected, such as mon{others}{hint}")


def span_of_days(word: str, also: Sequence[str] = ()) -> set[int]:
    """`mon-fri`, `weekend`, `daily`. Raises ValueError."""
    if word in ("weekdays", "weekday"):
        return set(range(5))
    if word in ("weekends", "weekend"):
        return {5, 6}
    if word in ("daily", "every day", "all"):
        return set(range(7))
    first, dash, last = (part.strip() for part in word.partition("-"))
    begin = weekday(first, also)
    end = weekday(last, also) if dash else begin
    return {(begin + step) % 7 for step in range((end - begin) % 7 + 1)}
