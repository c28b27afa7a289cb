"""A tariff as it stands on a ticket: in one of the dialects, for ever."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, cast

from pydantic import Discriminator, Tag, TypeAdapter

from models.tariff.hourly import HourlyTariff
from models.tariff.language.terms import Terms

DIALECTS = (1, 2)
"""Every version of the tariff language that this engine runs. The meaning of none ever changes."""


class UnknownDialect(ValueError):
    """The tariff is written in a language that this engine doesn't know."""

    def __init__(self, dialect: int) -> None:
        super().__init__(f"tariff dialect {dialect}: this release runs {', '.join(map(str, DIALECTS))}")


def runs(dialect: int) -> bool:
    return dialect in DIALECTS


def _dialect(value: Any) -> int:
    """What was pinned before there were two says nothing, or 1."""
    if isinstance(value, dict):
        return cast("dict[str, Any]", value).get("dialect", 1)
    return getattr(value, "dialect", 1)


Tariff = Annotated[
    Annotated[HourlyTariff, Tag(1)] | Annotated[Terms, Tag(2)],  # type: ignore[arg-type]
    Discriminator(_dialect),
]
_TARIFF: TypeAdapter[HourlyTariff | Terms] = TypeAdapter(Tariff)


def as_tariff(data: Any) -> HourlyTariff | Terms:
    """Raises ValueError."""
    return _TARIFF.validate_python(data)


@lru_cache(maxsize=512)
def read_pinned(text: str) -> HourlyTariff | Terms:
    """The tariff that a ticket has as JSON. Many tickets have the same. Raises ValueError."""
    return _TARIFF.validate_json(text)


def priced(tariff: HourlyTariff | Terms, factor: Decimal) -> HourlyTariff | Terms:
    """The tariff with its rates multiplied: caps, specials and flat surcharges stay as they are.

    The first dialect has no place for a factor: what is written in it keeps its price.
    """
    return tariff.at_factor(factor) if isinstance(tariff, Terms) else tariff
