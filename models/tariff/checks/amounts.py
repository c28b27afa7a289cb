"""Amounts that can't be paid: parts of the smallest coin, more than all of it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from models.documents.document import Path
from models.documents.finding import Finding
from models.money import exponent, from_major
from models.tariff.checks.priced import rates_and_extras
from models.tariff.language.terms import Terms


def amounts(terms: Terms) -> Iterator[Finding]:
    for path, amount in _paid_as_they_stand(terms):
        try:
            from_major(amount, terms.currency)
        except ValueError:
            yield Finding(path, _too_fine(terms.currency))
    for index, tax in enumerate(terms.tax):
        if tax.percent > 100:
            yield Finding(("tax", index, "percent"), "at most 100 % is expected")
        elif 0 < tax.percent < 1:
            yield Finding(("tax", index, "percent"), _too_little(tax.percent))
    for code, offer in ({} if terms.validations is None else terms.validations.offers).items():
        if offer.percent is not None and 0 < offer.percent < 1:
            yield Finding(("validations", "offers", code, "percent"), _too_little(offer.percent))
    if terms.rounding.to == 0:
        yield Finding(("rounding", "to"), "more than nothing is expected; leave it out for the smallest coin")


def _too_fine(currency: str) -> str:
    places = exponent(currency)
    said = f"at most {places} decimal places are expected" if places else "a whole number is expected"
    return f"{said}: {currency} has no smaller coin"


def _too_little(percent: Decimal) -> str:
    return f"{percent} is less than one percent; is {(percent * 100).normalize():f} % meant?"


def _paid_as_they_stand(terms: Terms) -> Iterator[tuple[Path, Decimal]]:
    """Prices of units may be finer than a coin; these may not."""
    for path, rate in rates_and_extras(terms):
        yield from _said((*path, "cap"), rate.cap)
    for index, cap in enumerate(terms.caps):
        yield from _said(("caps", index, "amount"), cap.amount)
        for place, amount in enumerate(cap.amounts):
            yield ("caps", index, "amounts", place), amount
    for index, special in enumerate(terms.specials):
        yield ("specials", index, "price"), special.price
    if terms.minimum is not None:
        yield ("minimum",), terms.minimum.amount
    yield from _said(("machine_maximum",), terms.machine_maximum)
    yield from _said(("rounding", "to"), terms.rounding.to)
    for index, lost in enumerate(terms.lost_ticket):
        yield from _said(("lost_ticket", index, "charge"), lost.charge)
        yield from _said(("lost_ticket", index, "plus"), lost.plus)


def _said(path: Path, amount: Decimal | str | None) -> Iterator[tuple[Path, Decimal]]:
    if isinstance(amount, Decimal):
        yield path, amount
