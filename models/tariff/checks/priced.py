"""Everything in a tariff that puts a price on time."""

from __future__ import annotations

from collections.abc import Iterator

from models.documents.document import Path
from models.tariff.language.rates import Rate
from models.tariff.language.terms import Terms


def rates_and_extras(terms: Terms) -> Iterator[tuple[Path, Rate]]:
    """Each with where it stands."""
    yield from ((("rates", index), rate) for index, rate in enumerate(terms.rates))
    yield from ((("extras", index), extra) for index, extra in enumerate(terms.extras))
