"""The till of a lane or a station: who is asked to pay there, and who still listens when the driver waits no longer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from drivers.contract import (
    Abilities,
    Became,
    Charged,
    ChargeOutcome,
    DriverError,
    Fate,
    NotSent,
    PaymentTerminal,
    Refunded,
    RefundOutcome,
    Reported,
)
from edge.parking.money.booking import Receipt
from edge.parking.money.charges import Charge
from edge.parking.money.policy import ORDINARY, PaymentPolicy
from edge.store import Store, Transaction
from edge.store.keep_writing import keep_writing
from models.ids import LaneName, PaymentId, RefundId
from models.instants import SECOND, Clock, Instant
from models.money import Minor

PAY_WITHIN = 90
"""Seconds that a driver has at the terminal. Nobody is kept in by one that has hung."""

ASK_EVERY = 2.0
"""Seconds between two questions of what became of a charge for which somebody waits."""

Booking = Callable[[Transaction, Charged], None]
"""Puts an answer on record for which nobody waits at the arm."""


@dataclass(frozen=True, slots=True)
class Silent:
    """The terminal hasn't answered, or broke off: whether it takes the money, nobody knows."""

    why: str


class Till:
    """`terminal` is None where the lane has none. A charge is asked for once at a time: whoever comes back to it while
    the terminal is at it hears the same answer.

    `name` is the lane's or station's, and `others` are all tills of the lot by theirs: what was asked for at one of
    them, and never answered, is asked about there before another one takes money for it.

    A part of the lane: starts and stops its terminal.
    """

    def __init__(
        self,
        terminal: PaymentTerminal | None,
        store: Store,
        clock: Clock,
        name: str = "",
        policy: PaymentPolicy = ORDINARY,
        others: MutableMapping[str, Till] | None = None,
    ) -> None:
        self._terminal, self._store, self._clock = terminal, store, clock
        self.name, self.policy = name, policy
        self._others: MutableMapping[str, Till] = {} if others is None else others
        if name:
            self._others[name] = self
        self._asked: dict[PaymentId, asyncio.Future[Charged]] = {}
        self._listening: set[asyncio.Task[None]] = set()
        self._log = structlog.get_logger("edge.till")

    @property
    def provider(self) -> str:
        return "" if self._terminal is None else self._terminal.provider

    @property
    def abilities(self) -> Abilities:
        return Abilities() if self._terminal is None else self._terminal.abilities

    def receipt(self, place: LaneName, reference: str) -> Receipt:
        """`place` is where the answer was heard. Cash lies where it was put in, wherever that is heard of."""
        if self.abilities.cash:
            return Receipt(LaneName(self.name) if self.name else place, "cash", self.provider, reference)
        return Receipt(place, "terminal", self.provider, reference)

    def is_busy(self, payment: PaymentId) -> bool:
        """Whether its terminal is at this payment now."""
        return payment in self._asked

    @property
    def is_at_work(self) -> bool:
        """Whether somebody pays at its terminal now."""
        return bool(self._asked)

    async def refund(self, payment: PaymentId, refund: RefundId, amount: Minor, currency: str) -> Refunded:
        """Under the same `refund` it is given back once."""
        if self._terminal is None or not self.abilities.refunds:
            return Refunded(RefundOutcome.DECLINED, detail="it gives nothing back")
        try:
            return await self._terminal.refund(payment, refund, amount, currency)
        except DriverError as wrong:
            return Refunded(RefundOutcome.UNKNOWN, detail=str(wrong))

    async def report(self, since: Instant, until: Instant) -> Sequence[Reported]:
        """Its provider's own record. Raises DriverError when it can't be had."""
        return [] if self._terminal is None else await self._terminal.report(since, until)

    async def became(self, payment: PaymentId) -> Became:
        """What became of a payment, by its provider."""
        if self._terminal is None or not self.abilities.asks:
            return Became(Fate.UNKNOWN, detail="nobody can be asked")
        return await self._terminal.ask(payment)

    async def store(self, charge: Charge) -> Charged | Silent:
        """Lets the terminal keep what its bank can't be asked for now."""
        if self._terminal is None or not self.abilities.stores:
            return Charged(ChargeOutcome.UNREACHABLE, detail="the terminal stores no payments")
        try:
            return await self._terminal.store(charge.payment, charge.amount, charge.currency)
        except NotSent as wrong:
            return Charged(ChargeOutcome.UNREACHABLE, detail=str(wrong))
        except DriverError as wrong:
            return Silent(str(wrong))

    def elsewhere(self, charge: Charge) -> Till | None:
        """The till that was asked for this charge, if it is one whose terminal this till's knows nothing of."""
        other = self._others.get(charge.till) if charge.till and charge.till != self.name else None
        return None if other is None or other.provider == self.provider else other

    async def resolve(self, charge: Charge, gone: asyncio.Event) -> Became | None:
        """What became of a charge that was asked for here, for a driver who waits at another till now. Asked until it
        is known, for PAY_WITHIN seconds at most; None: the driver has `gone`."""
        began = self._clock.monotonic()
        while True:
            became = await self.became(charge.payment)
            if became.fate.final and not (became.fate is Fate.NOTHING and self.is_busy(charge.payment)):
                return became
            if gone.is_set():
                return None
            if not self.abilities.asks or self._clock.monotonic() - began > PAY_WITHIN * SECOND:
                return became
            await self._clock.sleep(ASK_EVERY)

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
            return _waited_for(_said(asked))
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
        said = _waited_for(_said(asked))
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


def _waited_for(said: Charged | Silent) -> Charged | Silent:
    """A provider that is still at it says nothing yet: what became of it is asked later."""
    pending = isinstance(said, Charged) and said.outcome is ChargeOutcome.PENDING
    return Silent(said.detail or "the provider hasn't decided yet") if isinstance(said, Charged) and pending else said
