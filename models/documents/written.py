"""What people write, turned into exact values: numbers as they stand there, amounts, time zones, moments."""

from __future__ import annotations

import zoneinfo
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Annotated, Any

from pydantic import BeforeValidator

from models.documents.spelling import nearest
from models.instants import Instant, from_rfc3339


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


@cache
def _zones() -> frozenset[str]:
    """Python looks through all the files of the list each time that it is asked."""
    return frozenset(zoneinfo.available_timezones())


def _zone(value: Any) -> Any:
    if not isinstance(value, str) or value in _zones():
        return value
    by_city = {zone.rpartition("/")[2]: zone for zone in sorted(_zones()) if "/" in zone}
    guess = nearest(value, _zones()) or by_city.get(nearest(value, by_city) or "")
    hint = f'; did you mean "{guess}"?' if guess else ", such as Europe/Berlin"
    raise ValueError(f"a time zone of the IANA list is expected{hint}")


ZoneName = Annotated[str, BeforeValidator(_zone)]
"""A name of the IANA time zone list."""


def _instant(value: Any) -> Any:
    expected = "a moment with its offset is expected, such as 2026-11-20T08:00:00+01:00"
    if not isinstance(value, str):
        raise ValueError(expected)
    try:
        return from_rfc3339(value)
    except ValueError:
        raise ValueError(expected) from None


WrittenInstant = Annotated[Instant, BeforeValidator(_instant)]
