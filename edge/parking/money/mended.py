"""The books follow the stays that are merged, split or set back: what was posted for one is moved to the other."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable

from edge.parking.money import ledger
from edge.parking.stays.tickets import Ticket
from edge.parking.stays.tickets import ticket as find
from edge.parking.stays.word import Word
from edge.store import Transaction
from models.facts import MovedPayment
from models.ids import PaymentId, TicketId
from models.ledger import booking
from models.ledger.accounts import DISPUTED
from models.ledger.posting import Kind, Line, Posting
from models.money import Minor
from models.tickets import PaymentStatus

_GIVEN = (Kind.REFUND, Kind.GRANTED, Kind.WRITTEN_OFF)


def in_the_way(connection: sqlite3.Connection, stay: Ticket) -> str:
    """Why its money can't be moved now; empty: it can."""
    if ledger.balances(connection, stay.id).get(DISPUTED, 0):
        return f"a payment of {stay.code} is disputed: that has to be decided first"
    if connection.execute("SELECT 1 FROM refunds_due WHERE ticket_id = ?", (stay.id,)).fetchone() is not None:
        return f"money is on its way back to the driver of {stay.code}: wait until its provider has answered"
    return ""


def over_for_good(connection: sqlite3.Connection, stay: Ticket) -> str:
    """Why a stay that has ended can't go on again; empty: it can. What it would still owe can't be told any more once
    its driver was given something."""
    found = f"SELECT 1 FROM ledger_entries WHERE ticket_id = ? AND kind IN ({', '.join('?' * len(_GIVEN))})"
    if connection.execute(found, (stay.id, *_GIVEN)).fetchone() is None:
        return ""
    return f"since {stay.code} ended, money of it was given back or a debt of it written off"


def merge(tx: Transaction, gone: Ticket, into: Ticket, moved: Iterable[MovedPayment], word: Word) -> None:
    """One of two tickets stands for no stay any more: nothing of it is left in the books but what was moved."""
    follow(tx, moved, word)
    fee_is(tx, gone, Minor(0), word)
    _move(tx, gone, into, ledger.balances(tx.connection, gone.id), None, word)


def follow(tx: Transaction, moved: Iterable[MovedPayment], word: Word) -> None:
    """Payments and debts count for another ticket."""
    for each in moved:
        if any(_held(tx.connection, each.ticket, each.payment).values()):
            continue  # moved by a release that left them where they are in the books
        row = tx.connection.execute("SELECT amount, status FROM payments WHERE id = ?", (each.payment,)).fetchone()
        owed = row["status"] == PaymentStatus.UNCOLLECTED
        lines = booking.carried(_held(tx.connection, each.was, each.payment), row["amount"], owed=owed)
        _move(tx, find(tx.connection, each.was), find(tx.connection, each.ticket), lines, each.payment, word)


def fee_is(tx: Transaction, stay: Ticket, total: Minor, word: Word) -> None:
    """The fee is again what it was."""
    posted = booking.fee_again(_postings(tx.connection, stay.id, "1").values(), total)
    _post(tx, posted, stay, word)


def reopen(tx: Transaction, stay: Ticket, word: Word) -> None:
    """It goes on: what it had paid above its fee isn't owed to its driver now."""
    once = "kind = ? AND posting_id NOT IN (SELECT reverses FROM ledger_entries WHERE reverses IS NOT NULL)"
    for posting, lines in _postings(tx.connection, stay.id, once, Kind.SETTLED).items():
        _post(tx, booking.reversal(posting, lines), stay, word)


def _move(
    tx: Transaction, gone: Ticket, into: Ticket, lines: booking.Balances, payment: PaymentId | None, word: Word
) -> None:
    out, there = booking.moved(lines, payment)
    _post(tx, out, gone, word)
    _post(tx, there, into, word)


def _post(tx: Transaction, posted: Posting | None, stay: Ticket, word: Word) -> None:
    ledger.post(tx, posted, stay.tariff.currency, stay.id, word.by, word.reason)


def _held(connection: sqlite3.Connection, ticket: TicketId, payment: PaymentId) -> dict[str, int]:
    found = """SELECT account, sum(amount) AS amount FROM ledger_entries
        WHERE ticket_id = ? AND payment_id = ? GROUP BY account"""
    return {row["account"]: row["amount"] for row in connection.execute(found, (ticket, payment))}


def _postings(connection: sqlite3.Connection, ticket: TicketId, which: str, *about: str) -> dict[str, list[Line]]:
    """In the order in which they were posted: the clock may have been set since."""
    found = f"SELECT posting_id, account, amount FROM ledger_entries WHERE ticket_id = ? AND {which} ORDER BY rowid"
    lines: dict[str, list[Line]] = defaultdict(list)
    for row in connection.execute(found, (ticket, *about)):
        lines[row["posting_id"]].append(Line(row["account"], row["amount"]))
    return lines
