"""What the books say of one ticket: its postings, what stands in each account, and what is on its way back."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edge.parking.money import cases, ledger, refunds
from edge.parking.money.cases import Case
from edge.parking.money.refunds import Due
from edge.parking.stays.tickets import Ticket, ticket_with_code
from models.instants import Instant
from models.money import Minor
from models.qr import shown_code


class NoTicket(ValueError):
    """No ticket is called that; the text says so."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a posting. Debits are positive."""

    posting: str
    kind: str
    account: str
    amount: Minor
    payment: str | None
    by: str
    reason: str
    day: int
    at: Instant


@dataclass(frozen=True, slots=True)
class Statement:
    """`due`: refunds that were promised and aren't paid; `cases`: what a person must see to."""

    stay: Ticket
    entries: tuple[Entry, ...]
    balances: Mapping[str, int]
    due: tuple[Due, ...]
    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class Closing:
    """A day or a shift that is over; `report` is what its fact said."""

    what: str
    number: int
    drawer: str
    by: str
    at: Instant
    report: Mapping[str, Any]


def stay_called(connection: sqlite3.Connection, code: str) -> Ticket:
    """The ticket with this code, whatever became of it. Raises NoTicket."""
    try:
        stay = ticket_with_code(connection, shown_code(code))
    except ValueError as wrong:
        raise NoTicket(str(wrong)) from None
    if stay is None:
        raise NoTicket(f"no ticket of this lot has the code {code}")
    return stay


def statement(connection: sqlite3.Connection, code: str) -> Statement:
    """Raises NoTicket."""
    stay = stay_called(connection, code)
    rows = connection.execute("SELECT * FROM ledger_entries WHERE ticket_id = ? ORDER BY rowid", (stay.id,)).fetchall()
    return Statement(
        stay,
        tuple(_entry(row) for row in rows),
        {account: amount for account, amount in ledger.balances(connection, stay.id).items() if amount},
        tuple(due for due in refunds.waiting(connection) if due.ticket == stay.id),
        tuple(case for case in cases.listed(connection) if case.ticket == stay.code),
    )


def closings(connection: sqlite3.Connection, most: int) -> list[Closing]:
    """The newest first."""
    rows = connection.execute("SELECT * FROM closings ORDER BY rowid DESC LIMIT ?", (most,)).fetchall()
    return [_closing(row) for row in rows]


def closing(connection: sqlite3.Connection, what: str, number: int) -> Closing | None:
    row = connection.execute("SELECT * FROM closings WHERE what = ? AND number = ?", (what, number)).fetchone()
    return None if row is None else _closing(row)


def _entry(row: sqlite3.Row) -> Entry:
    by_whom = row["given_by"] or "", row["reason"] or ""
    what = row["posting_id"], row["kind"], row["account"], row["amount"], row["payment_id"]
    return Entry(*what, *by_whom, row["day"], row["at"])


def _closing(row: sqlite3.Row) -> Closing:
    report = json.loads(row["report"])
    return Closing(row["what"], row["number"], row["drawer"] or "", row["given_by"], row["at"], report)
