"""What is said between the lot and whoever takes its money: amounts and tokens, never a card number."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from models.ids import PaymentId, RefundId
from models.instants import Instant
from models.money import Minor

_LONG_NUMBER = re.compile(r"(?<!\d)[2-6](?:[ -]?\d){12,18}(?!\d)")
"""What may be a card number: 13 to 19 digits, written as on a card or in one, beginning as those of the networks do."""


def without_card_numbers(said: str) -> str:
    """The text with all but the last four digits of each card number blotted out. A terminal that isn't set up well may
    print one where its token belongs; it goes no further."""
    return _LONG_NUMBER.sub(_blotted, said)


def _blotted(found: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", found[0])
    return f"{'*' * (len(digits) - 4)}{digits[-4:]}" if _checks_out(digits) else found[0]


def _checks_out(digits: str) -> bool:
    """Luhn's sum, as every card number has it."""
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


class ChargeOutcome(StrEnum):
    TAKEN = "taken"
    DECLINED = "declined"
    UNREACHABLE = "unreachable"
    """The terminal or its network is down, and no money moved."""
    STORED = "stored"
    """The terminal keeps it and takes the money when it reaches its bank, which may decline it then: to be asked."""
    PENDING = "pending"
    """It was begun and isn't over: a provider in the network says later what became of it, or is asked."""


class Fate(StrEnum):
    """What became of a payment."""

    TAKEN = "taken"
    DECLINED = "declined"
    """No money moved by it, and none will."""
    NOTHING = "nothing"
    """It never reached whoever takes the money, and can't any more."""
    PENDING = "pending"
    """They are still at it, or wait for somebody; to be asked again."""
    UNKNOWN = "unknown"
    """Nobody can say now; to be asked again."""

    @property
    def final(self) -> bool:
        return self not in (Fate.PENDING, Fate.UNKNOWN)


class RefundOutcome(StrEnum):
    REFUNDED = "refunded"
    DECLINED = "declined"
    """Not given back, and won't be: more than was taken, or this provider gives nothing back."""
    UNREACHABLE = "unreachable"
    """Nothing was given back yet. Asked again under the same id, it is."""
    UNKNOWN = "unknown"
    """It may have been. Asked again under the same id, it isn't given back twice."""


class _Clean:
    """What others say, without card numbers."""

    __slots__ = ()

    def __post_init__(self) -> None:
        for name in ("reference", "detail"):
            said = getattr(self, name, "")
            if said:
                object.__setattr__(self, name, without_card_numbers(said))


@dataclass(frozen=True, slots=True)
class Charged(_Clean):
    """How a charge ended. `reference` is the terminal's own token. `amount` is what was taken in all, where that isn't
    what was asked for: a machine for coins may get less and can't give it back, or more and has no change."""

    outcome: ChargeOutcome
    reference: str = ""
    detail: str = ""
    amount: Minor | None = None


@dataclass(frozen=True, slots=True)
class Became(_Clean):
    """What became of a payment, for whoever asks later. `amount` as of Charged."""

    fate: Fate
    reference: str = ""
    detail: str = ""
    amount: Minor | None = None


@dataclass(frozen=True, slots=True)
class Refunded(_Clean):
    """How a refund ended. `reference` is the provider's own token of it."""

    outcome: RefundOutcome
    reference: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Reported(_Clean):
    """A line of the provider's own record. `payment` is the id that the lot gave; None: it knows of none. `refund` is
    that of the refund, of a line that is one. Amounts are positive in both."""

    payment: PaymentId | None
    kind: Literal["charge", "refund"]
    amount: Minor
    currency: str
    reference: str
    at: Instant
    refund: RefundId | None = None


@dataclass(frozen=True, slots=True)
class Abilities:
    """What can be asked of one provider; the rest is never asked of it.

    `asks`: it can say later what became of a payment. `refunds`: it gives money back. `reports`: it has a record of its
    own. `stores`: it can keep a payment while its bank is out of reach. `cash`: it takes coins or notes.
    """

    asks: bool = False
    refunds: bool = False
    reports: bool = False
    stores: bool = False
    cash: bool = False
