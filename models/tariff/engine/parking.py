"""What the parking itself costs: rates, extras, caps, specials and shares. Amounts in the plan's small units."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from heapq import merge
from typing import NamedTuple

from models.instants import SECOND, Instant
from models.tariff.bill import What
from models.tariff.engine import words
from models.tariff.engine.caps import Caps
from models.tariff.engine.conditions import arrives, holds, pays_until
from models.tariff.engine.items import Item, bill, total
from models.tariff.engine.periods import Until
from models.tariff.engine.plan import Plan
from models.tariff.engine.walk import Charge, Rules, walk
from models.tariff.language.stays import Special

_NEVER = Instant(0)


class PaidFor(NamedTuple):
    """Time from entry that costs nothing: a validation, charging."""

    length: int = 0
    """Microseconds"""
    keeps_ladder: bool = False
    """Ladders count from entry all the same"""


def parking(plan: Plan, entered: Instant, leaves: Instant, paid_for: PaidFor) -> list[Item]:
    """What the parking costs besides what is paid for."""
    grace = plan.terms.grace.entry
    if grace is not None and leaves - entered <= grace * SECOND:
        return [Item(What.FREE, words.grace(grace), 0, entered, leaves)]
    items = _with_specials(plan, entered, leaves, paid_for)
    if total(items) < 0:
        items.append(Item(What.MINIMUM, words.minimum(Decimal(0)), -total(items)))
    for factor in plan.factors:
        share = total(items) * (Fraction(factor.percent) / 100 - 1)
        items.append(Item(What.FACTOR, f"{factor.name}: {factor.percent} %", share))
    least = plan.terms.minimum
    if least is not None and least.per == "stay":
        short = plan.scaled(least.amount) - total(items)
        if 0 < short < plan.scaled(least.amount):
            items.append(Item(What.MINIMUM, words.minimum(least.amount), short))
    return items


def _with_specials(plan: Plan, entered: Instant, leaves: Instant, paid_for: PaidFor) -> list[Item]:
    fitting = [special for special in plan.specials if holds(special, plan, entered, leaves)]
    instead = next((special for special in fitting if special.charge == "instead"), None)
    if instead is not None:
        items = _special(plan, instead, entered, leaves)
    else:
        items = _ordinary(plan, entered, leaves, paid_for)
        for special in fitting:
            if special.charge == "if cheaper":
                items = min(items, _special(plan, special, entered, leaves), key=total)
    for special in fitting:
        if special.charge == "on top":
            items += _special(plan, special, entered, leaves)
    return items


def _special(plan: Plan, special: Special, entered: Instant, leaves: Instant) -> list[Item]:
    ends = pays_until(special, plan, entered)
    price = Item(What.SPECIAL, special.name, plan.scaled(special.price), entered, min(ends or leaves, leaves))
    if ends is None or leaves <= ends or special.charge == "on top":
        return [price]
    return [price, *_charged(plan, ends, leaves, ends)]


def _ordinary(plan: Plan, entered: Instant, leaves: Instant, paid_for: PaidFor) -> list[Item]:
    items: list[Item] = []
    begin = free_until = entered
    if paid_for.length:
        free_until = Instant(entered + paid_for.length)
        items.append(_free(words.paid_for(min(paid_for.length, leaves - entered)), entered, free_until, leaves))
        begin = entered if paid_for.keeps_ladder else free_until
    counted_from = entered
    free = next((each for each in plan.free if arrives(each.arrive, plan, entered)), None)
    if free is not None and (leaves <= free_until + free.first * SECOND or not free.lost):
        ends = Instant(free_until + free.first * SECOND)
        items.append(_free(words.free(free.first), free_until, ends, leaves))
        begin, free_until = begin if free.keeps_ladder else ends, ends
        counted_from = begin if free.entry_moves else entered
    for block, ends in _blocks(plan, counted_from, leaves):
        if max(begin, block, free_until) < ends:
            items += _charged(plan, max(begin, block), ends, block, free_until)
    return items


def _free(text: str, since: Instant, until: Instant, leaves: Instant) -> Item:
    return Item(What.FREE, text, 0, min(since, leaves), min(until, leaves))


def _blocks(plan: Plan, entered: Instant, leaves: Instant) -> Iterator[tuple[Instant, Instant]]:
    """The parts of a stay that are priced each by itself."""
    if plan.terms.afresh is None:
        yield entered, leaves
        return
    length = plan.terms.afresh * SECOND
    for begin in range(entered, leaves, length):
        yield Instant(begin), min(Instant(begin + length), leaves)


def _charged(plan: Plan, begin: Instant, leaves: Instant, entered: Instant, free_until: Instant = _NEVER) -> list[Item]:
    """The rates and extras of the time from `begin`, under the caps that count from `entered`. What begins before
    `free_until` costs nothing, but ladders go on in it."""
    terms = plan.terms
    end = leaves
    if terms.grace.unit is not None and terms.units == "begun":
        end = max(Instant(leaves - terms.grace.unit * SECOND), Instant(begin + 1))
    rules = Rules(plan.time, terms.day_starts, terms.edges == "run on", terms.units == "completed", terms.by_arrival)
    caps, mark = Caps(plan, entered), Until(free_until)
    own = [layer for layer in plan.extras if layer.under_caps]
    fold = None if own or free_until > begin else caps.fold
    edges = [*caps.periods, mark] if free_until > begin else caps.periods
    charges = walk(plan.rates, entered, begin, end, rules, edges, fold)
    beside = replace(rules, by_arrival=False) if plan.extras else rules
    if own:
        # Each goes through the caps' periods at its own pace.
        others = (walk(layer, entered, begin, end, beside, Caps(plan, entered).periods) for layer in own)
        charges = merge(charges, *others, key=_begun)
        caps = Caps(plan, entered)
    paid = (charge for charge in charges if charge.at >= free_until)
    items = bill(paid, caps, What.RATE, leaves)
    least = terms.minimum
    if least is not None:
        items += [Item(What.MINIMUM, words.minimum(least.amount), short, day) for day, short in caps.missing()]
    for layer in plan.extras:
        if not layer.under_caps:
            extra = (each for each in walk(layer, entered, begin, end, beside) if each.at >= free_until)
            items += bill(extra, Caps(plan, entered, windows_only=True), What.EXTRA, leaves)
    return items


def _begun(charge: Charge) -> Instant:
    return charge.at
