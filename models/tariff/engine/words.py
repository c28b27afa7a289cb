"""The words on a bill."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from models.instants import SECOND
from models.money import exponent
from models.tariff.engine.walk import Charge
from models.tariff.language.written import at_text, days_text, length_text

if TYPE_CHECKING:
    from models.tariff.engine.caps import Over
    from models.tariff.engine.plan import Plan


def units(charge: Charge, count: int) -> str:
    """`Day: 3 x 1 h at 2.50`, `Night: 5.00`."""
    step = charge.step
    name = charge.rate.name or "Parking"
    if step.unit is None:
        return name
    part = step.unit // SECOND
    if isinstance(step.per, int) and step.per != part:
        return f"{name}: {count} x {length_text(part)} at {step.shown} for {length_text(step.per)}"
    return f"{name}: {count} x {length_text(part)} at {step.shown}"


def grace(seconds: int) -> str:
    return f"Left within {length_text(seconds)}"


def free(seconds: int) -> str:
    return f"First {length_text(seconds)} free"


def paid_for(microseconds: int) -> str:
    minutes, rest = divmod(microseconds // SECOND, 60)
    return f"{length_text((minutes + bool(rest)) * 60)} from entry paid for" if microseconds >= SECOND else "Paid for"


def minimum(least: Decimal) -> str:
    return f"At least {least}"


def cap(plan: Plan, over: Over) -> str:
    """`At most 18.00 for 24 h`."""
    limit = major(plan, over.limit)
    if over.cap is None:
        return f"{over.rate.name if over.rate and over.rate.name else 'Parking'}: at most {limit}"
    said = over.cap.cap
    period = f"a {said.per}" if isinstance(said.per, str) else length_text(said.per)
    name = f"{said.name}: at" if said.name else "At"
    when = f" ({days_text(said.days)})" if said.days is not None else ""
    begins = f" from {at_text(said.resets)}" if said.resets is not None else ""
    return f"{name} most {limit} for {period}{begins}{when}"


def major(plan: Plan, amount: int) -> str:
    """An amount in the plan's small units, in major units."""
    places = exponent(plan.terms.currency)
    exact = Decimal(amount) / plan.scale / 10**places
    return f"{exact:.{places}f}" if exact == round(exact, places) else f"{exact.normalize():f}"
