"""Charges of which nobody knows what became of them are asked about, at the start and from then on, until it is known.

Asked about, never charged again: what a terminal took pays once, and what it didn't take stays the debt that it is.
"""

from __future__ import annotations

from collections.abc import Mapping

import structlog

from drivers.contract import Became, Charged, ChargeOutcome, Fate
from edge.parking import exit
from edge.parking.money import charges
from edge.parking.money.charges import Standing, Unresolved
from edge.parking.money.till import Till
from edge.store import Store, StoreUnavailable
from models.ids import LaneName
from models.instants import Clock

ROUND = 15.0
"""Seconds between two rounds."""
MOST = 50
"""Charges that are asked about in one round, for each till."""


class Inquiries:
    """Goes round the lot's tills."""

    def __init__(self, tills: Mapping[str, Till], store: Store, clock: Clock) -> None:
        self._tills, self._store, self._clock = tills, store, clock
        self._log = structlog.get_logger("edge.inquiries")

    @property
    def needed(self) -> bool:
        """Whether anybody here can be asked."""
        return any(till.abilities.asks for till in self._tills.values())

    async def run(self) -> None:
        while True:
            try:
                await self.go_round()
            except StoreUnavailable as wrong:
                self._log.warning("inquiries.store_unavailable", why=str(wrong))
            await self._clock.sleep(ROUND)

    async def go_round(self) -> int:
        """One round. Returns how many charges are resolved by it."""
        return sum([await self._till(till) for till in self._tills.values() if till.abilities.asks])

    async def _till(self, till: Till) -> int:
        waiting = await self._store.write(lambda tx: charges.unresolved(tx, till.name, MOST))
        return sum([await self._ask(asked, each) for each in waiting if (asked := self._knows_of(each, till))])

    def _knows_of(self, unresolved: Unresolved, till: Till) -> Till | None:
        """The till itself, or where another provider was asked for it, one of that: any other would say that it never
        heard of it."""
        provider = unresolved.charge.provider
        if not provider or provider == till.provider:
            return till
        others = (each for each in self._tills.values() if each.provider == provider and each.abilities.asks)
        return next(others, None)

    async def _ask(self, till: Till, unresolved: Unresolved) -> bool:
        charge = unresolved.charge
        if unresolved.standing is Standing.AWAITED and till.is_busy(charge.payment):
            return False  # somebody stands there and pays
        became = await till.became(charge.payment)
        if not became.fate.final or (became.fate is not Fate.TAKEN and till.is_busy(charge.payment)):
            return False
        place = LaneName(till.name)
        await self._store.write(lambda tx: exit.settle_late(tx, place, charge, as_answer(became), till))
        self._log.info("inquiries.resolved", payment=charge.payment, fate=became.fate.value)
        return True


def as_answer(became: Became) -> Charged:
    """The answer that would have been given, had it come."""
    outcome = ChargeOutcome.TAKEN if became.fate is Fate.TAKEN else ChargeOutcome.DECLINED
    return Charged(outcome, became.reference, became.detail, became.amount)
