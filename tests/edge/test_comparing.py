"""The books beside a provider's report: what differs is told until somebody has seen to it, and what doesn't, isn't."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.contract import DriverError
from drivers.far_book import Entry, FarBook
from drivers.simulated_terminal import OFFLINE
from edge.money_orders import SettleOrder
from edge.parking.money import closing, comparing
from edge.parking.money.comparing import Compared, Word
from edge.parking.money.refunds import Refused
from edge.parking.money.rounds import MoneyRounds, Times, close_if_due, last_time
from models.ids import PaymentId
from models.instants import HOUR, SECOND, Instant, from_rfc3339
from models.ledger.reconciliation import Differences
from models.money import Minor
from models.tariff.language.written import At
from tests.edge.money_lot import MoneyLot, a_money_lot, now

ODD = PaymentId("0193e1a0-0000-7000-8000-00000000dead")


@pytest.fixture
def lot(tmp_path: Path) -> MoneyLot:
    return a_money_lot(tmp_path)


def takes_unheard(lot: MoneyLot, amount: int = 700) -> None:
    """The provider has money of which the books know nothing."""
    FarBook(lot.book).write(Entry(ODD, Minor(amount), "EUR", "taken", "R-1", lot.lot.clock.wall))


def test_what_agrees_raises_nothing(lot: MoneyLot) -> None:
    lot.has_paid("AB12CDE")
    lot.lot.clock.forward(hours=1)
    assert lot.compares() == 0
    assert (lot.board.open, lot.cases()) == ({}, [])


def test_money_that_the_books_lack_is_a_case_until_it_is_booked(lot: MoneyLot) -> None:
    takes_unheard(lot)
    lot.lot.clock.forward(hours=1)
    assert lot.compares() == 1
    assert lot.board.open == {"money.differs": "1 with simulated; the first is case 1"}
    assert lot.compares(book=True) == 0
    assert (lot.board.open, lot.cases()) == ({}, [("missing_here", None, 700, 1)])
    assert lot.compares(book=True) == 0
    assert lot.lot.one("SELECT -sum(amount) FROM ledger_entries WHERE account = 'unallocated'") == 700
    facts = "SELECT count(*) FROM journal WHERE type = 'report.compared'"
    assert lot.lot.one(facts) == 3


def test_what_a_person_has_settled_stays_settled_until_it_is_another(lot: MoneyLot) -> None:
    takes_unheard(lot)
    lot.lot.clock.forward(hours=1)
    lot.compares()
    lot.orders(SettleOrder(number=1, by="ann", reason="the sister lot's"))
    assert (lot.compares(), lot.board.open) == (0, {})
    FarBook(lot.book)._opened().execute("UPDATE entries SET amount = 800")  # pyright: ignore[reportPrivateUsage]
    assert lot.compares() == 1


def a_payment_at_the_edge(lot: MoneyLot) -> tuple[Instant, Instant]:
    """A window that ends between the provider's time of a payment and ours, and one that begins there."""
    lot.has_paid("AB12CDE")
    (line,) = lot.far
    behind = "UPDATE entries SET at = at - ?"
    FarBook(lot.book)._opened().execute(behind, (8 * SECOND,))  # pyright: ignore[reportPrivateUsage]
    lot.lot.clock.forward(hours=1)
    return Instant(line.at - 4 * SECOND), Instant(line.at + HOUR)


def test_a_payment_at_the_edge_of_a_window_is_no_difference(lot: MoneyLot) -> None:
    edge, later = a_payment_at_the_edge(lot)
    assert lot.compares(until=edge) == 0
    assert lot.compares(since=edge, until=later) == 0


def test_control_without_a_wider_window_it_would_be_one(lot: MoneyLot, monkeypatch: pytest.MonkeyPatch) -> None:
    def believes(narrow: Differences, wide: Differences, standing: object) -> Differences:
        return narrow

    edge, later = a_payment_at_the_edge(lot)
    monkeypatch.setattr(comparing, "confirmed", believes)
    assert lot.compares(until=edge) == 1
    assert lot.compares(since=edge, until=later) == 1


def test_what_a_provider_took_before_the_books_began_is_not_missed(lot: MoneyLot) -> None:
    takes_unheard(lot)
    old = "UPDATE entries SET at = at - ?"
    FarBook(lot.book)._opened().execute(old, (2 * HOUR,))  # pyright: ignore[reportPrivateUsage]
    lot.lot.clock.forward(hours=1)
    assert lot.compares(since=Instant(0)) == 0


def test_a_report_that_cant_be_had_for_days_is_a_fault(lot: MoneyLot, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(since: Instant, until: Instant) -> list[object]:
        raise DriverError(OFFLINE, "no network")

    monkeypatch.setattr(lot.terminal, "report", broken)
    found: list[Compared] = now(lot.comparisons.compare(Word()))
    assert "no network" in found[0].why_not
    assert lot.board.open == {}
    lot.lot.clock.forward(hours=73)
    now(lot.comparisons.compare(Word()))
    assert list(lot.board.open) == ["money.no_report"]
    monkeypatch.undo()
    now(lot.comparisons.compare(Word()))
    assert lot.board.open == {}


def test_reports_are_compared_once_a_day_and_each_hour_while_they_differ(lot: MoneyLot) -> None:
    rounds = MoneyRounds(lot.comparisons, lot.lot.store, lot.lot.clock, Times("Europe/Berlin", At(270), None))

    def compared() -> object:
        return lot.lot.one("SELECT count(*) FROM journal WHERE type = 'report.compared'")

    now(rounds.look(first=True))
    now(rounds.look())
    lot.lot.clock.forward(hours=24)
    now(rounds.look())
    now(rounds.look())
    assert compared() == 2
    takes_unheard(lot)
    lot.lot.clock.forward(hours=24)
    now(rounds.look())
    lot.lot.clock.forward(hours=1.1)
    now(rounds.look())
    assert compared() == 4


def test_a_day_is_closed_once_at_its_time_also_after_days_without_power(lot: MoneyLot) -> None:
    def closes() -> bool:
        since = last_time(lot.lot.clock.wall, "Europe/Berlin", At(240))
        return lot.lot.decide(lambda tx: close_if_due(tx, since))

    assert not closes(), "nothing was posted yet"
    lot.has_paid("AB12CDE")
    lot.lot.clock.forward(hours=60)
    assert [closes(), closes()] == [True, False]
    lot.lot.clock.forward(hours=24)
    assert [closes(), closes()] == [True, False]
    assert lot.lot.rows("SELECT number, given_by FROM closings") == [(1, "the lot's clock"), (2, "the lot's clock")]


def test_a_day_that_cant_be_closed_yet_holds_up_nothing(lot: MoneyLot, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: object) -> None:
        raise Refused("the store is new")

    lot.has_paid("AB12CDE")
    lot.lot.clock.forward(hours=60)
    monkeypatch.setattr(closing, "close_day", refuses)
    rounds = MoneyRounds(lot.comparisons, lot.lot.store, lot.lot.clock, Times("Europe/Berlin", At(270), At(240)))
    now(rounds.look(first=True))
    assert lot.lot.one("SELECT count(*) FROM journal WHERE type = 'report.compared'") == 1


@pytest.mark.parametrize(
    ("now_", "closed"),
    [
        ("2026-03-29T05:00:00+02:00", "2026-03-29T03:00:00+02:00"),  # 02:30 isn't on the clock that night
        ("2026-10-25T05:00:00+01:00", "2026-10-25T02:30:00+02:00"),  # it is twice: the first counts
        ("2026-06-01T02:29:59+02:00", "2026-05-31T02:30:00+02:00"),
    ],
)
def test_the_nights_of_the_clock_change_have_one_close_each(now_: str, closed: str) -> None:
    assert last_time(from_rfc3339(now_), "Europe/Berlin", At(150)) == from_rfc3339(closed)
