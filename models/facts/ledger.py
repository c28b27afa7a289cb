"""Facts about the lot's books: what was posted. Amounts in minor units, debits positive."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from models.facts.base import Fact
from models.ids import PaymentId, TicketId
from models.instants import Instant
from models.ledger.posting import Kind
from models.money import Minor


class PostedLine(BaseModel):
    """An amount in one account."""

    model_config = ConfigDict(frozen=True)

    account: str
    amount: Minor


class LedgerPosted(Fact, type="ledger.posted", version=1):
    """An entry into the books: its lines add up to nothing, and it is never changed, only reversed.

    `day` is the business day to which it belongs, by the lot's own count of days that were closed; 0: the lot's store
    was new and didn't know that count yet, so it belongs to the first day that was closed after. `by` and `reason`
    are None unless a person did it. `refund_owed`: what the lot owes this ticket's driver from now on; None: as
    before.
    """

    posting: str
    kind: Kind
    ticket: TicketId | None
    lines: tuple[PostedLine, ...]
    currency: str
    payment: PaymentId | None
    reverses: str | None
    day: int
    by: str | None
    reason: str | None
    refund_owed: Minor | None
    at: Instant


class RefundPromised(Fact, type="refund.promised", version=1):
    """A driver gets so much back by that provider, out of that payment: it is asked under `refund` until it has said
    yes or no, and under nothing else."""

    refund: str
    ticket: TicketId
    payment: PaymentId
    provider: str
    amount: Minor
    currency: str
    by: str
    reason: str
    at: Instant


class RefundDeclined(Fact, type="refund.declined", version=1):
    """The provider won't give back what was promised: it is owed as before."""

    refund: str
    ticket: TicketId
    at: Instant


class RefundPaid(Fact, type="refund.paid", version=1):
    """Money went back to a ticket's driver, out of that account: a provider's, or a drawer's. `payment` is the one that
    it was taken by, where it matters; `paid_in_all` what the ticket has paid in the end."""

    refund: str
    ticket: TicketId
    payment: PaymentId | None
    amount: Minor
    currency: str
    out_of: str
    reference: str
    by: str
    reason: str
    paid_in_all: Minor
    at: Instant


class DebtWrittenOff(Fact, type="debt.written_off", version=1):
    """A person has decided that nobody will be asked for this debt any more."""

    payment: PaymentId
    ticket: TicketId
    amount: Minor
    currency: str
    by: str
    reason: str
    at: Instant


class Total(BaseModel):
    """What a kind of posting came to in one account."""

    model_config = ConfigDict(frozen=True)

    kind: Kind
    account: str
    currency: str
    amount: Minor
    lines: int


class DayClosed(Fact, type="day.closed", version=1):
    """A business day is over: what was posted in it, for good. What is posted from now on belongs to the next. `number`
    counts the lot's days without gaps; `held` is what stands in each account of money now."""

    closing: str
    number: int
    totals: tuple[Total, ...]
    held: tuple[Total, ...]
    by: str
    at: Instant


class ShiftClosed(Fact, type="shift.closed", version=1):
    """A drawer was counted and handed over. `expected` is what the books said, `counted` what lay in it, `left` what
    stays in it. `number` counts the shifts of all drawers without gaps."""

    closing: str
    number: int
    drawer: str
    currency: str
    expected: Minor
    counted: Minor
    left: Minor
    by: str
    at: Instant


class ReceiptIssued(Fact, type="receipt.issued", version=1):
    """A receipt was made out; `number` counts the lot's receipts without gaps. `said` is all that stands on it, as
    JSON, so that a copy says the same."""

    receipt: str
    number: int
    ticket: TicketId
    total: Minor
    currency: str
    said: str
    at: Instant


class ReportCompared(Fact, type="report.compared", version=1):
    """A provider's own record of what it moved from `since` until just before `until` was put beside the books. So
    many `differences` are left, and so many payments that the books lacked were `booked`. `by` and `reason` are None
    unless a person asked for it."""

    provider: str
    since: Instant
    until: Instant
    differences: int
    booked: int
    by: str | None
    reason: str | None
    at: Instant


class MoneyCaseSettled(Fact, type="money_case.settled", version=1):
    """A person has looked into a difference from a provider's report, or a refund that was declined, and lets it stand.
    `ours` and `theirs` are what each side said; None: nothing."""

    number: int
    kind: str
    provider: str
    payment: str
    moved: str
    ours: Minor | None
    theirs: Minor | None
    currency: str
    by: str
    reason: str
    at: Instant
