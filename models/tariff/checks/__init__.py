"""Whether a tariff is whole, and agrees with itself: what no section can know alone. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from models.documents.finding import Finding
from models.tariff.checks.amounts import amounts
from models.tariff.checks.coverage import coverage
from models.tariff.checks.ladders import ladders
from models.tariff.checks.limits import limits
from models.tariff.checks.references import references
from models.tariff.language.terms import Terms

__all__ = ["Finding", "disagreements"]


def disagreements(terms: Terms) -> Iterator[Finding]:
    """Everything that doesn't agree, or leaves a stay without a price."""
    yield from references(terms)
    yield from amounts(terms)
    yield from ladders(terms)
    yield from limits(terms)
    yield from coverage(terms)
