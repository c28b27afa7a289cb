"""Shifts and days: what was counted beside the books, and what is posted afterwards belongs to the next."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.parking.money import closing, ledger
from edge.parking.money.refunds import Refused
from models.ids import PaymentId
from models.ledger import booking
from models.ledger.accounts import cash
from models.money import Minor
from tests.edge.lots import a_lot


def test_what_a_drawer_lacks_is_a_difference_and_the_next_day_begins_after_the_last(tmp_path: Path) -> None:
    lot = a_lot(tmp_path)
    lot.decide(lambda tx: closing.open_shift(tx, "booth", Minor(5000), "EUR", "ann"))
    taken = booking.unallocated(Minor(700), cash("booth"), PaymentId("p"))
    lot.decide(lambda tx: ledger.post(tx, taken, "EUR"))
    shift = lot.decide(lambda tx: closing.close_shift(tx, "booth", Minor(5600), Minor(5000), "EUR", "ann"))
    assert (shift.number, shift.expected, shift.counted) == (1, 5700, 5600)
    day = lot.decide(lambda tx: closing.close_day(tx, "ann"))
    assert day.number == 1
    assert ("counted", "differences", 100) in {(each.kind, each.account, each.amount) for each in day.totals}
    assert [(each.account, each.amount) for each in day.held] == [("cash:booth", 5000)]
    lot.decide(lambda tx: ledger.post(tx, taken, "EUR"))
    again = lot.decide(lambda tx: closing.close_day(tx, "ann"))
    assert (again.number, {each.kind for each in again.totals}) == (2, {"unallocated"})
    assert lot.rows("SELECT what, number FROM closings ORDER BY rowid") == [("shift", 1), ("day", 1), ("day", 2)]


def test_a_shift_that_is_closed_twice_books_no_difference(tmp_path: Path) -> None:
    lot = a_lot(tmp_path)
    lot.decide(lambda tx: closing.open_shift(tx, "booth", Minor(15000), "EUR", "ann"))
    lot.decide(lambda tx: closing.close_shift(tx, "booth", Minor(14900), Minor(10000), "EUR", "ann"))
    with pytest.raises(Refused, match="nothing has moved in booth"):
        lot.decide(lambda tx: closing.close_shift(tx, "booth", Minor(14900), Minor(10000), "EUR", "ann"))
    assert lot.one("SELECT sum(amount) FROM ledger_totals WHERE account = 'cash:booth'") == 10000
