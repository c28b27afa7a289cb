"""Which rates the taxes of a sum are, and on which net amounts, as far as that can be told from them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from models.ledger.accounts import tax as account_of
from models.money import Minor
from models.receipts.document import Tax
from models.tariff import Tariff, Terms


class Rate(NamedTuple):
    """A tax of the tariff. `compound`: it is charged on those before it, too."""

    percent: Decimal
    compound: bool = False


_COIN = Decimal("1.5")
"""What two roundings can come to."""

Rates = Mapping[str, Sequence[Rate]]
"""By name; the same name may stand for several rates, on different days."""


def rates_of(tariff: Tariff) -> Rates:
    """By the names that they have in the books."""
    found: dict[str, list[Rate]] = {}
    for tax in tariff.tax if isinstance(tariff, Terms) else ():
        name = account_of(tax.name).partition(":")[2]
        found.setdefault(name, []).append(Rate(tax.percent, tax.also_on_taxes))
    return found


def told(net: Minor, amounts: Mapping[str, Minor], rates: Rates, slack: int = 0) -> tuple[Tax, ...]:
    """Each tax with its rate and base. `slack` is by how much a rounding may have changed the sum.

    Either all of them are on the whole; or each is on a part of its own, and the parts add up to the whole (a stay of
    which one part was taxed by another day's rate). Where neither is so, no base is told: none would be true.
    """
    known = {name: amount for name, amount in amounts.items() if amount}
    return _on_the_whole(net, known, rates, slack) or _on_parts(net, known, rates) or _untold(known, rates)


def _on_the_whole(net: Minor, amounts: Mapping[str, Minor], rates: Rates, slack: int) -> tuple[Tax, ...]:
    rows: list[Tax] = []
    before = 0
    for name, amount in amounts.items():
        for rate in rates.get(name, ()):
            base = net + (before if rate.compound else 0)
            if abs(amount - rate.percent * base / 100) <= _COIN + slack * rate.percent / 100:
                rows.append(_row(name, amount, rate, Minor(base)))
                break
        else:
            return ()
        before += amount
    return tuple(rows)


def _on_parts(net: Minor, amounts: Mapping[str, Minor], rates: Rates) -> tuple[Tax, ...]:
    """A base that is worked out from its tax is right to half a coin of tax; what is left over by that goes to the
    largest."""
    rows: list[Tax] = []
    unsure = Decimal(0)
    for name, amount in amounts.items():
        of_name = rates.get(name, ())
        if len(of_name) != 1 or of_name[0].compound or not of_name[0].percent:
            return ()
        [rate] = of_name
        rows.append(_row(name, amount, rate, _whole(amount * 100 / rate.percent)))
        unsure += 50 / rate.percent + 1
    rest = net - sum(row.base or 0 for row in rows)
    if not rows or abs(rest) > unsure:
        return ()
    largest = max(range(len(rows)), key=lambda at: abs(rows[at].base or 0))
    rows[largest] = rows[largest].model_copy(update={"base": Minor((rows[largest].base or 0) + rest)})
    return tuple(rows)


def _untold(amounts: Mapping[str, Minor], rates: Rates) -> tuple[Tax, ...]:
    def percent(name: str) -> str | None:
        of_name = rates.get(name, ())
        return _written(of_name[0].percent) if len(of_name) == 1 else None

    return tuple(Tax(name=name, amount=amount, percent=percent(name)) for name, amount in amounts.items())


def _row(name: str, amount: Minor, rate: Rate, base: Minor) -> Tax:
    return Tax(name=name, amount=amount, percent=_written(rate.percent), base=base)


def _whole(amount: Decimal) -> Minor:
    return Minor(int(amount.to_integral_value(ROUND_HALF_UP)))


def _written(percent: Decimal) -> str:
    return f"{percent.normalize():f}"
