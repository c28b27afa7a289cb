"""What the parking itself costs: rates, extras, caps, specials and shares. Amounts in the plan's small units."""

from __future__ import annotations

from fractions import Fraction
from heapq import merge

from models.instants import SECOND, Instant
from models.tariff.bill import What
from models.tariff.engine import words
from models.tariff.engine.caps import Caps
from models.tariff.engine.conditions import arrives, holds, pays_until
from models.tariff.engine.items import Item, bill, total
from models.tariff.engine.plan import Plan
from models.tariff.engine.walk import Charge, Rules, walk
from models.tariff.language.stays import Special


def parking(plan: Plan, entered: Instant, leaves: Instant, paid_for: int) -> list[Item]:
    """`paid_for`: so many microseconds from entry cost nothing besides what is free (a validation, charging)."""
    grace = plan.terms.grace.entry
    if grace is not None and leaves - entered <= grace * SECOND:
        return [Item(What.FREE, words.grace(grace), 0, entered, leaves)]
    items = _with_specials(plan, entered, leaves, paid_for)
    for factor in plan.factors:
        share = total(items) * (Fraction(factor.percent) / 100 - 1)
        items.append(Item(What.FACTOR, f"{factor.name}: {factor.percent} %", share))
    least = plan.terms.minimum
    if least is not None and least.per == "stay":
        short = plan.scaled(least.amount) - total(items)
        if 0 < short < plan.scaled(least.amount):
            items.append(Item(What.MINIMUM, words.minimum(least.amount), short))
    return items


def _with_specials(plan: Plan, entered: Instant, leaves: Instant, paid_for: int) -> list[Item]:
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


def _ordinary(plan: Plan, entered: Instant, leaves: Instant, paid_for: int) -> list[Item]:
    free = next((each for each in plan.free if arrives(each.arrive, plan, entered)), None)
    items: list[Item] = []
    if paid_for:
        until = min(Instant(entered + paid_for), leaves)
        items.append(Item(What.FREE, words.paid_for(until - entered), 0, entered, until))
    begin = Instant(entered + paid_for)
    if free is not None:
        ends = Instant(begin + free.first * SECOND)
        if leaves <= ends or not free.lost:
            items.append(Item(What.FREE, words.free(free.first), 0, begin, min(ends, leaves)))
            begin = ends
    counted_from = begin if free is not None and free.entry_moves else entered
    return items + (_charged(plan, begin, leaves, counted_from) if begin < leaves else [])


def _charged(plan: Plan, begin: Instant, leaves: Instant, entered: Instant) -> list[Item]:
    """The rates and extras of the time from `begin`, under the caps that count from `entered`."""
    terms = plan.terms
    end = leaves
    if terms.grace.unit is not None:
        end = max(Instant(leaves - terms.grace.unit * SECOND), Instant(begin + 1))
    rules = Rules(plan.time, terms.day_starts, terms.edges == "run on", terms.units == "completed", terms.by_arrival)
    caps = Caps(plan, entered)
    own = [layer for layer in plan.extras if layer.under_caps]
    charges = walk(plan.rates, entered, begin, end, rules, caps.periods, caps.fold if not own else None)
    if own:
        # Each goes through the caps' periods at its own pace.
        others = (walk(layer, entered, begin, end, rules, Caps(plan, entered).periods) for layer in own)
        charges = merge(charges, *others, key=_begun)
        caps = Caps(plan, entered)
    items = bill(charges, caps, What.RATE, leaves)
    least = terms.minimum
    if least is not None:
        items += [Item(What.MINIMUM, words.minimum(least.amount), short, day) for day, short in caps.missing()]
    for layer in plan.extras:
        if not layer.under_caps:
            items += bill(
                walk(layer, entered, begin, end, rules), Caps(plan, entered, windows_only=True), What.EXTRA, leaves
            )
    return items


def _begun(charge: Charge) -> Instant:
    return charge.at
