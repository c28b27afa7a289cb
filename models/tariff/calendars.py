"""The holidays of countries and their parts, as dates: said once for a ticket, so that lot and cloud charge alike."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from functools import lru_cache

import holidays

from models.documents.spelling import nearest
from models.tariff.language.terms import Calendar, Terms
from models.tariff.language.written import DateSpan


def unknown(calendar: Calendar) -> tuple[str, str] | None:
    """The key that names a country or region without a calendar, and what to write instead."""
    if calendar.country is None:
        return None if calendar.region is None else ("region", "`region` needs a `country`, such as country: DE")
    regions = _countries().get(calendar.country)
    if regions is None:
        # Written small it is the same country; any other letters would be another one.
        guess = calendar.country.upper() if calendar.country.upper() in _countries() else None
        hint = f'; did you mean "{guess}"?' if guess else ""
        return "country", f"a country with a calendar is expected, in two letters, such as DE, AT or GB{hint}"
    if calendar.region is not None and calendar.region not in regions:
        guess = nearest(calendar.region, regions)
        hint = f'; did you mean "{guess}"?' if guess else ""
        said = f"one of {', '.join(regions)} is expected{hint}" if regions else _no_regions(calendar.country)
        return "region", said
    return None


def resolved(terms: Terms, years: Iterable[int]) -> Terms:
    """The terms with the holidays of those years as dates. Raises ValueError for a country without a calendar."""
    calendar = terms.holidays
    if calendar is None or calendar.country is None:
        return terms
    wrong = unknown(calendar)
    if wrong is not None:
        raise ValueError(f"holidays.{wrong[0]}: {wrong[1]}")
    days = _days(calendar.country, calendar.region, tuple(sorted(set(years))))
    also = (*(DateSpan(day, day) for day in days), *calendar.also)
    said = Calendar.model_construct(country=None, region=None, also=also, except_=calendar.except_)
    return terms.with_holidays(said)


def _no_regions(country: str) -> str:
    return f"{country} has one calendar for the whole country: leave `region` out"


@lru_cache(maxsize=1)
def _countries() -> dict[str, list[str]]:
    return holidays.list_supported_countries()


@lru_cache(maxsize=64)
def _days(country: str, region: str | None, years: tuple[int, ...]) -> tuple[dt.date, ...]:
    return tuple(sorted(holidays.country_holidays(country, subdiv=region, years=years)))
