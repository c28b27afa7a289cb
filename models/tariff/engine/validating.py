"""What merchants take off: which of the validations on a ticket count together, and how much each is worth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import combinations

from models.documents.spelling import nearest
from models.instants import SECOND, Instant
from models.tariff.bill import What
from models.tariff.engine.items import Item, total
from models.tariff.engine.plan import Plan
from models.tariff.language.settling import Validation, Validations

_MOST = 6
"""Validations on one ticket: more are tried no further than that."""
Parked = Callable[[frozenset[str], int, bool], list[Item]]
"""What the parking costs with the rates of these codes, when so many seconds from entry are paid for; True: ladders
count from entry all the same."""


class UnknownValidation(ValueError):
    """No validation of the tariff has this code."""

    def __init__(self, code: str, known: Mapping[str, Validation]) -> None:
        guess = nearest(code, known)
        hint = f'; did you mean "{guess}"?' if guess else ""
        super().__init__(f"the tariff has no validation {code!r}{hint}")
        self.code = code


def validated(plan: Plan, codes: Sequence[str], entered: Instant, leaves: Instant, parked: Parked) -> list[Item]:
    """The parking with what the codes take off: of all the ways to use them that the tariff allows, the cheapest.

    Raises UnknownValidation.
    """
    plain = parked(frozenset(), 0, False)
    if not codes:
        return plain
    said = plan.terms.validations or Validations.model_construct(offers={}, together="all", floor=None, most_time=None)
    for code in codes:
        if code not in said.offers:
            raise UnknownValidation(code, said.offers)
    usable = _usable(said, codes, leaves - entered)
    ways = (_used(plan, said, used, entered, leaves, parked, plain) for used in _ways(said, usable))
    return min(ways, key=total, default=plain)


def _usable(said: Validations, codes: Sequence[str], length: int) -> list[str]:
    """Each as often as it counts, in the order in which they were given."""
    counts: Counter[str] = Counter()
    found: list[str] = []
    for code in codes:
        offer = said.offers[code]
        counts[code] += 1
        long_enough = offer.longer_than is None or length > offer.longer_than * SECOND
        if long_enough and counts[code] <= offer.uses:
            found.append(code)
    return found[:_MOST]


def _ways(said: Validations, codes: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Also without some of them: a floor of one may leave more to pay than the others alone."""
    yield from ((code,) for code in dict.fromkeys(codes))
    friendly = [code for code in codes if not said.offers[code].alone]
    most = said.together if isinstance(said.together, int) else 1 if said.together == "best" else len(friendly)
    for count in range(2, min(most, len(friendly)) + 1):
        yield from dict.fromkeys(combinations(friendly, count))


def _used(
    plan: Plan,
    said: Validations,
    codes: Sequence[str],
    entered: Instant,
    leaves: Instant,
    parked: Parked,
    plain: list[Item],
) -> list[Item]:
    """Own rates and time first, then a price instead, then percentages, then amounts. None takes off more than is
    there, or goes below a floor."""
    offers = [(code, said.offers[code]) for code in codes]
    own = frozenset(code for code, offer in offers if offer.own_rates)
    seconds = _time(said, [offer for _, offer in offers])
    items = (
        list(parked(own, seconds, any(offer.keeps_ladder for _, offer in offers))) if seconds or own else list(plain)
    )
    floors = [floor for floor in (said.floor, *(offer.floor for _, offer in offers)) if floor is not None]
    least = min(total(plain), max((plan.scaled(floor) for floor in floors), default=0))
    if total(items) < least:
        items.append(Item(What.VALIDATION, "Validated: at least", least - total(items)))
    for code, offer in offers:
        if offer.price is not None:
            items += _instead(plan, offer.name or code, offer, entered, leaves, total(items), least)
    for code, offer in sorted(offers, key=lambda each: each[1].percent is None):
        if offer.percent is not None or offer.amount is not None:
            items.append(_taken_off(plan, offer.name or code, offer, total(items), least))
    return items


def _time(said: Validations, offers: Sequence[Validation]) -> int:
    seconds = sum(offer.time or 0 for offer in offers)
    return seconds if said.most_time is None else min(seconds, said.most_time)


def _instead(
    plan: Plan,
    name: str,
    offer: Validation,
    entered: Instant,
    leaves: Instant,
    left: Fraction | int,
    least: Fraction | int,
) -> list[Item]:
    count = _times(plan, offer, entered, leaves)
    price = max(count * plan.scaled(offer.price or Fraction(0)), least)
    if not count or (offer.charge == "if cheaper" and price >= left):
        return []
    said = f"{name}: {offer.price} instead" if count == 1 else f"{name}: {count} x {offer.price} instead"
    return [Item(What.VALIDATION, said, price - left)]


def _times(plan: Plan, offer: Validation, entered: Instant, leaves: Instant) -> int:
    if offer.per is not None:
        return -(-(leaves - entered) // (offer.per * SECOND))
    if offer.at is None:
        return 1
    count, now = 0, plan.time.next(Instant(entered - 1), offer.at)
    while now < leaves:
        count, now = count + 1, plan.time.next(now, offer.at)
    return count


def _taken_off(plan: Plan, name: str, offer: Validation, left: Fraction | int, least: Fraction | int) -> Item:
    if offer.percent is not None:
        worth, said = left * Fraction(offer.percent) / 100, f"{name}: {offer.percent} % off"
    else:
        worth, said = plan.scaled(offer.amount or Fraction(0)), f"{name}: {offer.amount} off"
    return Item(What.VALIDATION, said, -min(worth, max(left - least, 0)))
