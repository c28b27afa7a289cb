"""Terminals that answer late, never, or break: nobody is kept in by one, and no money is lost or asked for twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from drivers.charges_only import ChargesOnly
from drivers.contract import Charged, ChargeOutcome, DriverError, NotSent
from edge.parking import exit
from edge.parking.money import charges
from edge.parking.money.till import Till
from models.faults import Fault
from models.ids import PaymentId
from models.money import Minor
from models.refusals import Refusal
from tests.edge.clouds import becomes
from tests.edge.lots import OUT, HandClock, Lot, a_lot
from tests.edge.test_store import tables_agree_with_facts

PLATE = "AB12CDE"
TAKEN = Charged(ChargeOutcome.TAKEN, reference="T-1")
DECLINED, UNREACHABLE = Charged(ChargeOutcome.DECLINED), Charged(ChargeOutcome.UNREACHABLE)
JAMMED = Fault(code="terminal.jammed", meaning="The card is stuck", look_at="The terminal")


@dataclass
class Clock(HandClock):
    """Nobody's patience ends before the test says so."""

    patience_ends: asyncio.Event = field(default_factory=asyncio.Event)

    async def sleep(self, seconds: float) -> None:
        await self.patience_ends.wait()


@dataclass
class Terminal(ChargesOnly):
    """Says nothing until the test does."""

    asked: list[tuple[PaymentId, Minor]] = field(default_factory=list)
    answers: asyncio.Queue[Charged | DriverError] = field(default_factory=asyncio.Queue)

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def charge(self, payment: PaymentId, amount: Minor, currency: str) -> Charged:
        self.asked.append((payment, amount))
        answer = await self.answers.get()
        if isinstance(answer, DriverError):
            raise answer
        return answer


@dataclass
class Exit:
    """An exit lane's till, and one car that has been inside for less than an hour."""

    lot: Lot
    clock: Clock
    terminal: Terminal
    till: Till

    async def leaves(self, gone: asyncio.Event | None = None) -> object:
        return await exit.clear(self.lot.store, self.till, self.lot.departure(PLATE), gone)

    async def goes_out_unpaid(self) -> exit.Cleared:
        """The terminal says nothing for too long."""
        self.clock.patience_ends.set()
        cleared = await self.leaves()
        self.clock.patience_ends.clear()
        assert isinstance(cleared, exit.Cleared)
        return cleared

    async def its_driver_goes_away(self) -> object:
        gone = asyncio.Event()
        asking = asyncio.create_task(self.leaves(gone))
        await becomes(lambda: len(self.terminal.asked) == 1)
        gone.set()
        return await asking

    def answers(self, answer: Charged | DriverError) -> None:
        self.terminal.answers.put_nowait(answer)

    def payments(self) -> list[tuple[object, ...]]:
        return self.lot.rows("SELECT amount, status FROM payments ORDER BY rowid")

    def waiting(self) -> tuple[object, object]:
        """How many charges are waited for, and how many were given up."""
        return self.lot.one("SELECT count(*) FROM charges"), self.lot.one("SELECT count(*) FROM charges_given_up")

    def paid(self) -> object:
        return self.lot.one("SELECT amount_paid FROM tickets")


@asynccontextmanager
async def an_exit(folder: Path) -> AsyncIterator[Exit]:
    clock, terminal = Clock(), Terminal()
    lot = a_lot(folder, clock=clock)
    lot.enters(PLATE)
    till = lot.till(terminal)
    yield Exit(lot, clock, terminal, till)
    await till.stop()
    assert tables_agree_with_facts(lot.path)
    lot.store.close()


# --- let out, and taken after all ---


async def test_who_was_let_out_unpaid_and_pays_after_all_owes_nothing(tmp_path: Path) -> None:
    async with an_exit(tmp_path) as lane:
        cleared = await lane.goes_out_unpaid()
        assert (cleared.uncollected, lane.payments(), lane.waiting()) == (250, [(250, "UNCOLLECTED")], (0, 1))
        lane.lot.decide(lambda tx: exit.close(tx, cleared.ticket, OUT))
        lane.answers(TAKEN)
        await becomes(lambda: lane.payments() == [(250, "TAKEN")])
        assert (lane.paid(), lane.waiting()) == (250, (0, 0))
        assert lane.lot.one("SELECT status FROM tickets") == "COMPLETED"


@pytest.mark.parametrize("answer", [DECLINED, UNREACHABLE])
async def test_a_late_no_leaves_the_debt_as_it_is(tmp_path: Path, answer: Charged) -> None:
    async with an_exit(tmp_path) as lane:
        await lane.goes_out_unpaid()
        lane.answers(answer)
        await becomes(lambda: lane.waiting() == (0, 0))
        assert (lane.payments(), lane.paid()) == ([(250, "UNCOLLECTED")], 0)


async def test_money_that_came_late_is_counted_once_when_more_falls_due(tmp_path: Path) -> None:
    async with an_exit(tmp_path) as lane:
        cleared = await lane.goes_out_unpaid()
        lane.lot.decide(lambda tx: exit.abandon(tx, cleared.ticket, OUT))
        lane.answers(TAKEN)
        await becomes(lambda: lane.paid() == 250)
        lane.clock.forward(hours=1.5)
        lane.answers(TAKEN)
        again = await lane.leaves()
        assert isinstance(again, exit.Cleared)
        assert (again.amount_due, again.uncollected) == (500, 0)
        assert [amount for _, amount in lane.terminal.asked] == [250, 250]


async def test_who_has_to_pay_for_more_before_the_late_answer_pays_only_for_that(tmp_path: Path) -> None:
    async with an_exit(tmp_path) as lane:
        cleared = await lane.goes_out_unpaid()
        lane.lot.decide(lambda tx: exit.abandon(tx, cleared.ticket, OUT))
        lane.clock.forward(hours=1.5)
        assert (await lane.goes_out_unpaid()).uncollected == 500
        assert (len({payment for payment, _ in lane.terminal.asked}), lane.waiting()) == (2, (0, 2))
        lane.answers(TAKEN)
        await becomes(lambda: lane.paid() == 250)
        assert sorted(lane.payments()) == [(250, "TAKEN"), (250, "UNCOLLECTED")]


async def test_a_daemon_that_stops_keeps_on_record_what_was_not_answered(tmp_path: Path) -> None:
    async with an_exit(tmp_path) as lane:
        await lane.goes_out_unpaid()
        await lane.till.stop()
        lane.answers(TAKEN)
        await asyncio.sleep(0.02)
        assert (lane.payments(), lane.waiting()) == ([(250, "UNCOLLECTED")], (0, 1))
        assert lane.lot.decide(charges.unheard_of) == 1
        assert len(lane.terminal.asked) == 1, "asked again, it would take the money from whoever stands there now"


# --- a terminal that breaks ---


async def test_a_terminal_that_breaks_keeps_nobody_in(tmp_path: Path) -> None:
    async with an_exit(tmp_path) as lane:
        lane.answers(DriverError(JAMMED, "card half way in"))
        cleared = await lane.leaves()
        assert isinstance(cleared, exit.Cleared)
        assert (cleared.uncollected, lane.waiting()) == (250, (0, 1)), "it may have taken the card for all one knows"
        assert lane.lot.one("SELECT reference FROM payments") == "terminal.jammed: card half way in"


async def test_what_never_reached_the_terminal_is_not_waited_for(tmp_path: Path) -> None:
    async with an_exit(tmp_path) as lane:
        lane.answers(NotSent(JAMMED, "no cable"))
        assert isinstance(await lane.leaves(), exit.Cleared)
        assert (lane.payments(), lane.waiting()) == ([(250, "UNCOLLECTED")], (0, 0))


# --- a driver who goes away ---


async def test_a_driver_who_goes_away_is_not_waited_for_and_leaves_no_debt(tmp_path: Path) -> None:
    async with an_exit(tmp_path) as lane:
        assert await lane.its_driver_goes_away() is Refusal.PAYMENT_DECLINED
        assert (lane.payments(), lane.waiting()) == ([], (1, 0))
        lane.answers(DECLINED)
        await becomes(lambda: lane.waiting() == (0, 0))
        assert lane.payments() == []


async def test_what_a_driver_paid_and_went_away_counts_when_they_come_again(tmp_path: Path) -> None:
    async with an_exit(tmp_path) as lane:
        lane.clock.forward(minutes=55)
        await lane.its_driver_goes_away()
        lane.answers(TAKEN)
        await becomes(lambda: lane.payments() == [(250, "TAKEN")])
        assert lane.lot.one("SELECT exit_lane FROM tickets") is None
        lane.clock.forward(minutes=9)
        cleared = await lane.leaves()
        assert isinstance(cleared, exit.Cleared), "within the grace"
        assert (cleared.amount_due, len(lane.terminal.asked)) == (250, 1)


async def test_who_comes_back_while_the_terminal_is_still_at_it_is_not_asked_twice(tmp_path: Path) -> None:
    async with an_exit(tmp_path) as lane:
        await lane.its_driver_goes_away()
        again = asyncio.create_task(lane.leaves())
        await asyncio.sleep(0.02)
        lane.answers(TAKEN)
        assert isinstance(await again, exit.Cleared)
        assert (len(lane.terminal.asked), lane.payments(), lane.paid()) == (1, [(250, "TAKEN")], 250)
