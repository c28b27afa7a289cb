"""Our books beside a provider's own report: what doesn't agree. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

from models.money import Minor


class Told(Protocol):
    """A line of the provider's report. `payment` is the id that the lot gave; None: it knows of none."""

    @property
    def payment(self) -> str | None: ...
    @property
    def kind(self) -> Literal["charge", "refund"]: ...
    @property
    def amount(self) -> Minor: ...
    @property
    def currency(self) -> str: ...
    @property
    def reference(self) -> str: ...


class Moved(NamedTuple):
    """What was taken for a payment, or given back of it, in all."""

    payment: str
    kind: Literal["charge", "refund"]
    amount: Minor
    currency: str


class Unlike(NamedTuple):
    ours: Moved
    theirs: Moved


@dataclass(frozen=True, slots=True)
class Differences:
    """Empty where both say the same."""

    missing_there: tuple[Moved, ...] = ()
    """In our books, and the provider knows nothing of it"""
    missing_here: tuple[Moved, ...] = ()
    """The provider has moved it, and our books say nothing; `payment` is its reference where it knows of no id"""
    amounts: tuple[Unlike, ...] = ()
    currencies: tuple[Unlike, ...] = ()
    twice: tuple[Moved, ...] = field(default=())
    """The provider has taken one payment more than once: its whole sum"""

    def __bool__(self) -> bool:
        return any((self.missing_there, self.missing_here, self.amounts, self.currencies, self.twice))


def reconciled(ours: Iterable[Moved], theirs: Iterable[Told]) -> Differences:
    """By payment, charges and refunds apart. A payment may be given back in parts, but is taken once."""
    here = _summed(ours)
    told = [_moved(line) for line in theirs]
    there = _summed(told)
    charges = Counter(line.payment for line in told if line.kind == "charge")
    both = [Unlike(here[key], there[key]) for key in here if key in there]
    twice = {payment for payment, times in charges.items() if times > 1}
    return Differences(
        missing_there=tuple(line for key, line in here.items() if key not in there),
        missing_here=tuple(line for key, line in there.items() if key not in here),
        amounts=tuple(pair for pair in both if _unlike_amounts(pair)),
        currencies=tuple(pair for pair in both if pair.ours.currency != pair.theirs.currency),
        twice=tuple(line for (payment, kind), line in there.items() if kind == "charge" and payment in twice),
    )


def _unlike_amounts(pair: Unlike) -> bool:
    return pair.ours.currency == pair.theirs.currency and pair.ours.amount != pair.theirs.amount


def _moved(line: Told) -> Moved:
    return Moved(line.payment or f"reference {line.reference}", line.kind, line.amount, line.currency)


def _summed(lines: Iterable[Moved]) -> dict[tuple[str, str], Moved]:
    found: dict[tuple[str, str], Moved] = {}
    for line in lines:
        key = (line.payment, line.kind)
        before = found.get(key)
        found[key] = line if before is None else line._replace(amount=Minor(before.amount + line.amount))
    return found
