"""Card terminals that speak nexo Retailer (JSON) over TCP. Tested against: a peer over TCP; hardware: none yet.

Semi-integrated: the terminal alone sees the card and speaks to the bank. The lot sends amounts and hears tokens. After
a connection that broke, the terminal is asked what became of the payment; it is never sent a second time.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from typing import ClassVar, Literal, TypeVar

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
    NotSent,
    PaymentTerminal,
    Refunded,
    RefundOutcome,
)
from drivers.loopback import is_this_machine
from drivers.over_nexo import messages
from drivers.over_nexo.messages import Between, Json
from drivers.settings import DriverSettings
from drivers.values import Seconds
from models.faults import Fault
from models.ids import PaymentId, RefundId
from models.instants import SECOND
from models.money import Minor

UNREACHABLE = Fault(
    code="terminal.unreachable",
    meaning="The payment terminal can't be reached in the network",
    look_at="Its power and network cable; `host` and `port` as the terminal's own menu shows them",
    does="Vehicles are let out on a debt, and the terminal is asked about each payment whose fate isn't known",
    ends="The terminal answers again",
)
BROKE_OFF = Fault(
    code="terminal.broke_off",
    meaning="The terminal broke off before it said whether it had taken the money",
    look_at="The network between this computer and the terminal; whether the terminal was restarted",
    does="The vehicle is let out on a debt, and the terminal is asked what became of the payment until it says so",
    ends="The terminal answers again",
)
_ASK_EVERY = 1.0
_T = TypeVar("_T")


class _Broken(Exception):
    """The connection ended before the answer. `sent`: the terminal may have the request."""

    def __init__(self, why: str, *, sent: bool) -> None:
        super().__init__(why)
        self.sent = sent


class NexoTerminalSettings(DriverSettings):
    """A card terminal with a nexo Retailer interface, as most makers' have in their till mode."""

    contract: ClassVar[type] = PaymentTerminal
    faults: ClassVar[tuple[Fault, ...]] = (UNREACHABLE, BROKE_OFF)

    driver: Literal["nexo"] = "nexo"
    host: str = Field(min_length=1)
    """The terminal's name or address in the lot's network"""
    port: int = Field(ge=1, le=65535)
    """The port on which the terminal listens for a till"""
    sale_id: str = Field(default="parkgate", min_length=1, max_length=32)
    """What this till is called in the terminal's settings"""
    poi_id: str = Field(min_length=1, max_length=32)
    """What the terminal calls itself, such as its maker's name and serial number"""
    currency: str = Field(default="EUR", pattern="^[A-Z]{3}$")
    """The currency in which it takes money"""
    connect_within: Seconds = 3.0
    """How long the terminal may take to accept a connection"""
    answer_within: Seconds = 120.0
    """How long a payment may take at the terminal"""
    resolve_within: Seconds = 5.0
    """So long the terminal is asked what became of a payment after the connection broke, while the driver waits"""

    @property
    def claims(self) -> dict[str, str]:
        return {"host": f"the terminal at {self.host}:{self.port}"}

    @property
    def reaches_hardware(self) -> bool:
        return not is_this_machine(self.host)

    def build(self, context: DriverContext) -> NexoTerminal:
        return NexoTerminal(self, context)


class NexoTerminal(ChargesOnly):
    """One connection for each question, one payment at a time."""

    abilities = Abilities(asks=True, refunds=True)

    def __init__(self, settings: NexoTerminalSettings, context: DriverContext) -> None:
        self._settings, self._context = settings, context
        self._between = Between(settings.sale_id, settings.poi_id)
        self._paying = asyncio.Lock()
        self.provider = f"nexo:{settings.poi_id}"

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def charge(self, payment: PaymentId, amount: Minor, currency: str) -> Charged:
        """Asks first: a daemon that was restarted doesn't know what it has sent."""
        async with self._paying:
            return await self._once(payment, messages.payment(self._between, payment, amount, currency))

    async def ask(self, payment: PaymentId) -> Became:
        asking = uuid.uuid4().hex[:10].upper()
        request = messages.status(self._between, payment, asking)
        try:
            answer = await self._exchange(request, "TransactionStatus", asking, self._settings.connect_within * 2)
            became = messages.became(answer, payment, self._settings.currency)
        except (_Broken, ValueError, ArithmeticError) as wrong:
            self._context.faults.raised(UNREACHABLE, str(wrong))
            return Became(Fate.UNKNOWN, detail=str(wrong))
        self._answered()
        return became

    async def refund(self, payment: PaymentId, refund: RefundId, amount: Minor, currency: str) -> Refunded:
        original = await self.ask(payment)
        if original.fate is not Fate.TAKEN:
            known = original.fate.final
            why = "the terminal doesn't know of that payment" if known else original.detail
            return Refunded(RefundOutcome.DECLINED if known else RefundOutcome.UNREACHABLE, detail=why)
        request = messages.payment(self._between, refund, amount, currency, "Refund", original.reference)
        try:
            async with self._paying:
                said = await self._once(PaymentId(refund), request)
        except NotSent as wrong:
            return Refunded(RefundOutcome.UNREACHABLE, detail=wrong.detail)
        except DriverError as wrong:
            return Refunded(RefundOutcome.UNKNOWN, detail=wrong.detail)
        return Refunded(_REFUNDS.get(said.outcome, RefundOutcome.UNREACHABLE), said.reference, said.detail)

    async def _once(self, id: PaymentId, request: Json) -> Charged:
        before = await self._settled(id, self._settings.answer_within)
        match before.fate:
            case Fate.TAKEN:
                return Charged(ChargeOutcome.TAKEN, before.reference, amount=before.amount)
            case Fate.DECLINED:
                return Charged(ChargeOutcome.DECLINED, detail=before.detail)
            case Fate.PENDING | Fate.UNKNOWN:
                raise DriverError(UNREACHABLE, before.detail)
            case Fate.NOTHING:
                return await self._sent(id, request)

    async def _sent(self, id: PaymentId, request: Json) -> Charged:
        try:
            answer = await self._exchange(request, "Payment", messages.service_id(id), self._settings.answer_within)
            said = messages.charged(answer, id, self._settings.currency)
        except (_Broken, ValueError, ArithmeticError) as wrong:
            if isinstance(wrong, _Broken) and not wrong.sent:
                raise NotSent(UNREACHABLE, str(wrong)) from wrong
            return await self._after_the_break(id, str(wrong))
        self._answered()
        return said

    async def _after_the_break(self, id: PaymentId, why: str) -> Charged:
        self._context.faults.raised(BROKE_OFF, why)
        became = await self._settled(id, self._settings.resolve_within)
        match became.fate:
            case Fate.TAKEN:
                return Charged(ChargeOutcome.TAKEN, became.reference, amount=became.amount)
            case Fate.DECLINED:
                return Charged(ChargeOutcome.DECLINED, detail=became.detail)
            case Fate.NOTHING | Fate.PENDING | Fate.UNKNOWN:
                # What was sent may be on its way yet: nobody relies on it so soon that the terminal has nothing.
                raise DriverError(BROKE_OFF, why)

    async def _settled(self, id: PaymentId, within: float) -> Became:
        """What became of it, asked for as long as the terminal is at it."""
        began = self._context.clock.monotonic()
        while True:
            became = await self.ask(id)
            if became.fate.final or self._context.clock.monotonic() - began > within * SECOND:
                return became
            if became.fate is Fate.UNKNOWN and within == self._settings.answer_within:
                return became
            await self._context.clock.sleep(_ASK_EVERY)

    async def _exchange(self, request: Json, category: str, service: str, within: float) -> Json:
        """One request and its answer, on a connection of their own. Raises _Broken."""
        reader, writer = await self._connected()
        try:
            writer.write(messages.framed(request))
            async with asyncio.timeout(within):
                await writer.drain()
                return await _answer(reader, lambda said: messages.answers(said, category, service))
        except (OSError, asyncio.IncompleteReadError, TimeoutError, ValueError) as wrong:
            raise _Broken(str(wrong) or type(wrong).__name__, sent=True) from wrong
        finally:
            writer.close()

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        try:
            async with asyncio.timeout(self._settings.connect_within):
                return await asyncio.open_connection(self._settings.host, self._settings.port)
        except OSError as wrong:
            raise _Broken(str(wrong) or "nobody accepts the connection", sent=False) from wrong

    def _answered(self) -> None:
        self._context.faults.cleared(UNREACHABLE)
        self._context.faults.cleared(BROKE_OFF)


_REFUNDS = {ChargeOutcome.TAKEN: RefundOutcome.REFUNDED, ChargeOutcome.DECLINED: RefundOutcome.DECLINED}


async def _answer(reader: asyncio.StreamReader, understood: Callable[[Json], _T | None]) -> _T:
    while True:
        length = int.from_bytes(await reader.readexactly(messages.PREFIX), "big")
        if length > messages.LONGEST:
            raise ValueError(f"a message of {length} bytes")
        found = understood(messages.read(await reader.readexactly(length)))
        if found is not None:
            return found
