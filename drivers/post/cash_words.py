"""What is said between the lot and a machine that takes coins and notes. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from drivers.money import Became, Charged, ChargeOutcome, Fate, Reported
from models.ids import PaymentId
from models.instants import Instant
from models.money import Minor

Json = dict[str, Any]
REPORTED_AT_ONCE = 10
"""Lines of the machine's own record in one answer at most: a slow serial line takes a second for them."""


class State(StrEnum):
    """How a payment stands at the machine."""

    UNKNOWN = "unknown"
    """The machine has never heard of it, and has taken nothing for it"""
    OPEN = "open"
    """It takes money for it"""
    GIVING_BACK = "giving_back"
    """Change, or all of it, is coming out"""
    OVER = "over"
    """For ever: nothing more is taken for it or given back"""
    BUSY = "busy"
    """Another payment is open, and the answer is about that one"""
    OUT_OF_ORDER = "out_of_order"
    """It takes no money now"""


class Trouble(StrEnum):
    """What the machine says is wrong with it; others that it may say are passed over."""

    NO_CHANGE = "no_change"
    FULL = "full"
    JAMMED = "jammed"


@dataclass(frozen=True, slots=True)
class Told:
    """One answer. Amounts in minor units; `receipt` is the machine's own name for the payment."""

    payment: PaymentId
    state: State
    inserted: Minor
    given_back: Minor
    currency: str
    receipt: str
    troubles: frozenset[Trouble]

    @property
    def kept(self) -> Minor:
        """What the machine has of it."""
        return Minor(self.inserted - self.given_back)


def take(payment: PaymentId, amount: Minor, currency: str, within: int) -> Json:
    """Take money for it. Said again, changes nothing and answers how it stands; left unsaid for `within` seconds, the
    machine ends the payment by itself."""
    return {"do": "take", "payment": payment, "amount": amount, "currency": currency, "within": within}


def tell(payment: PaymentId) -> Json:
    """How does it stand? Without a payment: how is the machine?"""
    return {"do": "tell", "payment": payment}


def end(payment: PaymentId) -> Json:
    """Give back what was inserted, as far as that can be, and take nothing more for it: also of one that the machine
    hasn't heard of yet."""
    return {"do": "end", "payment": payment}


def report(since: Instant, until: Instant, skip: int) -> Json:
    """The machine's own record of what it has kept."""
    return {"do": "report", "since": since, "until": until, "skip": skip}


def told(said: Json) -> Told:
    """Raises ValueError for what no machine can mean."""
    try:
        found = Told(
            PaymentId(str(said.get("payment", ""))),
            State(said["state"]),
            Minor(_count(said.get("inserted", 0))),
            Minor(_count(said.get("given_back", 0))),
            str(said.get("currency", "")),
            str(said.get("receipt", "")),
            frozenset(trouble for trouble in Trouble if trouble in said.get("troubles", ())),
        )
    except (KeyError, TypeError, AttributeError) as wrong:
        raise ValueError(f"no answer of a cash machine: {wrong!r}") from wrong
    if found.kept < 0:
        raise ValueError(f"it says that it gave back {found.given_back} of {found.inserted}")
    return found


def charged(said: Told) -> Charged:
    """The answer to the lot, once it is over."""
    if said.kept:
        return Charged(ChargeOutcome.TAKEN, said.receipt, amount=said.kept)
    return Charged(ChargeOutcome.DECLINED, detail="given back" if said.inserted else "nothing was put in")


def became(said: Told) -> Became:
    match said.state:
        case State.OVER if said.kept:
            return Became(Fate.TAKEN, said.receipt, amount=said.kept)
        case State.OVER:
            return Became(Fate.DECLINED if said.inserted else Fate.NOTHING)
        case State.OPEN | State.GIVING_BACK:
            return Became(Fate.PENDING, detail="the machine isn't done with it")
        case State.UNKNOWN | State.BUSY | State.OUT_OF_ORDER:
            return Became(Fate.UNKNOWN, detail=f"the machine says {said.state}")


def reported(said: Json) -> tuple[list[Reported], bool]:
    """Some lines, and whether there are more. Raises ValueError."""
    try:
        return [_line(each) for each in said["lines"]], bool(said.get("more", False))
    except (KeyError, TypeError, AttributeError) as wrong:
        raise ValueError(f"no report of a cash machine: {wrong!r}") from wrong


def _line(said: Json) -> Reported:
    payment = said.get("payment")
    return Reported(
        None if payment is None else PaymentId(str(payment)),
        "charge",
        Minor(_count(said["amount"])),
        str(said["currency"]),
        str(said["receipt"]),
        Instant(_count(said["at"])),
    )


def _count(said: Any) -> int:
    if isinstance(said, bool) or not isinstance(said, int) or said < 0:
        raise ValueError(f"a sum in minor units is expected, not {said!r}")
    return said
