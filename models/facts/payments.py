"""Facts about money taken at the lot. Amounts in minor units; no card number ever comes this far."""

from __future__ import annotations

from typing import Literal

from models.facts.base import Fact
from models.ids import LaneName, PaymentId, TicketId
from models.instants import Instant
from models.money import Minor

Method = Literal["terminal", "cash", "provider"]
"""Who took the money: a card terminal, a machine that takes coins and notes, a provider in the network."""


class PaymentTakenV1(Fact, type="payment.taken", version=1):
    """The same as version 2, from when a sum was always one ticket's own, and taken by a lane's terminal. No longer
    written."""

    payment: PaymentId
    ticket: TicketId
    lane: LaneName
    amount: Minor
    currency: str
    method: Method
    reference: str
    taken: Instant
    paid_in_all: Minor


class PaymentTaken(PaymentTakenV1, type="payment.taken", version=2):
    """Somebody took the money: `reference` is their own token, `paid_in_all` what the ticket has paid so far. `lane` is
    the lane or the pay station. `provider` keeps the books in which `charge` stands, the sum that was asked for at
    once: this is it, or a part of it (None: the sum is this payment)."""

    provider: str = ""
    charge: PaymentId | None = None


class UnableToCollectV1(Fact, type="payment.uncollected", version=1):
    """The same as version 2, from when it wasn't told whether anybody might take the money yet. No longer written."""

    payment: PaymentId
    ticket: TicketId
    lane: LaneName
    amount: Minor
    currency: str
    reason: str
    at: Instant


class UnableToCollect(UnableToCollectV1, type="payment.uncollected", version=2):
    """Payment was down, so the vehicle was let out unpaid: a debt on record. `provider` was asked for it under the id
    of the payment and may take the money yet; None: nobody was."""

    provider: str | None = None


class DebtCollectedV1(Fact, type="payment.collected", version=1):
    """The same as version 2, from when only a late answer of the terminal that had been asked paid a debt. No longer
    written."""

    payment: PaymentId
    ticket: TicketId
    lane: LaneName
    amount: Minor
    currency: str
    method: Method
    reference: str
    taken: Instant
    paid_in_all: Minor


class DebtCollected(DebtCollectedV1, type="payment.collected", version=2):
    """The money was taken after all for which a vehicle had been let out unpaid: the debt of this id is paid, and was
    for `amount`. The terminal said so late, or the vehicle came again and was asked for it. `taken` is when the lot
    heard of it; the rest as of `payment.taken`."""

    provider: str = ""
    charge: PaymentId | None = None


class PaymentAuthorised(Fact, type="payment.authorised", version=1):
    """A terminal that couldn't reach its bank has stored the payment, and will ask for the money later. Until then it
    stays a debt on record; `token` is the terminal's own."""

    payment: PaymentId
    ticket: TicketId
    lane: LaneName
    amount: Minor
    currency: str
    provider: str
    token: str
    at: Instant


class PersonNeeded(Fact, type="payment.person_needed", version=1):
    """A stay owes more than a machine may take by itself: a person was called, and this is the sum."""

    ticket: TicketId
    lane: LaneName
    amount: Minor
    currency: str
    why: str
    at: Instant


class StaySettled(Fact, type="stay.settled", version=1):
    """The fee up to `settled_until` is paid, and the vehicle is still inside: paid at a station, or at an exit that it
    has backed away from. It may leave within the grace."""

    ticket: TicketId
    lane: LaneName
    at: Instant
    settled_until: Instant
    amount_due: Minor
    amount_paid: Minor
    started_hours: int


class ValidationGiven(Fact, type="validation.given", version=1):
    """A merchant or a person takes off part of the stay, by a code of its tariff. `all` are those of the ticket now."""

    ticket: TicketId
    lane: LaneName
    code: str
    by: str
    all: tuple[str, ...]
    at: Instant
