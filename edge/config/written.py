"""What a technician writes, turned into exact values: amounts, spot numbers, plates, zones."""

from __future__ import annotations

import re
import uuid
import zoneinfo
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, cast

from pydantic import BeforeValidator

from edge.config.spelling import nearest
from models.ids import LotId
from models.instants import Instant, from_rfc3339
from models.plates import Plate, normalised


class WrittenInt(int):
    """A whole number that remembers how it was written: `007` is a spot's number, too."""

    text: str

    @classmethod
    def read(cls, text: str) -> WrittenInt:
        """Raises ValueError."""
        base = {"0x": 16, "0o": 8, "0b": 2}.get(text.lstrip("+-")[:2].lower(), 10)
        number = cls(int(text.replace("_", ""), base))
        number.text = text
        return number


class WrittenFloat(float):
    """A number that remembers how it was written, so that money never passes through binary fractions."""

    text: str

    @classmethod
    def read(cls, text: str) -> WrittenFloat:
        """Raises ValueError."""
        number = cls(text.replace("_", "").replace(".inf", "inf").replace(".nan", "nan").replace(".NaN", "nan"))
        number.text = text
        return number


def as_written(value: Any) -> Any:
    """The text of a number or of a text; anything else unchanged."""
    if isinstance(value, WrittenInt | WrittenFloat):
        return value.text
    return str(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else value


_AMOUNT_EXPECTED = "an amount of money is expected, such as 2.50"


def amount(value: Any) -> Decimal:
    """An amount in the currency's major unit, exact. Raises ValueError."""
    text = as_written(value)
    if not isinstance(text, str):
        raise ValueError(_AMOUNT_EXPECTED)
    try:
        exact = Decimal(text.strip())
    except InvalidOperation:
        raise ValueError(_AMOUNT_EXPECTED) from None
    if not exact.is_finite() or exact < 0:
        raise ValueError(f"{_AMOUNT_EXPECTED}; it can't be negative")
    return exact


Amount = Annotated[Decimal, BeforeValidator(amount)]
"""Money in major units, as on a price board."""

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


WrittenPlate = Annotated[Plate, BeforeValidator(_plate)]


def _zone(value: Any) -> Any:
    if not isinstance(value, str) or value in zoneinfo.available_timezones():
        return value
    by_city = {zone.rpartition("/")[2]: zone for zone in sorted(zoneinfo.available_timezones()) if "/" in zone}
    guess = nearest(value, zoneinfo.available_timezones()) or by_city.get(nearest(value, by_city) or "")
    hint = f'; did you mean "{guess}"?' if guess else ", such as Europe/Berlin"
    raise ValueError(f"a time zone of the IANA list is expected{hint}")


ZoneName = Annotated[str, BeforeValidator(_zone)]
"""A name of the IANA time zone list."""


def _lot_id(value: Any) -> Any:
    try:
        return str(uuid.UUID(as_written(value)))
    except (ValueError, AttributeError):
        raise ValueError(
            "the lot's id is expected as enrolment gave it: 8-4-4-4-12 hexadecimal digits, such as "
            "01920000-0000-7000-8000-0000000000ff"
        ) from None


WrittenLotId = Annotated[LotId, BeforeValidator(_lot_id)]


def _instant(value: Any) -> Any:
    expected = "a moment with its offset is expected, such as 2026-11-20T08:00:00+01:00"
    if not isinstance(value, str):
        raise ValueError(expected)
    try:
        return from_rfc3339(value)
    except ValueError:
        raise ValueError(expected) from None


WrittenInstant = Annotated[Instant, BeforeValidator(_instant)]
