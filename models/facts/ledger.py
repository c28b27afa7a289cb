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

    `day` is the business day to which it belongs, by the lot's own count of days that were closed. `by` and `reason`
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
