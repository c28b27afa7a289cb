"""A payment terminal that takes no real money. Tested against: nothing outside it; it is the far end itself."""

from __future__ import annotations

import uuid
from typing import ClassVar, Literal

from drivers.contract import Charged, ChargeOutcome, DriverContext, PaymentTerminal
from drivers.settings import DriverSettings
from drivers.values import Seconds
from models.faults import Fault
from models.ids import PaymentId
from models.money import Minor

OFFLINE = Fault(
    code="terminal.unreachable",
    meaning="The payment terminal or its network is down",
    look_at="Here: `answer: unreachable` in the settings of the simulated terminal",
)

# Any fixed namespace will do: it only has to stay the same, so that a restarted daemon gets the same reference.
_REFERENCES = uuid.UUID("6f2d1c5a-7f0b-4a0e-9d55-2f3c1b8e4a71")


class SimulatedTerminalSettings(DriverSettings):
    """A terminal that answers as told, for tests, demonstrations and lots that don't charge yet."""

    contract: ClassVar[type] = PaymentTerminal
    faults: ClassVar[tuple[Fault, ...]] = (OFFLINE,)
    simulated: ClassVar[bool] = True

    driver: Literal["simulated"] = "simulated"
    delay: Seconds = 1.0
    """How long the driver takes to pay"""
    answer: ChargeOutcome = ChargeOutcome.TAKEN
    """What the terminal says: `taken`, `declined` or `unreachable`"""

    def build(self, context: DriverContext) -> SimulatedTerminal:
        return SimulatedTerminal(self, context)


class SimulatedTerminal:
    """Takes a payment once: the same payment asked again has the same answer, also after a restart."""

    def __init__(self, settings: SimulatedTerminalSettings, context: DriverContext) -> None:
        self._settings, self._context = settings, context
        self._taken: set[PaymentId] = set()

    async def start(self) -> None:
        if self._settings.answer is ChargeOutcome.UNREACHABLE:
            self._context.faults.raised(OFFLINE, "set to be unreachable")

    async def stop(self) -> None: ...

    async def charge(self, payment: PaymentId, amount: Minor, currency: str) -> Charged:
        if payment not in self._taken:
            await self._context.clock.sleep(self._settings.delay)
            if self._settings.answer is not ChargeOutcome.TAKEN:
                return Charged(self._settings.answer, detail="simulated")
            self._taken.add(payment)
        return Charged(ChargeOutcome.TAKEN, reference=f"SIM-{uuid.uuid5(_REFERENCES, payment).hex[:12].upper()}")
