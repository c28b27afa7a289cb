"""Asks providers to give back what was promised to drivers, at the start and every minute, until they say yes or no.

Always under the refund's own id, which is on record before anybody is asked: it is given back once, whatever breaks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import structlog

from drivers.contract import FaultReporter, Refunded, RefundOutcome
from edge.parking.money import cases, refunds
from edge.parking.money.faults import REFUND_WAITS
from edge.parking.money.refunds import Due
from edge.parking.money.till import Till
from edge.parking.stays.tickets import ticket as find
from edge.patience import within
from edge.store import Store, StoreUnavailable, Transaction
from models.ids import RefundId
from models.instants import HOUR, Clock
from models.money import written

ROUND = 60.0
"""Seconds between two rounds, unless somebody promises a refund."""
ANSWER_WITHIN = 45.0
"""Seconds that a provider has for one of them."""
PATIENCE = HOUR
"""What has been promised for longer, and isn't paid, a person is told of."""


class Repayments:
    """Goes round what is due."""

    def __init__(self, tills: Mapping[str, Till], store: Store, clock: Clock, faults: FaultReporter) -> None:
        self._tills, self._store, self._clock, self._faults = tills, store, clock, faults
        self._promised = asyncio.Event()
        self._answers: dict[str, str] = {}
        self._last_asked: dict[str, int] = {}
        self._asked_so_far = 0
        self._log = structlog.get_logger("edge.repayments")

    @property
    def providers(self) -> set[str]:
        """Those that give money back."""
        return {till.provider for till in self._tills.values() if till.abilities.refunds}

    def answer(self, refund: str) -> str:
        """What was said last of a refund that isn't paid yet; empty: nobody was asked since the daemon's start."""
        return self._answers.get(refund, "")

    def promised(self) -> None:
        """A refund is due: its provider is asked now."""
        self._promised.set()

    async def run(self) -> None:
        while True:
            self._promised.clear()
            try:
                await self.go_round()
            except StoreUnavailable as wrong:
                self._log.warning("repayments.store_unavailable", why=str(wrong))
            await within(ROUND, self._promised.wait(), self._clock)

    async def go_round(self) -> int:
        """One round. Returns how many refunds are over by it. A provider that is out of reach is asked once in a round,
        for whichever of its refunds was asked for longest ago: one that hangs doesn't hold up the others for ever."""
        due = await self._store.read(refunds.waiting)
        out_of_reach: set[str] = set()
        over = 0
        for each in sorted(due, key=lambda due: self._last_asked.get(due.refund, 0)):
            if each.provider not in out_of_reach:
                said = await self._asked(each)
                over += said is not None and await self._put_on_record(each, said)
                if said is None or said.outcome is RefundOutcome.UNREACHABLE:
                    out_of_reach.add(each.provider)
        await self._tell()
        return over

    async def _asked(self, due: Due) -> Refunded | None:
        """None: it can't be asked for now, or didn't answer in time."""
        tills = [till for till in self._tills.values() if till.provider == due.provider and till.abilities.refunds]
        free = next((till for till in tills if not till.is_at_work), None)
        if free is None:
            busy = "somebody pays at its terminal now" if tills else "no terminal of this lot is of that provider"
            self._answers[due.refund] = busy
            return None
        self._asked_so_far += 1
        self._last_asked[due.refund] = self._asked_so_far
        refund = free.refund(due.asked or due.payment, RefundId(due.refund), due.amount, due.currency)
        asking = asyncio.ensure_future(refund)
        if await within(ANSWER_WITHIN, asking, self._clock):
            said = asking.result()
            self._answers[due.refund] = f"{said.outcome.value} {said.detail}".rstrip()
            return said
        self._answers[due.refund] = f"no answer within {ANSWER_WITHIN:g} s"
        return None

    async def _put_on_record(self, due: Due, said: Refunded) -> bool:
        match said.outcome:
            case RefundOutcome.REFUNDED:
                await self._store.write(lambda tx: refunds.paid(tx, due, said.reference))
            case RefundOutcome.DECLINED:
                await self._store.write(lambda tx: _decline(tx, due, said.detail))
            case RefundOutcome.UNREACHABLE | RefundOutcome.UNKNOWN:
                return False
        self._answers.pop(due.refund, None)
        self._last_asked.pop(due.refund, None)
        self._log.info("repayments.over", refund=due.refund, outcome=said.outcome.value)
        return True

    async def _tell(self) -> None:
        now = self._clock.read().wall
        waiting = await self._store.read(refunds.waiting)
        old = [due for due in waiting if now - due.at > PATIENCE]
        if old:
            sum_ = written(old[0].amount, old[0].currency)
            first = f"{sum_} by {old[0].provider}: {self.answer(old[0].refund) or 'not asked yet'}"
            self._faults.raised(REFUND_WAITS, first)
        else:
            self._faults.cleared(REFUND_WAITS)
        cases.tell(self._faults, await self._store.read(cases.listed))


def _decline(tx: Transaction, due: Due, why: str) -> None:
    if refunds.declined(tx, due):
        cases.refund_declined(tx, due, find(tx.connection, due.ticket), why or "no reason given")
