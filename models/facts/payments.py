"""Facts about money taken at the lot. Amounts in minor units; no card number ever comes this far."""

from __future__ import annotations

from typing import Literal

from models.facts.base import Fact
from models.ids import LaneName, PaymentId, TicketId
from models.instants import Instant
from models.money import Minor


class PaymentTaken(Fact, type="payment.taken", version=1):
    """A terminal took the money: `reference` is its own token, `paid_in_all` what the ticket has paid so far."""

    payment: PaymentId
    ticket: TicketId
    lane: LaneName
    amount: Minor
    currency: str
    method: Literal["terminal"]
    reference: str
    taken: Instant
    paid_in_all: Minor


class UnableToCollect(Fact, type="payment.uncollected", version=1):
    """Payment was down, so the vehicle was let out unpaid: a debt on record."""

    payment: PaymentId
    ticket: TicketId
    lane: LaneName
    amount: Minor
    currency: str
    reason: str
    at: Instant


class DebtCollected(Fact, type="payment.collected", version=1):
    """A terminal took the money after all for which a vehicle had been let out unpaid: the debt of this id is paid.
    `taken` is when the lot heard of it, `paid_in_all` what the ticket has paid so far."""

    payment: PaymentId
    ticket: TicketId
    lane: LaneName
    amount: Minor
    currency: str
    method: Literal["terminal"]
    reference: str
    taken: Instant
    paid_in_all: Minor
