"""What a person must see to about money: differences from a provider's report, and refunds that were declined."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from drivers.contract import FaultReporter
from edge.parking.money.faults import DIFFERS, REFUND_DECLINED
from edge.parking.money.refunds import Due, Refused
from edge.parking.stays.tickets import Ticket
from edge.store import Transaction
from models.facts import MoneyCaseSettled
from models.facts.lanes import LONGEST_TEXT
from models.instants import Instant
from models.ledger.reconciliation import Differences, Moved
from models.money import Minor


class CaseKind(StrEnum):
    MISSING_THERE = "missing_there"
    """In our books, and the provider knows nothing of it"""
    MISSING_HERE = "missing_here"
    """The provider has moved it, and our books say nothing"""
    AMOUNT = "amount"
    CURRENCY = "currency"
    TWICE = "twice"
    """The provider has taken one payment more than once"""
    REFUND_DECLINED = "refund_declined"
    """Promised to a driver, and the provider won't give it back"""


class Difference(NamedTuple):
    """What one payment, or what was given back of it, is on both sides; None: that side says nothing."""

    kind: CaseKind
    payment: str
    moved: str
    ours: Minor | None
    theirs: Minor | None
    currency: str
    detail: str = ""

    @property
    def line(self) -> tuple[str, str]:
        return self.payment, self.moved


@dataclass(frozen=True, slots=True)
class Case:
    """`settled_by` is empty where it has settled itself; `ticket`: the code of the ticket that it is about."""

    number: int
    provider: str
    difference: Difference
    found: Instant
    ticket: str = ""
    settled: Instant | None = None
    settled_by: str = ""
    settled_why: str = ""


# The ticket of a difference is that of its payment, or of the charge that the payment was a part of.
_CASES = """
    SELECT money_cases.*, coalesce(ticket, (
        SELECT code FROM payments JOIN tickets ON tickets.id = ticket_id
        WHERE payments.id = payment OR charge_id = payment LIMIT 1), '') AS code
    FROM money_cases WHERE settled IS NULL OR settled >= ? ORDER BY number"""


def found_in(differences: Differences) -> Iterator[Difference]:
    """One after another, as cases have them."""
    for line in differences.missing_there:
        yield Difference(CaseKind.MISSING_THERE, line.payment, line.kind, line.amount, None, line.currency)
    for line in differences.missing_here:
        yield Difference(CaseKind.MISSING_HERE, line.payment, line.kind, None, line.amount, line.currency)
    for kind, pairs in ((CaseKind.AMOUNT, differences.amounts), (CaseKind.CURRENCY, differences.currencies)):
        for ours, theirs in pairs:
            says = f"theirs in {theirs.currency}" if kind is CaseKind.CURRENCY else ""
            yield Difference(kind, ours.payment, ours.kind, ours.amount, theirs.amount, ours.currency, says)
    for line in differences.twice:
        yield Difference(CaseKind.TWICE, line.payment, line.kind, None, line.amount, line.currency)


def only(differences: Differences, lines: Collection[tuple[str, str]]) -> Differences:
    """Those of these payments, charges and refunds apart."""

    def kept(line: Moved) -> bool:
        return (line.payment, line.kind) in lines

    return Differences(
        missing_there=tuple(filter(kept, differences.missing_there)),
        missing_here=tuple(filter(kept, differences.missing_here)),
        amounts=tuple(pair for pair in differences.amounts if kept(pair.ours)),
        currencies=tuple(pair for pair in differences.currencies if kept(pair.ours)),
        twice=tuple(filter(kept, differences.twice)),
    )


def listed(connection: sqlite3.Connection, settled_since: Instant | None = None) -> list[Case]:
    """The open ones, and those that were settled since."""
    never = Instant(2**62)
    rows = connection.execute(_CASES, (never if settled_since is None else settled_since,)).fetchall()
    return [_case(row) for row in rows]


def open_with(connection: sqlite3.Connection, provider: str) -> list[Case]:
    """The open differences with that provider."""
    return [
        case
        for case in listed(connection)
        if case.provider == provider and case.difference.kind is not CaseKind.REFUND_DECLINED
    ]


def differ(connection: sqlite3.Connection) -> bool:
    """Whether any difference is open."""
    found = "SELECT 1 FROM money_cases WHERE settled IS NULL AND kind <> ? LIMIT 1"
    return connection.execute(found, (CaseKind.REFUND_DECLINED,)).fetchone() is not None


def renew(tx: Transaction, provider: str, found: Collection[Difference]) -> None:
    """These are all the differences with that provider that there are now. What a person has settled as it is isn't
    opened again; what is no difference any more settles itself."""
    standing = {case.difference: case for case in open_with(tx.connection, provider)}
    for difference, case in standing.items():
        if difference not in found:
            _close(tx, case.number, "", "the books and the report agree on it, or differ otherwise")
    for difference in found:
        if difference not in standing and not _is_settled(tx.connection, provider, difference):
            _open(tx, provider, difference, None)


def refund_declined(tx: Transaction, due: Due, stay: Ticket, why: str) -> None:
    """It is owed as before, and a person has to see to it."""
    promised = Difference(
        CaseKind.REFUND_DECLINED, due.refund, "refund", due.amount, None, due.currency, why[:LONGEST_TEXT]
    )
    _open(tx, due.provider, promised, stay.code)


def seen_to(tx: Transaction, stay: Ticket, by: str, reason: str) -> None:
    """The ticket's money is given back in another way."""
    declined = "SELECT number FROM money_cases WHERE ticket = ? AND kind = ? AND settled IS NULL"
    for row in tx.connection.execute(declined, (stay.code, CaseKind.REFUND_DECLINED)).fetchall():
        _close(tx, row["number"], by, reason)


def settle(tx: Transaction, number: int, by: str, reason: str) -> Case:
    """A person has looked into it, and it may stay as it is. Raises Refused."""
    case = next((case for case in listed(tx.connection) if case.number == number), None)
    if case is None:
        raise Refused(f"there is no open case {number}; `parkgate-edge money cases` lists them")
    _close(tx, number, by, reason)
    difference = case.difference
    tx.record(
        MoneyCaseSettled(
            number=number,
            kind=difference.kind.value,
            provider=case.provider,
            payment=difference.payment,
            moved=difference.moved,
            ours=difference.ours,
            theirs=difference.theirs,
            currency=difference.currency,
            by=by,
            reason=reason,
            at=tx.at.wall,
        )
    )
    return case


def forget_settled(tx: Transaction, before: Instant) -> None:
    tx.connection.execute("DELETE FROM money_cases WHERE settled < ?", (before,))


def tell(faults: FaultReporter, open_: Collection[Case]) -> None:
    """The faults that stand while there are such cases."""
    declined = [case for case in open_ if case.difference.kind is CaseKind.REFUND_DECLINED]
    for fault, those in ((REFUND_DECLINED, declined), (DIFFERS, [case for case in open_ if case not in declined])):
        if those:
            who = ", ".join(sorted({case.provider for case in those}))
            faults.raised(fault, f"{len(those)} with {who}; the first is case {those[0].number}")
        else:
            faults.cleared(fault)


def _is_settled(connection: sqlite3.Connection, provider: str, difference: Difference) -> bool:
    """Whether a person has settled exactly this."""
    same = """SELECT 1 FROM money_cases WHERE settled_by <> '' AND provider = ? AND kind = ? AND payment = ?
        AND moved = ? AND ours IS ? AND theirs IS ? AND currency = ?"""
    return connection.execute(same, (provider, *difference[:6])).fetchone() is not None


def _open(tx: Transaction, provider: str, difference: Difference, ticket: str | None) -> None:
    columns = "kind, payment, moved, ours, theirs, currency, detail, provider, ticket, found"
    tx.connection.execute(
        f"INSERT INTO money_cases ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (*difference, provider, ticket, tx.at.wall),
    )


def _close(tx: Transaction, number: int, by: str, why: str) -> None:
    over = "UPDATE money_cases SET settled = ?, settled_by = ?, settled_why = ? WHERE number = ? AND settled IS NULL"
    tx.connection.execute(over, (tx.at.wall, by, why, number))


def _case(row: sqlite3.Row) -> Case:
    difference = Difference(
        *(CaseKind(row["kind"]), row["payment"], row["moved"], row["ours"], row["theirs"]),
        *(row["currency"], row["detail"]),
    )
    settled = row["settled"], row["settled_by"] or "", row["settled_why"] or ""
    return Case(row["number"], row["provider"], difference, row["found"], row["code"], *settled)
