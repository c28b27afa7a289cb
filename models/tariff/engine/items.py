"""Charges as the lines of a bill, before they are rounded: what was charged, and what each cap took off."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import NamedTuple

from models.instants import Instant
from models.tariff.bill import What
from models.tariff.engine.caps import Caps, Cut
from models.tariff.engine.walk import Charge


class Item(NamedTuple):
    """A line of the bill; `amount` in the plan's small units."""

    what: What
    text: str
    amount: Fraction | int
    since: Instant | None = None
    until: Instant | None = None


def total(items: Sequence[Item]) -> Fraction | int:
    return sum(item.amount for item in items)


def bill(charges: Iterable[Charge], caps: Caps, what: What, end: Instant) -> list[Item]:
    """Units of one price one after another stand on one line; after them, what each cap took off."""
    items: list[Item] = []
    run: list[Charge] = []
    cuts: list[Cut] = []
    for charge in charges:
        if run and run[-1].step is not charge.step:
            items += _lines(run, cuts, what, end)
            run, cuts = [], []
        run.append(charge)
        cuts += caps.cut(charge)
    return items + _lines(run, cuts, what, end) if run else items


def _lines(run: Sequence[Charge], cuts: Sequence[Cut], what: What, end: Instant) -> list[Item]:
    first, last = run[0], run[-1]
    count, amount = first.units, first.amount
    for charge in run[1:]:
        count, amount = count + charge.units, amount + charge.amount
    items = [Item(what, _words(first, count), amount, first.at, min(last.until, end))]
    if cuts:
        items += _taken_off(cuts)
    return items


def _taken_off(cuts: Sequence[Cut]) -> list[Item]:
    together: dict[str, tuple[int, int, Instant]] = {}
    for words, amount, periods, begin in cuts:
        before = together.get(words)
        together[words] = (
            (amount, periods, begin) if before is None else (before[0] + amount, before[1] + periods, before[2])
        )
    return [
        Item(What.CAP, f"{words}, {periods} times" if periods > 1 else words, -amount, begin)
        for words, (amount, periods, begin) in together.items()
        if amount
    ]


def _words(charge: Charge, count: int) -> str:
    """`Day: 3 x 1 h at 2.50`, `Night`, `Night: 2 x 5.00`."""
    if charge.step.unit is None and count == 1:
        return charge.rate.name
    return f"{charge.rate.name}: {count}{charge.step.words}"
