"""One lane's payment terminal: who is asked to pay there, and who still listens when the driver waits no longer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import structlog

from drivers.contract import Charged, ChargeOutcome, DriverError, NotSent, PaymentTerminal
from edge.parking.money.charges import Charge
from edge.store import Store, Transaction
from edge.store.keep_writing import keep_writing
from models.ids import PaymentId
from models.instants import Clock

PAY_WITHIN = 90
"""Seconds that a driver has at the terminal. Nobody is kept in by one that has hung."""

Booking = Callable[[Transaction, Charged], None]
"""Puts an answer on record for which nobody waits at the arm."""


@dataclass(frozen=True, slots=True)
class Silent:
    """The terminal hasn't answered, or broke off: whether it takes the money, nobody knows."""

    why: str


class Till:
    """`terminal` is None where the lane has none. A charge is asked for once at a time: whoever comes back to it while
    the terminal is at it hears the same answer.

    A part of the lane: starts and stops its terminal.
    """

    def __init__(self, terminal: PaymentTerminal | None, store: Store, clock: Clock) -> None:
        self._terminal, self._store, self._clock = terminal, store, clock
        self._asked: dict[PaymentId, asyncio.Future[Charged]] = {}
        self._listening: set[asyncio.Task[None]] = set()
        self._log = structlog.get_logger("edge.till")

    async def start(self) -> None:
        if self._terminal is not None:
            await self._terminal.start()

    async def stop(self) -> None:
        tasks: list[asyncio.Future[Any]] = [*self._listening, *self._asked.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._terminal is not None:
            await self._terminal.stop()

    async def ask(self, charge: Charge, gone: asyncio.Event) -> Charged | Silent | None:
        """The terminal's answer, waited for for PAY_WITHIN seconds; None: the driver has `gone` before it came."""
        if self._terminal is None:
            return Charged(ChargeOutcome.UNREACHABLE, detail="the lane has no payment terminal")
        asked = self._asked.get(charge.payment) or self._begin(self._terminal, charge)
        patience = asyncio.ensure_future(self._clock.sleep(PAY_WITHIN))
        leaves = asyncio.ensure_future(gone.wait())
        try:
            await asyncio.wait({asked, patience, leaves}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            patience.cancel()
            leaves.cancel()
        if asked.done():
            return _said(asked)
        return None if gone.is_set() else Silent(f"the terminal said nothing for {PAY_WITHIN} s")

    def listen(self, charge: Charge, book: Booking) -> None:
        """Nobody waits for this answer any more; should it come, it is booked."""
        asked = self._asked.get(charge.payment)
        if asked is not None:
            self._spawn(self._listen(asked, book))

    def _begin(self, terminal: PaymentTerminal, charge: Charge) -> asyncio.Future[Charged]:
        asked = asyncio.ensure_future(terminal.charge(charge.payment, charge.amount, charge.currency))
        self._asked[charge.payment] = asked
        asked.add_done_callback(lambda _: self._asked.pop(charge.payment, None))
        return asked

    async def _listen(self, asked: asyncio.Future[Charged], book: Booking) -> None:
        await asyncio.wait({asked})
        said = _said(asked)
        if isinstance(said, Silent):
            self._log.warning("till.broke_off", why=said.why)
            return
        await keep_writing(self._store, lambda tx: book(tx, said), self._clock)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.ensure_future(work)
        self._listening.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._listening.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._log.error("till.task_failed", exc_info=task.exception())


def _said(asked: asyncio.Future[Charged]) -> Charged | Silent:
    try:
        return asked.result()
    except NotSent as wrong:
        return Charged(ChargeOutcome.UNREACHABLE, detail=str(wrong))
    except DriverError as wrong:
        return Silent(str(wrong))
