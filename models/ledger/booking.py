"""What each thing that happens to money is in the books. Every function says the posting; None: nothing changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from models.ids import PaymentId
from models.ledger.accounts import (
    DISPUTED,
    DISPUTES_LOST,
    OPENING,
    RECEIVABLE,
    REFUNDS_GIVEN,
    REFUNDS_OWED,
    REVENUE,
    UNALLOCATED,
    UNCOLLECTED,
    WRITTEN_OFF,
    Account,
    is_income,
    tax,
)
from models.ledger.posting import Balances, Kind, Line, Posting, posting
from models.money import Minor

Taxes = Sequence[tuple[str, Minor]]
"""By name, what of a fee they are."""


def fee_posted(balances: Balances) -> Minor:
    """What the ticket's fee is by the books, its taxes included."""
    return Minor(-sum(amount for account, amount in balances.items() if is_income(account)))


def fee(balances: Balances, total: Minor, taxes: Taxes = ()) -> Posting | None:
    """The fee is `total` now. What it was before stands in the books: only the difference is posted.

    A fee that is the same is the same with its taxes: within a grace nothing is worked out anew.
    """
    if total == fee_posted(balances):
        return None
    return posting(Kind.FEE, _fee_lines(balances, total, taxes))


def opening(due: Minor, paid: Minor, uncollected: Minor, refund_owed: Minor) -> Posting | None:
    """A stay from before the books: as if all of it had been posted then. What of it was tax isn't known any more."""
    lines = _fee_lines({}, due, ())
    lines += [(OPENING, paid), (UNCOLLECTED, uncollected), (REFUNDS_OWED, -refund_owed)]
    return posting(Kind.OPENING, [*lines, (RECEIVABLE, refund_owed - paid - uncollected)])


def payment(amount: Minor, into: Account, payment: PaymentId) -> Posting | None:
    return posting(Kind.PAYMENT, [(into, amount), (RECEIVABLE, -amount)], payment)


def debt(amount: Minor, payment: PaymentId) -> Posting | None:
    return posting(Kind.DEBT, [(UNCOLLECTED, amount), (RECEIVABLE, -amount)], payment)


def collected(amount: Minor, into: Account, payment: PaymentId) -> Posting | None:
    return posting(Kind.COLLECTED, [(into, amount), (UNCOLLECTED, -amount)], payment)


def settled(balances: Balances) -> Posting | None:
    """Of a stay that is over. What was paid or left as a debt above the fee lessens its debts first; the rest is owed
    to the driver."""
    due, debts = balances.get(RECEIVABLE, 0), balances.get(UNCOLLECTED, 0)
    forgiven = max(min(-due, debts), 0)
    due, debts = due + forgiven, debts - forgiven
    over, paid_twice = max(-due, 0), max(-debts, 0)
    moved = [(RECEIVABLE, forgiven + over), (UNCOLLECTED, paid_twice - forgiven), (REFUNDS_OWED, -over - paid_twice)]
    return posting(Kind.SETTLED, moved)


def refund_owed(balances: Balances) -> Minor:
    return Minor(max(-balances.get(REFUNDS_OWED, 0), 0))


def granted(amount: Minor) -> Posting | None:
    return posting(Kind.GRANTED, [(REFUNDS_GIVEN, amount), (REFUNDS_OWED, -amount)])


def refund(amount: Minor, out_of: Account, payment: PaymentId | None = None) -> Posting | None:
    return posting(Kind.REFUND, [(REFUNDS_OWED, amount), (out_of, -amount)], payment)


def dispute(amount: Minor, out_of: Account, payment: PaymentId | None = None) -> Posting | None:
    """The provider has taken the money back until it is clear whose it is."""
    return posting(Kind.DISPUTE, [(DISPUTED, amount), (out_of, -amount)], payment)


def dispute_won(amount: Minor, into: Account, payment: PaymentId | None = None) -> Posting | None:
    return posting(Kind.DISPUTE_WON, [(into, amount), (DISPUTED, -amount)], payment)


def dispute_lost(amount: Minor, payment: PaymentId | None = None) -> Posting | None:
    return posting(Kind.DISPUTE_LOST, [(DISPUTES_LOST, amount), (DISPUTED, -amount)], payment)


def written_off(amount: Minor, payment: PaymentId | None = None) -> Posting | None:
    return posting(Kind.WRITTEN_OFF, [(WRITTEN_OFF, amount), (UNCOLLECTED, -amount)], payment)


def unallocated(amount: Minor, into: Account, payment: PaymentId | None = None) -> Posting | None:
    """Below zero: a provider has given back what the lot knows nothing of."""
    return posting(Kind.UNALLOCATED, [(into, amount), (UNALLOCATED, -amount)], payment)


def carried(held: Balances, amount: Minor, *, owed: bool) -> dict[str, int]:
    """What of a ticket's books goes along with one of its payments, or (`owed`) with one of its debts. `held`: what was
    posted under its id.

    What is left of a debt of which a part was paid was posted under that debt's own id, and what was paid before the
    books were begun with the whole stay.
    """
    lines = dict(held)
    lines[RECEIVABLE], lines[UNCOLLECTED] = -amount, amount if owed else 0
    lines[OPENING] = lines.get(OPENING, 0) - sum(lines.values())
    return lines


def moved(lines: Balances, payment: PaymentId | None = None) -> tuple[Posting | None, Posting | None]:
    """Out of the books of one ticket, and into those of another."""
    there = [(Account(account), amount) for account, amount in lines.items()]
    out = [(account, -amount) for account, amount in there]
    return posting(Kind.MOVED, out, payment), posting(Kind.MOVED, there, payment)


def fee_again(history: Iterable[Sequence[Line]], total: Minor) -> Posting | None:
    """The fee is `total` once more, with the taxes that it had when it last was; if it never was in the books, none has
    fallen due. `history`: all that was posted for the ticket, in that order."""
    now: dict[str, int] = {}
    then: dict[str, int] = {}
    for lines in history:
        for line in lines:
            if is_income(line.account):
                now[line.account] = now.get(line.account, 0) + line.amount
        if fee_posted(now) == total:
            then = dict(now)
    changed = [(Account(account), then.get(account, 0) - amount) for account, amount in now.items()]
    return posting(Kind.FEE, [(RECEIVABLE, -sum(amount for _, amount in changed)), *changed])


def reversal(of: str, lines: Sequence[Line]) -> Posting | None:
    """Undoes the posting `of`, line by line."""
    return posting(Kind.REVERSAL, [(line.account, -line.amount) for line in lines], reverses=of)


def shared(total: Minor, of: Minor, taxes: Taxes) -> Taxes:
    """The taxes on `total`, from those on another sum: each in proportion, to the nearest coin, a half away from
    zero."""
    if total == of:
        return taxes
    return tuple((name, Minor(_scaled(amount, total, of))) for name, amount in taxes) if of else ()


def _scaled(amount: int, total: int, of: int) -> int:
    whole = 2 * abs(amount * total) + abs(of)
    sign = -1 if (amount * total < 0) != (of < 0) else 1
    return sign * (whole // (2 * abs(of)))


def _fee_lines(balances: Balances, total: Minor, taxes: Taxes) -> list[tuple[Account, int]]:
    wanted: dict[Account, int] = {REVENUE: -total}
    for name, amount in taxes:
        wanted[tax(name)] = wanted.get(tax(name), 0) - amount
        wanted[REVENUE] += amount
    for account in balances:
        if is_income(account):
            wanted.setdefault(Account(account), 0)
    changed = [(account, amount - balances.get(account, 0)) for account, amount in wanted.items()]
    return [(RECEIVABLE, -sum(amount for _, amount in changed)), *changed]
