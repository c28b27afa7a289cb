"""A lot whose exit's terminal keeps its books in a file of its own, and the lot's money at work beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from drivers.contract import DriverContext, Refunded, RefundOutcome
from drivers.far_book import FarBook
from drivers.money import Reported
from drivers.simulated_terminal import SimulatedTerminal, SimulatedTerminalSettings
from edge.money_orders import InBooks
from edge.parking import exit
from edge.parking.money import office
from edge.parking.money.comparing import Comparisons, Word
from edge.parking.money.repayments import Repayments
from edge.parking.money.till import Till
from edge.parking.stays.tickets import Ticket, ticket
from models.faults import Fault
from models.ids import PaymentId, RefundId
from models.instants import Instant
from models.money import Minor
from tests.edge.lots import OUT, Lot, a_lot

_T = TypeVar("_T")
EVER = Instant(2**62)


@dataclass
class Board:
    """The open faults, by code."""

    open: dict[str, str] = field(default_factory=dict[str, str])

    def raised(self, fault: Fault, detail: str) -> None:
        self.open[fault.code] = detail

    def cleared(self, fault: Fault) -> None:
        self.open.pop(fault.code, None)


class Moody(SimulatedTerminal):
    """Answers refunds and reports as told; `asked` counts the refunds."""

    asked = 0
    says: Refunded | None = None
    after_paying: Refunded | None = None
    late: int = 0
    """Its report has what it took by a clock that is so much behind"""

    async def refund(self, payment: PaymentId, refund: RefundId, amount: Minor, currency: str) -> Refunded:
        self.asked += 1
        if self.says is not None:
            return self.says
        done = await super().refund(payment, refund, amount, currency)
        return self.after_paying or done


@dataclass
class MoneyLot:
    lot: Lot
    terminal: Moody
    book: Path
    board: Board = field(default_factory=Board)

    def __post_init__(self) -> None:
        tills: dict[str, Till] = {}
        Till(self.terminal, self.lot.store, self.lot.clock, OUT, others=tills)
        self.till = tills[OUT]
        self.repayments = Repayments(tills, self.lot.store, self.lot.clock, self.board)
        self.comparisons = Comparisons(tills, self.lot.store, self.lot.clock, self.board)

    def has_paid(self, plate: str, hours: float = 2) -> Ticket:
        """A stay that is over, paid at the terminal."""
        self.lot.enters(plate)
        self.lot.clock.forward(hours=hours)
        cleared = now(exit.clear(self.lot.store, self.till, self.lot.departure(plate)))
        assert isinstance(cleared, exit.Cleared), cleared
        self.lot.decide(lambda tx: exit.close(tx, cleared.ticket, OUT))
        return self.lot.decide(lambda tx: ticket(tx.connection, cleared.ticket))

    def orders(self, order: InBooks) -> str:
        providers = self.repayments.providers
        return self.lot.decide(lambda tx: office.carry_out(tx, order, "EUR", providers)).said

    def asks(self) -> int:
        return now(self.repayments.go_round())

    def compares(self, *, book: bool = False, **window: Any) -> int:
        """How many differences there are then."""
        found = now(self.comparisons.compare(Word("ann", "checking", book), **window))
        return found[0].differences

    @property
    def far(self) -> list[Reported]:
        return list(FarBook(self.book).report(Instant(0), EVER))

    @property
    def given_back(self) -> int:
        return sum(line.amount for line in self.far if line.kind == "refund")

    def cases(self) -> list[tuple[object, ...]]:
        return self.lot.rows("SELECT kind, ours, theirs, settled IS NOT NULL FROM money_cases ORDER BY number")


def now(work: Awaitable[_T]) -> _T:
    async def done() -> _T:
        return await work

    return asyncio.run(done())


def a_money_lot(folder: Path) -> MoneyLot:
    lot = a_lot(folder)
    book = folder / "far.sqlite"
    board = Board()
    settings = SimulatedTerminalSettings(delay=0, book=book)
    found = MoneyLot(lot, Moody(settings, DriverContext("out.payment_terminal", lot.clock, board)), book, board)
    now(found.comparisons.begin())
    lot.clock.forward(hours=1)
    return found


OUT_OF_REACH = Refunded(RefundOutcome.UNREACHABLE, detail="no network")
NOT_SURE = Refunded(RefundOutcome.UNKNOWN, detail="it hung up")
WONT = Refunded(RefundOutcome.DECLINED, detail="card expired")
