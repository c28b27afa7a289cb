"""A payment terminal that takes no real money. Tested against: nothing outside it; it is the far end itself."""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from drivers.contract import (
    Abilities,
    Became,
    Charged,
    ChargeOutcome,
    DriverContext,
    DriverError,
    Fate,
    PaymentTerminal,
    Refunded,
    RefundOutcome,
    Reported,
)
from drivers.far_book import Entry, FarBook
from drivers.settings import DriverSettings
from drivers.values import Seconds
from models.faults import Fault
from models.ids import PaymentId, RefundId
from models.instants import Instant
from models.money import Minor

OFFLINE = Fault(
    code="terminal.unreachable",
    meaning="The payment terminal or its network is down",
    look_at="Here: `answer: unreachable` in the settings of the simulated terminal",
)
BROKE_OFF = Fault(
    code="terminal.broke_off",
    meaning="The payment terminal broke off before it said whether it had taken the money",
    look_at="Here: `breaks_off` in the settings of the simulated terminal",
    does="The vehicle is let out on a debt, and the terminal is asked what became of the payment until it says so",
    ends="The terminal answers again",
)

# Any fixed namespace will do: it only has to stay the same, so that a restarted daemon gets the same reference.
_REFERENCES = uuid.UUID("6f2d1c5a-7f0b-4a0e-9d55-2f3c1b8e4a71")
_NEVER = 3600.0


class Trouble(StrEnum):
    """What a terminal of flesh and blood does now and then."""

    TAKES_AND_BREAKS_OFF = "takes_and_breaks_off"
    """The money is taken, and the connection is lost before the lot hears of it"""
    BREAKS_OFF = "breaks_off"
    """The connection is lost before anything is taken"""
    TAKES_AND_HANGS = "takes_and_hangs"
    """The money is taken, and the terminal says so an hour later"""
    DECLINES = "declines"
    UNREACHABLE = "unreachable"


Permille = Annotated[int, Field(ge=0, le=1000)]


class SimulatedTerminalSettings(DriverSettings):
    """A terminal that answers as told, for tests, demonstrations and lots that don't charge yet."""

    contract: ClassVar[type] = PaymentTerminal
    faults: ClassVar[tuple[Fault, ...]] = (OFFLINE, BROKE_OFF)
    simulated: ClassVar[bool] = True

    driver: Literal["simulated"] = "simulated"
    delay: Seconds = 1.0
    """How long the driver takes to pay"""
    answer: ChargeOutcome = ChargeOutcome.TAKEN
    """What the terminal says: `taken`, `declined` or `unreachable`"""
    book: Path | None = None
    """File of the terminal's own record, which outlives the daemon; without it, it lives as long as the daemon"""
    troubles: tuple[Trouble, ...] = ()
    """What goes wrong, of the payments that `trouble_permille` says"""
    trouble_permille: Permille = 0
    """Of a thousand payments so many meet one of the troubles"""
    seed: int = 0
    """The same seed meets the same payments with the same troubles"""
    stores: bool = False
    """Whether it can keep payments while its bank is out of reach"""
    confirms: bool = True
    """Whether the bank takes in the end what was stored"""
    bank_away: Path | None = None
    """As long as there is a file of this name, the bank can't be reached"""

    def build(self, context: DriverContext) -> SimulatedTerminal:
        return SimulatedTerminal(self, context)


class SimulatedTerminal:
    """Takes a payment once: the same payment asked again has the same answer, also after a restart."""

    def __init__(self, settings: SimulatedTerminalSettings, context: DriverContext) -> None:
        self._settings, self._context = settings, context
        self._book = FarBook(settings.book)

    @property
    def provider(self) -> str:
        return "simulated"

    @property
    def abilities(self) -> Abilities:
        # A book that is lost with the process is no record beside which the lot's books could be put.
        kept = self._settings.book is not None
        return Abilities(asks=True, refunds=True, reports=kept, stores=self._settings.stores)

    async def start(self) -> None:
        if self._settings.answer is ChargeOutcome.UNREACHABLE:
            self._context.faults.raised(OFFLINE, "set to be unreachable")

    async def stop(self) -> None: ...

    async def charge(self, payment: PaymentId, amount: Minor, currency: str) -> Charged:
        before = self._book.entry(payment)
        if before is not None:
            return _as_before(before)
        await self._context.clock.sleep(self._settings.delay)
        if self._is_away():
            return Charged(ChargeOutcome.UNREACHABLE, detail="its bank can't be reached")
        trouble = self._trouble(payment)
        answer = _ANSWERS.get(trouble, self._settings.answer)
        if trouble is Trouble.BREAKS_OFF:
            raise self._broken_off(DriverError)
        if answer is not ChargeOutcome.TAKEN:
            return Charged(answer, detail="simulated")
        entry = self._write(payment, amount, currency, "taken")
        if trouble is Trouble.TAKES_AND_BREAKS_OFF:
            raise self._broken_off(DriverError)
        if trouble is Trouble.TAKES_AND_HANGS:
            await self._context.clock.sleep(_NEVER)
        self._context.faults.cleared(BROKE_OFF)
        return _as_before(entry)

    async def store(self, payment: PaymentId, amount: Minor, currency: str) -> Charged:
        before = self._book.entry(payment)
        return _as_before(before or self._write(payment, amount, currency, "stored"))

    async def ask(self, payment: PaymentId) -> Became:
        """A stored payment is sent to the bank as soon as the bank can be reached."""
        if self._settings.answer is ChargeOutcome.UNREACHABLE or self._is_away():
            return Became(Fate.UNKNOWN, detail="the terminal can't be reached")
        entry = self._book.entry(payment)
        if entry is None:
            self._book.refuse(payment)
            return Became(Fate.NOTHING)
        if entry.state == "stored":
            entry = self._book.becomes(payment, "taken" if self._settings.confirms else "declined", self._now())
        if entry.state in ("declined", "refused"):
            return Became(Fate.DECLINED if entry.state == "declined" else Fate.NOTHING)
        return Became(Fate.TAKEN, entry.reference)

    async def refund(self, payment: PaymentId, refund: RefundId, amount: Minor, currency: str) -> Refunded:
        if self._settings.answer is ChargeOutcome.UNREACHABLE or self._is_away():
            return Refunded(RefundOutcome.UNREACHABLE, detail="simulated")
        done = self._book.refund(payment, refund, amount, _reference(refund), self._now())
        return Refunded(RefundOutcome.REFUNDED if done else RefundOutcome.DECLINED, _reference(refund) if done else "")

    async def report(self, since: Instant, until: Instant) -> Sequence[Reported]:
        return self._book.report(since, until)

    def _is_away(self) -> bool:
        return self._settings.bank_away is not None and self._settings.bank_away.exists()

    def _trouble(self, payment: PaymentId) -> Trouble | None:
        dice = random.Random(f"{self._settings.seed}:{payment}")
        if not self._settings.troubles or dice.randrange(1000) >= self._settings.trouble_permille:
            return None
        return dice.choice(self._settings.troubles)

    def _write(self, payment: PaymentId, amount: Minor, currency: str, state: str) -> Entry:
        return self._book.write(Entry(payment, amount, currency, state, _reference(payment), self._now()))

    def _broken_off(self, kind: type[DriverError]) -> DriverError:
        self._context.faults.raised(BROKE_OFF, "simulated")
        return kind(BROKE_OFF, "simulated")

    def _now(self) -> Instant:
        return self._context.clock.read().wall


_ANSWERS: dict[Trouble | None, ChargeOutcome] = {
    Trouble.DECLINES: ChargeOutcome.DECLINED,
    Trouble.UNREACHABLE: ChargeOutcome.UNREACHABLE,
    Trouble.TAKES_AND_BREAKS_OFF: ChargeOutcome.TAKEN,
    Trouble.TAKES_AND_HANGS: ChargeOutcome.TAKEN,
}


def _as_before(entry: Entry) -> Charged:
    outcome = {"taken": ChargeOutcome.TAKEN, "stored": ChargeOutcome.STORED}.get(entry.state, ChargeOutcome.DECLINED)
    return Charged(outcome, entry.reference if outcome is not ChargeOutcome.DECLINED else "")


def _reference(id: str) -> str:
    return f"SIM-{uuid.uuid5(_REFERENCES, id).hex[:12].upper()}"
