"""From exact parts of a coin to a sum that can be paid: tax, and rounding."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from models.instants import Instant
from models.money import Minor
from models.tariff.bill import Line, What
from models.tariff.engine.items import Item, total
from models.tariff.engine.plan import Plan
from models.tariff.engine.windows import falls_on
from models.tariff.language.settling import Rounding, Tax


def rounded(amount: Fraction | int, step: Fraction | int, how: str) -> Fraction | int:
    """The multiple of `step` that `how` says."""
    count = Fraction(amount) / step
    whole = count.numerator // count.denominator
    rest = count - whole
    match how:
        case "up":
            whole += rest > 0
        case "down":
            pass
        case "nearest even":
            whole = round(count)
        case _:
            whole += rest >= Fraction(1, 2)
    return whole * step


def lines(plan: Plan, items: Sequence[Item]) -> list[Line]:
    """The items in minor units: each line is rounded so that they add up to the rounded sum."""
    how, scale = plan.terms.rounding.how, plan.scale
    found: list[Line] = []
    exact, before = 0, 0
    for what, text, amount, since, until in items:
        exact += amount
        here = exact if scale == 1 and isinstance(exact, int) else _to_minor(exact, scale, how)
        found.append(Line(what, text, Minor(here - before), since, until))
        before = here
    return found


def _to_minor(amount: Fraction | int, scale: int, how: str) -> int:
    if isinstance(amount, int):
        whole, rest = divmod(amount, scale)
        if not rest:
            return whole
    return int(rounded(Fraction(amount) / scale, 1, how))


def taxes_on(plan: Plan, leaves: Instant) -> list[Tax]:
    """Those of the day on which the vehicle leaves."""
    if all(tax.days is None for tax in plan.terms.tax):
        return list(plan.terms.tax)
    day = plan.time.day(leaves)
    return [tax for tax in plan.terms.tax if tax.days is None or falls_on(tax.days, day, plan.apart)]


def taxed(plan: Plan, net: Minor, taxes: Sequence[Tax]) -> list[Line]:
    """The taxes on prices that don't include them, each rounded by itself."""
    found: list[Line] = []
    if plan.terms.prices == "include tax":
        return found
    for tax in taxes:
        base = net + (sum(line.amount for line in found) if tax.also_on_taxes else 0)
        amount = int(rounded(Fraction(tax.percent) / 100 * base, 1, "nearest"))
        found.append(Line(What.TAX, f"{tax.name}: {tax.percent} %", Minor(amount)))
    return found


def included(total: Minor, taxes: Sequence[Tax], added: Sequence[Line]) -> tuple[tuple[str, Minor], ...]:
    """What of a total is tax, by name."""
    if added:
        return tuple((tax.name, line.amount) for tax, line in zip(taxes, added, strict=True))
    parts = _parts_of_total(tuple((tax.percent, tax.also_on_taxes) for tax in taxes))
    return tuple(
        (tax.name, Minor((2 * total * part.numerator + part.denominator) // (2 * part.denominator)))
        for tax, part in zip(taxes, parts, strict=True)
    )


@lru_cache(maxsize=256)
def _parts_of_total(taxes: tuple[tuple[Decimal, bool], ...]) -> tuple[Fraction, ...]:
    """Which part of a price that includes them each of the taxes is."""
    shares: list[Fraction] = []
    for percent, also_on_taxes in taxes:
        shares.append(Fraction(percent) / 100 * (1 + (sum(shares) if also_on_taxes else 0)))
    whole = 1 + sum(shares, Fraction(0))
    return tuple(share / whole for share in shares)


def to_step(plan: Plan, items: Sequence[Item], gross: Minor) -> list[Line]:
    """What the last rounding adds or takes off. Where no tax is added to a price in whole coins, it is rounded once:
    0.246 is nearer to 0.00 than to 0.50, though 0.25 wouldn't be."""
    said: Rounding = plan.terms.rounding
    if not said.to:
        return []
    step = Fraction(said.to) * plan.minor / plan.scale
    exact = gross if plan.terms.prices == "exclude tax" else Fraction(total(items)) / plan.scale
    change = int(rounded(exact, step, said.how)) - gross
    return [Line(What.ROUNDING, f"Rounded to {said.to}", Minor(change))] if change else []
