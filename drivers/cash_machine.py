"""Machines that take coins and notes, by JSON lines. Tested against: TCP and pty peers; hardware: none yet.

The machine keeps the running sum of each payment in a memory of its own. After a break it is asked what was put in; a
payment is never begun a second time. What it can't give back is a part payment, what it can't give change for is owed.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from drivers.charges_only import ChargesOnly
from drivers.contract import (
    Abilities,
    Became,
    Charged,
    ChargeOutcome,
    DriverContext,
    DriverError,
    Fate,
    PaymentTerminal,
    Reported,
)
from drivers.over_serial.dialogue import Dialogue, Json, NoAnswer
from drivers.over_serial.kept_open import report_a_mistake
from drivers.over_serial.two_places import TwoPlacesSettings
from drivers.post import cash_words as words
from drivers.post.cash_words import State, Told, Trouble
from drivers.values import Seconds
from models.faults import Fault
from models.ids import PaymentId
from models.instants import SECOND, Instant
from models.money import Minor

UNREACHABLE = Fault(
    code="cash.unreachable",
    meaning="The machine for coins and notes doesn't answer",
    look_at="Its power and cable; `serial` or `tcp` in its settings; the group dialout",
    does="Vehicles are let out on a debt, and the machine is asked about each payment whose fate isn't known",
    ends="The machine answers again",
)
OUT_OF_ORDER = Fault(
    code="cash.out_of_order",
    meaning="The machine takes no money",
    look_at="A coin or note that is stuck; a door that stands open; its own display",
    does="Vehicles are let out on a debt",
    ends="The machine says that it takes money again",
)
NO_CHANGE = Fault(
    code="cash.no_change",
    meaning="The machine is out of change",
    look_at="Its tubes and hoppers: fill them up, and post what was put in",
    does="Takes money all the same; what it can't give back is owed to the driver, on record",
    ends="The machine has change again",
)
FULL = Fault(
    code="cash.full",
    meaning="The machine's box of coins or notes is full",
    look_at="The box: empty it, count it and close the shift",
    does="As the machine itself does; it may soon take no more",
    ends="The box was emptied",
)
_TROUBLES = ((OUT_OF_ORDER, Trouble.JAMMED), (NO_CHANGE, Trouble.NO_CHANGE), (FULL, Trouble.FULL))

ANSWER_SECONDS = 3.0
POLL_SECONDS = 0.5
ENDS_BY_ITSELF_SECONDS = 20
"""A payment of which the machine hears nothing for so long is ended by the machine itself."""
BREAK_SECONDS = 10.0
"""So long a line that broke in the middle of a payment may take to come back while the driver waits."""
GIVES_BACK_SECONDS = 8.0
CHECK_SECONDS = 30.0


class CashMachineSettings(TwoPlacesSettings):
    """A machine that takes coins and notes, on a serial line or in the network."""

    contract: ClassVar[type] = PaymentTerminal
    faults: ClassVar[tuple[Fault, ...]] = (UNREACHABLE, OUT_OF_ORDER, NO_CHANGE, FULL)
    its_name: ClassVar[str] = "the cash machine"

    driver: Literal["cash"] = "cash"
    pay_within: Annotated[Seconds, Field(ge=5, le=80)] = 75.0
    """What hasn't been paid in full by then is given back, and asked for again"""

    def build(self, context: DriverContext) -> CashMachine:
        return CashMachine(self, context)


class CashMachine(ChargesOnly):
    """One payment at a time. Whoever asks for another one has taken the place of a driver who went away: that one's
    money is given back first."""

    abilities = Abilities(asks=True, reports=True, cash=True)

    def __init__(self, settings: CashMachineSettings, context: DriverContext) -> None:
        self._settings, self._context, self._clock = settings, context, context.clock
        self._opened = asyncio.Event()
        self._talk = Dialogue(settings.way, context.clock, self._opened.set, self._lost)
        self._serves: dict[PaymentId, asyncio.Event] = {}
        """Payments that somebody waits for here; the event: that driver has gone."""
        self._paying = asyncio.Lock()
        self._checking: asyncio.Task[None] | None = None
        # The account in the lot's books in which its money lies: that of its lane or station.
        self.provider = f"cash:{context.part.rpartition('.')[0] or context.part}"

    async def start(self) -> None:
        await self._talk.start()
        if self._checking is None:
            self._checking = asyncio.create_task(self._check(), name=f"looks after {self._context.part}")
            self._checking.add_done_callback(report_a_mistake)

    async def stop(self) -> None:
        checking, self._checking = self._checking, None
        if checking is not None:
            checking.cancel()
            await asyncio.gather(checking, return_exceptions=True)
        await self._talk.stop()

    async def charge(self, payment: PaymentId, amount: Minor, currency: str) -> Charged:
        for other, left in self._serves.items():
            if other != payment:
                left.set()
        gone = self._serves[payment] = asyncio.Event()
        try:
            async with self._paying:
                return await self._paid(words.take(payment, amount, currency, ENDS_BY_ITSELF_SECONDS), payment, gone)
        finally:
            self._serves.pop(payment, None)

    async def ask(self, payment: PaymentId) -> Became:
        try:
            said = await self._said(words.tell(payment))
            if said.state is State.UNKNOWN and payment in self._serves:
                return Became(Fate.PENDING, detail="the machine is about to be asked for it")
            if said.state is State.UNKNOWN:
                # From now on it can rely on it: what was sent and comes late isn't taken any more.
                said = await self._said(words.end(payment))
        except DriverError as wrong:
            return Became(Fate.UNKNOWN, detail=wrong.detail)
        return words.became(said)

    async def report(self, since: Instant, until: Instant) -> Sequence[Reported]:
        found: list[Reported] = []
        more = True
        while more:
            try:
                lines, more = words.reported(await self._answer(words.report(since, until, len(found))))
            except ValueError as wrong:
                raise DriverError(UNREACHABLE, str(wrong)) from wrong
            if more and not lines:
                raise DriverError(UNREACHABLE, "its report has no end")
            found += lines
        return found

    async def _paid(self, take: Json, payment: PaymentId, gone: asyncio.Event) -> Charged:
        """Until it is over at the machine."""
        began, said = self._clock.monotonic(), await self._begun(take, payment)
        while said.state is State.OPEN:
            if gone.is_set() or self._clock.monotonic() - began >= self._settings.pay_within * SECOND:
                break
            await self._clock.sleep(POLL_SECONDS)
            said = await self._after_a_break(take)
        if said.state is State.OUT_OF_ORDER:
            return Charged(ChargeOutcome.UNREACHABLE, detail="the machine is out of order")
        # Its change is coming out: told to end it, a machine would give back all of it.
        first = words.tell if said.state is State.GIVING_BACK else words.end
        return words.charged(said if said.state is State.OVER else await self._ended(payment, first))

    async def _begun(self, take: Json, payment: PaymentId) -> Told:
        """The first answer. A payment that an earlier run left open there is ended before."""
        said = await self._said(take)
        if said.state is State.BUSY and said.payment != payment:
            await self._ended(said.payment)
            said = await self._said(take)
        return said

    async def _ended(self, payment: PaymentId, first: Callable[[PaymentId], Json] = words.end) -> Told:
        """Raises DriverError when the machine doesn't come to an end with it: nobody knows what it keeps."""
        began, said = self._clock.monotonic(), await self._after_a_break(first(payment))
        while said.state is not State.OVER:
            if self._clock.monotonic() - began >= GIVES_BACK_SECONDS * SECOND:
                raise DriverError(UNREACHABLE, f"the machine isn't done with it: {said.state}")
            await self._clock.sleep(POLL_SECONDS)
            said = await self._after_a_break(words.tell(payment))
        return said

    async def _after_a_break(self, question: Json) -> Told:
        """Asked again for as long as a line may take to come back. Raises DriverError."""
        began = self._clock.monotonic()
        while True:
            try:
                return await self._said(question)
            except DriverError:
                if self._clock.monotonic() - began >= BREAK_SECONDS * SECOND:
                    raise
            await self._clock.sleep(POLL_SECONDS)

    async def _said(self, question: Json) -> Told:
        """Raises DriverError. Never NotSent: an earlier run of this daemon may have begun the same payment."""
        try:
            said = words.told(await self._answer(question))
        except ValueError as wrong:
            raise self._unreachable(str(wrong)) from wrong
        self._troubles(said)
        return said

    async def _answer(self, question: Json) -> Json:
        try:
            return await self._talk.ask(question, ANSWER_SECONDS)
        except NoAnswer as wrong:
            raise self._unreachable(f"{self._settings.way.name}: {wrong}") from wrong

    async def _check(self) -> None:
        """Faults are known before somebody stands there and can't pay. A line that is open may have nobody at its far
        end: the first answer says."""
        while True:
            await self._opened.wait()
            with contextlib.suppress(DriverError):  # it stands as a fault
                await self._said(words.tell(PaymentId("")))
            await self._clock.sleep(CHECK_SECONDS)

    def _lost(self, why: str) -> None:
        self._opened.clear()
        self._context.faults.raised(UNREACHABLE, why)

    def _unreachable(self, why: str) -> DriverError:
        self._context.faults.raised(UNREACHABLE, why)
        return DriverError(UNREACHABLE, why)

    def _troubles(self, said: Told) -> None:
        faults = self._context.faults
        faults.cleared(UNREACHABLE)
        for fault, trouble in _TROUBLES:
            stands = trouble in said.troubles or (fault is OUT_OF_ORDER and said.state is State.OUT_OF_ORDER)
            faults.raised(fault, "as the machine says") if stands else faults.cleared(fault)
