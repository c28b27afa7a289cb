"""What an electric vehicle pays besides parking: its energy, and standing at the charger when it is full."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from models.instants import SECOND, Instant
from models.tariff.bill import Stay, What
from models.tariff.engine import words
from models.tariff.engine.items import Item
from models.tariff.engine.plan import ENDLESS, Again, Layer, Plan, PlannedRate, Step
from models.tariff.engine.walk import Rules, walk
from models.tariff.engine.windows import Windows
from models.tariff.language.parts import MIDNIGHT
from models.tariff.language.settling import Idle


def charging(plan: Plan, stay: Stay, entered: Instant, leaves: Instant) -> list[Item]:
    said = plan.terms.charging
    if said is None or not stay.energy:
        return []
    items: list[Item] = []
    if said.per_kwh is not None:
        kwh = Decimal(stay.energy) / 1000
        minor = Fraction(said.per_kwh) * Fraction(kwh) * plan.minor
        items.append(Item(What.ENERGY, f"Energy: {kwh.normalize():f} kWh at {said.per_kwh}", minor))
    if said.session is not None:
        items.append(Item(What.ENERGY, "Charging session", plan.scaled(said.session)))
    if said.idle is not None and stay.charged_until is not None:
        items += _idle(plan, said.idle, max(stay.charged_until, entered), leaves)
    return items


def paid_by_charging(plan: Plan, stay: Stay, entered: Instant, leaves: Instant) -> int:
    """So many microseconds of parking cost nothing because the vehicle charged."""
    said = plan.terms.charging
    if said is None or not stay.energy or said.parking == "as usual":
        return 0
    if said.parking == "free":
        return leaves - entered
    return leaves - entered if stay.charged_until is None else max(stay.charged_until - entered, 0)


def _idle(plan: Plan, idle: Idle, full: Instant, leaves: Instant) -> list[Item]:
    begin = Instant(full + (idle.after or 0) * SECOND)
    price = plan.scaled(idle.price)
    step = Step(
        ENDLESS,
        idle.per * SECOND,
        False,
        price,
        words.unit(idle.per, idle.per, words.major(idle.price, plan.terms.currency)),
    )
    rate = PlannedRate("Idle", (step,), Again(window=False, day=False, length=0), None)
    layer = Layer((rate,), Windows([idle], plan.time, plan.apart))
    rules = Rules(plan.time, MIDNIGHT, run_on=False, completed=False, by_arrival=False)
    charges = list(walk(layer, begin, begin, leaves, rules))
    if not charges:
        return []
    amount = sum(charge.amount for charge in charges)
    count = sum(charge.units for charge in charges)
    items = [Item(What.IDLE, f"Idle: {count}{step.words}", amount, charges[0].at, leaves)]
    if idle.cap is not None and amount > (most := plan.scaled(idle.cap)):
        items.append(Item(What.CAP, f"Idle: at most {idle.cap}", most - amount))
    return items
