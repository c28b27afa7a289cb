"""What the parking itself costs: rates, extras, caps, specials and shares. Amounts in the plan's small units."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from models.instants import SECOND, Instant
from models.tariff.bill import What
from models.tariff.engine import words
from models.tariff.engine.caps import Caps, Over
from models.tariff.engine.conditions import arrives, holds, pays_until
from models.tariff.engine.plan import Layer, Plan
from models.tariff.engine.walk import Charge, Rules, walk
from models.tariff.language.stays import Special


class Item(NamedTuple):
    """A line of the bill before it is rounded."""

    what: What
    text: str
    amount: Fraction | int
    since: Instant | None = None
    until: Instant | None = None


def total(items: Sequence[Item]) -> Fraction | int:
    return sum(item.amount for item in items)


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
    if least is not None and 0 < (sum_ := total(items)) < (scaled := plan.scaled(least)):
        items.append(Item(What.MINIMUM, words.minimum(least), scaled - sum_))
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
    return items + (_charged(plan, begin, leaves, entered) if begin < leaves else [])


def _charged(plan: Plan, begin: Instant, leaves: Instant, entered: Instant) -> list[Item]:
    """The rates and extras of the time from `begin`, under the caps that count from `entered`."""
    terms = plan.terms
    end = leaves
    if terms.grace.unit is not None:
        end = max(Instant(leaves - terms.grace.unit * SECOND), Instant(begin + 1))
    rules = Rules(plan.time, terms.day_starts, terms.edges == "run on", terms.units == "completed", terms.by_arrival)
    caps = Caps(plan, entered, end)
    edges = caps.edges()
    under = walk(plan.rates, begin, end, edges, rules)
    own = [layer for layer in plan.extras if layer.under_caps]
    if own:
        under += [charge for layer in own for charge in walk(layer, begin, end, edges, rules)]
        under.sort(key=lambda charge: charge.at)
    items = _lines(under, caps)
    for layer in plan.extras:
        if not layer.under_caps:
            items += _extra(plan, layer, begin, end, rules, entered)
    return items


def _extra(plan: Plan, layer: Layer, begin: Instant, end: Instant, rules: Rules, entered: Instant) -> list[Item]:
    """What goes beyond the caps; its own window may have one."""
    charges = walk(layer, begin, end, (), rules)
    return _lines(charges, Caps(plan, entered, end, windows_only=True), What.EXTRA)


def _lines(charges: Sequence[Charge], caps: Caps, what: What = What.RATE) -> list[Item]:
    """Units of one price one after another on one line, and what a cap takes off after what went over it."""
    over: dict[int, list[Over]] = {}
    for each in caps.limit(charges):
        over.setdefault(each.after, []).append(each)
    items: list[Item] = []
    run: list[Charge] = []
    for index, charge in enumerate(charges):
        if run and not _goes_on(run[-1], charge):
            items.append(_item(run, what))
            run = []
        run.append(charge)
        if index in over:
            items.append(_item(run, what))
            items += [Item(What.CAP, each.words, -each.amount, each.begin) for each in over[index]]
            run = []
    return [*items, _item(run, what)] if run else items


def _words(charge: Charge, count: int) -> str:
    """`Day: 3 x 1 h at 2.50`, `Night`."""
    return f"{charge.rate.name}: {count}{charge.step.words}" if charge.step.unit is not None else charge.rate.name


def _goes_on(before: Charge, charge: Charge) -> bool:
    return before.step is charge.step and before.window == charge.window and before.step.unit is not None


def _item(run: Sequence[Charge], what: What) -> Item:
    count, amount = run[0].units, run[0].amount
    for charge in run[1:]:
        count, amount = count + charge.units, amount + charge.amount
    return Item(what, _words(run[0], count), amount, run[0].at, run[-1].until)
