"""What was promised to a driver is given back once, or a person hears why not."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from edge.money_orders import RefundOrder, SettleOrder
from edge.parking.money import refunds
from edge.parking.money.refunds import Due, Refused
from edge.parking.money.repayments import Repayments
from tests.edge.money_lot import NOT_SURE, OUT_OF_REACH, WONT, MoneyLot, a_money_lot


@pytest.fixture
def lot(tmp_path: Path) -> MoneyLot:
    return a_money_lot(tmp_path)


def promises(lot: MoneyLot, plate: str = "AB12CDE", amount: str = "2.50", drawer: str | None = None) -> str:
    stay = lot.has_paid(plate)
    lot.orders(RefundOrder(code=stay.code, amount=amount, drawer=drawer, by="ann", reason="goodwill"))
    return stay.code


def test_a_promised_refund_is_paid_and_posted(lot: MoneyLot) -> None:
    promises(lot)
    assert lot.asks() == 1
    assert (lot.given_back, lot.asks()) == (250, 0)
    assert lot.lot.rows("SELECT amount_paid, refund_owed FROM tickets") == [(250, 0)]
    by = "SELECT given_by, reason FROM ledger_entries WHERE kind = 'refund' LIMIT 1"
    assert lot.lot.rows(by) == [("ann", "goodwill")]


def breaks_after_paying(lot: MoneyLot) -> int:
    """The terminal has given back and can't say so; then the daemon is started anew. How much it has given in all."""
    promises(lot)
    lot.terminal.after_paying = NOT_SURE
    lot.asks()
    lot.terminal.after_paying = None
    lot.repayments = Repayments({"out": lot.till}, lot.lot.store, lot.lot.clock, lot.board)
    lot.asks()
    return lot.given_back


def test_what_was_given_back_unheard_is_given_back_once(lot: MoneyLot) -> None:
    assert breaks_after_paying(lot) == 250
    assert lot.lot.rows("SELECT * FROM refunds_due") == []


def test_control_a_refund_whose_id_isnt_kept_is_paid_twice(lot: MoneyLot, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = refunds.waiting

    def forgets_ids(connection: object) -> list[Due]:
        return [
            Due(str(uuid.uuid4()), *(getattr(due, name) for name in Due.__slots__[1:]))
            for due in waiting(connection)  # type: ignore[arg-type]
        ]

    monkeypatch.setattr(refunds, "waiting", forgets_ids)
    assert breaks_after_paying(lot) == 500


def test_one_that_waits_for_an_hour_is_a_fault_until_it_is_paid(lot: MoneyLot) -> None:
    promises(lot)
    lot.terminal.says = OUT_OF_REACH
    lot.asks()
    assert lot.board.open == {}
    lot.lot.clock.forward(hours=1.1)
    lot.asks()
    assert lot.board.open == {"money.refund_waits": "2.50 EUR by simulated: unreachable no network"}
    lot.terminal.says = None
    assert lot.asks() == 1
    assert lot.board.open == {}


def test_a_provider_that_is_out_of_reach_is_asked_once_a_round_for_each_in_turn(lot: MoneyLot) -> None:
    promises(lot)
    promises(lot, "XY98ZZZ")
    lot.terminal.says = OUT_OF_REACH
    for asked in (1, 2):
        lot.asks()
        assert lot.terminal.asked == asked
    assert len(lot.repayments._last_asked) == 2  # pyright: ignore[reportPrivateUsage]


def test_a_declined_one_is_a_case_and_is_not_asked_for_again(lot: MoneyLot) -> None:
    code = promises(lot)
    lot.terminal.says = WONT
    lot.asks()
    lot.asks()
    assert lot.terminal.asked == 1
    assert lot.board.open == {"money.refund_declined": "1 with simulated; the first is case 1"}
    assert lot.lot.rows("SELECT ticket, detail FROM money_cases") == [(code, "card expired")]
    assert lot.lot.rows("SELECT refund_owed FROM tickets") == [(250,)]
    lot.terminal.says = None
    lot.orders(RefundOrder(code=code, amount="2.50", by="ann", reason="another card"))
    lot.asks()
    assert (lot.given_back, lot.board.open) == (250, {})


def test_a_person_can_let_a_declined_one_be(lot: MoneyLot) -> None:
    promises(lot)
    lot.terminal.says = WONT
    lot.asks()
    lot.orders(SettleOrder(number=1, by="ann", reason="he waived it"))
    lot.asks()
    assert lot.board.open == {}
    with pytest.raises(Refused, match="no open case 1"):
        lot.orders(SettleOrder(number=1, by="ann", reason="again"))


def test_what_a_provider_cant_give_back_isnt_promised(lot: MoneyLot) -> None:
    code = lot.has_paid("AB12CDE").code
    gone = "UPDATE ledger_entries SET account = 'provider:gone' WHERE account = 'provider:simulated'"
    lot.lot.decide(lambda tx: tx.connection.execute(gone))
    with pytest.raises(Refused, match="gone, which took the payment, gives nothing back from here"):
        lot.orders(RefundOrder(code=code, amount="1.00", by="ann", reason="goodwill"))
    assert lot.lot.one("SELECT count(*) FROM refunds_due") == 0
