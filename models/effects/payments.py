"""What the facts of money change: payments, debts, fees set right."""

from __future__ import annotations

from collections.abc import Mapping

from models.effects.by_fact import changes_of
from models.effects.changes import Change, SpotOf, Value
from models.facts import (
    DebtCollected,
    DebtCollectedV1,
    FeeBounded,
    FeeCorrected,
    PaymentAuthorised,
    PaymentTaken,
    PaymentTakenV1,
    UnableToCollect,
    UnableToCollectV1,
)
from models.facts.restoring import RestoredPayment
from models.ids import LotId, TicketId
from models.tickets import PaymentStatus


@changes_of.register
def _(fact: PaymentTaken | PaymentTakenV1, lot: LotId, spot_of: SpotOf) -> list[Change]:
    payment: dict[str, Value] = {
        "lot_id": lot,
        "ticket_id": fact.ticket,
        "lane": fact.lane,
        "amount": fact.amount,
        "currency": fact.currency,
        "method": fact.method,
        "reference": fact.reference,
        "status": PaymentStatus.TAKEN,
        "at": fact.taken,
        **_by_whom(fact),
    }
    return [
        Change("insert", "payments", fact.payment, payment),
        Change("update", "tickets", fact.ticket, {"amount_paid": fact.paid_in_all}),
    ]


@changes_of.register
def _(fact: UnableToCollect | UnableToCollectV1, lot: LotId, spot_of: SpotOf) -> list[Change]:
    debt: dict[str, Value] = {
        "lot_id": lot,
        "ticket_id": fact.ticket,
        "lane": fact.lane,
        "amount": fact.amount,
        "currency": fact.currency,
        "method": "none",
        "reference": fact.reason,
        "status": PaymentStatus.UNCOLLECTED,
        "at": fact.at,
        "provider": fact.provider if isinstance(fact, UnableToCollect) else None,
        "charge_id": None,
    }
    return [Change("insert", "payments", fact.payment, debt)]


@changes_of.register
def _(fact: DebtCollected | DebtCollectedV1, lot: LotId, spot_of: SpotOf) -> list[Change]:
    paid: dict[str, Value] = {
        "lane": fact.lane,
        "amount": fact.amount,
        "method": fact.method,
        "reference": fact.reference,
        "status": PaymentStatus.TAKEN,
        "at": fact.taken,
        **_by_whom(fact),
    }
    return [
        Change("update", "payments", fact.payment, paid),
        Change("update", "tickets", fact.ticket, {"amount_paid": fact.paid_in_all}),
    ]


@changes_of.register
def _(fact: PaymentAuthorised, lot: LotId, spot_of: SpotOf) -> list[Change]:
    stored: dict[str, Value] = {"method": "terminal", "reference": fact.token, "provider": fact.provider}
    return [Change("update", "payments", fact.payment, stored)]


def _by_whom(fact: PaymentTakenV1 | DebtCollectedV1) -> dict[str, Value]:
    """Of a fact from before these were told, nothing."""
    told = fact if isinstance(fact, PaymentTaken | DebtCollected) else None
    return {"provider": (told and told.provider) or None, "charge_id": told and told.charge}


@changes_of.register
def _(fact: FeeBounded, lot: LotId, spot_of: SpotOf) -> list[Change]:
    return [Change("update", "tickets", fact.ticket, {"fee_bounded": True})]


@changes_of.register
def _(fact: FeeCorrected, lot: LotId, spot_of: SpotOf) -> list[Change]:
    correction: dict[str, Value] = {
        "lot_id": lot,
        "ticket_id": fact.ticket,
        "why": fact.why,
        "fee_before": fact.fee_before,
        "fee": fact.fee,
        "paid": fact.paid,
        "refund_owed": fact.refund_owed,
        "currency": fact.currency,
        "at": fact.at,
    }
    return [
        Change("insert", "fee_corrections", fact.correction, correction),
        Change("update", "tickets", fact.ticket, {"amount_due": fact.fee, "refund_owed": fact.refund_owed}),
    ]


def restored(payment: RestoredPayment, ticket: TicketId, of_lot: Mapping[str, Value]) -> Change:
    values: dict[str, Value] = {
        "ticket_id": ticket,
        "lane": payment.lane,
        "amount": payment.amount,
        "currency": payment.currency,
        "method": payment.method,
        "reference": payment.reference,
        "status": payment.status.value,
        "at": payment.at,
        "provider": payment.provider,
        "charge_id": payment.charge,
    }
    return Change("declare", "payments", payment.payment, values, of_lot)
