"""Makes out the receipts of a stay, each in the transaction that gives it its number, and finds those made before."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from decimal import Decimal

from edge.parking.money import ledger
from edge.parking.stays import moments
from edge.parking.stays.moments import What
from edge.parking.stays.restoring import pending
from edge.parking.stays.tickets import Ticket
from edge.parking.stays.tickets import ticket as find
from edge.parking.tariffs.pricing import priced
from edge.store import Transaction
from models.facts import ReceiptIssued
from models.ids import TicketId
from models.ledger import booking
from models.ledger.posting import Kind
from models.money import Minor, exponent, written
from models.receipts.document import Document, Move, PaidWith, UnreadableReceipt, read_document
from models.receipts.making import Account, Letterhead, due
from models.receipts.taxes import rates_of
from models.tariff import Tariff, Terms


class NoReceipt(ValueError):
    """There is none for this stay. The text says why, for the person who asked."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt or a credit note for somebody. `plate` is None once the lot has forgotten it."""

    document: Document
    plate: str | None
    copy: bool


def make_out(tx: Transaction, ticket: TicketId, letterhead: Letterhead) -> list[Receipt]:
    """What hasn't been on paper yet gets a number; where all has, copies of all that was made out. Raises NoReceipt."""
    if pending(tx.connection) is not None:
        raise NoReceipt(
            "this lot's store is new, and the cloud hasn't told it yet which numbers were given: try again later"
        )
    stay = _stands_for_it(tx, ticket)
    try:
        before = [read_document(row["said"]) for row in _made_before(tx.connection, stay.id)]
    except UnreadableReceipt as wrong:
        raise NoReceipt(f"a receipt of {stay.code} was made out by another release: {wrong}") from None
    number = ledger.closed(tx.connection, ledger.RECEIPTS) + 1
    made = due(_account(tx, stay), letterhead, before, number, tx.at.wall)
    for document in made:
        _record(tx, stay, document)
    if not made and not before:
        raise NoReceipt(f"nothing was paid for {stay.code} yet{_owing(stay)}")
    return [Receipt(document, stay.plate, copy=not made) for document in made or before]


def _record(tx: Transaction, stay: Ticket, document: Document) -> None:
    counted = ledger.count(tx, ledger.RECEIPTS)
    assert counted == document.number, "numbers have no gaps, and nobody else counts in this transaction"
    tx.record(
        ReceiptIssued(
            receipt=tx.mint(),
            number=document.number,
            ticket=stay.id,
            total=document.total,
            currency=document.currency,
            said=document.said(),
            at=tx.at.wall,
        )
    )


def _stands_for_it(tx: Transaction, ticket: TicketId) -> Ticket:
    """A ticket that was merged into another one is no stay of its own."""
    merged = "SELECT merged_into FROM tickets WHERE id = ? AND merged_into IS NOT NULL"
    while (row := tx.connection.execute(merged, (ticket,)).fetchone()) is not None:
        ticket = TicketId(row["merged_into"])
    return find(tx.connection, ticket)


def _made_before(connection: sqlite3.Connection, ticket: TicketId) -> list[sqlite3.Row]:
    """Those of the tickets that were merged into it, and into those, count as its own: their payments do."""
    return connection.execute(
        """WITH RECURSIVE of_it (id) AS (
               SELECT ? UNION SELECT tickets.id FROM tickets JOIN of_it ON merged_into = of_it.id)
           SELECT said FROM receipts WHERE ticket_id IN (SELECT id FROM of_it) ORDER BY number""",
        (ticket,),
    ).fetchall()


def _account(tx: Transaction, stay: Ticket) -> Account:
    times = tx.connection.execute("SELECT exit_time FROM tickets WHERE id = ?", (stay.id,)).fetchone()
    fee, taxes = _fee(tx, stay)
    taken = tx.connection.execute(
        "SELECT * FROM payments WHERE ticket_id = ? AND status = 'TAKEN' AND amount > 0 ORDER BY at, id", (stay.id,)
    ).fetchall()
    refunds = _refunds(tx.connection, stay.id)
    return Account(
        ticket=stay.code,
        serial=stay.serial,
        entered=stay.entered if stay.entry_known else None,
        left=times["exit_time"],
        paid_until=stay.settled_at,
        currency=stay.tariff.currency,
        fee=fee,
        taxes=taxes,
        rates=rates_of(stay.tariff),
        moves=[*map(_payment, taken), *map(_refund, refunds)],
        refunded={row["posting_id"]: row["payment_id"] for row in refunds if row["payment_id"] is not None},
        owed=stay.uncollected,
        paid_with={row["id"]: _paid_with(tx.connection, row) for row in taken},
        slack=_slack(stay.tariff),
    )


def _fee(tx: Transaction, stay: Ticket) -> tuple[Minor, dict[str, Minor]]:
    """As the books have it; where it isn't posted yet (paid at a station, and still inside), as it was settled."""
    balances = ledger.balances(tx.connection, stay.id)
    posted = booking.fee_posted(balances)
    if posted and stay.amount_due in (None, posted):
        taxes = {name[4:]: Minor(-amount) for name, amount in balances.items() if name.startswith("tax:")}
        return posted, taxes
    settled = stay.settled_at
    until = moments.now(tx) if settled is None else moments.when(tx, stay.id, What.SETTLED, settled)
    cost = priced(tx, stay, until).fee
    total = cost.total if stay.amount_due is None else stay.amount_due
    of = Minor(sum(line.amount for line in cost.lines) or cost.total)
    return total, dict(booking.shared(total, of, cost.taxes))


def _payment(row: sqlite3.Row) -> Move:
    return Move(
        id=row["id"],
        amount=row["amount"],
        method=row["method"],
        provider=row["provider"] or "",
        token=row["reference"],
        at=row["at"],
    )


def _refunds(connection: sqlite3.Connection, ticket: TicketId) -> list[sqlite3.Row]:
    return connection.execute(
        """SELECT posting_id, payment_id, account, amount, at FROM ledger_entries
           WHERE ticket_id = ? AND kind = ? AND amount < 0 AND (account LIKE 'provider:%' OR account LIKE 'cash:%')
           AND posting_id NOT IN (SELECT reverses FROM ledger_entries WHERE reverses IS NOT NULL) ORDER BY at, id""",
        (ticket, Kind.REFUND),
    ).fetchall()


def _refund(row: sqlite3.Row) -> Move:
    way, _, whose = row["account"].partition(":")
    method = "cash" if way == "cash" else "terminal"
    provider = "" if way == "cash" else whose
    return Move(id=row["posting_id"], amount=row["amount"], method=method, provider=provider, token="", at=row["at"])


def _paid_with(connection: sqlite3.Connection, payment: sqlite3.Row) -> tuple[PaidWith, ...]:
    """The debts of former stays for which the same sum was asked: the stay's own payment bears the sum's own id."""
    if payment["charge_id"] != payment["id"]:
        return ()
    rows = connection.execute(
        """SELECT code, amount FROM payments JOIN tickets ON tickets.id = ticket_id
           WHERE charge_id = ? AND payments.id <> charge_id AND ticket_id <> ? ORDER BY payments.id""",
        (payment["charge_id"], payment["ticket_id"]),
    ).fetchall()
    return tuple(PaidWith(ticket=row["code"], amount=row["amount"]) for row in rows)


def _slack(tariff: Tariff) -> int:
    step = tariff.rounding.to if isinstance(tariff, Terms) else None
    return 0 if step is None else int(Decimal(step).scaleb(exponent(tariff.currency)))


def _owing(stay: Ticket) -> str:
    return f"; {written(stay.uncollected, stay.tariff.currency)} is owed" if stay.uncollected else ""
