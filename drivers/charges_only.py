"""A provider that only takes money: what the others can do besides, it answers as one that can't."""

from __future__ import annotations

from collections.abc import Sequence

from drivers.money import Abilities, Became, Charged, ChargeOutcome, Fate, Refunded, RefundOutcome, Reported
from models.ids import PaymentId, RefundId
from models.instants import Instant
from models.money import Minor


class ChargesOnly:
    """The part of the contract that most drivers leave as it is."""

    provider: str = ""
    abilities: Abilities = Abilities()

    async def store(self, payment: PaymentId, amount: Minor, currency: str) -> Charged:
        return Charged(ChargeOutcome.UNREACHABLE, detail="it stores no payments")

    async def ask(self, payment: PaymentId) -> Became:
        return Became(Fate.UNKNOWN, detail="it can't be asked")

    async def refund(self, payment: PaymentId, refund: RefundId, amount: Minor, currency: str) -> Refunded:
        return Refunded(RefundOutcome.DECLINED, detail="it gives nothing back")

    async def report(self, since: Instant, until: Instant) -> Sequence[Reported]:
        return []
