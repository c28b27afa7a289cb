"""Ends a drawer's shift and the lot's business day: counted, numbered without gaps, and never changed."""

from __future__ import annotations

from edge.parking.money import ledger
from edge.parking.money.refunds import Refused
from edge.parking.stays.restoring import pending
from edge.store import Transaction
from models.facts import DayClosed, ShiftClosed
from models.facts.ledger import Total
from models.ledger.accounts import DIFFERENCES, SAFE, cash, is_money
from models.ledger.posting import Kind, posting
from models.money import Minor

SHIFTS_CLOSED = "shifts closed"


def open_shift(tx: Transaction, drawer: str, counted: Minor, currency: str, by: str) -> None:
    """So much lies in the drawer from now on: what the books don't have of it comes from the safe. Raises Refused."""
    _knows_its_books(tx)
    put_in = counted - ledger.held(tx.connection, cash(drawer), currency)
    ledger.post(tx, posting(Kind.FLOAT, [(cash(drawer), put_in), (SAFE, -put_in)]), currency, by=by)


def close_shift(tx: Transaction, drawer: str, counted: Minor, left: Minor, currency: str, by: str) -> ShiftClosed:
    """The drawer was counted; all but `left` goes to the safe. What the books had otherwise is a difference. Raises
    Refused."""
    _knows_its_books(tx)
    expected = ledger.held(tx.connection, cash(drawer), currency)
    if counted != expected and _is_closed(tx, drawer):
        raise Refused(
            f"nothing has moved in {drawer} since its last shift was closed: open a shift with what lies in it now"
        )
    differs, taken_out = counted - expected, counted - left
    ledger.post(tx, posting(Kind.COUNTED, [(cash(drawer), differs), (DIFFERENCES, -differs)]), currency, by=by)
    ledger.post(tx, posting(Kind.BANKED, [(SAFE, taken_out), (cash(drawer), -taken_out)]), currency, by=by)
    number = ledger.count(tx, SHIFTS_CLOSED)
    closed = ShiftClosed(
        closing=tx.mint(),
        number=number,
        drawer=drawer,
        currency=currency,
        expected=expected,
        counted=counted,
        left=left,
        by=by,
        at=tx.at.wall,
    )
    tx.record(closed)
    return closed


def close_day(tx: Transaction, by: str) -> DayClosed:
    """What is posted from now on belongs to the next day. Raises Refused."""
    _knows_its_books(tx)
    number = ledger.count(tx, ledger.DAYS_CLOSED)
    rows = tx.connection.execute("SELECT * FROM ledger_totals WHERE day = ?", (number,)).fetchall()
    held = tx.connection.execute(
        """SELECT account, currency, sum(amount) AS amount, sum(lines) AS lines FROM ledger_totals
           GROUP BY account, currency HAVING sum(amount) <> 0 ORDER BY account, currency"""
    ).fetchall()
    closed = DayClosed(
        closing=tx.mint(),
        number=number,
        totals=tuple(Total.model_validate({name: row[name] for name in Total.model_fields}) for row in rows),
        held=tuple(
            Total(kind=Kind.COUNTED, account=row["account"], currency=row["currency"], amount=row["amount"], lines=0)
            for row in held
            if is_money(row["account"])
        ),
        by=by,
        at=tx.at.wall,
    )
    tx.record(closed)
    return closed


def _is_closed(tx: Transaction, drawer: str) -> bool:
    """An order that is given twice would take what was left in the drawer for a difference."""
    last = "SELECT kind FROM ledger_entries WHERE account = ? ORDER BY at DESC, rowid DESC LIMIT 1"
    row = tx.connection.execute(last, (cash(drawer),)).fetchone()
    return row is not None and row["kind"] in (Kind.COUNTED, Kind.BANKED)


def _knows_its_books(tx: Transaction) -> None:
    """A store that is new would begin to count again at one, and take each drawer for empty."""
    if pending(tx.connection) is not None:
        raise Refused(
            "this lot's store is new, and the cloud hasn't told it yet what its books came to: try again once the lot"
            " is linked (`parkgate-edge status`)"
        )
