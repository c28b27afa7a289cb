"""The fee of a stay: from what is known of it to each line of its bill."""

from __future__ import annotations

from fractions import Fraction

from models.instants import HOUR, SECOND, Instant
from models.money import Minor
from models.tariff.bill import Fee, Line, Stay, What
from models.tariff.engine import rounding
from models.tariff.engine.charging import charging, paid_by_charging
from models.tariff.engine.items import Item
from models.tariff.engine.parking import PaidFor, parking
from models.tariff.engine.plan import Kind, Plan
from models.tariff.engine.planning import planned
from models.tariff.engine.validating import validated
from models.tariff.language.stays import Lost
from models.tariff.language.terms import Terms

_MINUTE = 60 * SECOND


def plan_of(terms: Terms, kind: Kind) -> Plan:
    """Kept beside the terms: they never change. Raises UnresolvedHolidays."""
    known = terms.plans.get(kind)
    if known is None:
        known = terms.plans[kind] = planned(terms, kind)
    assert isinstance(known, Plan)
    return known


def charged(terms: Terms, entered: Instant, leaves: Instant, stay: Stay) -> Fee:
    """What a stay costs, tax included, in minor units.

    A stay of no length, or one whose clock ran backwards, costs the first unit: the vehicle was here. Raises
    UnknownValidation, UnresolvedHolidays.
    """
    plan = plan_of(terms, Kind(stay.vehicle, stay.spot))
    entered, paid = _goes_on(terms, entered, stay)
    if terms.whole_minutes:
        entered, leaves = Instant(entered // _MINUTE * _MINUTE), Instant(leaves // _MINUTE * _MINUTE)
    leaves = max(leaves, Instant(entered + 1))
    items = _items(plan, entered, leaves, stay)
    lines = rounding.lines(plan, items)
    net = Minor(sum(line.amount for line in lines))
    taxes = rounding.taxes_on(plan, leaves)
    added = rounding.taxed(plan, net, taxes)
    lines += added
    gross = Minor(net + sum(line.amount for line in added))
    lines += rounding.to_step(plan, items, gross)
    total = Minor(sum(line.amount for line in lines))
    of_it = rounding.included(total, taxes, added)
    if paid:
        paid = Minor(min(paid, total))
        lines.append(Line(What.PAID, "Paid before", Minor(-paid)))
        of_it = tuple((name, Minor(round(Fraction(tax * (total - paid), total)))) for name, tax in of_it)
    return _fee(plan, Minor(total - paid), lines, of_it, entered, leaves)


def _fee(
    plan: Plan, total: Minor, lines: list[Line], taxes: tuple[tuple[str, Minor], ...], entered: Instant, leaves: Instant
) -> Fee:
    most = plan.terms.machine_maximum
    return Fee(
        total=total,
        currency=plan.terms.currency,
        started_hours=max(1, -(-(leaves - entered) // HOUR)),
        capped=any(line.what is What.CAP for line in lines),
        lines=tuple(lines),
        taxes=taxes,
        needs_person=most is not None and total * plan.scale > plan.scaled(most),
    )


def _goes_on(terms: Terms, entered: Instant, stay: Stay) -> tuple[Instant, Minor]:
    """From when the stay counts, and what was paid for it before: a short absence doesn't end it."""
    paid = 0
    if terms.re_entry is None:
        return entered, Minor(0)
    for before in reversed(stay.earlier):
        if not 0 <= entered - before.left <= terms.re_entry.within * SECOND:
            break
        entered, paid = before.entered, paid + before.paid
    return entered, Minor(paid)


def _items(plan: Plan, entered: Instant, leaves: Instant, stay: Stay) -> list[Item]:
    lost = plan.lost if stay.lost else None
    items: list[Item]
    if lost is not None and not (lost.from_entry_if_known and stay.entry_known):
        items = [_for_lost(plan, lost, _times(plan, lost, entered, leaves) if stay.entry_known else 1)]
    else:
        free = paid_by_charging(plan, stay, entered, leaves)

        def parked(codes: frozenset[str], seconds: int, keeps_ladder: bool) -> list[Item]:
            own = plan_of(plan.terms, Kind(stay.vehicle, stay.spot, codes)) if codes else plan
            return parking(own, entered, leaves, PaidFor(free + seconds * SECOND, keeps_ladder))

        items = validated(plan, stay.validations, entered, leaves, parked)
    if lost is not None and lost.plus is not None:
        items = [*items, Item(What.LOST, "Lost ticket: for the work", plan.scaled(lost.plus))]
    return [*items, *charging(plan, stay, entered, leaves)]


def _times(plan: Plan, lost: Lost, entered: Instant, leaves: Instant) -> int:
    """How often a lost ticket's charge counts."""
    if isinstance(lost.per, int):
        return -(-(leaves - entered) // (lost.per * SECOND))
    if lost.per is None:
        return 1
    time, starts = plan.time, plan.terms.day_starts
    return time.last_day(Instant(leaves - 1), starts) - time.last_day(entered, starts) + 1


def _for_lost(plan: Plan, lost: Lost, count: int) -> Item:
    times = "" if count == 1 else f"{count} x "
    if isinstance(lost.charge, str):
        return Item(What.LOST, f"Lost ticket: {times}the day's maximum", count * day_maximum(plan))
    return Item(
        What.LOST,
        f"Lost ticket{': ' if times else ''}{times}{lost.charge if times else ''}",
        count * plan.scaled(lost.charge),
    )


def day_maximum(plan: Plan) -> int:
    """The least cap of a day or of 24 hours, of its first period."""
    found = [cap.limits[0] for cap in plan.caps if cap.cap.per in ("day", 86_400)]
    return min(found, default=0)
