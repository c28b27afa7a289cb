"""The words on a bill."""

from __future__ import annotations

from decimal import Decimal

from models.instants import SECOND
from models.money import exponent
from models.tariff.language.rates import Cap
from models.tariff.language.written import at_text, days_text, length_text


def unit(seconds: int, per: int | str | None, shown: str) -> str:
    """What one unit is, and costs: ` x 1 h at 2.50`."""
    whole = f" for {length_text(per)}" if isinstance(per, int) and per != seconds else ""
    return f" x {length_text(seconds)} at {shown}{whole}"


def grace(seconds: int) -> str:
    return f"Left within {length_text(seconds)}"


def free(seconds: int) -> str:
    return f"First {length_text(seconds)} free"


def paid_for(microseconds: int) -> str:
    minutes, rest = divmod(microseconds // SECOND, 60)
    return f"{length_text((minutes + bool(rest)) * 60)} from entry paid for" if microseconds >= SECOND else "Paid for"


def minimum(least: Decimal) -> str:
    return f"At least {least}"


def window_cap(name: str, limit: str) -> str:
    return f"{name or 'Parking'}: at most {limit}"


def cap(said: Cap, limit: str) -> str:
    """`At most 18.00 for 24 h`."""
    period = f"a {said.per}" if isinstance(said.per, str) else length_text(said.per)
    name = f"{said.name}: at" if said.name else "At"
    when = f" ({days_text(said.days)})" if said.days is not None else ""
    begins = f" from {at_text(said.resets)}" if said.resets is not None else ""
    return f"{name} most {limit} for {period}{begins}{when}"


def major(amount: Decimal, currency: str) -> str:
    """`18.00`; what is finer than a coin keeps its decimal places."""
    places = exponent(currency)
    return f"{amount:.{places}f}" if amount == round(amount, places) else f"{amount.normalize():f}"
