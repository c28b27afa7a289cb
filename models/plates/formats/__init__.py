"""How countries write their plates: a prior for doubtful characters, never a rewrite of a sure read."""

from __future__ import annotations

from collections.abc import Iterable

from models.plates.formats.called import meant
from models.plates.formats.elsewhere import ELSEWHERE
from models.plates.formats.europe import EUROPE
from models.plates.formats.likely import DOUBTFUL, likely_spelling
from models.plates.formats.patterns import Country

COUNTRIES = {country.code: country for country in (*EUROPE, *ELSEWHERE)}

__all__ = ["COUNTRIES", "DOUBTFUL", "Country", "countries_named", "likely_spelling"]


def countries_named(codes: Iterable[str]) -> tuple[Country, ...]:
    """`de`, `US-CA`: ISO 3166 codes in either case. Raises ValueError that says which isn't known."""
    return tuple(_country(code) for code in codes)


def _country(code: str) -> Country:
    found = COUNTRIES.get(code.strip().upper())
    if found is None:
        near = meant(code, COUNTRIES)
        hint = f'did you mean "{near}"?' if near else f"known are {', '.join(COUNTRIES).lower()}"
        raise ValueError(f'no plate formats are known of the country "{code}"; {hint}')
    return found
