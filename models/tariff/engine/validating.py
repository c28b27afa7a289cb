"""What merchants take off: which of the validations on a ticket count together, and how much each is worth."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import combinations

from models.documents.spelling import nearest
from models.instants import SECOND
from models.tariff.bill import Stay, What
from models.tariff.engine.items import Item, total
from models.tariff.engine.plan import Plan
from models.tariff.language.settling import Validation, Validations

_MOST = 8
"""Validations on one ticket: more are tried no further than that."""
Priced = Callable[[int], list[Item]]
"""What the parking costs when so many seconds from entry are paid for."""


class UnknownValidation(ValueError):
    """No validation of the tariff has this code."""

    def __init__(self, code: str, known: Mapping[str, Validation]) -> None:
        guess = nearest(code, known)
        hint = f'; did you mean "{guess}"?' if guess else ""
        super().__init__(f"the tariff has no validation {code!r}{hint}")
        self.code = code


def validated(plan: Plan, stay: Stay, length: int, parking: Priced) -> list[Item]:
    """The parking with what the codes take off: of all the ways to use them that the tariff allows, the cheapest.

    `length` of the stay in microseconds. Raises UnknownValidation.
    """
    codes = stay.validations
    said = plan.terms.validations or Validations.model_construct(offers={}, together="all", floor=None)
    for code in codes:
        if code not in said.offers:
            raise UnknownValidation(code, said.offers)
    plain = parking(0)
    if not codes:
        return plain
    return min((_used(plan, said, used, length, parking, plain) for used in _ways(said, codes)), key=total)


def _ways(said: Validations, codes: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Each code counts once, in the order in which they were given."""
    distinct = list(dict.fromkeys(codes))[:_MOST]
    yield from ((code,) for code in distinct)
    friendly = [code for code in distinct if not said.offers[code].alone]
    most = {"all": len(friendly), "best": 1}.get(str(said.together)) or int(said.together)
    if len(friendly) > 1 and most > 1:
        yield from combinations(friendly, min(most, len(friendly)))


def _used(
    plan: Plan, said: Validations, codes: Sequence[str], length: int, parking: Priced, plain: list[Item]
) -> list[Item]:
    """Time first, then a price instead, then percentages, then amounts. None takes off more than is there, or goes
    below a floor."""
    offers = [(code, said.offers[code]) for code in codes]
    seconds = sum(offer.time or 0 for _, offer in offers)
    items = list(parking(seconds)) if seconds else list(plain)
    before = total(plain)
    floors = [floor for floor in (said.floor, *(offer.floor for _, offer in offers)) if floor is not None]
    least = min(before, max((plan.scaled(floor) for floor in floors), default=0))
    if total(items) < least:
        items.append(Item(What.VALIDATION, "Validated time: at least", least - total(items)))
    for code, offer in offers:
        if offer.price is not None:
            items.append(_instead(plan, offer.name or code, offer, length, total(items)))
    for code, offer in sorted(offers, key=lambda each: each[1].percent is None):
        if offer.time is None and offer.price is None:
            items.append(_taken_off(plan, offer.name or code, offer, total(items), least))
    return items


def _instead(plan: Plan, name: str, offer: Validation, length: int, left: Fraction | int) -> Item:
    count = 1 if offer.per is None else -(-length // (offer.per * SECOND))
    price = count * plan.scaled(offer.price or Fraction(0))
    said = f"{name}: {offer.price} instead" if count == 1 else f"{name}: {count} x {offer.price} instead"
    return Item(What.VALIDATION, said, min(price - left, 0))


def _taken_off(plan: Plan, name: str, offer: Validation, left: Fraction | int, least: Fraction | int) -> Item:
    if offer.percent is not None:
        worth, said = left * Fraction(offer.percent) / 100, f"{name}: {offer.percent} % off"
    else:
        worth, said = plan.scaled(offer.amount or Fraction(0)), f"{name}: {offer.amount} off"
    return Item(What.VALIDATION, said, -min(worth, max(left - least, 0)))
