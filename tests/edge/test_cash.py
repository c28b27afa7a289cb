"""Coins and notes at an exit or a station: the books say what the machine holds, part and over-payments included."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from drivers.cash_machine import CashMachineSettings
from drivers.contract import DriverContext
from drivers.post import cash_words
from edge.parking import exit
from edge.parking.money import charges, reconciling
from edge.parking.money.booking import Receipt
from edge.parking.money.charges import Charge
from edge.parking.money.inquiries import Inquiries
from edge.parking.money.station import PayStation
from edge.parking.money.till import Till
from edge.parking.stays import moments
from edge.parking.stays.tickets import open_ticket
from edge.store import Transaction
from models.ids import LaneName, PaymentId
from models.instants import Instant
from models.ledger.reconciliation import Moved
from models.money import Minor
from models.plates import Plate
from models.refusals import Refusal
from simulator.cash_peer import CashPeer
from tests.drivers.conftest import Notebook, eventually
from tests.edge.lots import OUT, HandClock, Lot, a_lot
from tests.edge.test_store import tables_agree_with_facts
from tests.quick_clock import QuickClock

PLATE, HALL, EVER = Plate("AB12CDE"), LaneName("hall"), Instant(2**62)
SPEED = 40.0


@dataclass
class Patient(HandClock):
    """Its lot's time stands still while somebody pays, and patience ends all the same."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / SPEED)


@dataclass
class Place:
    """A lot whose one car owes 2.50, and the machines at its exit and its station."""

    lot: Lot
    code: str
    peers: dict[str, CashPeer] = field(default_factory=dict[str, CashPeer])
    tills: dict[str, Till] = field(default_factory=dict[str, Till])

    def leaves(self) -> asyncio.Task[object]:
        def stay(tx: object) -> object:
            return open_ticket(tx.connection, PLATE) or Refusal.NO_TICKET  # type: ignore[attr-defined]

        departure = exit.Departure(OUT, stay, "exact", PLATE)  # type: ignore[arg-type]
        return asyncio.ensure_future(exit.clear(self.lot.store, self.tills[OUT], departure))

    async def puts_in(self, *coins: int, at: str = OUT) -> None:
        """Once the machine is ready for it."""
        before = set(self.peers[at].begun[:-1])
        await eventually(lambda: self.peers[at].open is not None and self.peers[at].open not in before)
        self.peers[at].insert(*coins)

    def goes_out(self, cleared: object) -> None:
        assert isinstance(cleared, exit.Cleared), cleared
        self.lot.decide(lambda tx: exit.close(tx, cleared.ticket, OUT))

    async def asks(self) -> int:
        return await Inquiries(self.tills, self.lot.store, self.lot.clock).go_round()

    def payments(self) -> list[tuple[object, ...]]:
        return self.lot.rows("SELECT amount, status FROM payments ORDER BY rowid")

    def one(self, what: str) -> object:
        return self.lot.one(f"SELECT {what} FROM tickets")

    def agrees(self) -> bool:
        """Payments, ledger and each machine's own box, by what it was asked for."""
        boxes = {f"cash:{name}": peer.kept for name, peer in self.peers.items() if peer.kept}
        return self._in("payments") == self._in("ledger") == boxes

    def _in(self, what: str) -> dict[object, dict[object, object]]:
        asked = "coalesce(charge_id, payments.id)"
        rows = {
            "payments": f"""SELECT 'cash:' || lane, {asked}, sum(amount) FROM payments
                WHERE status = 'TAKEN' AND method = 'cash' GROUP BY 1, 2""",
            "ledger": f"""SELECT account, {asked}, sum(ledger_entries.amount) FROM ledger_entries
                LEFT JOIN payments ON payments.id = payment_id
                WHERE account LIKE 'cash:%' OR account LIKE 'provider:%' GROUP BY 1, 2""",
        }[what]
        found: dict[object, dict[object, object]] = {}
        for account, payment, amount in self.lot.rows(rows):
            found.setdefault(account, {})[payment] = amount
        return found

    async def differences(self, at: str = OUT) -> reconciling.Differences:
        till = self.tills[at]
        told = await till._terminal.report(Instant(0), EVER)  # type: ignore[union-attr]
        return self.lot.decide(lambda tx: reconciling.differences(tx.connection, till.provider, told, Instant(0), EVER))

    async def books_what_is_missing(self, at: str = OUT) -> int:
        found = await self.differences(at)
        return self.lot.decide(lambda tx: reconciling.book_missing(tx, self.tills[at].provider, found))


@asynccontextmanager
async def a_place(folder: Path, change: int = 0, *, escrow: bool = False) -> AsyncIterator[Place]:
    lot, clock = a_lot(folder, clock=Patient()), QuickClock(SPEED)
    place = Place(lot, lot.enters(PLATE).code)
    for name in (OUT, HALL):
        peer = place.peers[name] = CashPeer(folder / f"{name}.sqlite", clock.wall, change, escrow=escrow)
        await peer.__aenter__()
        settings = CashMachineSettings.model_validate(
            {"tcp": {"host": "127.0.0.1", "port": peer.port}, "pay_within": 5}
        )
        machine = settings.build(DriverContext(f"{name}.payment_terminal", clock, Notebook()))
        await Till(machine, lot.store, lot.clock, name, others=place.tills).start()
        await eventually(machine._opened.is_set)  # type: ignore[attr-defined]
    yield place
    for name in (OUT, HALL):
        await place.tills[name].stop()
        await place.peers[name].__aexit__()
    assert tables_agree_with_facts(lot.path)
    lot.store.close()


@pytest.mark.parametrize(("change", "kept"), [(1000, 250), (0, 500)])
async def test_what_there_was_no_change_for_is_on_record_and_owed_to_the_driver(
    tmp_path: Path, change: int, kept: int
) -> None:
    async with a_place(tmp_path, change) as place:
        leaving = place.leaves()
        await place.puts_in(500)
        place.goes_out(await leaving)
        assert place.payments() == [(kept, "TAKEN")]
        assert (place.one("amount_due"), place.one("refund_owed")) == (250, kept - 250)
        assert place.agrees()
        assert not await place.differences()


async def test_after_a_part_payment_the_rest_is_asked_for(tmp_path: Path) -> None:
    async with a_place(tmp_path) as place:
        leaving = place.leaves()
        await place.puts_in(100)
        await eventually(lambda: len(place.peers[OUT].begun) == 2)
        await place.puts_in(150)
        place.goes_out(await leaving)
        assert place.payments() == [(100, "TAKEN"), (150, "TAKEN")]
        assert (place.one("refund_owed"), place.agrees()) == (0, True)
        assert not await place.differences()


async def test_who_drives_on_after_a_part_payment_owes_the_rest(tmp_path: Path) -> None:
    async with a_place(tmp_path) as place:
        leaving = place.leaves()
        await place.puts_in(100)
        assert await leaving is Refusal.PAYMENT_DECLINED
        assert (place.payments(), place.agrees()) == ([(100, "TAKEN")], True)
        departure = place.lot.departure(PLATE)
        place.goes_out(place.lot.decide(lambda tx: exit.let_out(tx, departure, "a person let it out")))
        assert place.payments() == [(100, "TAKEN"), (150, "UNCOLLECTED")]


async def test_what_comes_out_again_is_no_payment(tmp_path: Path) -> None:
    async with a_place(tmp_path, escrow=True) as place:
        leaving = place.leaves()
        await place.puts_in(100)
        assert await leaving is Refusal.PAYMENT_DECLINED
        assert (place.payments(), place.peers[OUT].kept) == ([], {})


# --- the answer is lost ---


async def goes_out_while_the_line_is_cut(place: Place, *coins: int) -> None:
    leaving, peer = place.leaves(), place.peers[OUT]
    await eventually(lambda: peer.open is not None)
    peer.hears_nothing = True
    peer.insert(*coins)
    place.goes_out(await leaving)
    peer.power_fails()
    opened = place.tills[OUT]._terminal._opened  # type: ignore[union-attr]
    await eventually(lambda: not opened.is_set())
    assert (place.payments(), place.one("amount_paid")) == ([(250, "UNCOLLECTED")], 0)
    peer.hears_nothing = False
    await eventually(opened.is_set)


LOST = [
    ((200, 50), [(250, "TAKEN")], 0),
    ((500,), [(500, "TAKEN")], 250),
    ((100,), [(100, "TAKEN"), (150, "UNCOLLECTED")], 0),
]
"""What was put in while nobody heard, and how it has to stand in the books."""


@pytest.mark.parametrize(("coins", "payments", "refund_owed"), LOST)
async def test_what_was_put_in_while_the_line_was_cut_is_asked_about_later(
    tmp_path: Path, coins: tuple[int, ...], payments: list[tuple[object, ...]], refund_owed: int
) -> None:
    async with a_place(tmp_path) as place:
        await goes_out_while_the_line_is_cut(place, *coins)
        assert (await place.asks(), await place.asks()) == (1, 0)
        assert (place.payments(), place.one("refund_owed")) == (payments, refund_owed)
        assert place.agrees()
        assert not await place.differences()


@pytest.mark.parametrize(("coins", "payments", "refund_owed"), LOST)
async def test_or_it_is_booked_by_the_machine_s_own_record_once(
    tmp_path: Path, coins: tuple[int, ...], payments: list[tuple[object, ...]], refund_owed: int
) -> None:
    async with a_place(tmp_path) as place:
        await goes_out_while_the_line_is_cut(place, *coins)
        assert (await place.books_what_is_missing(), await place.books_what_is_missing()) == (1, 0)
        assert (place.payments(), place.one("refund_owed")) == (payments, refund_owed)
        assert place.agrees()
        assert await place.asks() == 0


async def test_money_that_was_put_in_at_the_station_stays_in_the_station_s_box(tmp_path: Path) -> None:
    """Its answer was lost there, and the exit has heard it."""
    async with a_place(tmp_path) as place:
        paying = asyncio.ensure_future(PayStation(HALL, place.lot.store, place.tills[HALL]).pay(place.code))
        await place.puts_in(100, at=HALL)
        paying.cancel()
        place.peers[HALL].insert(150)
        cleared = await place.leaves()
        place.goes_out(cleared)
        assert (place.payments(), place.peers[OUT].begun) == ([(250, "TAKEN")], [])
        assert place.agrees()
        assert not await place.differences(HALL)


# --- what the machine's record and the books don't have in common ---


async def test_money_that_nobody_asked_for_is_booked_once_and_where_it_lies(tmp_path: Path) -> None:
    async with a_place(tmp_path) as place:
        peer = place.peers[OUT]
        peer.answer(
            {"n": 1, **cash_words.take(place.lot.decide(lambda tx: PaymentId(tx.mint())), Minor(200), "EUR", 20)}
        )
        peer.insert(200)
        assert (await place.books_what_is_missing(), await place.books_what_is_missing()) == (1, 0)
        assert place.lot.rows("SELECT account, sum(amount) FROM ledger_entries GROUP BY 1 ORDER BY 1") == [
            ("cash:out", 200),
            ("unallocated", -200),
        ]


# --- too much, and another debt ---


@pytest.mark.parametrize(
    ("put_in", "payments", "refund_owed"),
    [
        (400, [(250, "TAKEN"), (150, "TAKEN"), (100, "UNCOLLECTED")], 0),
        (600, [(350, "TAKEN"), (250, "TAKEN")], 100),
    ],
)
def test_what_was_paid_above_one_debt_pays_the_other_of_the_same_stay_first(
    tmp_path: Path, put_in: int, payments: list[tuple[object, ...]], refund_owed: int
) -> None:
    """Otherwise the books know of a smaller debt than the one that the driver is asked for next time."""
    lot = a_lot(tmp_path)
    place = Place(lot, lot.enters(PLATE).code)
    asked = lot.decide(lambda tx: _asked(tx, PLATE))
    lot.clock.forward(hours=1.5)
    departure = lot.departure(PLATE)
    place.goes_out(lot.decide(lambda tx: exit.let_out(tx, departure, "a person let it out")))
    assert place.payments() == [(250, "UNCOLLECTED"), (250, "UNCOLLECTED")]
    receipt = Receipt(OUT, "cash", "cash:out", "M-1")
    lot.decide(lambda tx: charges.book(tx, asked, receipt, Minor(put_in)))
    assert (place.payments(), place.one("refund_owed")) == (payments, refund_owed)
    owed = sum(int(str(amount)) for amount, status in payments if status == "UNCOLLECTED")
    assert lot.one("SELECT sum(amount) FROM ledger_entries WHERE account = 'uncollected'") == owed
    told = [Moved(asked.payment, "charge", Minor(put_in), "EUR")]
    assert lot.decide(lambda tx: reconciling.ours(tx.connection, "cash:out", Instant(0), EVER)) == told
    assert tables_agree_with_facts(lot.path)


def _asked(tx: Transaction, plate: Plate) -> Charge:
    stay = open_ticket(tx.connection, plate)
    assert stay is not None
    due = exit.bill(tx, stay.id, moments.now(tx))
    charge = Charge(PaymentId(tx.mint()), stay.id, due.owed, "EUR", due.until, OUT, "cash:out")
    charges.await_answer(tx, charge)
    return charge
