"""One entry into the books: lines that add up to nothing. What is posted is never changed, only reversed."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from models.ids import PaymentId
from models.ledger.accounts import Account, is_account
from models.money import Minor


class Kind(StrEnum):
    """What happened."""

    OPENING = "opening"
    """A stay from before the books: what it had cost and paid"""
    FEE = "fee"
    """A fee fell due, or changed"""
    PAYMENT = "payment"
    DEBT = "debt"
    """Let out unpaid"""
    COLLECTED = "collected"
    """A debt was paid"""
    SETTLED = "settled"
    """More was paid, or left as a debt, than was due: that is owed to the driver, or no debt any more"""
    GRANTED = "granted"
    """A person grants a refund, though the fee was right"""
    REFUND = "refund"
    """Money went back to the driver"""
    DISPUTE = "dispute"
    """A driver's bank took a payment back until it is clear whose it is"""
    DISPUTE_WON = "dispute_won"
    DISPUTE_LOST = "dispute_lost"
    WRITTEN_OFF = "written_off"
    UNALLOCATED = "unallocated"
    """A provider has taken money of which the lot knows nothing"""
    REVERSAL = "reversal"
    """Another posting never should have been"""
    MOVED = "moved"
    """It counts for another stay: two tickets were merged, one was split, or that was undone"""
    FLOAT = "float"
    """Money was put into a drawer"""
    COUNTED = "counted"
    """A drawer held more or less than the books say"""
    BANKED = "banked"
    """Money was taken out of a drawer"""


class Line(NamedTuple):
    account: Account
    amount: Minor


Balances = Mapping[str, int]
"""What stands in each account, of one ticket as a rule; an account that isn't there holds nothing."""


@dataclass(frozen=True, slots=True)
class Posting:
    """What is to be posted. Raises ValueError unless its lines add up to nothing."""

    kind: Kind
    lines: tuple[Line, ...]
    payment: PaymentId | None = None
    reverses: str | None = None

    def __post_init__(self) -> None:
        if not self.lines:
            raise ValueError(f"{self.kind}: a posting without lines")
        if sum(line.amount for line in self.lines):
            raise ValueError(f"{self.kind}: the lines of a posting add up to nothing, not to {self.lines}")
        if any(not is_account(line.account) for line in self.lines):
            raise ValueError(f"{self.kind}: not all of these are accounts: {self.lines}")


def posting(
    kind: Kind,
    amounts: Iterable[tuple[Account, int]],
    payment: PaymentId | None = None,
    reverses: str | None = None,
) -> Posting | None:
    """One line an account; those that come to nothing are left out. None: nothing is left."""
    totals: dict[Account, int] = {}
    for account, amount in amounts:
        totals[account] = totals.get(account, 0) + amount
    lines = tuple(Line(account, Minor(amount)) for account, amount in totals.items() if amount)
    return Posting(kind, lines, payment, reverses) if lines else None


def after(balances: Balances, *postings: Posting | None) -> dict[str, int]:
    """What stands in the accounts then."""
    now = dict(balances)
    for one in postings:
        for account, amount in () if one is None else one.lines:
            now[account] = now.get(account, 0) + amount
    return now


def entry_id(posting_id: str, number: int) -> str:
    """The id of a posting's line: the posting's own for the first one, and then on by one. It begins with the same
    time, so that lines lie beside each other in the order of ids. What isn't an id gives none that a store takes."""
    try:
        whole = uuid.UUID(posting_id).int
    except ValueError:
        return f"{posting_id} {number}"
    low = (whole + number) & _LOW
    return str(uuid.UUID(int=whole & ~_LOW | low))


_LOW = 2**62 - 1
