"""What a posting changes: a row a line, and what the lot owes the ticket's driver."""

from __future__ import annotations

from collections.abc import Mapping

from models.effects.by_fact import changes_of
from models.effects.changes import Change, SpotOf, Value
from models.facts.ledger import LedgerPosted
from models.facts.restoring import RestoredEntry
from models.ids import LotId, TicketId
from models.ledger.posting import entry_id


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
