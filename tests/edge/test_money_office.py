"""What a person orders about money, and what they get to see of the books."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from edge import money_cli
from edge.config.load import load_lot
from edge.local import _ASKED, Asked, Obeyed  # pyright: ignore[reportPrivateUsage]
from edge.money_cli import money_app
from edge.money_desk import MoneyDesk
from edge.money_orders import (
    CloseDayOrder,
    DisputeOrder,
    InBooks,
    ReconcileOrder,
    RefundOrder,
    SettleOrder,
    ShiftOrder,
    WriteOffOrder,
)
from edge.parking import exit
from edge.parking.money.comparing import Word
from edge.parking.money.refunds import Refused
from edge.parking.money.statement import statement
from edge.store.connecting import looking_into
from models.money import Minor, typed
from tests.edge.money_lot import MoneyLot, a_money_lot, now

CONFIG = Path(__file__).parents[2] / "config" / "lots"
ANN = {"by": "ann", "reason": "asked"}


@pytest.fixture
def lot(tmp_path: Path) -> MoneyLot:
    return a_money_lot(tmp_path)


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [
        ("4.50", "EUR", 450),
        ("4 EUR", "EUR", 400),
        ("4.5", "EUR", 450),
        ("450", "JPY", 450),
        (" 1.234 ", "KWD", 1234),
        ("0", "EUR", 0),
    ],
)
def test_an_amount_is_what_was_typed(text: str, currency: str, amount: int) -> None:
    assert typed(text, currency) == amount


@pytest.mark.parametrize("text", ["4,50", "1.000", "1,000.00", "-4.50", "1e3", "nan", "", "٤.٥٠", "4.50 USD", "4."])
def test_an_amount_that_could_be_read_in_two_ways_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"isn't an amount in EUR: it is written such as 4\.50"):
        typed(text, "EUR")


@pytest.mark.parametrize(
    "order",
    [
        RefundOrder(code="7Q2K-M4XD", amount="4.50", drawer="booth", **ANN),
        WriteOffOrder(code="7Q2K-M4XD", **ANN),
        DisputeOrder(code="7Q2K-M4XD", step="won", **ANN),
        ShiftOrder(step="close", drawer="booth", counted="4.50", by="ann"),
        CloseDayOrder(by="ann"),
        ReconcileOrder(by="ann", book=True, reason="asked"),
        SettleOrder(number=1, **ANN),
    ],
)
def test_each_order_goes_over_the_socket_as_what_it_is(order: Asked) -> None:
    assert _ASKED.validate_json(order.model_dump_json()) == order


def test_a_drawer_is_counted_and_its_difference_is_told(lot: MoneyLot) -> None:
    stay = lot.has_paid("AB12CDE")
    refund = RefundOrder(code=stay.code, amount="2.50", drawer="booth", **ANN)
    with pytest.raises(Refused, match="no drawer 'booth'; `parkgate-edge money shift open` makes one known"):
        lot.orders(refund)
    assert "100.00 EUR came from the safe" in lot.orders(_shift("open", "100.00"))
    with pytest.raises(Refused, match="no drawer 'boot'; did you mean \"booth\""):
        lot.orders(refund.model_copy(update={"drawer": "boot"}))
    assert "hand 2.50 EUR out of booth" in lot.orders(refund)
    said = lot.orders(_shift("close", "97.00", left="50"))
    assert "shift 1 of booth is closed: 0.50 EUR less than the books say; 47.00 EUR go to the safe" in said
    with pytest.raises(Refused, match=r"by the books 50\.00 EUR lie in booth"):
        lot.orders(refund.model_copy(update={"amount": "51"}))
    assert "day 1 is closed: fees of 5.00 EUR" in lot.orders(CloseDayOrder(by="ann"))


def _shift(step: str, counted: str, left: str | None = None) -> ShiftOrder:
    return ShiftOrder.model_validate({"step": step, "drawer": "booth", "counted": counted, "left": left, "by": "ann"})


@pytest.mark.parametrize(
    ("order", "why"),
    [
        (RefundOrder(code="7Q2K-M4XD", amount="1", **ANN), "7Q2K-M4XD"),
        (_shift("close", "5"), "no drawer 'booth'"),
        (_shift("open", "5,00"), "isn't an amount"),
        (_shift("open", "5", left="5"), "when its shift ends"),
        (SettleOrder(number=7, **ANN), "no open case 7"),
    ],
)
def test_what_cant_be_done_is_refused_in_a_line(lot: MoneyLot, order: InBooks, why: str) -> None:
    with pytest.raises(Refused, match=why):
        lot.orders(order)
    assert lot.lot.one("SELECT count(*) FROM ledger_entries") == 0


def test_a_dispute_is_opened_and_decided_once(lot: MoneyLot) -> None:
    code = lot.has_paid("AB12CDE").code

    def dispute(step: str, amount: str | None = None) -> str:
        return lot.orders(DisputeOrder.model_validate({"code": code, "step": step, "amount": amount, **ANN}))

    with pytest.raises(Refused, match="--amount"):
        dispute("open")
    assert "5.00 EUR" in dispute("open", "5.00")
    assert f"5.00 EUR of ticket {code} are the driver's" in dispute("lost")
    with pytest.raises(Refused, match="is disputed"):
        dispute("won")


def test_a_debt_is_written_off(lot: MoneyLot) -> None:
    lot.lot.enters("AB12CDE")
    lot.lot.clock.forward(hours=2)
    let_out = lot.lot.decide(lambda tx: exit.let_out(tx, lot.lot.departure("AB12CDE"), "a person let it out"))
    assert isinstance(let_out, exit.Cleared)
    lot.lot.decide(lambda tx: exit.close(tx, let_out.ticket, exit.LaneName("out")))
    code = str(lot.lot.one("SELECT code FROM tickets"))
    assert "5.00 EUR" in lot.orders(WriteOffOrder(code=code, **ANN))


def test_the_books_of_a_ticket_are_a_table(lot: MoneyLot, monkeypatch: pytest.MonkeyPatch) -> None:
    code = lot.has_paid("AB12CDE").code
    lot.orders(RefundOrder(code=code, amount="2.50", **ANN))
    lot.orders(_shift("open", "100"))
    lot.orders(CloseDayOrder(by="ann"))
    shown = _runs(lot, monkeypatch, "ledger", code)
    assert "provider:simulated             5.00" in shown
    assert "2.50  owed to the driver" in shown
    assert "2.50 EUR are promised; simulated hasn't given them back yet" in shown
    assert "goodwill" not in _runs(lot, monkeypatch, "refunds")
    assert "day 1" in _runs(lot, monkeypatch, "closings")
    assert "cash:booth" in _runs(lot, monkeypatch, "closings", "--day", "1")
    assert json.loads(_runs(lot, monkeypatch, "closings", "--json"))["number"] == 1
    assert "Nothing has to be seen to" in _runs(lot, monkeypatch, "cases")
    assert "a wrong character" in _runs(lot, monkeypatch, "ledger", "nonsense", code=2)
    with looking_into(lot.lot.path) as connection:
        assert sum(entry.amount for entry in statement(connection, code).entries) == Minor(0)


def test_cases_are_listed_with_both_sides(lot: MoneyLot, monkeypatch: pytest.MonkeyPatch) -> None:
    code = lot.has_paid("AB12CDE").code
    lot.book.unlink()
    lot.terminal._book._connection = None  # pyright: ignore[reportPrivateUsage]
    lot.lot.clock.forward(hours=1)
    assert now(lot.comparisons.compare(Word()))[0].differences == 1
    shown = json.loads(_runs(lot, monkeypatch, "cases", "--json"))
    assert (shown["ticket"], shown["difference"]["ours"], shown["difference"]["theirs"]) == (code, 500, None)
    assert "the provider knows" in _runs(lot, monkeypatch, "cases")


def _runs(lot: MoneyLot, monkeypatch: pytest.MonkeyPatch, *arguments: str, code: int = 0) -> str:
    """The command, on this lot's store."""
    written = SimpleNamespace(lot=SimpleNamespace(timezone="Europe/Berlin"), store=SimpleNamespace(path=lot.lot.path))
    monkeypatch.setattr(money_cli, "lot_or_fail", lambda config: written)
    monkeypatch.setenv("COLUMNS", "160")
    ran = CliRunner().invoke(money_app, [*arguments, "--config", "lot.yaml"])
    assert ran.exit_code == code, ran.output
    return ran.output


def test_the_desk_pays_a_refund_as_soon_as_it_is_promised(lot: MoneyLot) -> None:
    code = lot.has_paid("AB12CDE").code
    settings = load_lot(CONFIG / "paying.yaml")
    desk = MoneyDesk(settings, {"out": lot.till}, lot.lot.store, lot.lot.clock, lot.board)

    async def orders() -> list[Obeyed]:
        parts = [asyncio.ensure_future(run()) for _, run in desk.parts]
        refund = RefundOrder(code=code, amount="2.50", by="ann", reason="asked")
        try:
            return [await desk.carry_out(refund), await desk.carry_out(refund.model_copy(update={"amount": "2,50"}))]
        finally:
            while lot.lot.one("SELECT count(*) FROM refunds_due"):
                await asyncio.sleep(0.01)
            for part in parts:
                part.cancel()

    done, refused = now(orders())
    assert done.said.startswith("simulated is asked to give 2.50 EUR back")
    assert "'2,50' isn't an amount in EUR" in refused.why_not
    assert lot.given_back == 250
    lot.lot.clock.forward(hours=1)
    reconciled = now(desk.carry_out(ReconcileOrder(by="ann")))
    assert reconciled.said == "simulated: 2 lines of its report, no difference"
    assert "a reason is needed" in now(desk.carry_out(ReconcileOrder(by="ann", book=True))).why_not
