"""What a technician writes about a lot, turned into exact values: spot numbers, plates, the lot's id."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from typing import Annotated, Any, cast

from pydantic import BeforeValidator, PlainValidator

from models.documents.written import as_written
from models.ids import LotId
from models.plates import Plate, normalised

_SPOTS_EXPECTED = "spot numbers are expected, such as 1-20, A1-A20, 7 or [A1, A2, B1-B9]"
_RANGE = re.compile(r"([^\d\s-]*)(\d+)\s*-\s*([^\d\s-]*)(\d+)")
_NUMBER = re.compile(r"[^\s,]{1,16}")
_RANGE_IN_OTHER_SIGNS = re.compile(r"([^\d\s]*\d+)\s*(?:[\u2010-\u2015\u2212\u2026]|\.{2,3}|to|bis)\s*([^\d\s]*\d+)")
"""With a dash as word processors make it, as in a sum, or as in another language."""
MOST_IN_A_RANGE = 10_000


def spot_numbers(value: Any) -> tuple[str, ...]:
    """`1-3` is 1, 2, 3; `A08-A10` is A08, A09, A10; a list may hold numbers and ranges. Raises ValueError."""
    if isinstance(value, list | tuple):
        return tuple(number for item in cast("list[Any]", value) for number in spot_numbers(item))
    text = as_written(value)
    if not isinstance(text, str):
        raise ValueError(_SPOTS_EXPECTED)
    span = _RANGE.fullmatch(text.strip())
    if span is not None:
        return _expanded(span)
    other = _RANGE_IN_OTHER_SIGNS.fullmatch(text.strip())
    if other is not None:
        raise ValueError(f"a range of spots is written with a plain hyphen; did you mean {other[1]}-{other[2]}?")
    if not _NUMBER.fullmatch(text.strip()):
        raise ValueError(_SPOTS_EXPECTED)
    return (text.strip(),)


def _expanded(span: re.Match[str]) -> tuple[str, ...]:
    prefix, first, last_prefix, last = span.groups()
    if last_prefix not in ("", prefix):
        raise ValueError(f"a range stays within one letter: {prefix}{first}-{prefix}{last}")
    if int(last) < int(first):
        raise ValueError(f"this range runs backwards; did you mean {prefix}{last}-{prefix}{first}?")
    if int(last) - int(first) >= MOST_IN_A_RANGE:
        raise ValueError(f"a range of at most {MOST_IN_A_RANGE} spots is expected")
    width = len(first) if first.startswith("0") else 0
    return tuple(f"{prefix}{number:0{width}d}" for number in range(int(first), int(last) + 1))


SpotNumbers = Annotated[tuple[str, ...], BeforeValidator(spot_numbers)]
"""The numbers painted on a group of spots, in the order in which they fill."""


def _plate(value: Any) -> Plate:
    text = as_written(value)
    if not isinstance(text, str):
        raise ValueError('a plate is expected, such as "AB 12 CDE"')
    return normalised(text)


def _day(value: Any) -> dt.date:
    expected = "a day is expected, such as 2026-12-31"
    if not isinstance(value, str):
        raise ValueError(expected)
    try:
        day = dt.date.fromisoformat(value.strip())
    except ValueError:
        raise ValueError(expected) from None
    if not 2000 <= day.year <= 2199:
        raise ValueError(f"{expected}, between 2000 and 2199")
    return day


WrittenDay = Annotated[dt.date, PlainValidator(_day)]
"""A day of the lot's own calendar."""
WrittenPlate = Annotated[Plate, BeforeValidator(_plate)]


def _lot_id(value: Any) -> Any:
    try:
        return str(uuid.UUID(as_written(value)))
    except (ValueError, AttributeError):
        raise ValueError(
            "the lot's id is expected as enrolment gave it: 8-4-4-4-12 hexadecimal digits, such as "
            "01920000-0000-7000-8000-0000000000ff"
        ) from None


WrittenLotId = Annotated[LotId, BeforeValidator(_lot_id)]
