"""Posts what happens to money into the lot's books, in the transaction in which it happens."""

from __future__ import annotations

import sqlite3

from edge.parking.stays.restoring import pending
from edge.parking.stays.tickets import Ticket
from edge.parking.stays.tickets import ticket as find
from edge.store import Transaction
from models.facts import DebtCollected, LedgerPosted, PaymentTaken, UnableToCollect
from models.facts.ledger import PostedLine
from models.ids import TicketId
from models.ledger import booking
from models.ledger.accounts import REFUNDS_OWED, Account, cash, provider
from models.ledger.posting import Posting, after
from models.money import Minor
from models.tariff import Fee

DAYS_CLOSED = "days closed"
RECEIPTS = "receipts"
UNKNOWN_DAY = 0
"""Of a store that is new and hasn't been told yet how many days were closed: it counts to the first closed then."""


def record(tx: Transaction, fact: PaymentTaken | UnableToCollect | DebtCollected) -> None:
    """Put on record what became of a sum, and post it."""
    begin(tx, fact.ticket)
    tx.record(fact)
    match fact:
        case UnableToCollect():
            posted = booking.debt(fact.amount, fact.payment)
        case PaymentTaken():
            posted = booking.payment(fact.amount, taken_into(fact), fact.payment)
        case DebtCollected():
            posted = booking.collected(fact.amount, taken_into(fact), fact.payment)
    post(tx, posted, fact.currency, fact.ticket)


def taken_into(fact: PaymentTaken | DebtCollected) -> Account:
    """Where the money of a payment lies."""
    return cash(fact.lane) if fact.method == "cash" else provider(fact.provider or fact.method)


def raise_fee(tx: Transaction, stay: Ticket, fee: Fee) -> None:
    """The stay costs so much now. To be posted before the fee itself goes on record."""
    begin(tx, stay.id)
    of = sum(line.amount for line in fee.lines) or fee.total
    taxes = booking.shared(fee.total, Minor(of), fee.taxes)
    post(tx, booking.fee(balances(tx.connection, stay.id), fee.total, taxes), fee.currency, stay.id)


def settle(tx: Transaction, ticket: TicketId) -> None:
    """What a stay that is over has paid above its fee is owed to its driver."""
    begin(tx, ticket)
    stay = find(tx.connection, ticket)
    if not stay.open:
        post(tx, booking.settled(balances(tx.connection, ticket)), stay.tariff.currency, ticket)


def begin(tx: Transaction, ticket: TicketId) -> None:
    """A stay that had cost or paid something before there were books is opened in them as it stands."""
    known = tx.connection.execute("SELECT 1 FROM ledger_entries WHERE ticket_id = ? LIMIT 1", (ticket,)).fetchone()
    if known is not None:
        return
    stay = find(tx.connection, ticket)
    if not (stay.amount_due or stay.amount_paid or stay.uncollected or stay.refund_owed):
        return
    due = stay.amount_due if stay.amount_due is not None else Minor(0)
    opening = booking.opening(due, stay.amount_paid, stay.uncollected, stay.refund_owed)
    post(tx, opening, stay.tariff.currency, ticket)


def post(
    tx: Transaction,
    posted: Posting | None,
    currency: str,
    ticket: TicketId | None = None,
    by: str | None = None,
    reason: str | None = None,
    id: str | None = None,
) -> str | None:
    """Returns the posting's id, which is `id` where that is given; None: there was nothing to post."""
    if posted is None:
        return None
    owed = None
    if ticket is not None and any(line.account == REFUNDS_OWED for line in posted.lines):
        owed = booking.refund_owed(after(balances(tx.connection, ticket), posted))
    fact = LedgerPosted(
        posting=id or tx.mint(),
        kind=posted.kind,
        ticket=ticket,
        lines=tuple(PostedLine(account=line.account, amount=line.amount) for line in posted.lines),
        currency=currency,
        payment=posted.payment,
        reverses=posted.reverses,
        day=business_day(tx.connection),
        by=by,
        reason=reason,
        refund_owed=owed,
        at=tx.at.wall,
    )
    tx.record(fact)
    _add_up(tx, fact)
    return fact.posting


def balances(connection: sqlite3.Connection, ticket: TicketId) -> dict[str, int]:
    """What stands in each account for that ticket."""
    found = "SELECT account, sum(amount) AS amount FROM ledger_entries WHERE ticket_id = ? GROUP BY account"
    return {row["account"]: row["amount"] for row in connection.execute(found, (ticket,))}


def is_posted(connection: sqlite3.Connection, posting: str) -> bool:
    """Whether there is a posting of that id: its first line bears it."""
    return connection.execute("SELECT 1 FROM ledger_entries WHERE id = ?", (posting,)).fetchone() is not None


def held(connection: sqlite3.Connection, account: Account, currency: str) -> Minor:
    """What stands in an account in all."""
    found = "SELECT coalesce(sum(amount), 0) FROM ledger_totals WHERE account = ? AND currency = ?"
    return Minor(connection.execute(found, (account, currency)).fetchone()[0])


def business_day(connection: sqlite3.Connection) -> int:
    """The day to which belongs what is posted now."""
    return UNKNOWN_DAY if pending(connection) is not None else closed(connection, DAYS_CLOSED) + 1


def closed(connection: sqlite3.Connection, what: str) -> int:
    """The last number of what is counted without gaps."""
    row = connection.execute("SELECT last FROM ledger_counters WHERE name = ?", (what,)).fetchone()
    return 0 if row is None else int(row["last"])


def count(tx: Transaction, what: str) -> int:
    """The next number. It stands once this transaction does, so none is missing."""
    number = closed(tx.connection, what) + 1
    tx.connection.execute("INSERT OR REPLACE INTO ledger_counters (name, last) VALUES (?, ?)", (what, number))
    return number


def go_on_from(tx: Transaction, what: str, last: int) -> None:
    """Numbers up to this one have been given before this store began."""
    tx.connection.execute(
        """INSERT INTO ledger_counters (name, last) VALUES (?, ?)
           ON CONFLICT (name) DO UPDATE SET last = max(last, excluded.last)""",
        (what, last),
    )


def _add_up(tx: Transaction, fact: LedgerPosted) -> None:
    tx.connection.executemany(
        """INSERT INTO ledger_totals (day, kind, account, currency, amount, lines) VALUES (?, ?, ?, ?, ?, 1)
           ON CONFLICT DO UPDATE SET amount = amount + excluded.amount, lines = lines + 1""",
        [(fact.day, fact.kind, line.account, fact.currency, line.amount) for line in fact.lines],
    )
