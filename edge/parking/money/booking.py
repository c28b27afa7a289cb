"""Every move of money on record: the one place where a payment, a debt or a promise becomes a fact, and is posted."""

from __future__ import annotations

from dataclasses import dataclass

from edge.parking.money import ledger
from edge.parking.stays.tickets import ticket as find
from edge.store import Transaction
from models.facts import DebtCollected, Method, PaymentAuthorised, PaymentTaken, UnableToCollect
from models.ids import LaneName, PaymentId, TicketId
from models.money import Minor


@dataclass(frozen=True, slots=True)
class Receipt:
    """Who took money, where and as what. `reference` is their own token, `charge` the sum that was asked for at once,
    where what is booked is only a part of it."""

    place: LaneName
    method: Method
    provider: str
    reference: str
    charge: PaymentId | None = None


def taken(
    tx: Transaction, payment: PaymentId, ticket: TicketId, amount: Minor, currency: str, receipt: Receipt
) -> None:
    """Money for a stay."""
    ledger.record(
        tx,
        PaymentTaken(
            payment=payment,
            ticket=ticket,
            lane=receipt.place,
            amount=amount,
            currency=currency,
            method=receipt.method,
            reference=receipt.reference,
            taken=tx.at.wall,
            paid_in_all=_paid_with(tx, ticket, amount),
            provider=receipt.provider,
            charge=receipt.charge,
        ),
    )
    ledger.settle(tx, ticket)


def owed(
    tx: Transaction,
    payment: PaymentId,
    ticket: TicketId,
    lane: LaneName,
    amount: Minor,
    currency: str,
    reason: str,
    asked: str | None = None,
) -> None:
    """A vehicle was let out without paying: a debt. `asked`: the provider that may take it yet."""
    ledger.record(tx, _unable(tx, payment, ticket, lane, amount, currency, reason, asked))


def is_open(tx: Transaction, debt: PaymentId) -> bool:
    """Whether that debt is still owed."""
    found = "SELECT 1 FROM payments WHERE id = ? AND status = 'UNCOLLECTED'"
    return tx.connection.execute(found, (debt,)).fetchone() is not None


def collected(tx: Transaction, debt: PaymentId, amount: Minor, receipt: Receipt) -> None:
    """Money for a debt, all of it or a part: then the rest is a debt of its own, for the same reason. Raises
    LookupError if there is no such debt."""
    row = tx.connection.execute(
        "SELECT ticket_id, lane, amount, currency, reference FROM payments WHERE id = ? AND status = 'UNCOLLECTED'",
        (debt,),
    ).fetchone()
    if row is None:
        raise LookupError(f"{debt} is no open debt")
    ledger.record(
        tx,
        DebtCollected(
            payment=debt,
            ticket=row["ticket_id"],
            lane=receipt.place,
            amount=amount,
            currency=row["currency"],
            method=receipt.method,
            reference=receipt.reference,
            taken=tx.at.wall,
            paid_in_all=_paid_with(tx, row["ticket_id"], amount),
            provider=receipt.provider,
            charge=receipt.charge,
        ),
    )
    rest = Minor(row["amount"] - amount)
    if rest > 0:
        # In the books it is what is left of the first debt: nothing is posted for it.
        rest_of = PaymentId(tx.mint()), row["ticket_id"], row["lane"], rest, row["currency"], row["reference"]
        tx.record(_unable(tx, *rest_of))
    ledger.settle(tx, row["ticket_id"])


def authorised(
    tx: Transaction, debt: PaymentId, ticket: TicketId, amount: Minor, currency: str, receipt: Receipt
) -> None:
    """A terminal has stored the payment of a debt, and takes the money later."""
    tx.record(
        PaymentAuthorised(
            payment=debt,
            ticket=ticket,
            lane=receipt.place,
            amount=amount,
            currency=currency,
            provider=receipt.provider,
            token=receipt.reference,
            at=tx.at.wall,
        )
    )


def _unable(
    tx: Transaction,
    payment: PaymentId,
    ticket: TicketId,
    lane: LaneName,
    amount: Minor,
    currency: str,
    reason: str,
    asked: str | None = None,
) -> UnableToCollect:
    return UnableToCollect(
        payment=payment,
        ticket=ticket,
        lane=lane,
        amount=amount,
        currency=currency,
        reason=reason,
        at=tx.at.wall,
        provider=asked,
    )


def _paid_with(tx: Transaction, ticket: TicketId, amount: Minor) -> Minor:
    return Minor(find(tx.connection, ticket).amount_paid + amount)
