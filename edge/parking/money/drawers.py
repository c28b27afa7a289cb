"""The drawers of which the books know, and what should lie in each."""

from __future__ import annotations

import sqlite3

from edge.parking.money import ledger
from edge.parking.money.refunds import Refused
from models.documents.spelling import nearest
from models.ledger.accounts import cash
from models.money import Minor, written

_CASH = cash("")


def known(connection: sqlite3.Connection) -> list[str]:
    """Those that ever had money in them."""
    found = "SELECT DISTINCT account FROM ledger_totals WHERE account LIKE 'cash:%' ORDER BY account"
    return [row["account"].removeprefix(_CASH) for row in connection.execute(found)]


def holds(connection: sqlite3.Connection, drawer: str, currency: str) -> Minor:
    """By the books. Raises Refused for a drawer of which they don't know."""
    names = known(connection)
    if drawer not in names:
        near = nearest(drawer, names)
        hint = f'; did you mean "{near}"?' if near else "; `parkgate-edge money shift open` makes one known"
        raise Refused(f"the books know of no drawer {drawer!r}{hint}")
    return ledger.held(connection, cash(drawer), currency)


def must_hold(connection: sqlite3.Connection, drawer: str, amount: Minor, currency: str) -> None:
    """Raises Refused."""
    lies_there = holds(connection, drawer, currency)
    if lies_there < amount:
        raise Refused(
            f"by the books {written(lies_there, currency)} lie in {drawer}; if it holds more, count it and open its "
            "shift anew"
        )
