"""What the facts about the books change: a row a line, what is owed, what was closed and made out."""

from __future__ import annotations

from collections.abc import Mapping

from models.effects.by_fact import changes_of
from models.effects.changes import Change, SpotOf, Value
from models.facts.ledger import DayClosed, DebtWrittenOff, LedgerPosted, ReceiptIssued, RefundPaid, ShiftClosed
from models.facts.restoring import RestoredEntry
from models.ids import LotId, TicketId
from models.ledger.posting import entry_id
from models.tickets import PaymentStatus
from models.wire.chain import canonical


@changes_of.register
def _(fact: LedgerPosted, lot: LotId, spot_of: SpotOf) -> list[Change]:
    posted: dict[str, Value] = {
        "lot_id": lot,
        "posting_id": fact.posting,
        "ticket_id": fact.ticket,
        "kind": fact.kind.value,
        "currency": fact.currency,
        "payment_id": fact.payment,
        "reverses": fact.reverses,
        "day": fact.day,
        "given_by": fact.by,
        "reason": fact.reason,
        "at": fact.at,
    }
    changes = [
        Change(
            "insert",
            "ledger_entries",
            entry_id(fact.posting, number),
            {**posted, "account": line.account, "amount": line.amount},
        )
        for number, line in enumerate(fact.lines)
    ]
    if fact.ticket is not None and fact.refund_owed is not None:
        changes.append(Change("update", "tickets", fact.ticket, {"refund_owed": fact.refund_owed}))
    return changes


def restored(entry: RestoredEntry, ticket: TicketId, of_lot: Mapping[str, Value]) -> Change:
    values: dict[str, Value] = {
        "posting_id": entry.posting,
        "ticket_id": ticket,
        "kind": entry.kind,
        "account": entry.account,
        "amount": entry.amount,
        "currency": entry.currency,
        "payment_id": entry.payment,
        "reverses": entry.reverses,
        "day": entry.day,
        "given_by": entry.by,
        "reason": entry.reason,
        "at": entry.at,
    }
    return Change("declare", "ledger_entries", entry.entry, values, of_lot)


@changes_of.register
def _(fact: RefundPaid, lot: LotId, spot_of: SpotOf) -> list[Change]:
    return [Change("update", "tickets", fact.ticket, {"amount_paid": fact.paid_in_all})]


@changes_of.register
def _(fact: DebtWrittenOff, lot: LotId, spot_of: SpotOf) -> list[Change]:
    return [Change("update", "payments", fact.payment, {"status": PaymentStatus.WRITTEN_OFF.value})]


@changes_of.register
def _(fact: DayClosed, lot: LotId, spot_of: SpotOf) -> list[Change]:
    report = canonical(
        {
            "totals": [total.model_dump(mode="json") for total in fact.totals],
            "held": [total.model_dump(mode="json") for total in fact.held],
        }
    )
    values: dict[str, Value] = {"lot_id": lot, "what": "day", "number": fact.number, "drawer": None, "report": report}
    return [Change("insert", "closings", fact.closing, {**values, "given_by": fact.by, "at": fact.at})]


@changes_of.register
def _(fact: ShiftClosed, lot: LotId, spot_of: SpotOf) -> list[Change]:
    report = canonical(
        {"currency": fact.currency, "expected": fact.expected, "counted": fact.counted, "left": fact.left}
    )
    values: dict[str, Value] = {"lot_id": lot, "what": "shift", "number": fact.number, "drawer": fact.drawer}
    return [
        Change("insert", "closings", fact.closing, {**values, "report": report, "given_by": fact.by, "at": fact.at})
    ]


@changes_of.register
def _(fact: ReceiptIssued, lot: LotId, spot_of: SpotOf) -> list[Change]:
    values: dict[str, Value] = {
        "lot_id": lot,
        "number": fact.number,
        "ticket_id": fact.ticket,
        "total": fact.total,
        "currency": fact.currency,
        "said": fact.said,
        "at": fact.at,
    }
    return [Change("insert", "receipts", fact.receipt, values)]
